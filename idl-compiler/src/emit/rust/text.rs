//! Lines, indentation, and the few shapes of expression that emitted code has, laid out as rustfmt
//! lays them out.
//!
//! Why can't we just call rustfmt or a pretty-printer? The first is not installed everywhere and
//! takes most of the time of a build, the second drops blank lines and comments.

use std::fmt::Display;

use super::generics;

/// rustfmt's `max_width`.
const WIDTH: usize = 100;
/// rustfmt's `fn_call_width` and `array_width`: what fits between brackets on one line.
const LIST_WIDTH: usize = 60;
/// rustfmt's `chain_width`.
const CHAIN_WIDTH: usize = 60;
/// rustfmt's `struct_lit_width`.
const STRUCT_WIDTH: usize = 18;
/// rustfmt's `short_array_element_width_threshold`: arrays of shorter elements are filled.
const SHORT_ELEMENT: usize = 10;

/// Text with indentation.
#[derive(Debug, Default)]
pub(super) struct Text {
    out: String,
    indent: usize,
}

impl Text {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn finish(mut self) -> String {
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        self.out.push('\n');
        self.out
    }

    /// One line, which the caller knows to be short.
    pub(super) fn line(&mut self, line: impl Display) {
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
        self.out.push_str(&line.to_string());
        self.out.push('\n');
    }

