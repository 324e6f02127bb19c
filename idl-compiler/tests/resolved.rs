//! What the model holds after resolution.

#![allow(clippy::unwrap_used)] // A failed expectation is a failed test.

mod support;

use seapink_idl::model::{Item, Program, Requiredness, Shape, Struct, TypeKind, Value};
use seapink_idl::{LoadOptions, Memory, load};
use support::resolve;

#[track_caller]
fn structure<'a>(program: &'a Program, name: &str) -> &'a Struct {
    let found = program.types.iter().find(|ty| ty.meta.name == name);
    match &found.unwrap_or_else(|| panic!("no {name}")).kind {
        TypeKind::Struct(s) => s,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn constant<'a>(program: &'a Program, name: &str) -> &'a Value {
    &program
        .consts
        .iter()
        .find(|c| c.meta.name == name)
        .unwrap_or_else(|| panic!("no {name}"))
        .value
}

#[track_caller]
fn enum_values(program: &Program, name: &str) -> Vec<i32> {
    match &program
        .types
        .iter()
        .find(|ty| ty.meta.name == name)
        .unwrap()
        .kind
    {
        TypeKind::Enum(e) => e.values.iter().map(|v| v.value).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn field_ids_are_as_written_or_count_down() {
    let program =
        resolve("struct S { i32 a, -5: i32 b, i32 c, 0: i32 d, 0x10: i32 e, true: i32 f }");
    let ids: Vec<i16> = structure(&program, "S")
        .fields
        .iter()
        .map(|f| f.id)
        .collect();
    assert_eq!(ids, [-1, -5, -6, 0, 16, 1]);
}

#[test]
fn enum_members_count_up() {
    let program = resolve("enum E { A = -5, B, C = 0xA, D = -0x2, E } enum F { A, B = 7, C }");
    assert_eq!(enum_values(&program, "E"), [-5, -4, 10, -2, -1]);
    assert_eq!(enum_values(&program, "F"), [0, 7, 8]);
}

#[test]
fn values_follow_the_declared_type() {
    let program = resolve(
        "typedef double D const D A = 3 const bool B = 1 const binary C = \"x\" const i8 F = E.X enum E { X = 7 }
         const E G = 7 const map<string, list<D>> H = {\"k\": [1, 2.5]} const set<i32> I = [2, 1, 2]
         const map<i32, i32> J = {1: 1, 2: 2, 1: 3} const list<D> K = L const list<i32> L = [F, 9]",
    );
    assert_eq!(constant(&program, "A"), &Value::Double(3.0));
    assert_eq!(constant(&program, "B"), &Value::Bool(true));
    assert_eq!(constant(&program, "C"), &Value::Binary(b"x".to_vec()));
    assert_eq!(constant(&program, "F"), &Value::Int(7));
    assert!(matches!(constant(&program, "G"), Value::Enum(_, 7)));
    let doubles = Value::List(vec![Value::Double(1.0), Value::Double(2.5)]);
    assert_eq!(
        constant(&program, "H"),
        &Value::Map(vec![(Value::String("k".to_owned()), doubles)])
    );
    assert_eq!(
        constant(&program, "I"),
        &Value::Set(vec![Value::Int(2), Value::Int(1)])
    );
    let pairs = vec![
        (Value::Int(2), Value::Int(2)),
        (Value::Int(1), Value::Int(3)),
    ];
    assert_eq!(constant(&program, "J"), &Value::Map(pairs));
    assert_eq!(
        constant(&program, "K"),
        &Value::List(vec![Value::Double(7.0), Value::Double(9.0)])
    );
}

#[test]
fn struct_values_name_fields_by_index() {
    let program = resolve(
        "const P A = {\"y\": 1, \"x\": 2} struct P { 1: i32 x; 2: i32 y; 3: i32 z = 5 }
         union U { 1: i32 a; 2: i32 b = 4 } const U B = {}",
    );
    let Value::Struct(_, fields) = constant(&program, "A") else {
        panic!()
    };
    assert_eq!(fields, &[(0, Value::Int(2)), (1, Value::Int(1))]);
    let Value::Struct(_, fields) = constant(&program, "B") else {
        panic!()
    };
    assert_eq!(fields, &[(1, Value::Int(4))]);
    assert_eq!(
        structure(&program, "P").fields[2].default,
        Some(Value::Int(5))
    );
}

#[test]
fn defaults_of_arguments_are_kept() {
    let program = resolve("service S { void f(1: i32 a, 2: list<i32> b = [1]) }");
    let args = &program.services[0].functions[0].args;
    assert_eq!(args[0].default, None);
    assert_eq!(args[1].default, Some(Value::List(vec![Value::Int(1)])));
}

#[test]
fn requiredness_is_made_to_fit_its_place() {
    let program = resolve(
        "exception X {} union U { 1: required i32 a; 2: i32 b }
         service S { void f(1: optional i32 a, 2: required i32 b, 3: i32 c) throws (1: required X x) }",
    );
    let of = |fields: &[seapink_idl::model::Field]| {
        fields.iter().map(|f| f.requiredness).collect::<Vec<_>>()
    };
    assert_eq!(
        of(&structure(&program, "U").fields),
        [Requiredness::Optional, Requiredness::Optional]
    );
    let function = &program.services[0].functions[0];
    assert_eq!(
        of(&function.args),
        [
            Requiredness::Default,
            Requiredness::Required,
            Requiredness::Default
        ]
    );
    assert_eq!(of(&function.throws), [Requiredness::Default]);
}

#[test]
fn docs_go_to_what_follows_them() {
    let program = resolve(
        "/** The program. */\nnamespace rs x\n/** lost */\n/** S. */ struct S {\n 1: i32 a, /** B. */\n 2: i32 b /** C. */;\n 3: i32 c\n /** lost */ }
         struct T {} /** E. */ enum E { /** X. */ X } service V { /** F. */ void f(/** A. */ 1: i32 a) }",
    );
    let doc = |name: &str| {
        program
            .types
            .iter()
            .find(|t| t.meta.name == name)
            .unwrap()
            .meta
            .doc
            .as_deref()
    };
    assert_eq!(program.files[0].doc.as_deref(), Some("The program."));
    assert_eq!(
        (doc("S"), doc("T"), doc("E")),
        (Some("S."), None, Some("E."))
    );
    let fields: Vec<_> = structure(&program, "S")
        .fields
        .iter()
        .map(|f| f.meta.doc.as_deref())
        .collect();
    assert_eq!(fields, [None, Some("B."), Some("C.")]);
    let function = &program.services[0].functions[0];
    assert_eq!(function.meta.doc.as_deref(), Some("F."));
    assert_eq!(function.args[0].meta.doc.as_deref(), Some("A."));
}

#[test]
fn first_doc_belongs_to_the_definition_if_nothing_else_follows() {
    let program = resolve("/** S. */ struct S {}");
    assert_eq!(program.files[0].doc, None);
    assert_eq!(program.types[0].meta.doc.as_deref(), Some("S."));
    let program = resolve("/** File. */ /** S. */ struct S {}");
    assert_eq!(program.files[0].doc.as_deref(), Some("File."));
    assert_eq!(program.types[0].meta.doc.as_deref(), Some("S."));
}

#[test]
fn annotations_keep_their_order_and_repeats() {
    let program =
        resolve("struct S { 1: string (t = \"1\") a (x, y = \"2\", x = \"3\") } (dotted.key)");
    let field = &structure(&program, "S").fields[0];
    let pairs: Vec<_> = field
        .meta
        .annotations
        .iter()
        .map(|a| (a.key.as_str(), a.value.as_str()))
        .collect();
    assert_eq!(pairs, [("x", "1"), ("y", "2"), ("x", "3")]);
    assert_eq!(field.meta.annotation("x"), Some("3"));
    assert_eq!(field.ty.annotations[0].key, "t");
    assert_eq!(program.types[0].meta.annotation("dotted.key"), Some("1"));
}

#[test]
fn files_come_after_what_they_include_and_items_in_source_order() {
    let files = Memory::new()
        .with("top.thrift", "include \"sub/a.thrift\"\ninclude \"sub/b.thrift\"\nconst i32 X = 1 struct S {} const i32 Y = 2")
        .with("sub/a.thrift", "include \"common.thrift\"\nstruct A { 1: common.C c }")
        .with("sub/b.thrift", "include \"../sub/common.thrift\"\nservice B {}")
        .with("sub/common.thrift", "struct C {}");
    let (program, report) = load(&files, &["./top.thrift".into()], &LoadOptions::default());
    let program = program.unwrap_or_else(|| panic!("{}", report.human(false)));
    let paths: Vec<_> = program
        .files
        .iter()
        .map(|f| (f.path.as_str(), f.root))
        .collect();
    let wanted = [
        ("sub/common.thrift", false),
        ("sub/a.thrift", false),
        ("sub/b.thrift", false),
        ("top.thrift", true),
    ];
    assert_eq!(paths, wanted);
    let top = &program.files[3];
    let names: Vec<_> = top
        .items
        .iter()
        .map(|item| match item {
            Item::Type(id) => &program[*id].meta.name,
            Item::Const(id) => &program[*id].meta.name,
            Item::Service(id) => &program[*id].meta.name,
        })
        .collect();
    assert_eq!(names, ["X", "S", "Y"]);
    assert_eq!(
        top.includes
            .iter()
            .map(|id| &program[*id].stem)
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    let Shape::Named(c) = structure(&program, "A").fields[0].ty.shape else {
        panic!()
    };
    assert_eq!(program[c].meta.name, "C");
    assert_eq!(program[c].meta.origin.line, 1);
}

#[test]
fn namespaces_fall_back_to_the_star() {
    let program = resolve("namespace * all\nnamespace rs mine\nnamespace py.twisted p");
    let file = &program.files[0];
    assert_eq!(
        (file.namespace("rs"), file.namespace("java")),
        (Some("mine"), Some("all"))
    );
}
