//! Expressions of emitted code, broken over lines where rustfmt breaks them.

use super::text::WIDTH;

/// rustfmt's `fn_call_width` and `array_width`: what fits between brackets on one line.
const LIST_WIDTH: usize = 60;
/// rustfmt's `struct_lit_width`.
const STRUCT_WIDTH: usize = 18;
/// rustfmt's `short_array_element_width_threshold`: of shorter items, several go on a line.
const SHORT_ELEMENT: usize = 10;

/// An expression of emitted code.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    /// Anything that is never broken.
    Atom(String),
    /// `head(arguments)`.
    Call { head: String, arguments: Vec<Expr> },
    /// `head[elements]`: `&[…]`, `[…]` or `vec![…]`.
    Array { head: String, elements: Vec<Expr> },
    /// `Path { field: value }`.
    Struct {
        path: String,
        fields: Vec<(String, Expr)>,
    },
    /// `expression?`.
    Try(Box<Expr>),
}

impl Expr {
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self::Atom(text.into())
    }

    pub(super) fn call(head: impl Into<String>, arguments: Vec<Self>) -> Self {
        Self::Call {
            head: head.into(),
            arguments,
        }
    }

    pub(super) fn tuple(members: Vec<Self>) -> Self {
        if let [member] = &members[..] {
            return Self::atom(format!("({},)", member.one_line()));
        }
        Self::call("", members)
    }

    pub(super) fn array(head: impl Into<String>, elements: Vec<Self>) -> Self {
        Self::Array {
            head: head.into(),
            elements,
        }
    }

    pub(super) fn question(self) -> Self {
        Self::Try(Box::new(self))
    }

    /// As one line, however long.
    pub(super) fn one_line(&self) -> String {
        let mut out = String::new();
        self.push_line(&mut out);
        out
    }

    fn push_line(&self, out: &mut String) {
        let mut list = |head: &str, open: &str, items: &[Self], close: &str| {
            out.push_str(head);
            out.push_str(open);
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                item.push_line(out);
            }
            out.push_str(close);
        };
        match self {
            Self::Try(inner) => {
                inner.push_line(out);
                out.push('?');
            }
            Self::Atom(text) => out.push_str(text),
            Self::Call { head, arguments } => list(head, "(", arguments, ")"),
            Self::Array { head, elements } => list(head, "[", elements, "]"),
            Self::Struct { path, fields } => {
                out.push_str(path);
                out.push_str(" {");
                for (index, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { " " });
                    out.push_str(name);
                    out.push_str(": ");
                    value.push_line(out);
                }
                out.push_str(if fields.is_empty() { "}" } else { " }" });
            }
        }
    }

    /// How wide it is as one line, if that is not more than `max`. Looks no further than that.
    pub(super) fn width(&self, max: usize) -> Option<usize> {
        let list = |head: &str, items: &[Self]| sum(head.len() + 2, items, max);
        match self {
            Self::Try(inner) => inner.width(max.checked_sub(1)?).map(|width| width + 1),
            Self::Atom(text) => (text.len() <= max).then_some(text.len()),
            Self::Call {
                head,
                arguments: items,
            }
            | Self::Array {
                head,
                elements: items,
            } => list(head, items),
            Self::Struct { path, fields } if fields.is_empty() => Some(path.len() + 3),
            Self::Struct { path, fields } => {
                let mut width = path.len() + 5;
                for (index, (name, value)) in fields.iter().enumerate() {
                    width += name.len() + 2 + if index > 0 { 2 } else { 0 };
                    width += value.width(max.checked_sub(width)?)?;
                }
                (width <= max).then_some(width)
            }
        }
    }

    /// Whether rustfmt keeps it on one line when there is room.
    pub(super) fn may_be_one_line(&self) -> bool {
        match self {
            Self::Atom(_) => true,
            Self::Try(inner) => inner.may_be_one_line(),
            Self::Call {
                arguments: items, ..
            }
            | Self::Array {
                elements: items, ..
            } => sum(0, items, LIST_WIDTH).is_some() && items.iter().all(Self::may_be_one_line),
            Self::Struct { path, fields } => {
                self.width(path.len() + 5 + STRUCT_WIDTH).is_some()
                    && fields.iter().all(|(_, value)| value.may_be_one_line())
            }
        }
    }

    /// Whether rustfmt puts several such items on a line: literals, names, and references to them.
    fn is_short_and_simple(&self) -> bool {
        let Self::Atom(text) = self else { return false };
        let name = text
            .trim_start_matches(['&', '-'])
            .trim_start_matches("mut ");
        let is_string = name.starts_with('"') || name.starts_with("b\"");
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '#');
        text.len() <= SHORT_ELEMENT && (is_string || name.chars().all(is_name))
    }

    /// As lines, of which all but the first carry their indentation, given what stands `before` on
    /// the first and `after` on the last.
    pub(super) fn render(&self, indent: usize, before: usize, after: usize) -> String {
        let room = WIDTH.saturating_sub(indent + before + after);
        if self.width(room).is_some() && self.may_be_one_line() {
            return self.one_line();
        }
        self.broken(indent)
    }

    /// As lines, with a break after the first bracket.
    pub(super) fn broken(&self, indent: usize) -> String {
        let outer = " ".repeat(indent);
        match self {
            Self::Atom(text) => text.clone(),
            Self::Try(inner) => inner.broken(indent) + "?",
            Self::Call {
                head,
                arguments: items,
            } => match hanging(items) {
                Some(item) => format!("{head}({})", item.broken(indent)),
                None => format!("{head}(\n{}{outer})", lines(items, indent + 4)),
            },
            Self::Array {
                head,
                elements: items,
            } => match hanging(items) {
                Some(item) => format!("{head}[{}]", item.broken(indent)),
                None => format!("{head}[\n{}{outer}]", lines(items, indent + 4)),
            },
            Self::Struct { path, fields } => {
                let mut out = format!("{path} {{\n");
                for (name, value) in fields {
                    let value = value.render(indent + 4, name.len() + 2, 1);
                    for part in [&outer, "    ", name, ": ", &value, ",\n"] {
                        out.push_str(part);
                    }
                }
                out + &outer + "}"
            }
        }
    }
}