    /// An empty line, except at the start of a block.
    pub(super) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("{\n") {
            self.out.push('\n');
        }
    }

    /// `head {`, the body, `}`.
    pub(super) fn block(&mut self, head: impl Display, body: impl FnOnce(&mut Self)) {
        self.line(format_args!("{head} {{"));
        self.indented(body);
        self.line("}");
    }

    pub(super) fn indented(&mut self, body: impl FnOnce(&mut Self)) {
        self.indent += 1;
        body(self);
        self.indent -= 1;
    }

    /// `impl… for… {`, broken before `for` where it is too long.
    pub(super) fn implementation(
        &mut self,
        what: impl Display,
        target: impl Display,
        body: impl FnOnce(&mut Self),
    ) {
        let line = format!("{what} for {target}");
        if self.fits(line.len() + 2) {
            return self.block(line, body);
        }
        self.line(what);
        self.indented(|text| text.line(format_args!("for {target}")));
        self.line("{");
        self.indented(body);
        self.line("}");
    }

    /// `head(parameters) -> result` and a body, or `;` in place of one.
    pub(super) fn function(
        &mut self,
        head: &str,
        parameters: &[String],
        result: &str,
        body: Option<&dyn Fn(&mut Self)>,
    ) {
        let arrow = if result.is_empty() {
            String::new()
        } else {
            format!(" -> {result}")
        };
        let end = if body.is_some() { " {" } else { ";" };
        let line = format!("{head}({}){arrow}{end}", parameters.join(", "));
        if self.fits(line.len()) {
            self.line(line);
        } else if parameters.is_empty() {
            let result = self.broken_type(result);
            self.line(format_args!("{head}() -> {result}{end}"));
        } else {
            self.line(format_args!("{head}("));
            self.indented(|text| {
                for parameter in parameters {
                    text.parameter(parameter);
                }
            });
            let line = format!("){arrow}{end}");
            if self.fits(line.len()) {
                self.line(line);
            } else {
                let result = self.broken_type(result);
                self.line(format_args!(") -> {result}{end}"));
            }
        }
        if let Some(body) = body {
            self.indented(body);
            self.line("}");
        }
    }

    fn parameter(&mut self, parameter: &str) {
        match parameter.split_once(": ") {
            Some((name, ty)) if !self.fits(parameter.len() + 1) => {
                self.line(format_args!("{name}: {},", self.broken_type(ty)));
            }
            _ => self.line(format_args!("{parameter},")),
        }
    }

    /// `before`, an expression, `after`, for statements, tail expressions and match arms.
    pub(super) fn expression(&mut self, before: &str, expression: &Expr, after: &str) {
        let rendered = expression.render(self.indent * 4, before.len(), after.len());
        let mut lines = rendered.lines();
        let first = lines.next().unwrap_or_default();
        match lines.next() {
            None => self.line(format_args!("{before}{first}{after}")),
            Some(second) => {
                self.line(format_args!("{before}{first}"));
                self.out.push_str(second);
                for line in lines {
                    self.out.push('\n');
                    self.out.push_str(line);
                }
                self.out.push_str(after);
                self.out.push('\n');
            }
        }
    }

    /// `pattern => expression,`, in a block where only that makes it one line.
    pub(super) fn arm(&mut self, pattern: &str, expression: &Expr) {
        let length = expression.one_line().len();
        let one_line = expression.may_be_one_line();
        if one_line && !self.fits(pattern.len() + 5 + length) && self.fits(4 + length) {
            return self.block(format_args!("{pattern} =>"), |text| {
                text.line(expression.one_line());
            });
        }
        self.expression(&format!("{pattern} => "), expression, ",");
    }

    /// `receiver.call(…)` as a tail expression, broken before the dot where rustfmt breaks chains.
    pub(super) fn chain(&mut self, receiver: &str, call: &Expr) {
        let length = receiver.len() + call.one_line().len();
        if call.may_be_one_line() && (length > CHAIN_WIDTH || !self.fits(length)) {
            self.line(receiver);
            return self.indented(|text| text.expression("", call, ""));
        }
        self.expression(receiver, call, "");
    }

    /// `head = expression;`, broken after `=` where only that makes the rest one line.
    pub(super) fn assignment(&mut self, head: &str, expression: &Expr) {
        let length = expression.one_line().len() + 1;
        let one_line = expression.may_be_one_line();
        if one_line && !self.fits(head.len() + 3 + length) && self.fits(4 + length) {
            self.line(format_args!("{head} ="));
            return self.indented(|text| text.line(format_args!("{};", expression.one_line())));
        }
        self.expression(&format!("{head} = "), expression, ";");
    }

    /// `name: type,` in a struct, broken after the colon where it is too long.
    pub(super) fn member(&mut self, name: &str, ty: &str) {
        let line = format!("pub {name}: {ty},");
        if self.fits(line.len()) {
            return self.line(line);
        }
        if !self.fits(4 + ty.len() + 1) {
            return self.line(format_args!("pub {name}: {},", self.broken_type(ty)));
        }
        self.line(format_args!("pub {name}:"));
        self.indented(|text| text.line(format_args!("{ty},")));
    }

    fn broken_type(&self, ty: &str) -> String {
        generics::broken(ty, self.indent * 4, WIDTH)
    }

    /// `head: type = expression;` for a static.
    pub(super) fn constant(&mut self, head: &str, ty: &str, expression: &Expr) {
        let line = format!("{head}: {ty}");
        if self.fits(line.len() + 2) {
            return self.assignment(&line, expression);
        }
        let line = format!(
            "{head}: {} = {};",
            self.broken_type(ty),
            expression.one_line()
        );
        self.line(line);
    }

    /// Whether so many more characters fit on a line of their own.
    pub(super) fn fits(&self, length: usize) -> bool {
        self.indent * 4 + length <= WIDTH
    }
}

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

    /// As one line, however long.
    pub(super) fn one_line(&self) -> String {
        let list = |items: &[Self]| {
            items
                .iter()
                .map(Self::one_line)
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::Atom(text) => text.clone(),
            Self::Call { head, arguments } => format!("{head}({})", list(arguments)),
            Self::Array { head, elements } => format!("{head}[{}]", list(elements)),
            Self::Struct { path, fields } if fields.is_empty() => format!("{path} {{}}"),
            Self::Struct { path, fields } => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", value.one_line()))
                    .collect();
                format!("{path} {{ {} }}", fields.join(", "))
            }
        }
    }

    /// Whether rustfmt keeps it on one line when there is room.
    fn may_be_one_line(&self) -> bool {
        let inner = |items: &[Self]| {
            let separators = 2 * items.len().saturating_sub(1);
            let width: usize = items.iter().map(|item| item.one_line().len()).sum();
            width + separators <= LIST_WIDTH && items.iter().all(Self::may_be_one_line)
        };
        match self {
            Self::Atom(_) => true,
            Self::Call {
                arguments: items, ..
            }
            | Self::Array {
                elements: items, ..
            } => inner(items),
            Self::Struct { path, fields } => {
                let width = self.one_line().len().saturating_sub(path.len() + 5);
                width <= STRUCT_WIDTH && fields.iter().all(|(_, value)| value.may_be_one_line())
            }
        }
    }

    /// Lines; all but the first carry their indentation.
    fn render(&self, indent: usize, before: usize, after: usize) -> String {
        let line = self.one_line();
        if self.may_be_one_line() && indent + before + line.len() + after <= WIDTH {
            return line;
        }
        self.broken(indent)
    }

    /// Lines, with a break after the first bracket.
    fn broken(&self, indent: usize) -> String {
        let (inner, outer) = (" ".repeat(indent + 4), " ".repeat(indent));
        match self {
            Self::Atom(text) => text.clone(),
            // A single argument with brackets of its own hangs between them.
            Self::Call { head, arguments } if matches!(&arguments[..], [argument] if !matches!(argument, Self::Atom(_))) =>
            {
                format!("{head}({})", arguments[0].broken(indent))
            }
            Self::Call { head, arguments } => {
                let mut out = format!("{head}(\n");
                for argument in arguments {
                    let argument = argument.render(indent + 4, 0, 1);
                    out.push_str(&format!("{inner}{argument},\n"));
                }
                out + &outer + ")"
            }
            Self::Array { head, elements } if matches!(&elements[..], [element] if !matches!(element, Self::Atom(_))) =>
            {
                format!("{head}[{}]", elements[0].broken(indent))
            }
            Self::Array { head, elements } => {
                let mut out = format!("{head}[\n");
                if elements
                    .iter()
                    .all(|element| element.one_line().len() <= SHORT_ELEMENT)
                {
                    fill(elements, &inner, &mut out);
                } else {
                    for element in elements {
                        let element = element.render(indent + 4, 0, 1);
                        out.push_str(&format!("{inner}{element},\n"));
                    }
                }
                out + &outer + "]"
            }
            Self::Struct { path, fields } => {
                let mut out = format!("{path} {{\n");
                for (name, value) in fields {
                    let value = value.render(indent + 4, name.len() + 2, 1);
                    out.push_str(&format!("{inner}{name}: {value},\n"));
                }
                out + &outer + "}"
            }
        }
    }
}

fn fill(elements: &[Expr], indent: &str, out: &mut String) {
    let mut line = String::new();
    for (index, element) in elements.iter().enumerate() {
        let element = element.one_line();
        // The last one carries no separator yet when rustfmt measures it.
        let comma = usize::from(index + 1 < elements.len());
        if !line.is_empty() && indent.len() + line.len() + 1 + element.len() + comma > WIDTH {
            out.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&element);
        line.push(',');
    }
    out.push_str(&format!("{indent}{line}\n"));
}
