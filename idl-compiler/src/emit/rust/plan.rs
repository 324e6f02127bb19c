//! Decisions about the whole program, made before any text: which module each file becomes, what
//! everything is called, which fields are boxed, which types must be hashable.

use std::collections::BTreeMap;

use super::Options;
use super::borrowing::Views;
use super::keys;
use super::names::{Scope, camel, distinct, identifier, screaming, snake};
use super::recursion::{self, Boxing};
use crate::model::{
    ConstId, FileId, Item, Program, ServiceId, StructKind, TypeDef, TypeId, TypeKind,
};

/// Names that emitted code takes from the prelude. A module that has a type of that name gets the
/// absolute path instead.
const PRELUDE: [(&str, &str); 15] = [
    ("Box", "::std::boxed::Box"),
    ("Clone", "::std::clone::Clone"),
    ("Default", "::std::default::Default"),
    ("Err", "::std::result::Result::Err"),
    ("From", "::std::convert::From"),
    ("None", "::std::option::Option::None"),
    ("Ok", "::std::result::Result::Ok"),
    ("Option", "::std::option::Option"),
    ("Result", "::std::result::Result"),
    ("Send", "::std::marker::Send"),
    ("Some", "::std::option::Option::Some"),
    ("String", "::std::string::String"),
    ("Sync", "::std::marker::Sync"),
    ("ToString", "::std::string::ToString"),
    ("Vec", "::std::vec::Vec"),
];

/// Everything decided before emitting.
pub(super) struct Plan {
    /// Modules by path, parents before children. The root has the empty path.
    pub(super) modules: BTreeMap<Vec<String>, Module>,
    /// Module of each file.
    file_modules: Vec<Vec<String>>,
    types: Vec<String>,
    /// Names of views, for types that have one.
    view_names: Vec<String>,
    pub(super) views: Views,
    consts: Vec<String>,
    services: Vec<ServiceNames>,
    /// Rust names of the fields of each struct, union member names, or enum members.
    /// Last, the member for unknown fields.
    members: Vec<Vec<String>>,
    /// Whether a struct keeps fields that its IDL does not have.
    unknown_fields: Vec<bool>,
    boxes: Vec<Vec<Boxing>>,
    /// Whether a type is in a set or in the key of a map.
    keys: Vec<bool>,
}

/// One module.
#[derive(Default)]
pub(super) struct Module {
    /// The files whose items it holds.
    pub(super) files: Vec<FileId>,
    scope: Scope,
}

/// What a service is called.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceNames {
    pub(super) blocking: Sides,
    /// If futures are asked for.
    pub(super) asynchronous: Option<Sides>,
    pub(super) functions: Vec<FunctionNames>,
}

/// What the two sides of a service are called.
#[derive(Clone, Debug, Default)]
pub(super) struct Sides {
    pub(super) handler: String,
    pub(super) client: String,
    pub(super) processor: String,
}

impl ServiceNames {
    pub(super) fn sides(&self, style: Style) -> &Sides {
        match (style, &self.asynchronous) {
            (Style::Async, Some(sides)) => sides,
            _ => &self.blocking,
        }
    }
}

/// Whether functions block or are futures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Blocking,
    Async,
}

#[derive(Clone, Debug, Default)]
pub(super) struct FunctionNames {
    /// Of the method.
    pub(super) call: String,
    /// Of the client's method that does not wait for the reply.
    pub(super) send: String,
    /// Of the error enum.
    pub(super) error: String,
}

