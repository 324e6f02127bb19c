//! From one protocol to another without knowing the IDL.

use std::str;

use crate::error::Result;
use crate::protocol::{Input, Output};
use crate::wire::WireType;

/// Copies one value from a reader to a writer.
///
/// A `string` and a `binary` have the same wire type. What is UTF-8 is written as a string and the
/// rest as a binary, which makes a difference only to protocols that write text, such as JSON.
pub fn transcode<'de, 'v, I: Input<'de>, O: Output<'v>>(
    ty: WireType,
    input: &mut I,
    out: &mut O,
) -> Result<()> {
    match ty {
        WireType::Bool => out.bool(input.bool()?),
        WireType::I8 => out.i8(input.i8()?),
        WireType::I16 => out.i16(input.i16()?),
        WireType::I32 => out.i32(input.i32()?),
        WireType::I64 => out.i64(input.i64()?),
        WireType::Double => out.double(input.double()?),
        WireType::Uuid => out.uuid(input.uuid()?),
        WireType::String => transcode_string(input, out)?,
        WireType::Struct => transcode_struct(input, out)?,
        WireType::Map => transcode_map(input, out)?,
        WireType::List | WireType::Set => transcode_list(ty, input, out)?,
    }
    Ok(())
}

fn transcode_string<'de, 'v, I: Input<'de>, O: Output<'v>>(
    input: &mut I,
    out: &mut O,
) -> Result<()> {
    let bytes = input.text_or_binary()?;
    match str::from_utf8(&bytes) {
        Ok(text) => out.string(text),
        Err(_) => out.binary(&bytes),
    }
    Ok(())
}

fn transcode_struct<'de, 'v, I: Input<'de>, O: Output<'v>>(
    input: &mut I,
    out: &mut O,
) -> Result<()> {
    // Past the writer's depth its functions do nothing that matters: `finish` reports the error, and
    // the reader has the same bound.
    let open = out.struct_begin("");
    input.struct_begin()?;
    let (mut read, mut written) = (0, 0);
    while let Some(field) = input.field(read)? {
        read = field.id;
        match (field.ty, field.bool_value) {
            (WireType::Bool, Some(value)) => out.bool_field(written, field.id, "", value),
            (WireType::Bool, None) => {
                let value = input.bool()?;
                out.bool_field(written, field.id, "", value);
            }
            (ty, _) => {
                out.field(written, field.id, ty, "");
                transcode(ty, input, out)?;
                out.field_end();
            }
        }
        input.field_end()?;
        written = field.id;
    }
    input.struct_end()?;
    if open {
        out.struct_end();
    }
    Ok(())
}

fn transcode_list<'de, 'v, I: Input<'de>, O: Output<'v>>(
    ty: WireType,
    input: &mut I,
    out: &mut O,
) -> Result<()> {
    let header = input.list_begin()?;
    let open = match ty {
        WireType::Set => out.set_begin(header.element, header.len),
        _ => out.list_begin(header.element, header.len),
    };
    for index in 0..header.len {
        input.element(index)?;
        out.element(index);
        transcode(header.element, input, out)?;
    }
    input.list_end()?;
    if open {
        out.list_end();
    }
    Ok(())
}

fn transcode_map<'de, 'v, I: Input<'de>, O: Output<'v>>(input: &mut I, out: &mut O) -> Result<()> {
    let header = input.map_begin()?;
    let open = out.map_begin(header.key, header.value, header.len);
    for index in 0..header.len {
        input.key(index)?;
        out.key(index);
        transcode(header.key, input, out)?;
        input.value()?;
        out.value();
        transcode(header.value, input, out)?;
    }
    input.map_end()?;
    if open {
        out.map_end();
    }
    Ok(())
}
