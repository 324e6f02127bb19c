//! Declared exceptions as text.
//!
//! Why don't emitted exceptions derive it? Because `Debug` is all that every field's type has.

use std::fmt::{self, Debug, Formatter};

use crate::codec::Struct;

/// Writes an exception as its name in the IDL and its message.
pub fn fmt_exception<T: Struct>(message: &dyn Debug, f: &mut Formatter<'_>) -> fmt::Result {
    match value(message) {
        Some(message) => write!(f, "{}: {}", T::NAME, unquoted(&message)),
        None => f.write_str(T::NAME),
    }
}

/// Writes an exception as its name in the IDL and those of its fields that are there.
pub fn fmt_fields<T: Struct>(fields: &[(&str, &dyn Debug)], f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str(T::NAME)?;
    let fields = fields.iter().map(|(name, field)| (name, value(*field)));
    let present = fields.filter_map(|(name, value)| Some((name, value?)));
    for (index, (name, value)) in present.enumerate() {
        let separator = if index == 0 { ": " } else { ", " };
        // Names that are keywords of Rust have a mark.
        let name = name.strip_prefix("r#").unwrap_or(name);
        write!(f, "{separator}{name} = {value}")?;
    }
    Ok(())
}

/// A field's value on one line; `None` for an optional field that is absent.
fn value(field: &dyn Debug) -> Option<String> {
    let text = format!("{field:?}");
    if text == "None" {
        return None;
    }
    let inner = text
        .strip_prefix("Some(")
        .and_then(|text| text.strip_suffix(')'));
    Some(inner.unwrap_or(&text).to_owned())
}

/// A text without its quotes, and still on one line.
fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), |text| text.replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ApplicationException;

    struct Shown<'a>(Option<&'a dyn Debug>, &'a [(&'a str, &'a dyn Debug)]);

    impl fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            match self.0 {
                Some(message) => fmt_exception::<ApplicationException>(message, f),
                None => fmt_fields::<ApplicationException>(self.1, f),
            }
        }
    }

    #[test]
    fn exceptions_are_sentences() {
        let name = ApplicationException::NAME;
        for (message, expected) in [
            (&"sold out" as &dyn Debug, ": sold out"),
            (&Some("say \"please\"\nfirst"), ": say \"please\"\\nfirst"),
            (&None::<String>, ""),
        ] {
            assert_eq!(
                Shown(Some(message), &[]).to_string(),
                format!("{name}{expected}")
            );
        }
        let fields: [(&str, &dyn Debug); 3] = [
            ("r#type", &"latte"),
            ("left", &None::<i32>),
            ("table", &Some(7)),
        ];
        let expected = format!("{name}: type = \"latte\", table = 7");
        assert_eq!(Shown(None, &fields).to_string(), expected);
        assert_eq!(Shown(None, &[]).to_string(), name);
    }
}
