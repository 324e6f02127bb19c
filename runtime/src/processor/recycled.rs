//! Values of earlier calls, whose memory the next ones are read into.
//!
//! Each thread keeps a value of each type that is an argument of a function and owns memory: the
//! arguments that a handler only borrowed, and results. So a service whose functions take what others
//! return, or take arguments by reference, allocates nothing after its first calls.
//!
//! How much is kept is bounded: values of large messages are not, nor are those whose containers took
//! much more memory than their message has bytes (an element of one byte may take hundreds); a thread
//! keeps a limited number of values, and what a value may keep of its memory is decided when it is
//! read into again (`codec/recycling.rs`). Nothing of an earlier call can be seen in a later one: reading sets each
//! field, also those that are absent.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::mem;

/// Values of longer messages than this are not kept.
pub(super) const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// Types of which a thread keeps a value.
const TYPES_MAX: usize = 64;

thread_local! {
    static KEPT: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
}

/// The place for a value of one type, made when one is first asked for.
struct Slot {
    of: TypeId,
    /// An `Option` of the type.
    value: Box<dyn Any>,
}

/// A value that an earlier call has left, or a new one.
pub(super) fn take<T: Default + 'static>() -> T {
    if !mem::needs_drop::<T>() {
        return T::default();
    }
    KEPT.with_borrow_mut(|slots| {
        if let Some(value) = find::<T>(slots) {
            return value.take();
        }
        if slots.len() < TYPES_MAX {
            let value = Box::new(None::<T>);
            let of = TypeId::of::<T>();
            slots.push(Slot { of, value });
        }
        None
    })
    .unwrap_or_default()
}

/// Leaves a value for a later call, if one of its type was ever asked for on this thread.
pub(super) fn keep<T: 'static>(value: T) {
    if !mem::needs_drop::<T>() {
        return;
    }
    // What was there before is dropped behind the borrow, in case that calls something.
    let before = KEPT.with_borrow_mut(|slots| match find::<T>(slots) {
        Some(slot) => slot.replace(value),
        None => Some(value),
    });
    drop(before);
}

fn find<T: 'static>(slots: &mut [Slot]) -> Option<&mut Option<T>> {
    let slot = slots.iter_mut().find(|slot| slot.of == TypeId::of::<T>())?;
    slot.value.downcast_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_once_and_only_to_its_type() {
        keep(String::from("nobody has asked for one yet"));
        assert_eq!(take::<String>(), "");
        keep(String::from("kept"));
        assert_eq!(take::<Vec<u8>>(), b"");
        assert_eq!(take::<String>(), "kept");
        assert_eq!(take::<String>(), "");
    }

    #[test]
    fn what_owns_nothing_is_not_kept() {
        assert_eq!(take::<(i64, f64)>(), (0, 0.0));
        keep((1_i64, 2.0_f64));
        assert_eq!(take::<(i64, f64)>(), (0, 0.0));
        assert_eq!(KEPT.with_borrow(Vec::len), 0);
    }
}
