//! Constants and defaults as Rust expressions.

use std::f64::consts;

use super::Emitter;
use super::expr::Expr;
use super::recursion::Boxing;
use super::types::{Place, annotation};
use crate::model::{Field, Requiredness, Shape, Struct, StructKind, Type, TypeId, TypeKind, Value};

impl Emitter<'_> {
    /// An owned value of a type.
    pub(super) fn value(
        &self,
        value: &Value,
        ty: &Type,
        chosen: Option<&str>,
        place: Place<'_>,
    ) -> Expr {
        let (ty, chosen, place) = self.behind_typedefs(ty, chosen, place);
        let module = place.module;
        match (value, &ty.shape) {
            (Value::Double(value), _) if place.key => {
                Expr::atom(format!("::seapink::codegen::Double({})", float(*value)))
            }
            (Value::String(value), _) => self.string(value, module),
            (Value::Binary(value), _) => self.binary(value, chosen, module),
            (Value::List(values), Shape::List(element)) => {
                Expr::array("vec!", self.values(values, element, place))
            }
            (Value::Set(values), Shape::Set(element)) => {
                let values = self.values(values, element, place.key());
                self.collect(self.collection(chosen, place).set(), values, module)
            }
            (Value::Map(pairs), Shape::Map(key, value)) => {
                let pairs = pairs
                    .iter()
                    .map(|(k, v)| {
                        let key = self.value(k, key, None, place.key());
                        Expr::tuple(vec![key, self.value(v, value, None, place)])
                    })
                    .collect();
                self.collect(self.collection(chosen, place).map(), pairs, module)
            }
            (Value::Struct(id, fields), _) => self.struct_value(*id, fields, module),
            (plain, _) => self.plain_value(plain, module),
        }
    }

    fn values(&self, values: &[Value], ty: &Type, place: Place<'_>) -> Vec<Expr> {
        values
            .iter()
            .map(|value| self.value(value, ty, None, place))
            .collect()
    }

    /// A value that is the same owned and constant.
    fn plain_value(&self, value: &Value, module: &[String]) -> Expr {
        Expr::Atom(match value {
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => integer(*value),
            Value::Double(value) => float(*value),
            Value::Uuid(bytes) => {
                let hex = format!("{:032x}", u128::from_be_bytes(*bytes));
                let groups: Vec<&str> = (0..8).map(|at| &hex[at * 4..at * 4 + 4]).collect();
                format!(
                    "::seapink::codegen::Uuid::from_u128(0x{})",
                    groups.join("_")
                )
            }
            Value::Enum(id, number) => self.enum_value(*id, *number, module),
            _ => String::new(),
        })
    }

    fn enum_value(&self, id: TypeId, number: i32, module: &[String]) -> String {
        let path = self.type_path(id, module);
        let TypeKind::Enum(of) = &self.program[id].kind else {
            return path;
        };
        match of.values.iter().position(|value| value.value == number) {
            Some(index) => format!("{path}::{}", self.plan.member(id, index)),
            None => format!("{path}({})", integer(number.into())),
        }
    }

    fn string(&self, text: &str, module: &[String]) -> Expr {
        let string = self.plan.prelude(module, "String");
        if text.is_empty() {
            return Expr::atom(format!("{string}::new()"));
        }
        Expr::atom(match self.plan.prelude(module, "From") {
            "From" => format!("{string}::from({})", quote(text)),
            from => format!("<{string} as {from}<&str>>::from({})", quote(text)),
        })
    }

    fn binary(&self, bytes: &[u8], chosen: Option<&str>, module: &[String]) -> Expr {
        if self.is_bytes(chosen) {
            return Expr::call(
                "::seapink::codegen::Bytes::from_static",
                vec![Expr::atom(quote_bytes(bytes))],
            );
        }
        if bytes.is_empty() {
            return Expr::atom(format!("{}::new()", self.plan.prelude(module, "Vec")));
        }
        Expr::atom(format!("{}.to_vec()", quote_bytes(bytes)))
    }

    fn collect(&self, ty: &str, items: Vec<Expr>, module: &[String]) -> Expr {
        if items.is_empty() {
            return Expr::atom(format!("{ty}::new()"));
        }
        let head = match self.plan.prelude(module, "From") {
            "From" => format!("{ty}::from"),
            from => format!("<{ty}<_, _> as {from}<_>>::from"),
        };
        Expr::call(head, vec![Expr::array("", items)])
    }

    fn struct_value(&self, id: TypeId, given: &[(usize, Value)], module: &[String]) -> Expr {
        let path = self.type_path(id, module);
        let TypeKind::Struct(of) = &self.program[id].kind else {
            return Expr::atom(path);
        };
        let place = Place {
            module,
            key: self.plan.is_key(id),
        };
        if of.kind == StructKind::Union {
            return match given.first() {
                Some((index, value)) => self.variant(id, of, *index, value, place),
                None => self.default_of(&path, module),
            };
        }
        let fields = of.fields.iter().enumerate().map(|(index, field)| {
            let value = match given.iter().find(|(at, _)| *at == index) {
                Some((_, value)) => self.field_value(id, index, field, value, place),
                None => self.field_default(id, index, field, place),
            };
            (self.plan.member(id, index).to_owned(), value)
        });
        Expr::Struct {
            path,
            fields: fields.chain(self.no_unknown_fields(id)).collect(),
        }
    }

    /// `Union::Member(value)`.
    pub(super) fn variant(
        &self,
        id: TypeId,
        of: &Struct,
        index: usize,
        value: &Value,
        place: Place<'_>,
    ) -> Expr {
        let field = &of.fields[index];
        let chosen = annotation(&field.meta.annotations);
        let mut inner = self.value(value, &field.ty, chosen, place);
        if self.is_boxed_variant(id, index, field) {
            let head = format!("{}::new", self.plan.prelude(place.module, "Box"));
            inner = Expr::call(head, vec![inner]);
        }
        let path = self.type_path(id, place.module);
        Expr::call(
            format!("{path}::{}", self.plan.member(id, index)),
            vec![inner],
        )
    }

    /// A value as its field holds it.
    fn field_value(
        &self,
        of: TypeId,
        index: usize,
        field: &Field,
        value: &Value,
        place: Place<'_>,
    ) -> Expr {
        let boxing = self.plan.boxing(of, index);
        let mut expr = self.value(value, &field.ty, annotation(&field.meta.annotations), place);
        if boxing != Boxing::Plain {
            let head = format!("{}::new", self.plan.prelude(place.module, "Box"));
            expr = Expr::call(head, vec![expr]);
        }
        if field.requiredness == Requiredness::Optional || boxing == Boxing::BoxedOption {
            expr = Expr::call(self.plan.prelude(place.module, "Some"), vec![expr]);
        }
        expr
    }

    /// What a field is in `Default`.
    pub(super) fn field_default(
        &self,
        of: TypeId,
        index: usize,
        field: &Field,
        place: Place<'_>,
    ) -> Expr {
        if let Some(value) = &field.default {
            return self.field_value(of, index, field, value, place);
        }
        let boxing = self.plan.boxing(of, index);
        if field.requiredness == Requiredness::Optional || boxing == Boxing::BoxedOption {
            return Expr::atom(self.plan.prelude(place.module, "None"));
        }
        let zero = self.zero(&field.ty, annotation(&field.meta.annotations), place);
        if boxing == Boxing::Plain {
            return zero;
        }
        Expr::call(
            format!("{}::new", self.plan.prelude(place.module, "Box")),
            vec![zero],
        )
    }

    /// What a type is when nothing says otherwise.
    pub(super) fn zero(&self, ty: &Type, chosen: Option<&str>, place: Place<'_>) -> Expr {
        let named = ty;
        let (ty, chosen, place) = self.behind_typedefs(ty, chosen, place);
        let module = place.module;
        Expr::Atom(match &ty.shape {
            Shape::Bool => "false".to_owned(),
            Shape::I8 | Shape::I16 | Shape::I32 | Shape::I64 => "0".to_owned(),
            Shape::Double if place.key => "::seapink::codegen::Double(0.0)".to_owned(),
            Shape::Double => "0.0".to_owned(),
            Shape::String => format!("{}::new()", self.plan.prelude(module, "String")),
            Shape::Binary if self.is_bytes(chosen) => "::seapink::codegen::Bytes::new()".to_owned(),
            Shape::Binary | Shape::List(_) => {
                format!("{}::new()", self.plan.prelude(module, "Vec"))
            }
            Shape::Uuid => "::seapink::codegen::Uuid::nil()".to_owned(),
            Shape::Set(_) => format!("{}::new()", self.collection(chosen, place).set()),
            Shape::Map(..) => format!("{}::new()", self.collection(chosen, place).map()),
            Shape::Named(id) => match &self.program[*id].kind {
                TypeKind::Enum(_) => self.enum_value(*id, 0, module),
                _ => return self.default_of(&self.rust_type(named, None, place), module),
            },
        })
    }

    fn default_of(&self, path: &str, module: &[String]) -> Expr {
        Expr::atom(match self.plan.prelude(module, "Default") {
            "Default" => format!("{path}::default()"),
            default => format!("<{path} as {default}>::default()"),
        })
    }

    /// The type that a chain of typedefs ends in, with what the chain says on the way.
    pub(super) fn behind_typedefs<'t, 'p>(
        &'t self,
        mut ty: &'t Type,
        mut chosen: Option<&'t str>,
        mut place: Place<'p>,
    ) -> (&'t Type, Option<&'t str>, Place<'p>) {
        while let Shape::Named(id) = ty.shape
            && let TypeKind::Typedef(target) = &self.program[id].kind
        {
            place.key |= self.plan.is_key(id);
            ty = target;
        }
        chosen = chosen.or_else(|| annotation(&ty.annotations));
        (ty, chosen, place)
    }

    /// The type and the value of a constant, if Rust can have it as a `const`.
    pub(super) fn constant(
        &self,
        value: &Value,
        ty: &Type,
        module: &[String],
    ) -> Option<(String, Expr)> {
        let place = Place::new(module);
        let (inner, chosen, _) = self.behind_typedefs(ty, None, place);
        match (value, &inner.shape) {
            (Value::String(text), _) => Some(("&str".to_owned(), Expr::atom(quote(text)))),
            (Value::Binary(_), _) if self.is_bytes(chosen) => None,
            (Value::Binary(bytes), _) => Some(("&[u8]".to_owned(), Expr::atom(quote_bytes(bytes)))),
            (Value::List(values), Shape::List(element)) => {
                let items: Option<Vec<_>> = values
                    .iter()
                    .map(|value| self.constant(value, element, module))
                    .collect();
                let items = items?;
                let ty = match items.first() {
                    Some((ty, _)) => ty.clone(),
                    None => self.constant_element(element, module),
                };
                let items = items.into_iter().map(|(_, item)| item).collect();
                Some((format!("&[{ty}]"), Expr::array("&", items)))
            }
            (Value::Set(_) | Value::Map(_), _) => None,
            (Value::Struct(id, _), _) if !self.is_const_struct(*id, value) => None,
            _ => {
                let ty = self.rust_type(ty, None, place);
                Some((ty, self.value(value, inner, None, place)))
            }
        }
    }

    /// The element type of an empty list.
    fn constant_element(&self, ty: &Type, module: &[String]) -> String {
        match self.program.resolve(ty) {
            Shape::String => "&str".to_owned(),
            Shape::Binary => "&[u8]".to_owned(),
            Shape::List(element) => format!("&[{}]", self.constant_element(element, module)),
            _ => self.rust_type(ty, None, Place::new(module)),
        }
    }

    /// Whether nothing in the struct needs the heap.
    fn is_const_struct(&self, id: TypeId, value: &Value) -> bool {
        let TypeKind::Struct(of) = &self.program[id].kind else {
            return false;
        };
        let Value::Struct(_, given) = value else {
            return false;
        };
        if of.kind == StructKind::Union {
            return match &given[..] {
                [(index, value)] => {
                    !self.is_boxed_variant(id, *index, &of.fields[*index]) && self.is_const(value)
                }
                _ => false,
            };
        }
        of.fields.iter().enumerate().all(|(index, field)| {
            let given = given
                .iter()
                .find(|(at, _)| *at == index)
                .map(|(_, value)| value);
            match given.or(field.default.as_ref()) {
                Some(value) => self.plan.boxing(id, index) == Boxing::Plain && self.is_const(value),
                None => self.is_const_zero(id, index, field),
            }
        })
    }

    fn is_const(&self, value: &Value) -> bool {
        match value {
            Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Uuid(_)
            | Value::Enum(..) => true,
            Value::Struct(id, _) => self.is_const_struct(*id, value),
            Value::String(text) => text.is_empty(),
            Value::Binary(bytes) => bytes.is_empty(),
            Value::List(values) => values.is_empty(),
            Value::Set(_) | Value::Map(_) => false,
        }
    }

    fn is_const_zero(&self, of: TypeId, index: usize, field: &Field) -> bool {
        let boxing = self.plan.boxing(of, index);
        if field.requiredness == Requiredness::Optional || boxing == Boxing::BoxedOption {
            return true;
        }
        match self.program.resolve(&field.ty) {
            Shape::Set(_) | Shape::Map(..) => false,
            Shape::Named(id) => matches!(self.program[*id].kind, TypeKind::Enum(_)),
            _ => boxing == Boxing::Plain,
        }
    }
}

