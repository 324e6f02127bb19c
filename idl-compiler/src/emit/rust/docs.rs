//! IDL comments as doc comments.
//!
//! An IDL comment is plain text, a doc comment is Markdown: what would be markup, a link or a code
//! block (which `cargo test` would run) is escaped.

use super::text::Text;

/// Writes the doc comment, then the origin.
pub(super) fn write(text: &mut Text, doc: Option<&str>, origin: Option<&str>) {
    for line in doc.unwrap_or_default().lines() {
        let line = plain(line);
        text.line(format!("/// {line}").trim_end());
    }
    if let Some(origin) = origin {
        if doc.is_some_and(|doc| !doc.trim().is_empty()) {
            text.line("///");
        }
        text.line(format_args!("/// `{origin}`"));
    }
}

/// One line of Markdown that reads as the line given.
fn plain(line: &str) -> String {
    let line = line.trim();
    let mut out = String::new();
    if line.starts_with(['-', '+', '*', '#', '>', '=', '|', '~']) {
        out.push('\\');
    }
    let number = line.chars().take_while(char::is_ascii_digit).count();
    let is_item = number > 0 && line[number..].starts_with(['.', ')']);
    let mut rest = line;
    if is_item {
        out.push_str(&line[..number]);
        out.push('\\');
        out.push_str(&line[number..=number]);
        rest = &line[number + 1..];
    }
    if rest.matches('`').count() % 2 == 1 {
        push_words(rest, &mut out);
        return out;
    }
    for (index, part) in rest.split('`').enumerate() {
        if index % 2 == 0 {
            push_words(part, &mut out);
        } else if part.trim().is_empty() {
            out.push_str("\\`");
            out.push_str(part);
            out.push_str("\\`");
        } else {
            // Code that the author has quoted.
            out.push('`');
            out.extend(part.chars().filter(|c| !c.is_control()));
            out.push('`');
        }
    }
    out
}

fn push_words(text: &str, out: &mut String) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        push_word(word, out);
    }
}

/// Names of code get the quotes of code, as clippy's `doc_markdown` wants them.
fn push_word(word: &str, out: &mut String) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '/');
    let start = word
        .find(|c: char| c.is_ascii_alphanumeric() || c == '_')
        .unwrap_or(word.len());
    let end = word
        .rfind(|c: char| c.is_ascii_alphanumeric() || c == '_')
        .map_or(start, |at| at + 1);
    let core = &word[start..end.max(start)];
    if !core.is_empty() && core.chars().all(is_part) && looks_like_code(core) {
        escape(&word[..start], out);
        out.push('`');
        out.push_str(core);
        out.push('`');
        escape(&word[end..], out);
    } else {
        escape(word, out);
    }
}

fn looks_like_code(word: &str) -> bool {
    let inner = word.trim_matches('_');
    let hump = word
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    inner.contains('_') || word.contains("::") || word.contains("://") || hump
}

fn escape(word: &str, out: &mut String) {
    for c in word.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>') {
            out.push('\\');
        }
        if !c.is_control() {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn escapes_markup() {
        for (idl, doc) in [
            ("A list<i32> of [things]", "A list\\<i32\\> of \\[things\\]"),
            (
                "see MyStruct.foo_bar, or http://x.y/z.",
                "see `MyStruct.foo_bar`, or `http://x.y/z`.",
            ),
            ("    - an item", "\\- an item"),
            ("1. first", "1\\. first"),
            ("```rust", "\\`\\`\\`rust"),
            ("snake_case!", "`snake_case`!"),
            ("throws `list<X>` or `", "throws \\`list\\<X\\>\\` or \\`"),
            ("throws `list<X>`.", "throws `list<X>`."),
        ] {
            assert_eq!(plain(idl), doc);
        }
    }
}
