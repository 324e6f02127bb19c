//! Cleaning of doc comments.
//!
//! The rules are those of Apache's compiler, so that a file reads the same in every language: the
//! column of stars goes, then the indent common to all lines after the first.

/// The text of a `/** … */` comment without its frame; `None` if nothing is left.
pub(crate) fn clean(comment: &str) -> Option<String> {
    let inner = comment.strip_prefix("/**").unwrap_or(comment);
    let inner = inner.strip_suffix("*/").unwrap_or(inner).replace('\r', "");
    let mut lines: Vec<&str> = inner.split('\n').collect();
    lines[0] = lines[0].trim_start_matches(BLANK);
    for line in &mut lines {
        *line = line.trim_end_matches(BLANK);
    }
    if let Some(width) = star_column(&lines[1..]) {
        for line in &mut lines[1..] {
            *line = line.get(width..).unwrap_or_default();
        }
    }
    let indent = lines[1..]
        .iter()
        .filter(|l| !l.is_empty())
        .map(|l| indent(l))
        .min();
    for line in &mut lines[1..] {
        *line = line.get(indent.unwrap_or(0)..).unwrap_or_default();
    }
    let start = lines.iter().position(|l| !l.is_empty())?;
    let end = lines.iter().rposition(|l| !l.is_empty())?;
    Some(lines[start..=end].join("\n"))
}

const BLANK: [char; 2] = [' ', '\t'];

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(BLANK).len()
}

/// The width of the prefix up to and with the star, if each line that is not blank has its star in
/// the same column.
fn star_column(lines: &[&str]) -> Option<usize> {
    let mut column = None;
    for line in lines.iter().filter(|l| !l.is_empty()) {
        let at = indent(line);
        if !line[at..].starts_with('*') || column.is_some_and(|known| known != at) {
            return None;
        }
        column = Some(at);
    }
    column.map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn stars_and_common_indent_go() {
        let doc = "/**\n   * First.\n   *\n   *   indented\n   * last  \n   */";
        assert_eq!(clean(doc).as_deref(), Some("First.\n\n  indented\nlast"));
    }

    #[test]
    fn text_on_the_first_line_stays() {
        assert_eq!(clean("/** One. */").as_deref(), Some("One."));
        assert_eq!(
            clean("/** One.\r\n    two\r\n      three */").as_deref(),
            Some("One.\ntwo\n  three")
        );
    }

    #[test]
    fn stars_out_of_line_are_text() {
        assert_eq!(clean("/**\n * a\n  * b\n */").as_deref(), Some("* a\n * b"));
        assert_eq!(clean("/**\n * é\n */").as_deref(), Some("é"));
    }

    #[test]
    fn blank_comments_are_nothing() {
        assert_eq!(clean("/** */"), None);
        assert_eq!(clean("/**\n *\n */"), None);
        assert_eq!(clean(""), None);
    }
}
