//! Clients of services: a method for each function, which blocks or is a future.

use super::Emitter;
use super::expr::Expr;
use super::plan::Style;
use super::services::{Method, Sided, ids};
use super::text::Text;
use super::types::Place;
use crate::model::Function;

impl Emitter<'_> {
    pub(super) fn emit_client(&self, sided: &Sided<'_>, text: &mut Text) {
        let &Sided {
            names,
            service,
            methods,
            module,
            style,
        } = sided;
        let client = &names.client;
        let inner = match style {
            Style::Blocking => "::seapink::codegen::Client",
            Style::Async => "::seapink::codegen::AsyncClient",
        };
        let base = service
            .extends
            .map(|base| self.base_path(base, sided, |names| &names.client));
        text.line(format_args!("/// Calls a [`{}`].", names.handler));
        text.line("#[derive(Clone, Debug)]");
        text.block(
            format_args!("pub struct {client}<S = ::seapink::codegen::Standard>"),
            |text| {
                text.line(format_args!("client: {inner}<S>,"));
                if let Some(base) = &base {
                    text.line(format_args!("base: {base}<S>,"));
                }
            },
        );
        text.blank();
        Self::emit_connect(client, style, text);
        text.blank();
        text.block(
            format_args!("impl<S: ::seapink::codegen::ProtocolSet> {client}<S>"),
            |text| {
                Self::emit_new(inner, base.as_deref(), text);
                for method in methods {
                    text.blank();
                    self.emit_call(method, module, style, text);
                    // A future need not be awaited at once.
                    if !method.function.oneway && style == Style::Blocking {
                        text.blank();
                        self.emit_send(method, module, text);
                    }
                }
            },
        );
        if let Some(base) = base {
            text.blank();
            text.line("/// With the functions of the service that it extends.");
            text.implementation(
                "impl<S> ::std::ops::Deref",
                format_args!("{client}<S>"),
                |text| {
                    text.line(format_args!("type Target = {base}<S>;"));
                    text.blank();
                    text.block("fn deref(&self) -> &Self::Target", |text| {
                        text.line("&self.base");
                    });
                },
            );
        }
    }

    fn emit_new(inner: &str, base: Option<&str>, text: &mut Text) {
        text.line("/// Calls over this client.");
        text.line("#[must_use]");
        let parameters = [format!("client: {inner}<S>")];
        let body = |text: &mut Text| match base {
            Some(base) => {
                text.line(format_args!("let base = {base}::new(client.clone());"));
                text.line("Self { client, base }");
            }
            None => text.line("Self { client }"),
        };
        text.function("pub fn new", &parameters, "Self", Some(&body));
        text.blank();
        text.line("/// What carries the calls.");
        let body = |text: &mut Text| text.line("&self.client");
        let result = format!("&{inner}<S>");
        text.function("pub fn client", &["&self".to_owned()], &result, Some(&body));
        text.blank();
        text.line("/// The same client, whose calls may take so long each.");
        text.line("#[must_use]");
        let parameters = ["&self", "timeout: ::std::time::Duration"].map(str::to_owned);
        let body = |text: &mut Text| {
            text.line("Self::new(self.client.clone().with_timeout(timeout))");
        };
        text.function("pub fn with_timeout", &parameters, "Self", Some(&body));
    }

    fn emit_connect(client: &str, style: Style, text: &mut Text) {
        text.block(format_args!("impl {client}"), |text| {
            text.line("/// Connects as the configuration says.");
            text.line("///");
            text.line("/// # Errors");
            text.line("/// When the server cannot be reached.");
            let parameters = ["config: &::seapink::codegen::ClientConfig".to_owned()];
            let body = |text: &mut Text| match style {
                Style::Blocking => {
                    text.line("::seapink::codegen::Client::connect(config).map(Self::new)");
                }
                Style::Async => {
                    text.line("::seapink::codegen::AsyncClient::connect(config)");
                    text.indented(|text| {
                        text.line(".await");
                        text.line(".map(Self::new)");
                    });
                }
            };
            let result = "::seapink::codegen::Result<Self>";
            let head = format!("pub {}fn connect", keyword(style));
            text.function(&head, &parameters, result, Some(&body));
        });
    }

    fn emit_call(&self, method: &Method<'_>, module: &[String], style: Style, text: &mut Text) {
        let function = match method.function {
            Function { oneway: true, .. } => ".oneway",
            function if is_idempotent(function) => ".call_idempotent",
            _ => ".call",
        };
        let (parameters, call) = self.client_call(method, function, module);
        self.method_docs(method, text);
        Self::deprecated(&method.function.meta, text);
        let body = |text: &mut Text| match style {
            Style::Blocking => text.chain("self.client", &call),
            Style::Async => text.chain_await("self.client", &call),
        };
        let head = format!("pub {}fn {}", keyword(style), method.name);
        text.function(&head, &parameters, &method.result, Some(&body));
    }

    fn emit_send(&self, method: &Method<'_>, module: &[String], text: &mut Text) {
        let (parameters, call) = self.client_call(method, ".send", module);
        let name = method.name;
        text.line(format_args!(
            "/// Sends a call of [`{name}`](Self::{name}), whose result is wanted later."
        ));
        text.line("/// # Errors");
        text.line("/// When the call cannot be sent.");
        Self::deprecated(&method.function.meta, text);
        let body = |text: &mut Text| text.chain("self.client", &call);
        let head = format!("pub fn {}", method.send);
        let (value, error) = (&method.value, method.error);
        let result =
            format!("::seapink::codegen::Result<::seapink::codegen::Pending<{value}, {error}, S>>");
        text.function(&head, &parameters, &result, Some(&body));
    }

    /// The parameters of a client's method, and what it calls.
    fn client_call(
        &self,
        method: &Method<'_>,
        function: &str,
        module: &[String],
    ) -> (Vec<String>, Expr) {
        let args = &method.function.args;
        let mut parameters = vec!["&self".to_owned()];
        let mut values = vec![None; args.len()];
        for (index, (field, name)) in args.iter().zip(&method.arguments).enumerate() {
            let (ty, is_reference) = self.borrowed_type(field, Place::new(module));
            parameters.push(format!("{name}: {ty}"));
            values[index] = Some(Expr::atom(if is_reference {
                name.clone()
            } else {
                format!("&{name}")
            }));
        }
        let mut order: Vec<usize> = (0..args.len()).collect();
        order.sort_by_key(|&index| args[index].id);
        let values = order
            .iter()
            .filter_map(|&index| values[index].take())
            .collect();
        let call = Expr::call(
            function,
            vec![
                Expr::atom(format!("\"{}\"", method.function.meta.name)),
                ids(order.iter().map(|&index| &args[index])),
                Expr::tuple(values),
            ],
        );
        (parameters, call)
    }
}

fn keyword(style: Style) -> &'static str {
    match style {
        Style::Blocking => "",
        Style::Async => "async ",
    }
}

/// Whether a server may run a function more than once where its client wants it run once.
fn is_idempotent(function: &Function) -> bool {
    let value = function.meta.annotation("rust.idempotent");
    value.is_some_and(|value| value != "false")
}
