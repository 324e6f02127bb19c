//! "Did you mean …?": the nearest of the known names.

use std::cell::Cell;

/// Names compared in one run. Past it nothing is suggested, so that 10⁵ unknown names beside 10⁵
/// known ones do not cost 10¹⁰ comparisons.
const COMPARISONS_MAX: usize = 2_000_000;
/// Longer names get no suggestion.
const NAME_CHARS_MAX: usize = 64;

/// Finds near names within a budget.
#[derive(Debug)]
pub(crate) struct Suggester {
    left: Cell<usize>,
}

impl Default for Suggester {
    fn default() -> Self {
        Suggester {
            left: Cell::new(COMPARISONS_MAX),
        }
    }
}

impl Suggester {
    /// The candidate nearest to `name`, if one is near enough to be meant. The first of equals in
    /// alphabetical order wins, so that hash order never shows.
    pub(crate) fn nearest<'c>(
        &self,
        name: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<&'c str> {
        if name.len() > NAME_CHARS_MAX {
            return None;
        }
        // A third of the name may differ: `UserID` for `UserId`, but not `Foo` for `Bar`.
        let allowed = (name.chars().count().max(3) / 3).min(4);
        let mut best: Option<(usize, &str)> = None;
        for candidate in candidates {
            let left = self.left.get().checked_sub(1)?;
            self.left.set(left);
            if candidate.len().abs_diff(name.len()) > allowed * 4 || candidate == name {
                continue;
            }
            let distance = if candidate.eq_ignore_ascii_case(name) {
                0
            } else {
                let Some(distance) = distance(name, candidate, allowed) else {
                    continue;
                };
                distance
            };
            if best.is_none_or(|known| (distance, candidate) < known) {
                best = Some((distance, candidate));
            }
        }
        best.map(|(_, candidate)| candidate)
    }
}

/// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`, if at most `allowed`.
fn distance(a: &str, b: &str, allowed: usize) -> Option<usize> {
    let b: Vec<char> = b.chars().take(NAME_CHARS_MAX + 1).collect();
    if b.len() > NAME_CHARS_MAX || a.chars().count().abs_diff(b.len()) > allowed {
        return None;
    }
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = '\0';
    for (i, ca) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, &cb) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(ca != cb))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && ca == b[j - 1] && previous == cb {
                cost = cost.min(before_last[j - 1] + 1);
            }
            row.push(cost);
        }
        if row.iter().all(|&cost| cost > allowed) {
            return None;
        }
        before_last = std::mem::replace(&mut last, row);
        previous = ca;
    }
    last.last().copied().filter(|&d| d <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["UserId", "UserIds", "Name", "i32"];
        let suggester = Suggester::default();
        assert_eq!(suggester.nearest("UserID", known), Some("UserId"));
        assert_eq!(suggester.nearest("UesrId", known), Some("UserId"));
        assert_eq!(suggester.nearest("i23", known), Some("i32"));
        assert_eq!(suggester.nearest("Account", known), None);
        assert_eq!(suggester.nearest(&"x".repeat(1000), known), None);
    }

    #[test]
    fn the_budget_ends_the_search() {
        let suggester = Suggester { left: Cell::new(1) };
        assert_eq!(suggester.nearest("Nam", ["Name"]), Some("Name"));
        assert_eq!(suggester.nearest("Nam", ["Name"]), None);
    }
}
