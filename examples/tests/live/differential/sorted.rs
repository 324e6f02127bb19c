//! A value as text that is the same for every order of its sets and maps.

use seapink::protocol::{Input, Protocol};
use seapink::{Binary, Limits, Result, WireType, to_vec};

use super::interop::idl::interop::Everything;

/// Whether two values are the same, bit for bit, but for the order of sets and maps; all NaNs are one.
pub fn alike(a: &Everything, b: &Everything) -> bool {
    a == b || matches!((sorted(a), sorted(b)), (Ok(a), Ok(b)) if a == b)
}

pub fn sorted(value: &Everything) -> Result<String> {
    let bytes = to_vec::<Binary>(value)?;
    text(
        WireType::Struct,
        &mut Binary::input(&bytes, 0, &Limits::default()),
    )
}

fn text<'de, I: Input<'de>>(ty: WireType, input: &mut I) -> Result<String> {
    Ok(match ty {
        WireType::Bool => input.bool()?.to_string(),
        WireType::I8 => input.i8()?.to_string(),
        WireType::I16 => input.i16()?.to_string(),
        WireType::I32 => input.i32()?.to_string(),
        WireType::I64 => input.i64()?.to_string(),
        WireType::Double => format!("{:?}", input.double()?),
        WireType::Uuid => input.uuid()?.to_string(),
        WireType::String => format!("\"{}\"", input.binary()?.escape_ascii()),
        WireType::Struct => {
            input.struct_begin()?;
            let (mut last, mut fields) = (0, Vec::new());
            while let Some(field) = input.field(last)? {
                last = field.id;
                fields.push(format!("{last}={}", text(field.ty, input)?));
            }
            input.struct_end()?;
            format!("({})", fields.join(" "))
        }
        WireType::List | WireType::Set => {
            let header = input.list_begin()?;
            let elements = (0..header.len).map(|_| text(header.element, input));
            let mut elements = elements.collect::<Result<Vec<_>>>()?;
            if ty == WireType::Set {
                elements.sort();
            }
            input.list_end()?;
            format!("[{}]", elements.join(" "))
        }
        WireType::Map => {
            let header = input.map_begin()?;
            let mut pair = || Ok(text(header.key, input)? + ":" + &text(header.value, input)?);
            let mut pairs = (0..header.len)
                .map(|_| pair())
                .collect::<Result<Vec<_>>>()?;
            pairs.sort();
            input.map_end()?;
            format!("{{{}}}", pairs.join(" "))
        }
    })
}
