//! Turns the doubles of a message round, from version 1 to version 2.
//!
//! Why can't each double be written in the order of its version? Because to ask for the version would
//! cost every double of version 1 something. This costs only messages of version 2 something: to be
//! walked over once more.

use super::CompactInput;
use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::Input;
use crate::wire::WireType;

/// Turns round those of a struct that starts at an offset, as far as it is whole.
pub(super) fn turn(buffer: &mut [u8], offset: usize) {
    // Whoever wrote the struct has kept to its limits.
    let limits = Limits::default()
        .message_bytes_max(usize::MAX)
        .container_elements_max(usize::MAX)
        .depth_max(u32::MAX);
    let mut input = CompactInput::new(buffer, offset, &limits);
    let mut places = Vec::new();
    let _ = find(WireType::Struct, &mut input, &mut places);
    for place in places {
        if let Some(double) = buffer.get_mut(place..place + size_of::<f64>()) {
            double.reverse();
        }
    }
}

/// Notes where the doubles of a value are.
fn find(ty: WireType, input: &mut CompactInput<'_>, places: &mut Vec<usize>) -> Result<()> {
    match ty {
        WireType::Double => {
            places.push(input.offset());
            input.double()?;
        }
        WireType::Struct => {
            input.struct_begin()?;
            let mut last = 0;
            while let Some(field) = input.field(last)? {
                last = field.id;
                if field.bool_value.is_none() {
                    find(field.ty, input, places)?;
                }
            }
            input.struct_end()?;
        }
        WireType::List | WireType::Set => {
            let header = input.list_begin()?;
            for _ in 0..header.len {
                find(header.element, input, places)?;
            }
            input.list_end()?;
        }
        WireType::Map => {
            let header = input.map_begin()?;
            for _ in 0..header.len {
                find(header.key, input, places)?;
                find(header.value, input, places)?;
            }
            input.map_end()?;
        }
        ty => {
            input.skip(ty)?;
        }
    }
    Ok(())
}
