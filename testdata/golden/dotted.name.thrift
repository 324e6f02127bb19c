enum Level { LOW = 1, HIGH = 2 }

struct Task { 1: Level level = Level.HIGH, 2: string name }
