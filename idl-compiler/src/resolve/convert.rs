//! Finished values: fitting one to another type, comparing, measuring.

use super::references::Enums;
use crate::model::{Shape, Type, TypeId, TypeKind, Value};
use std::cmp::Ordering;

/// Why a value does not fit a type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Misfit<'t> {
    /// It is of another kind.
    Kind(&'t Shape),
    /// The number is outside the range of the type.
    Range(i64, &'static str, u32),
    /// The number is no member of the enum.
    Member(i64, TypeId),
}

/// Name and bits of an integer type.
pub(super) fn integer_bits(shape: &Shape) -> Option<(&'static str, u32)> {
    match shape {
        Shape::I8 => Some(("i8", 8)),
        Shape::I16 => Some(("i16", 16)),
        Shape::I32 => Some(("i32", 32)),
        Shape::I64 => Some(("i64", 64)),
        _ => None,
    }
}

/// Whether a number fits a number of bits.
pub(super) fn fits(value: i64, bits: u32) -> bool {
    let max = i64::MAX >> (64 - bits);
    (-max - 1..=max).contains(&value)
}

/// The double nearest to an integer, and whether it is the integer.
pub(super) fn double(value: i64) -> (f64, bool) {
    let low = u32::try_from(value & 0xffff_ffff).unwrap_or_default();
    let high = i32::try_from(value >> 32).unwrap_or_default();
    // The product is exact, so only the sum rounds.
    let double = f64::from(high) * 4_294_967_296.0 + f64::from(low);
    let digits = value.unsigned_abs() >> value.trailing_zeros().min(63);
    (double, digits < 1 << 53)
}

/// A copy of a constant's value for a place of another type. Numbers, enums and bools convert as they do
/// when written; containers convert element by element.
pub(super) fn convert<'t>(
    enums: &mut Enums<'t>,
    value: &Value,
    shape: &'t Shape,
) -> Result<Value, Misfit<'t>> {
    let program = enums.program;
    let each = |enums: &mut Enums<'t>, list: &[Value], element: &'t Type| {
        let shape = program.resolve(element);
        list.iter()
            .map(|value| convert(enums, value, shape))
            .collect::<Result<Vec<_>, _>>()
    };
    let number = match value {
        Value::Bool(value) => Some(i64::from(*value)),
        Value::Int(value) => Some(*value),
        Value::Enum(_, value) => Some(i64::from(*value)),
        _ => None,
    };
    Ok(match (shape, value) {
        (Shape::Double, Value::Int(number)) => Value::Double(double(*number).0),
        (Shape::Double, Value::Double(_))
        | (Shape::String, Value::String(_))
        | (Shape::Binary, Value::Binary(_))
        | (Shape::Uuid, Value::Uuid(_)) => value.clone(),
        (Shape::Binary, Value::String(text)) => Value::Binary(text.clone().into_bytes()),
        (Shape::List(element), Value::List(list) | Value::Set(list)) => {
            Value::List(each(enums, list, element)?)
        }
        (Shape::Set(element), Value::List(list) | Value::Set(list)) => {
            let mut list = each(enums, list, element)?;
            remove_repeated(&mut list, |value| value, Keep::First);
            Value::Set(list)
        }
        (Shape::Map(key, item), Value::Map(entries)) => {
            let (key, item) = (program.resolve(key), program.resolve(item));
            let entry =
                |(k, v): &(Value, Value)| Ok((convert(enums, k, key)?, convert(enums, v, item)?));
            let mut entries = entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
            remove_repeated(&mut entries, |(key, _)| key, Keep::Last);
            Value::Map(entries)
        }
        (Shape::Named(id), Value::Struct(owner, _) | Value::Enum(owner, _)) if id == owner => {
            value.clone()
        }
        (Shape::Named(id), Value::Int(number))
            if matches!(program[*id].kind, TypeKind::Enum(_)) =>
        {
            match i32::try_from(*number) {
                Ok(number) if enums.members(*id).values.contains(&number) => {
                    Value::Enum(*id, number)
                }
                _ => return Err(Misfit::Member(*number, *id)),
            }
        }
        (shape, _) => match (shape, integer_bits(shape), number) {
            (Shape::Bool, _, Some(number)) => Value::Bool(number != 0),
            (_, Some((_, bits)), Some(number)) if fits(number, bits) => Value::Int(number),
            (_, Some((name, bits)), Some(number)) => return Err(Misfit::Range(number, name, bits)),
            _ => return Err(Misfit::Kind(shape)),
        },
    })
}

