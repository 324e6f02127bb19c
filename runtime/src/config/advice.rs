//! What to write in place of a value of the wrong type.

use toml::Spanned;
use toml::de::DeValue;

/// Says what is wrong with a value, and what would be right.
pub(super) fn wrong_type(full: &str, expected: &str, value: &DeValue<'_>) -> String {
    let found = match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    };
    let key = full.rsplit('.').next().unwrap_or(full);
    let instead = match expected {
        "a section" => format!("[{full}]"),
        "a whole number" => format!("{key} = {}", number(key, value)),
        "a list of strings" => format!("{key} = {}", list(value)),
        "`true` or `false`" => format!("{key} = {}", flag(value)),
        _ => format!("{key} = {}", string(key, value)),
    };
    format!("must be {expected}, not {found}; write `{instead}`")
}

/// The number that is probably meant, or any.
fn number(key: &str, value: &DeValue<'_>) -> u64 {
    let meant = match value {
        DeValue::String(text) => whole(key, text),
        DeValue::Float(number) => whole(key, number.as_str().split('.').next().unwrap_or_default()),
        _ => None,
    };
    meant.unwrap_or(if key.ends_with("_ms") { 10_000 } else { 8 })
}

/// A number in quotes, maybe with a unit.
fn whole(key: &str, text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit = text[digits.len()..].trim();
    let number: u64 = digits.replace(['_', ','], "").parse().ok()?;
    let factor = match unit {
        "" => 1,
        "ms" if key.ends_with("_ms") => 1,
        "s" if key.ends_with("_ms") => 1_000,
        "m" | "min" if key.ends_with("_ms") => 60_000,
        "h" if key.ends_with("_ms") => 3_600_000,
        "k" | "K" | "KB" | "KiB" if key.contains("bytes") => 1 << 10,
        "M" | "MB" | "MiB" if key.contains("bytes") => 1 << 20,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// The list that is probably meant.
fn list(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("[\"{text}\"]"),
        DeValue::Integer(number) => format!("[\"{}\"]", number.as_str()),
        _ => "[\"…\"]".to_owned(),
    }
}

fn flag(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::String(text) => ["true", "yes", "on", "1"].contains(&&*text.to_lowercase()),
        DeValue::Integer(number) => number.as_str() != "0",
        _ => true,
    }
}

/// The text that is probably meant, or an example.
fn string(key: &str, value: &DeValue<'_>) -> String {
    if key == "password" {
        return "\"…\"".to_owned();
    }
    if let DeValue::Array(list) = value
        && let Some(DeValue::String(text)) = list.iter().next().map(Spanned::get_ref)
    {
        return format!("\"{text}\"");
    }
    example(key).unwrap_or("\"…\"").to_owned()
}

/// What a key's value could be, as TOML has it.
fn example(key: &str) -> Option<&'static str> {
    Some(match key {
        "listen" | "connect" => "\"tcp://127.0.0.1:9090\"",
        "model" => "\"thread-pool\"",
        "transport" => "\"framed\"",
        "protocol" => "\"binary\"",
        "dispatch" => "\"workers\"",
        "reply_order" => "\"sent\"",
        "service" => "\"Calculator\"",
        "certificates" | "certificate" => "\"server.pem\"",
        "key" => "\"server.key\"",
        "ca" | "client_ca" => "\"ca.pem\"",
        "client_certificates" => "\"required\"",
        "version_min" => "\"1.2\"",
        "server_name" => "\"localhost\"",
        _ => return None,
    })
}