/// With underscores between groups of three digits.
pub(super) fn integer(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    format!(
        "{}{}",
        if value < 0 { "-" } else { "" },
        group_from_right(&digits)
    )
}

fn group_from_right(digits: &str) -> String {
    if digits.len() <= 4 {
        return digits.to_owned();
    }
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// The shortest digits that read back as the same number.
fn float(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 {
            "f64::INFINITY"
        } else {
            "f64::NEG_INFINITY"
        }
        .to_owned();
    }
    let known = [
        (consts::PI, "PI"),
        (consts::E, "E"),
        (consts::SQRT_2, "SQRT_2"),
    ];
    if let Some((_, name)) = known
        .iter()
        .find(|(known, _)| known.to_bits() == value.to_bits())
    {
        return format!("::std::f64::consts::{name}");
    }
    let text = format!("{value:?}");
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, format!("e{exponent}")),
        None => (text.as_str(), String::new()),
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut out = format!("{sign}{}", group_from_right(whole));
    if !fraction.is_empty() {
        let groups: Vec<&str> = fraction
            .as_bytes()
            .chunks(if fraction.len() > 4 { 3 } else { 4 })
            .filter_map(|chunk| std::str::from_utf8(chunk).ok())
            .collect();
        out.push('.');
        out.push_str(&groups.join("_"));
    }
    out + &exponent
}

