//! What was probably meant.

/// The valid name that is nearest to what was written, if one is near enough to be meant.
pub(super) fn nearest<'a>(given: &str, valid: &[&'a str]) -> Option<&'a str> {
    let lower = given.to_lowercase();
    let (distance, name) = valid
        .iter()
        .map(|name| (distance(&lower, name), *name))
        .min_by_key(|(distance, _)| *distance)?;
    let near = distance <= 1.max(name.len() / 3);
    (near && given != name).then_some(name)
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
            ("max_connections", None),
            ("conections_max", Some("connections_max")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, &valid), expected, "{given}");
        }
    }
}
