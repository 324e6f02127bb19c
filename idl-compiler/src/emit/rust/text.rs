//! Lines, indentation, and the few shapes that emitted code has, laid out as rustfmt lays them out.
//!
//! Why can't we just call rustfmt or a pretty-printer? The first is not installed everywhere and
//! takes most of the time of a build, the second drops blank lines and comments.

use std::fmt::{Display, Write as _};

use super::expr::Expr;
use super::generics;

/// rustfmt's `max_width`.
pub(super) const WIDTH: usize = 100;
/// rustfmt's `chain_width`.
const CHAIN_WIDTH: usize = 60;

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
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{line}");
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

    /// `impl… for… {`, broken before `for` where it is too long. rustfmt forgets the indentation
    /// here.
    pub(super) fn implementation(
        &mut self,
        what: impl Display,
        target: impl Display,
        body: impl FnOnce(&mut Self),
    ) {
        let line = format!("{what} for {target}");
        if line.len() + 2 <= WIDTH {
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
        let call = format!("{head}({})", parameters.join(", "));
        let length = call.len() + arrow.len();
        if self.fits(length + 2) {
            self.line(format_args!("{call}{arrow}{end}"));
        } else if self.fits(length + end.len()) {
            // rustfmt leaves room for a brace, also where there is none.
            self.line(call);
            self.line(format_args!("{}{end}", arrow.trim_start()));
        } else if parameters.is_empty() {
            self.result(&call, result, body.is_some());
        } else {
            self.line(format_args!("{head}("));
            self.indented(|text| {
                for parameter in parameters {
                    text.parameter(parameter);
                }
            });
            self.result(")", result, body.is_some());
        }
        if let Some(body) = body {
            self.indented(body);
            self.line("}");
        }
    }

    /// The end of a signature of several lines. rustfmt counts the indentation twice here.
    fn result(&mut self, before: &str, result: &str, has_body: bool) {
        if result.is_empty() {
            return self.line(format_args!(
                "{before}{}",
                if has_body { " {" } else { ";" }
            ));
        }
        if let Some((future, bound)) = future_and_bound(result) {
            return self.future(before, future, bound);
        }
        let room = WIDTH - self.indent * 4;
        let (line, last) = if result.len() + 3 > room {
            (
                format!("{before} -> {}", self.broken_type(result)),
                self.indent * 4 + 1,
            )
        } else {
            let line = format!("{before} -> {result}");
            let length = self.indent * 4 + line.len();
            (line, length)
        };
        if !has_body {
            self.line(format_args!("{line};"));
        } else if last + 2 > room {
            self.line(line);
            self.line("{");
        } else {
            self.line(format_args!("{line} {{"));
        }
    }

    /// `impl Future<…> + Send;` behind the parameters of a function without a body. rustfmt first lets
    /// it stick out by two, and then counts the indentation twice.
    fn future(&mut self, before: &str, future: &str, bound: &str) {
        let indent = self.indent * 4;
        if indent + future.len() + 3 + bound.len() <= WIDTH + 2 {
            return self.line(format_args!("{before} -> {future} + {bound};"));
        }
        if 2 * indent + future.len() <= WIDTH {
            self.line(format_args!("{before} -> {future}"));
            return self.line(format_args!("+ {bound};"));
        }
        let future = self.broken_type(future);
        self.line(format_args!("{before} -> {future} + {bound};"));
    }

    fn parameter(&mut self, parameter: &str) {
        match parameter.split_once(": ") {
            Some((name, ty)) if !self.fits(parameter.len() + 1) => {
                self.line(format_args!("{name}: {},", self.broken_type(ty)));
            }
            _ => self.line(format_args!("{parameter},")),
        }
    }

    /// `before`, an expression, `after`, for statements and tail expressions.
    pub(super) fn expression(&mut self, before: &str, expression: &Expr, after: &str) {
        let rendered = expression.render(self.indent * 4, before.len(), after.len());
        self.line(format_args!("{before}{rendered}{after}"));
    }

    /// `pattern => expression,`, in a block where only that makes it one line, or fit at all.
    pub(super) fn arm(&mut self, pattern: &str, expression: &Expr) {
        let before = pattern.len() + 4;
        let rendered = expression.render(self.indent * 4, before, 1);
        let first = rendered.lines().next().unwrap_or_default();
        if self.is_one_line_only_below(before, expression) || !self.fits(before + first.len()) {
            return self.block(format_args!("{pattern} =>"), |text| {
                text.expression("", expression, "");
            });
        }
        self.line(format_args!("{pattern} => {rendered},"));
    }

    /// Whether it is one line on the next line, one level deeper, and not behind `before`.
    fn is_one_line_only_below(&self, before: usize, expression: &Expr) -> bool {
        let room = |used: usize| WIDTH.saturating_sub(self.indent * 4 + used);
        expression.width(room(before + 1)).is_none()
            && expression.width(room(4)).is_some()
            && expression.may_be_one_line()
    }

    /// `pattern => receiver.call(…),`, broken before the dot where not even a block makes it fit.
    pub(super) fn chain_arm(&mut self, pattern: &str, receiver: &str, call: &Expr) {
        let whole = Expr::atom(format!("{receiver}.{}", call.one_line()));
        if self.fits(4 + whole.one_line().len()) {
            return self.arm(pattern, &whole);
        }
        self.line(format_args!("{pattern} => {receiver}"));
        self.indented(|text| {
            let call = call.render(text.indent * 4, 1, 1);
            text.line(format_args!(".{call},"));
        });
    }

    /// `expression;` as an item.
    pub(super) fn statement(&mut self, expression: &Expr) {
        let line = expression.one_line();
        if expression.may_be_one_line() && self.fits(line.len() + 1) {
            return self.line(format_args!("{line};"));
        }
        let lines = expression.broken(self.indent * 4);
        let (start, end) = lines.rsplit_once(",\n").unwrap_or((&lines, ""));
        self.line(format_args!("{start}\n{end};"));
    }

    /// `receiver.call(…)` as a tail expression, broken before the dot where rustfmt breaks chains.
    pub(super) fn chain(&mut self, receiver: &str, call: &Expr) {
        let room = CHAIN_WIDTH.min(WIDTH - self.indent * 4);
        if call.width(room.saturating_sub(receiver.len())).is_none() && call.may_be_one_line() {
            self.line(receiver);
            return self.indented(|text| text.expression("", call, ""));
        }
        self.expression(receiver, call, "");
    }

    /// `receiver.call(…).await` as a tail expression; the same.
    pub(super) fn chain_await(&mut self, receiver: &str, call: &Expr) {
        const AWAIT: &str = ".await";
        let room = CHAIN_WIDTH.min(WIDTH - self.indent * 4);
        let room = room.saturating_sub(receiver.len() + AWAIT.len());
        if call.width(room).is_some() && call.may_be_one_line() {
            return self.line(format_args!("{receiver}{}{AWAIT}", call.one_line()));
        }
        self.line(receiver);
        self.indented(|text| {
            text.expression("", call, "");
            text.line(AWAIT);
        });
    }

    /// `head = expression;`, broken after `=` where only that makes the rest one line.
    pub(super) fn assignment(&mut self, head: &str, expression: &Expr) {
        // The semicolon counts on either line.
        let fits_below = expression
            .width(WIDTH.saturating_sub(self.indent * 4 + 5))
            .is_some();
        if fits_below && self.is_one_line_only_below(head.len() + 3, expression) {
            self.line(format_args!("{head} ="));
            return self.indented(|text| text.line(format_args!("{};", expression.one_line())));
        }
        self.expression(&format!("{head} = "), expression, ";");
    }

    /// `head: type = expression;` for a static.
    pub(super) fn constant(&mut self, head: &str, ty: &str, expression: &Expr) {
        let line = format!("{head}: {ty}");
        if self.fits(line.len() + 2) {
            return self.assignment(&line, expression);
        }
        let ty = self.broken_type(ty);
        self.line(format_args!("{head}: {ty} = {};", expression.one_line()));
    }

    /// `pub name: type,` in a struct.
    pub(super) fn member(&mut self, name: &str, ty: &str) {
        self.declaration(&format!("pub {name}:"), ty, ",");
    }

    /// `Name(type),` in an enum.
    pub(super) fn variant(&mut self, name: &str, ty: &str) {
        if self.fits(name.len() + ty.len() + 3) {
            return self.line(format_args!("{name}({ty}),"));
        }
        self.line(format_args!("{name}("));
        self.indented(|text| {
            if text.fits(ty.len() + 1) {
                text.line(format_args!("{ty},"));
            } else {
                text.line(format_args!("{},", text.broken_type(ty)));
            }
        });
        self.line("),");
    }

    /// `pub type Name = type;`.
    pub(super) fn alias(&mut self, name: &str, ty: &str) {
        self.declaration(&format!("pub type {name} ="), ty, ";");
    }

    /// A head and a type: on one line, on two, or with the type broken.
    fn declaration(&mut self, head: &str, ty: &str, end: &str) {
        if self.fits(head.len() + 1 + ty.len() + 1) {
            self.line(format_args!("{head} {ty}{end}"));
        } else if self.fits(4 + ty.len() + 1) {
            self.line(head);
            self.indented(|text| text.line(format_args!("{ty}{end}")));
        } else {
            let ty = self.broken_type(ty);
            self.line(format_args!("{head} {ty}{end}"));
        }
    }

    fn broken_type(&self, ty: &str) -> String {
        generics::broken(ty, self.indent * 4, WIDTH)
    }

    /// Whether so many more characters fit on a line of their own.
    pub(super) fn fits(&self, length: usize) -> bool {
        self.indent * 4 + length <= WIDTH
    }
}

/// `impl Future<…>` and `Send` of both together.
fn future_and_bound(result: &str) -> Option<(&str, &str)> {
    let (future, bound) = result.rsplit_once(" + ")?;
    future.starts_with("impl ").then_some((future, bound))
}
