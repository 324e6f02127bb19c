//! What was probably meant.

/// The valid name that is nearest to what was written, if one is near enough to be meant.
pub(super) fn nearest<'a>(given: &str, valid: &[&'a str]) -> Option<&'a str> {
    let lower = bare(given);
    let (distance, name) = valid
        .iter()
        .map(|name| (distance(&lower, name), *name))
        .min_by_key(|(distance, _)| *distance)?;
    let near = distance <= 1.max(name.len() / 3);
    if near {
        return (given != name).then_some(name);
    }
    // `idle` and `max_connections` are far from `idle_ms` and `connections_max`, letter by letter.
    let mut of_words = valid.iter().filter(|name| has_words(name, &lower));
    match (of_words.next(), of_words.next()) {
        (Some(name), None) => Some(name),
        _ => None,
    }
}

/// A name as configurations write it, for one that may be the name of a class in Apache's libraries:
/// `framed` for `TFramedTransport`.
pub(super) fn bare(given: &str) -> String {
    let lower = given.to_lowercase();
    let name = lower.strip_suffix("accelerated").unwrap_or(&lower);
    for kind in ["transport", "protocol", "server"] {
        if let Some(name) = name.strip_suffix(kind)
            && !name.is_empty()
        {
            let prefixed = given.starts_with('T') && given[1..].starts_with(char::is_uppercase);
            return name[usize::from(prefixed)..].to_owned();
        }
    }
    lower
}

/// Whether a name has all words of another, in any order.
fn has_words(name: &str, given: &str) -> bool {
    let mut words = given
        .split(['_', '-'])
        .filter(|word| !["timeout", "s", "secs", "seconds"].contains(word))
        .peekable();
    words.peek().is_some() && words.all(|word| name.split('_').any(|part| part == word))
}

/// The section that a key can only belong to.
pub(super) fn section(key: &str) -> Option<&'static str> {
    Some(match key {
        "listen"
        | "model"
        | "workers"
        | "queue"
        | "io_threads"
        | "dispatch"
        | "connections_max"
        | "connections_per_address_max"
        | "strict_read" => "server",
        "connect" | "service" | "strict_write" => "client",
        _ => return None,
    })
}

/// The section inside a section that has such keys.
pub(super) fn subsection(section: &str, key: &str) -> Option<&'static str> {
    if section == "client"
        && let Some(inner) = of_client(key)
    {
        return Some(inner);
    }
    if ["certificate", "certificates", "key", "ca", "client_ca"].contains(&key) {
        return Some("tls");
    }
    if key.starts_with("keepalive") || key.ends_with("_buffer_bytes") || key == "user_timeout_ms" {
        return Some("tcp");
    }
    if key.ends_with("_ms") || key == "bytes_per_second_min" {
        return Some("timeouts");
    }
    let limit = ["_bytes_max", "_elements_max", "depth_max"];
    let is_limit = limit.iter().any(|end| key.ends_with(end));
    is_limit.then_some("limits")
}

fn of_client(key: &str) -> Option<&'static str> {
    Some(match key {
        "connections_max"
        | "connections_min"
        | "calls_per_connection"
        | "idle_ms"
        | "age_ms"
        | "waiters_max"
        | "wait_ms" => "pool",
        "min_ms" | "max_ms" => "reconnect",
        "attempts_max" | "attempt_ms" | "budget_percent" | "budget_per_second"
        | "backoff_min_ms" | "backoff_max_ms" => "retry",
        _ => return None,
    })
}

/// A line of TOML whose value is text without quotes, with them.
pub(super) fn quoted(line: &str) -> Option<String> {
    let (key, value) = line.split_once('=')?;
    let value = value.split('#').next().unwrap_or(value).trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:[]".contains(c);
    if !value.starts_with(|c: char| c.is_ascii_alphabetic()) || !value.chars().all(plain) {
        return None;
    }
    Some(format!("{} = \"{value}\"", key.trim()))
}

/// Levenshtein's: how many characters to insert, delete or replace.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    // A value may be long; what is much longer than any name is not near.
    for (index, a) in from.chars().take(64).enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let valid = ["listen", "model", "transport", "connections_max"];
        for (given, expected) in [
            ("lisen", Some("listen")),
            ("Model", Some("model")),
            ("max_connections", Some("connections_max")),
            ("max", Some("connections_max")),
            ("max_models", None),
            ("conections_max", Some("connections_max")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, &valid), expected, "{given}");
        }
        let valid = ["idle_ms", "read_ms", "write_ms"];
        for (given, expected) in [
            ("idle", Some("idle_ms")),
            ("idle_timeout", Some("idle_ms")),
            ("idle_seconds", Some("idle_ms")),
            ("timeout", None),
            ("ms", None),
        ] {
            assert_eq!(nearest(given, &valid), expected, "{given}");
        }
    }

    #[test]
    fn names_of_classes_are_understood() {
        for (given, expected) in [
            ("TFramedTransport", "framed"),
            ("TBinaryProtocolAccelerated", "binary"),
            ("TJSONProtocol", "json"),
            ("CompactProtocol", "compact"),
            ("TThreadPoolServer", "threadpool"),
            ("Transport", "transport"),
            ("threaded", "threaded"),
        ] {
            assert_eq!(bare(given), expected);
        }
    }

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
