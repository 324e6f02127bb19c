//! Random values.

use proptest::collection::vec;
use proptest::prelude::*;
use seapink::{Uuid, WireType};

use super::Value;

fn wire_type() -> impl Strategy<Value = WireType> {
    proptest::sample::select(&WireType::ALL[..])
}

/// Numbers near those where widths change are as likely as all the others.
fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        (0..64u32, -1..=1i64).prop_map(|(bit, near)| (1i64 << bit).wrapping_add(near)),
        -2..2i64,
    ]
}

/// The low bytes of a number.
fn low<const N: usize>(value: i64) -> [u8; N] {
    let bytes = value.to_le_bytes();
    std::array::from_fn(|place| bytes[place])
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{0,200}",
        vec(
            proptest::sample::select(&['"', '\\', '/', '\n', '\0', '\u{1f}', 'é', '🦀'][..]),
            0..20
        )
        .prop_map(|chars| chars.into_iter().collect::<String>()),
    ]
}

/// A double whose bits every protocol keeps: JSON knows one NaN.
fn double() -> impl Strategy<Value = f64> {
    let of_any_bits = any::<u64>().prop_map(f64::from_bits);
    let decimal = (any::<i32>(), -30..30)
        .prop_map(|(digits, exponent)| f64::from(digits) * 10f64.powi(exponent));
    prop_oneof![of_any_bits, decimal]
        .prop_map(|value| if value.is_nan() { f64::NAN } else { value })
}

/// A value of a type, at most so many levels deep.
fn value(ty: WireType, levels: u32, binaries: bool) -> BoxedStrategy<Value> {
    match ty {
        WireType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        WireType::I8 => any::<i8>().prop_map(Value::I8).boxed(),
        WireType::I16 => integer()
            .prop_map(|value| Value::I16(i16::from_le_bytes(low(value))))
            .boxed(),
        WireType::I32 => integer()
            .prop_map(|value| Value::I32(i32::from_le_bytes(low(value))))
            .boxed(),
        WireType::I64 => integer().prop_map(Value::I64).boxed(),
        WireType::Double => double().prop_map(Value::Double).boxed(),
        WireType::String if binaries => prop_oneof![
            text().prop_map(Value::Text),
            vec(any::<u8>(), 0..40).prop_map(Value::Binary),
        ]
        .boxed(),
        WireType::String => text().prop_map(Value::Text).boxed(),
        WireType::Uuid => any::<u128>()
            .prop_map(|bits| Value::Uuid(Uuid::from_u128(bits)))
            .boxed(),
        WireType::Struct => fields(levels, binaries).prop_map(Value::Struct).boxed(),
        WireType::List | WireType::Set => {
            let container = if ty == WireType::List {
                Value::List
            } else {
                Value::Set
            };
            let inner = inner_type(levels);
            inner
                .prop_flat_map(move |element| {
                    vec(value(element, levels.saturating_sub(1), binaries), 0..20)
                        .prop_map(move |values| container(element, values))
                })
                .boxed()
        }
        WireType::Map => (inner_type(levels), inner_type(levels))
            .prop_flat_map(move |(key, item)| {
                let levels = levels.saturating_sub(1);
                vec(
                    (value(key, levels, binaries), value(item, levels, binaries)),
                    0..10,
                )
                .prop_map(move |pairs| Value::Map(key, item, pairs))
            })
            .boxed(),
    }
}

fn inner_type(levels: u32) -> impl Strategy<Value = WireType> {
    wire_type().prop_map(move |ty| match ty {
        WireType::Struct | WireType::List | WireType::Set | WireType::Map if levels == 0 => {
            WireType::I32
        }
        ty => ty,
    })
}

/// Fields with values of any type, some levels deep.
pub(crate) fn fields(levels: u32, binaries: bool) -> BoxedStrategy<Vec<(i16, Value)>> {
    let id = prop_oneof![any::<i16>(), 0..40i16];
    let field = (id, inner_type(levels))
        .prop_flat_map(move |(id, ty)| (Just(id), value(ty, levels.saturating_sub(1), binaries)));
    vec(field, 0..8).boxed()
}