/// A string literal.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            // A raw carriage return or an invisible character would be lost on the reader.
            '\'' => out.push('\''),
            c if c.is_control() || c == '"' || c == '\\' => out.extend(c.escape_default()),
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{ad}'
            | '\u{2028}'
            | '\u{2029}' => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn quote_bytes(bytes: &[u8]) -> String {
    format!(
        "b\"{}\"",
        bytes.escape_ascii().to_string().replace("\\'", "'")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_exactly() {
        for value in [
            0.0,
            -0.0,
            3.0,
            1e300,
            5e-324,
            0.1,
            123_456_789.125,
            1e16,
            f64::MAX,
        ] {
            let text = float(value).replace('_', "");
            assert_eq!(
                text.parse::<f64>().map(f64::to_bits),
                Ok(value.to_bits()),
                "{text}"
            );
        }
        assert_eq!(integer(i64::MIN), "-9_223_372_036_854_775_808");
        assert_eq!(integer(1000), "1000");
        assert_eq!(float(1_234_567.125), "1_234_567.125");
    }

    #[test]
    fn literals_are_escaped() {
        assert_eq!(quote("a\"b\\c\n'é"), "\"a\\\"b\\\\c\\n'é\"");
        assert_eq!(quote_bytes(b"\x00'\xff"), "b\"\\x00'\\xff\"");
    }
}
