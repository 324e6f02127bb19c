//! How much memory a value may keep when it is read into again.
//!
//! Reading into an earlier value saves allocating, which is most of the cost of reading. But a value
//! that has held something large once must not hold that memory for ever, least of all when it is
//! a peer who decides what is large. The rule: text, bytes and containers give up memory beyond
//! [`FREE_BYTES`] of which they would use less than a quarter. So what a value keeps is at most
//! four times what its last contents need, and a little for each of their parts.

/// Memory that any string or container may keep.
const FREE_BYTES: usize = 256;

/// Whether memory for so many items of `T` is too much to keep for so few.
#[inline(always)]
pub(crate) fn is_too_much<T>(capacity: usize, len: usize) -> bool {
    capacity * size_of::<T>() > FREE_BYTES && capacity > len.saturating_mul(4)
}

/// Gives up memory that is too much for `len` items, which are about to be read.
#[inline(always)]
pub(crate) fn trim<T>(values: &mut Vec<T>, len: usize) {
    if is_too_much::<T>(values.capacity(), len) {
        release(values, len);
    }
}

#[cold]
fn release<T>(values: &mut Vec<T>, len: usize) {
    values.truncate(len);
    values.shrink_to(len);
}