/// How many bytes a value takes, about, and how deep it is nested.
pub(super) fn measure(value: &Value) -> (usize, u32) {
    let size = size_of::<Value>();
    let all = |values: &mut dyn Iterator<Item = &Value>| {
        let (mut bytes, mut depth) = (size, 0);
        for value in values {
            let inner = measure(value);
            bytes += inner.0;
            depth = depth.max(inner.1);
        }
        (bytes, depth + 1)
    };
    match value {
        Value::String(text) => (size + text.len(), 0),
        Value::Binary(bytes) => (size + bytes.len(), 0),
        Value::List(list) | Value::Set(list) => all(&mut list.iter()),
        Value::Map(entries) => all(&mut entries.iter().flat_map(|(k, v)| [k, v])),
        Value::Struct(_, fields) => all(&mut fields.iter().map(|(_, value)| value)),
        _ => (size, 0),
    }
}

/// Which of equal elements stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    First,
    Last,
}

/// Removes elements with equal keys; gives pairs of indices, the earlier first.
pub(super) fn remove_repeated<T>(
    list: &mut Vec<T>,
    key: impl Fn(&T) -> &Value,
    keep: Keep,
) -> Vec<(usize, usize)> {
    let mut indices: Vec<usize> = (0..list.len()).collect();
    indices.sort_by(|&a, &b| order(key(&list[a]), key(&list[b])).then(a.cmp(&b)));
    let same = |pair: &&[usize]| order(key(&list[pair[0]]), key(&list[pair[1]])).is_eq();
    let mut repeated: Vec<(usize, usize)> = indices
        .windows(2)
        .filter(same)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    if repeated.is_empty() {
        return repeated;
    }
    repeated.sort_unstable();
    let mut drop = vec![false; list.len()];
    for &(earlier, later) in &repeated {
        drop[if keep == Keep::First { later } else { earlier }] = true;
    }
    let mut index = 0;
    list.retain(|_| {
        index += 1;
        !drop[index - 1]
    });
    repeated
}

/// A total order in which values that are equal as keys are equal.
fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Bool(_) => 0,
        Value::Int(_) => 1,
        Value::Double(_) => 2,
        Value::String(_) => 3,
        Value::Binary(_) => 4,
        Value::Uuid(_) => 5,
        Value::Enum(..) => 6,
        Value::List(_) => 7,
        Value::Set(_) => 8,
        Value::Map(_) => 9,
        Value::Struct(..) => 10,
    };
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        // Zero has two signs and one value.
        (Value::Double(a), Value::Double(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Binary(a), Value::Binary(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        (Value::Enum(_, a), Value::Enum(_, b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) | (Value::Set(a), Value::Set(b)) => orders(a, b, order),
        (Value::Map(a), Value::Map(b)) => orders(a, b, |a, b| {
            order(&a.0, &b.0).then_with(|| order(&a.1, &b.1))
        }),
        (Value::Struct(_, a), Value::Struct(_, b)) => {
            orders(a, b, |a, b| a.0.cmp(&b.0).then_with(|| order(&a.1, &b.1)))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn orders<T>(a: &[T], b: &[T], order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    let first = a
        .iter()
        .zip(b)
        .map(|(a, b)| order(a, b))
        .find(|found| found.is_ne());
    first.unwrap_or_else(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_of_integers_round_once() {
        for value in [
            0,
            1,
            -1,
            1 << 53,
            (1 << 53) + 1,
            i64::MAX,
            i64::MIN,
            -4_294_967_297,
        ] {
            let parsed: f64 = value.to_string().parse().unwrap();
            let (double, exact) = double(value);
            assert_eq!(double.to_bits(), parsed.to_bits(), "{value}");
            assert_eq!(
                exact,
                format!("{parsed:.0}") == value.to_string(),
                "{value}"
            );
        }
    }

    #[test]
    fn numbers_fit_their_bits() {
        assert!(fits(-128, 8) && fits(127, 8) && !fits(128, 8) && !fits(-129, 8));
        assert!(fits(i64::MIN, 64) && fits(i64::MAX, 64));
    }

    #[test]
    fn repeated_elements_go() {
        let mut list = vec![Value::Int(3), Value::Int(1), Value::Int(3)];
        assert_eq!(remove_repeated(&mut list, |v| v, Keep::First), [(0, 2)]);
        assert_eq!(list, [Value::Int(3), Value::Int(1)]);
        let mut map = vec![(Value::Double(0.0), 1), (Value::Double(-0.0), 2)];
        assert_eq!(
            remove_repeated(&mut map, |(key, _)| key, Keep::Last),
            [(0, 1)]
        );
        assert_eq!(map[0].1, 2);
    }
}
