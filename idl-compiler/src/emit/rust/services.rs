//! Services: a trait for the handler, a processor, a [client](super::clients), and an error enum for each
//! function.

use std::fmt::Write as _;

use super::Emitter;
use super::docs;
use super::expr::Expr;
use super::names::{Scope, camel, distinct, identifier, snake};
use super::plan::{FunctionNames, Plan, Sides, Style};
use super::text::Text;
use super::types::{Place, annotation};
use crate::model::{Field, Function, Requiredness, Service, ServiceId};

/// One function with everything decided about it.
pub(super) struct Method<'a> {
    pub(super) function: &'a Function,
    pub(super) name: &'a str,
    /// The client's method that does not wait.
    pub(super) send: &'a str,
    pub(super) error: &'a str,
    /// The type of what it returns.
    pub(super) value: String,
    /// Rust names of the arguments.
    pub(super) arguments: Vec<String>,
    /// `Result<…>` as the handler and the client return it.
    pub(super) result: String,
    /// How the handler takes its arguments.
    taking: Taking,
}

/// A service with functions that block, or are futures.
pub(super) struct Sided<'a> {
    pub(super) names: &'a Sides,
    pub(super) service: &'a Service,
    pub(super) methods: &'a [Method<'a>],
    pub(super) module: &'a [String],
    pub(super) style: Style,
}

/// How a handler takes its arguments: `rust.arguments`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    Owned,
    Borrowed,
    Views,
}

/// Whether the handler takes views of its arguments.
pub(super) fn takes_views(function: &Function, service: &Service) -> bool {
    Taking::of(function, service) == Taking::Views
}

impl Taking {
    /// What the function says, or else its service.
    fn of(function: &Function, service: &Service) -> Self {
        let key = "rust.arguments";
        let own = function.meta.annotation(key);
        match own.or_else(|| service.meta.annotation(key)) {
            _ if function.args.is_empty() => Self::Owned,
            Some("borrowed") => Self::Borrowed,
            // A default may own memory, which a view could not borrow from the message.
            Some("view") if function.args.iter().all(|arg| arg.default.is_none()) => Self::Views,
            _ => Self::Owned,
        }
    }
}

impl Taking {
    /// The same for a handler that is a future. What a server lends to it for a call is no other's
    /// then, so that it can as well have it.
    fn in_futures(self) -> Self {
        match self {
            Self::Borrowed => Self::Owned,
            taking => taking,
        }
    }
}