/// The width of items and the separators between them, added to a start.
fn sum(start: usize, items: &[Expr], max: usize) -> Option<usize> {
    let mut width = start + 2 * items.len().saturating_sub(1);
    for item in items {
        width += item.width(max.checked_sub(width)?)?;
    }
    (width <= max).then_some(width)
}

/// A single item that ends with a bracket of its own hangs between those around it.
fn hanging(items: &[Expr]) -> Option<&Expr> {
    match items {
        [Expr::Atom(_) | Expr::Try(_)] => None,
        [item] => Some(item),
        _ => None,
    }
}

/// One item on each line, or as many as fit where all are short and simple.
fn lines(items: &[Expr], indent: usize) -> String {
    let mut out = String::new();
    let margin = " ".repeat(indent);
    if items.iter().all(Expr::is_short_and_simple) {
        fill(items, &margin, &mut out);
        return out;
    }
    for item in items {
        for part in [&margin, &item.render(indent, 0, 1), ",\n"] {
            out.push_str(part);
        }
    }
    out
}

fn fill(items: &[Expr], margin: &str, out: &mut String) {
    let mut line = String::new();
    for (index, item) in items.iter().enumerate() {
        let item = item.one_line();
        // The last one carries no comma yet when rustfmt measures it.
        let comma = usize::from(index + 1 < items.len());
        if !line.is_empty() && margin.len() + line.len() + 1 + item.len() + comma > WIDTH {
            for part in [margin, &line, "\n"] {
                out.push_str(part);
            }
            line.clear();
        }
        for part in [if line.is_empty() { "" } else { " " }, &item, ","] {
            line.push_str(part);
        }
    }
    for part in [margin, &line, "\n"] {
        out.push_str(part);
    }
}
