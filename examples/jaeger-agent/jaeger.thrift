# What programs that are traced by Jaeger say of themselves: as much of it as the wire needs.

/** Which of a tag's values is set. */
enum TagType {
  STRING = 0,
  DOUBLE = 1,
  BOOL = 2,
  LONG = 3,
  BINARY = 4
}

/** A name with one value. */
struct Tag {
  1: required string key,
  2: required TagType vType,
  3: optional string vStr,
  4: optional double vDouble,
  5: optional bool vBool,
  6: optional i64 vLong,
  7: optional binary vBinary
}

/** Something that happened within a span. */
struct Log {
  /** Microseconds since 1970. */
  1: required i64 timestamp,
  2: required list<Tag> fields
}

enum SpanRefType {
  CHILD_OF = 0,
  FOLLOWS_FROM = 1
}

/** Another span that has to do with this one. */
struct SpanRef {
  1: required SpanRefType refType,
  2: required i64 traceIdLow,
  3: required i64 traceIdHigh,
  4: required i64 spanId
}

/** One operation, from its beginning to its end. */
struct Span {
  1: required i64 traceIdLow,
  /** Zero where trace ids have 64 bits. */
  2: required i64 traceIdHigh,
  3: required i64 spanId,
  /** Zero for the first one of a trace. */
  4: required i64 parentSpanId,
  5: required string operationName,
  6: optional list<SpanRef> references,
  /** Bit 0: it is to be kept; bit 1: it is for debugging. */
  7: required i32 flags,
  /** Microseconds since 1970. */
  8: required i64 startTime,
  /** Microseconds. */
  9: required i64 duration,
  10: optional list<Tag> tags,
  11: optional list<Log> logs
}

/** A program that is traced. */
struct Process {
  1: required string serviceName,
  2: optional list<Tag> tags
}

/** What a client had to drop so far. */
struct ClientStats {
  1: required i64 fullQueueDroppedSpans,
  2: required i64 tooLargeDroppedSpans,
  3: required i64 failedToEmitSpans
}

/** Spans of one program. */
struct Batch {
  1: required Process process,
  2: required list<Span> spans,
  /** Counts the batches of a client. */
  3: optional i64 seqNo,
  4: optional ClientStats stats
}