impl Plan {
    pub(super) fn new(program: &Program, options: &Options) -> Self {
        let file_modules: Vec<_> = program.files.iter().map(module_path).collect();
        let mut plan = Self {
            modules: BTreeMap::new(),
            file_modules,
            types: vec![String::new(); program.types.len()],
            view_names: vec![String::new(); program.types.len()],
            views: Views::new(program, options.views),
            consts: vec![String::new(); program.consts.len()],
            services: vec![ServiceNames::default(); program.services.len()],
            members: program
                .types
                .iter()
                .map(|ty| member_names(ty, keeps_unknown_fields(ty)))
                .collect(),
            unknown_fields: program.types.iter().map(keeps_unknown_fields).collect(),
            boxes: recursion::boxes(program),
            keys: keys::find(program),
        };
        plan.modules.insert(Vec::new(), Module::default());
        for (index, path) in plan.file_modules.iter().enumerate() {
            for length in 1..path.len() {
                plan.modules.entry(path[..length].to_vec()).or_default();
            }
            let module = plan.modules.entry(path.clone()).or_default();
            module
                .files
                .push(FileId(u32::try_from(index).unwrap_or(u32::MAX)));
        }
        plan.name_items(program);
        if options.asynchronous {
            plan.name_asynchronous(program);
        }
        plan
    }

    /// Types get their names first, then services, then constants, so that an item added to a file
    /// rarely renames another. `Self` cannot be a name at all.
    fn name_items(&mut self, program: &Program) {
        let files = self
            .modules
            .values()
            .map(|module| module.files.clone())
            .collect::<Vec<_>>();
        for (module, files) in self.modules.values_mut().zip(files) {
            module.scope = Scope::with(&["Self"]);
            let items = || {
                files
                    .iter()
                    .flat_map(|&file| program[file].items.iter().copied())
            };
            // A type that is spelled right keeps its name, whatever stands before it.
            for spelled_right in [true, false] {
                for item in items() {
                    let Item::Type(id) = item else { continue };
                    let name = camel(&program[id].meta.name);
                    if spelled_right == (name == program[id].meta.name) {
                        self.types[id.0 as usize] = module.scope.take(&name);
                    }
                }
            }
            for item in items() {
                if let Item::Type(id) = item
                    && self.views.has_view(id)
                {
                    let name = format!("{}View", self.types[id.0 as usize]);
                    self.view_names[id.0 as usize] = module.scope.take(&name);
                }
            }
            for item in items() {
                if let Item::Service(id) = item {
                    self.services[id.0 as usize] = service_names(program, id, &mut module.scope);
                }
            }
            for item in items() {
                if let Item::Const(id) = item {
                    let name = screaming(&program[id].meta.name);
                    self.consts[id.0 as usize] = module.scope.take(&name);
                }
            }
        }
    }

    /// Last of all, so that asking for futures renames nothing.
    fn name_asynchronous(&mut self, program: &Program) {
        for module in self.modules.values_mut() {
            let items = module.files.iter().flat_map(|&file| &program[file].items);
            for item in items {
                let Item::Service(id) = *item else { continue };
                let names = &mut self.services[id.0 as usize];
                let handler = module
                    .scope
                    .take(&format!("{}Async", names.blocking.handler));
                names.asynchronous = Some(Sides {
                    client: module.scope.take(&format!("{handler}Client")),
                    processor: module.scope.take(&format!("{handler}Processor")),
                    handler,
                });
            }
        }
    }

    pub(super) fn module_of(&self, file: FileId) -> &[String] {
        &self.file_modules[file.0 as usize]
    }

    pub(super) fn type_name(&self, id: TypeId) -> &str {
        &self.types[id.0 as usize]
    }

    /// The name of the type's view, if it has one.
    pub(super) fn view_name(&self, id: TypeId) -> Option<&str> {
        let has_view = self.views.has_view(id);
        has_view.then(|| self.view_names[id.0 as usize].as_str())
    }

    pub(super) fn const_name(&self, id: ConstId) -> &str {
        &self.consts[id.0 as usize]
    }

    pub(super) fn service(&self, id: ServiceId) -> &ServiceNames {
        &self.services[id.0 as usize]
    }

    pub(super) fn member(&self, id: TypeId, index: usize) -> &str {
        &self.members[id.0 as usize][index]
    }

    /// The member for fields that the IDL does not have, if they are kept.
    pub(super) fn unknown_fields(&self, id: TypeId) -> Option<&str> {
        if !self.unknown_fields[id.0 as usize] {
            return None;
        }
        self.members[id.0 as usize].last().map(String::as_str)
    }

