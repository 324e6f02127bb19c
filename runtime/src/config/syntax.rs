//! What is wrong with a text that is not TOML, in one sentence.

/// Says it. `line` is the one where the parser stopped, `column` where in it, and `message` what the
/// parser says, which is about its grammar.
pub(super) fn explain(line: &str, column: usize, message: &str) -> String {
    let start = line.trim();
    if line.contains("password") {
        // It may be in this line, and errors go into logs.
        return "a password is text in quotes; write `password = \"…\"`".to_owned();
    }
    if let Some((key, value)) = start.split_once('=')
        && let value @ ("True" | "False" | "TRUE" | "FALSE") = value.trim()
    {
        return format!("write `{} = {}`", key.trim(), value.to_lowercase());
    }
    if let Some(quoted) = quoted(line) {
        return format!("text needs quotes; write `{quoted}`");
    }
    if message == "duplicate key" {
        let name = start.split_once('=').map_or(start, |(name, _)| name);
        return format!("`{}` is there twice; remove one", name.trim());
    }
    if start.starts_with('[') && message.starts_with("unclosed table") {
        return format!("the name of a section ends with `]`; write `{start}]`");
    }
    if start.starts_with(['{', '}']) {
        return "this looks like JSON; write `key = value` in each line, and sections as `[server]`"
            .to_owned();
    }
    if message.starts_with("key with no value") {
        return without_equals(start);
    }
    if let Some((key, value)) = start.split_once('=') {
        let (key, value) = (key.trim(), value.trim());
        if value.is_empty() || value.starts_with('#') {
            return format!("`{key}` has no value; write one after the `=`");
        }
        if key.is_empty() {
            return "there is no key before the `=`".to_owned();
        }
        if value.starts_with(['“', '”', '‘', '’', '„', '`']) {
            return format!("text has straight quotes; write `{key} = \"…\"`");
        }
    }
    for (beginning, text) in [
        ("invalid literal string", "a text has no closing `'`"),
        ("invalid basic string", "a text has no closing `\"`"),
        ("unclosed array", "a list has no closing `]`"),
        (
            "unclosed inline table",
            "a section in one line has no closing `}`",
        ),
        (
            "missing escaped value",
            "a `\\` in a text with `\"` begins an escape; write `\\\\`, or the text with `'`",
        ),
        (
            "cannot extend value",
            "the key before the `.` has a value already, and is no section",
        ),
        (
            "unexpected leading zero",
            "a number begins with no `0`; write it without",
        ),
    ] {
        if message.starts_with(beginning) {
            return text.to_owned();
        }
    }
    let rest = line.get(column..).unwrap_or_default().trim();
    if message.starts_with("unexpected key or value") && !rest.is_empty() {
        return format!("`{rest}` is left over; write each key in a line of its own");
    }
    // What is expected next is a matter of the grammar, and may be several lines.
    let message = message.split(", expected").next().unwrap_or(message);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_equals(line: &str) -> String {
    let colon = line.split_once(':');
    if let Some((key, value)) = colon
        && !key.contains(char::is_whitespace)
        && !line.starts_with("//")
    {
        let (key, value) = (key.trim_matches(['"', '\'']), value.trim());
        return match value {
            "" => format!("this looks like YAML; a section is written `[{key}]`"),
            value => format!("a key has `=` behind it; write `{key} = {value}`"),
        };
    }
    if line.starts_with("//") || line.starts_with(';') {
        return "a comment begins with `#`".to_owned();
    }
    format!(
        "`{line}` is neither a section, as `[server]`, nor a key with its value, as `key = value`"
    )
}

/// A line of TOML whose value is text without quotes, with them.
fn quoted(line: &str) -> Option<String> {
    let (key, value) = line.split_once('=')?;
    let value = value.split('#').next().unwrap_or(value).trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:[]".contains(c);
    if !value.starts_with(|c: char| c.is_ascii_alphabetic()) || !value.chars().all(plain) {
        return None;
    }
    Some(format!("{} = \"{value}\"", key.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_quotes_gets_them() {
        let quoted = |line| quoted(line);
        assert_eq!(
            quoted("transport = framed # fast").as_deref(),
            Some("transport = \"framed\"")
        );
        assert_eq!(
            quoted(" listen=tcp://[::1]:9090").as_deref(),
            Some("listen = \"tcp://[::1]:9090\"")
        );
        for line in [
            "listen = ",
            "listen = 'x",
            "workers = 8x",
            "[server",
            "a = b c",
        ] {
            assert_eq!(quoted(line), None);
        }
    }
}
