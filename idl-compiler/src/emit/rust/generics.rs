//! Long generic types, broken as rustfmt breaks them.

/// The type with each argument of its outermost generic on a line of its own, and theirs too where
/// a line would be longer than `width`. All lines but the first carry their indentation.
pub(super) fn broken(ty: &str, indent: usize, width: usize) -> String {
    let Some((head, arguments)) = ty.split_once('<') else {
        return ty.to_owned();
    };
    let Some(arguments) = arguments.strip_suffix('>') else {
        return ty.to_owned();
    };
    let mut out = format!("{head}<\n");
    for argument in split(arguments) {
        let fits = indent + 4 + argument.len() < width;
        let argument = if fits {
            argument.to_owned()
        } else {
            broken(argument, indent + 4, width)
        };
        out.push_str(&" ".repeat(indent + 4));
        out.push_str(&argument);
        out.push_str(",\n");
    }
    out.push_str(&" ".repeat(indent));
    out.push('>');
    out
}

/// Splits at commas that are in no bracket.
fn split(arguments: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in arguments.char_indices() {
        match c {
            '<' | '[' => depth += 1,
            '>' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(arguments[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(arguments[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_the_outermost_first() {
        let ty = "Map<Vec<i32>, Set<Map<i32, bool>>>";
        assert_eq!(
            broken(ty, 0, 100),
            "Map<\n    Vec<i32>,\n    Set<Map<i32, bool>>,\n>"
        );
        assert_eq!(
            broken(ty, 0, 20),
            "Map<\n    Vec<i32>,\n    Set<\n        Map<\n            i32,\n            bool,\n        >,\n    >,\n>"
        );
    }
}