    pub(super) fn boxing(&self, id: TypeId, field: usize) -> Boxing {
        self.boxes[id.0 as usize][field]
    }

    pub(super) fn is_key(&self, id: TypeId) -> bool {
        self.keys[id.0 as usize]
    }

    /// Whether something in this module has this name.
    pub(super) fn is_taken(&self, module: &[String], name: &str) -> bool {
        let module = self.modules.get(module);
        module.is_some_and(|module| module.scope.has(name))
    }

    /// A name of the prelude as this module must write it.
    pub(super) fn prelude(&self, module: &[String], name: &'static str) -> &'static str {
        let shadowed = self
            .modules
            .get(module)
            .is_some_and(|module| module.scope.has(name));
        if !shadowed {
            return name;
        }
        PRELUDE
            .iter()
            .find(|entry| entry.0 == name)
            .map_or(name, |entry| entry.1)
    }

    /// The path of a name in one module, seen from another.
    pub(super) fn path(from: &[String], to: &[String], name: &str) -> String {
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        let mut path = "super::".repeat(from.len() - common);
        for segment in &to[common..] {
            if path.is_empty() {
                path.push_str("self::");
            }
            path.push_str(segment);
            path.push_str("::");
        }
        path.push_str(name);
        path
    }
}

/// `namespace rs a.b` is `a::b`; without a namespace the file's name is the module's.
fn module_path(file: &crate::model::File) -> Vec<String> {
    let name = file.namespace("rs").filter(|name| !name.is_empty());
    let segments: Vec<&str> = match name {
        Some(name) => name.split('.').collect(),
        None => vec![&file.stem],
    };
    segments
        .into_iter()
        .map(|segment| match identifier(&snake(segment)).as_str() {
            // Its file would be the one that declares the modules.
            "r#mod" => "mod_".to_owned(),
            name => name.to_owned(),
        })
        .collect()
}

fn keeps_unknown_fields(ty: &TypeDef) -> bool {
    let TypeKind::Struct(of) = &ty.kind else {
        return false;
    };
    of.kind != StructKind::Union && ty.meta.annotation("rust.unknown_fields") == Some("keep")
}

fn member_names(ty: &TypeDef, unknown_fields: bool) -> Vec<String> {
    match &ty.kind {
        TypeKind::Typedef(_) => Vec::new(),
        TypeKind::Enum(of) => {
            let names: Vec<_> = of
                .values
                .iter()
                .map(|value| value.meta.name.as_str())
                .collect();
            distinct(&names, &[], screaming)
        }
        TypeKind::Struct(of) => {
            let fields = of.fields.iter().map(|field| field.meta.name.as_str());
            let names: Vec<_> = fields
                .chain(unknown_fields.then_some("unknown_fields"))
                .collect();
            match of.kind {
                StructKind::Union => distinct(&names, &["Unknown", "Self"], camel),
                _ => distinct(&names, &[], snake),
            }
        }
    }
}

/// Methods that every handler, client or processor already has.
const RESERVED: [&str; 6] = ["new", "connect", "client", "with_timeout", "clone", "deref"];

fn service_names(program: &Program, id: ServiceId, scope: &mut Scope) -> ServiceNames {
    let service = &program[id];
    let base = camel(&service.meta.name);
    let handler = scope.take(&base);
    let names: Vec<_> = service
        .functions
        .iter()
        .map(|f| f.meta.name.as_str())
        .collect();
    let functions = distinct(&names, &RESERVED, snake);
    let mut methods = Scope::with(&RESERVED);
    for function in &functions {
        methods.take(function);
    }
    let client = scope.take(&format!("{handler}Client"));
    let processor = scope.take(&format!("{handler}Processor"));
    ServiceNames {
        functions: functions
            .into_iter()
            .zip(names)
            .map(|(call, idl)| FunctionNames {
                send: methods.take(&format!("send_{}", call.trim_start_matches("r#"))),
                error: scope.take(&format!("{handler}{}Error", camel(idl))),
                call,
            })
            .collect(),
        blocking: Sides {
            handler,
            client,
            processor,
        },
        asynchronous: None,
    }
}