impl Emitter<'_> {
    pub(super) fn emit_service(&self, id: ServiceId, service: &Service, text: &mut Text) {
        let module = self.plan.module_of(service.meta.origin.file);
        let names = self.plan.service(id);
        let mut methods: Vec<_> = service
            .functions
            .iter()
            .zip(&names.functions)
            .map(|(function, names)| {
                let taking = Taking::of(function, service);
                self.method(function, names, module, taking)
            })
            .collect();
        self.emit_sides(id, service, &methods, Style::Blocking, text);
        if names.asynchronous.is_some() {
            text.blank();
            for method in &mut methods {
                method.taking = method.taking.in_futures();
            }
            self.emit_sides(id, service, &methods, Style::Async, text);
        }
        for method in methods.iter().filter(|method| !method.function.oneway) {
            text.blank();
            self.emit_error(method, service, module, text);
        }
    }

    fn emit_sides(
        &self,
        id: ServiceId,
        service: &Service,
        methods: &[Method<'_>],
        style: Style,
        text: &mut Text,
    ) {
        let sides = Sided {
            names: self.plan.service(id).sides(style),
            service,
            methods,
            module: self.plan.module_of(service.meta.origin.file),
            style,
        };
        self.emit_handler(&sides, text);
        text.blank();
        self.emit_processor(&sides, text);
        text.blank();
        self.emit_client(&sides, text);
    }

    fn method<'a>(
        &self,
        function: &'a Function,
        FunctionNames { call, send, error }: &'a FunctionNames,
        module: &[String],
        taking: Taking,
    ) -> Method<'a> {
        let names: Vec<_> = function
            .args
            .iter()
            .map(|arg| arg.meta.name.as_str())
            .collect();
        let result = self.plan.prelude(module, "Result");
        let value = match &function.returns {
            Some(ty) => {
                let chosen = annotation(&function.meta.annotations);
                self.rust_type(ty, chosen, Place::new(module))
            }
            None => "()".to_owned(),
        };
        Method {
            function,
            name: call,
            send,
            error,
            taking,
            arguments: distinct(&names, &["cx"], snake),
            result: if function.oneway {
                "::seapink::codegen::Result<()>".to_owned()
            } else {
                format!("{result}<{value}, {error}>")
            },
            value,
        }
    }

    fn emit_handler(&self, sided: &Sided<'_>, text: &mut Text) {
        let &Sided {
            names,
            service,
            methods,
            module,
            style,
        } = sided;
        let prelude = |name| self.plan.prelude(module, name);
        let bounds = if let Some(base) = service.extends {
            self.base_path(base, sided, |names| &names.handler)
        } else {
            format!("{} + {} + 'static", prelude("Send"), prelude("Sync"))
        };
        self.item_docs(&service.meta, text);
        let head = format!("pub trait {}: {bounds}", names.handler);
        if methods.is_empty() {
            return text.line(format_args!("{head} {{}}"));
        }
        text.block(head, |text| {
            for (index, method) in methods.iter().enumerate() {
                if index > 0 {
                    text.blank();
                }
                self.method_docs(method, text);
                let mut parameters = vec![
                    "&self".to_owned(),
                    "cx: &::seapink::codegen::CallContext".to_owned(),
                ];
                for (field, name) in method.function.args.iter().zip(&method.arguments) {
                    let ty = match method.taking {
                        Taking::Owned => self.argument_type(field, module),
                        Taking::Borrowed => self.borrowed_type(field, Place::new(module)).0,
                        Taking::Views => self.view_type(&field.ty, Place::new(module), "'_"),
                    };
                    parameters.push(format!("{name}: {ty}"));
                }
                let result = match style {
                    Style::Blocking => method.result.clone(),
                    Style::Async => format!(
                        "impl ::std::future::Future<Output = {}> + {}",
                        method.result,
                        prelude("Send")
                    ),
                };
                text.function(&format!("fn {}", method.name), &parameters, &result, None);
            }
        });
    }

    fn emit_processor(&self, sided: &Sided<'_>, text: &mut Text) {
        let &Sided {
            names,
            service,
            methods,
            module,
            style,
        } = sided;
        let (handler, processor) = (&names.handler, &names.processor);
        let (kind, lifetime, of_call, result) = match style {
            Style::Blocking => ("", "", "Call<'_, P>", "Outcome"),
            Style::Async => ("Async", "'a ", "AsyncCall<'a, P>", "Answer<'a>"),
        };
        text.line(format_args!("/// Serves a [`{handler}`]."));
        text.line("#[derive(Clone, Debug)]");
        text.line(format_args!("pub struct {processor}<H>(H);"));
        text.blank();
        text.block(format_args!("impl<H: {handler}> {processor}<H>"), |text| {
            text.line("/// Serves this handler.");
            text.line("#[must_use]");
            text.block("pub fn new(handler: H) -> Self", |text| {
                text.line("Self(handler)");
            });
        });
        text.blank();
        let what = format!("impl<H: {handler}> ::seapink::codegen::{kind}Service");
        text.implementation(what, format_args!("{processor}<H>"), |text| {
            text.line("type Handler = H;");
            text.line(format_args!(
                "const NAME: &'static str = \"{}\";",
                service.meta.name
            ));
            let functions = Expr::array("&", self.functions(service));
            text.assignment("const FUNCTIONS: ::seapink::codegen::Functions", &functions);
            text.blank();
            text.block("fn handler(&self) -> &H", |text| text.line("&self.0"));
            text.blank();
            let otherwise = service.extends.map(|base| {
                let base = self.base_path(base, sided, |names| &names.processor);
                format!("inherited::<{base}<H>>")
            });
            let unused = methods.is_empty() && service.extends.is_none();
            let body = |text: &mut Text| {
                let otherwise = match &otherwise {
                    Some(inherited) => Expr::call(inherited, vec![Expr::atom("handler")]),
                    None => Expr::call("unknown_method", Vec::new()),
                };
                if methods.is_empty() {
                    return text.line(format_args!("call.{}", otherwise.one_line()));
                }
                for method in methods {
                    if method.taking == Taking::Borrowed {
                        self.emit_arguments_alias(method, module, text);
                    }
                }
                text.block("match call.method()", |text| {
                    for method in methods {
                        let pattern = format!("\"{}\"", method.function.meta.name);
                        text.arm(&pattern, &self.dispatch(method, module));
                    }
                    text.chain_arm("_", "call", &otherwise);
                });
            };
            let generics = match style {
                Style::Blocking => "P: ::seapink::codegen::Protocol",
                Style::Async => "'a, P: ::seapink::codegen::Protocol",
            };
            text.function(
                &format!("fn dispatch<{generics}>"),
                &[
                    format!("{}: &{lifetime}H", if unused { "_" } else { "handler" }),
                    format!("call: ::seapink::codegen::{of_call}"),
                ],
                &format!("::seapink::codegen::{result}"),
                Some(&body),
            );
        });
    }

    /// Every function that the service answers, inherited ones last.
    fn functions(&self, service: &Service) -> Vec<Expr> {
        let mut functions = Vec::new();
        let mut next = Some(service);
        while let Some(service) = next {
            functions.extend(service.functions.iter().map(|function| {
                let name = Expr::atom(format!("\"{}\"", function.meta.name));
                Expr::tuple(vec![name, Expr::atom(function.oneway.to_string())])
            }));
            next = service.extends.map(|base| &self.program[base]);
        }
        functions
    }

    fn dispatch(&self, method: &Method<'_>, module: &[String]) -> Expr {
        let args = &method.function.args;
        let required: Vec<_> = args
            .iter()
            .filter(|arg| arg.requiredness == Requiredness::Required)
            .map(|arg| Expr::atom(arg.id.to_string()))
            .collect();
        let mut head = if method.function.oneway {
            "call.oneway"
        } else {
            "call.reply"
        }
        .to_owned();
        let special = !required.is_empty() || args.iter().any(|arg| arg.default.is_some());
        match method.taking {
            Taking::Owned => {}
            Taking::Borrowed => head.push_str("_borrowed"),
            Taking::Views if special => {}
            Taking::Views => head.push_str("_views"),
        }
        let mut arguments = Vec::new();
        if special {
            head.push_str("_with");
            let place = Place::new(module);
            let defaults = args.iter().map(|arg| {
                let chosen = annotation(&arg.meta.annotations);
                match &arg.default {
                    _ if method.taking == Taking::Views => {
                        let ty = self.view_type(&arg.ty, place, "'_");
                        let name = ty.split('<').next().unwrap_or_default();
                        Expr::call(format!("{name}::default"), Vec::new())
                    }
                    Some(value) => self.value(value, &arg.ty, chosen, place),
                    None => self.zero(&arg.ty, chosen, place),
                }
            });
            arguments.push(Expr::array("&", required));
            arguments.push(Expr::tuple(defaults.collect()));
        }
        if method.taking == Taking::Borrowed {
            // The function's parameters do not tell what is lent to it.
            let types = self.arguments_alias(method, module);
            let rest = if method.function.oneway {
                "_"
            } else {
                "_, _, _"
            };
            let _ = write!(head, "::<{types}, {rest}>");
        }
        arguments.push(Expr::atom("handler"));
        arguments.push(Expr::atom(format!("H::{}", method.name)));
        arguments.push(ids(args.iter()));
        Expr::call(head, arguments)
    }

    /// A name for the owned arguments of a function that borrows them. It is seen in one function
    /// only, and hides none of the module's types there.
    fn arguments_alias(&self, method: &Method<'_>, module: &[String]) -> String {
        let mut name = camel(method.name.trim_start_matches("r#")) + "Arguments";
        while self.plan.is_taken(module, &name) {
            name.push('_');
        }
        name
    }

    fn emit_arguments_alias(&self, method: &Method<'_>, module: &[String], text: &mut Text) {
        let name = self.arguments_alias(method, module);
        let args = method.function.args.iter();
        let types = args.map(|arg| Expr::atom(self.argument_type(arg, module)));
        let types = Expr::tuple(types.collect());
        text.assignment(&format!("type {name}"), &types);
    }

    /// An argument as it is owned.
    fn argument_type(&self, field: &Field, module: &[String]) -> String {
        let chosen = annotation(&field.meta.annotations);
        self.rust_type(&field.ty, chosen, Place::new(module))
    }

    /// The IDL's words, or the origin, and the section on errors.
    pub(super) fn method_docs(&self, method: &Method<'_>, text: &mut Text) {
        let meta = &method.function.meta;
        match &meta.doc {
            Some(doc) => docs::write(text, Some(doc), None),
            None => docs::write(text, None, Some(&self.origin(meta))),
        }
        text.line("/// # Errors");
        if method.function.oneway {
            text.line("/// When the call cannot be sent; the handler's are only logged.");
        } else {
            text.line(format_args!("/// See [`{}`].", method.error));
        }
    }

    fn emit_error(
        &self,
        method: &Method<'_>,
        service: &Service,
        module: &[String],
        text: &mut Text,
    ) {
        let throws = &method.function.throws;
        let types: Vec<_> = throws
            .iter()
            .map(|field| self.rust_type(&field.ty, None, Place::new(module)))
            .collect();
        // A variant is called like its exception, or like its field where that is not enough.
        let mut scope = Scope::with(&["Other", "Self"]);
        let variants: Vec<_> = throws
            .iter()
            .zip(&types)
            .map(|(field, ty)| {
                let unique = types.iter().filter(|other| *other == ty).count() == 1;
                let wanted = if unique { ty.rsplit("::").next() } else { None };
                let wanted = wanted.map_or_else(|| camel(&field.meta.name), str::to_owned);
                identifier(&scope.take(&wanted))
            })
            .collect();
        let name = format!("{}.{}", service.meta.name, method.function.meta.name);
        let error = method.error;
        text.line(format_args!("/// Why `{name}` failed."));
        text.block(format_args!("pub enum {error}"), |text| {
            let boxed = self.plan.prelude(module, "Box");
            for ((field, variant), ty) in throws.iter().zip(&variants).zip(&types) {
                docs::write(text, field.meta.doc.as_deref(), None);
                text.line(format_args!("{variant}({boxed}<{ty}>),"));
            }
            text.line("/// Anything that the function does not declare.");
            text.line("Other(::seapink::codegen::Error),");
        });
        text.blank();
        if throws.is_empty() {
            let none = Expr::call(
                "::seapink::codegen::impl_method_error!",
                vec![Expr::atom(format!("{error} {{}}"))],
            );
            return text.statement(&none);
        }
        text.line("::seapink::codegen::impl_method_error! {");
        text.indented(|text| {
            text.block(error, |text| {
                for ((field, variant), ty) in throws.iter().zip(&variants).zip(&types) {
                    let from = types.iter().filter(|other| *other == ty).count() == 1;
                    let from = if from { "from " } else { "" };
                    let (id, name) = (field.id, &field.meta.name);
                    text.line(format_args!("{from}{id} \"{name}\" => {variant}({ty}),"));
                }
            });
        });
        text.line("}");
    }

    pub(super) fn base_path(
        &self,
        base: ServiceId,
        sided: &Sided<'_>,
        name: impl Fn(&Sides) -> &String,
    ) -> String {
        let home = self.plan.module_of(self.program[base].meta.origin.file);
        let names = self.plan.service(base).sides(sided.style);
        Plan::path(sided.module, home, name(names))
    }
}

pub(super) fn ids<'a>(fields: impl Iterator<Item = &'a Field>) -> Expr {
    let ids = fields.map(|field| Expr::atom(format!("({}, \"{}\")", field.id, field.meta.name)));
    Expr::array("&", ids.collect())
}
