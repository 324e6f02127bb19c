//! The memory that two processes share, and the only code that touches it.
//!
//! Nothing here trusts the other process, which may write anywhere at any time. No reference to the
//! bytes of a ring is ever made: they are copied in and out, and only copies are looked at. What both
//! change are atomics, whose values are checked by [`ring`](super::ring).
//!
//! Why can't a peer take the memory away? Because its size is [sealed](super::hello) before it is
//! mapped. What is left is a machine that has run out of memory: a page is found when it is first
//! touched, or touched again after the peer has given it back (`fallocate`), and a system that
//! overcommits nothing and has none left ends the process with `SIGBUS`.

#![allow(unsafe_code, reason = "the one place besides `fast`")]

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64};

use memmap2::{MmapOptions, MmapRaw};

/// What stands before the rings: a page, of which each place that changes has a cache line, and the
/// one that is fetched with it, to itself.
pub(super) const HEAD_BYTES: usize = 4096;

/// A mapping, as long as it lives.
pub(super) struct Memory {
    map: MmapRaw,
    bytes: usize,
}

impl Memory {
    /// Maps so many bytes, which the file has and cannot lose.
    pub(super) fn map(file: BorrowedFd<'_>, bytes: usize) -> io::Result<Self> {
        assert!(bytes >= HEAD_BYTES, "there is a head");
        let map = MmapOptions::new().len(bytes).map_raw(&file)?;
        Ok(Self { map, bytes })
    }

    /// A number in the head.
    #[inline]
    pub(super) fn number(&self, at: usize) -> &AtomicU64 {
        assert!(at < HEAD_BYTES && at.is_multiple_of(size_of::<u64>()));
        // SAFETY: `at` is inside of the head, with which every mapping begins, and a multiple of 8,
        // as is the address of a page. The mapping lives as long as the reference. This process
        // accesses the place in no other way, and another process is no thread of this program.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(at).cast()) }
    }

    /// A flag in the head.
    #[inline]
    pub(super) fn flag(&self, at: usize) -> &AtomicU32 {
        assert!(at < HEAD_BYTES && at.is_multiple_of(size_of::<u32>()));
        // SAFETY: as above, with 4 for 8.
        unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(at).cast()) }
    }

    /// Copies bytes of a ring.
    ///
    /// Never inlined, so that no use of the copy can become another look at the original.
    #[inline(never)]
    pub(super) fn copy_out(&self, at: usize, to: &mut [u8]) {
        let from = self.place(at, to.len());
        // SAFETY: `place` is good for as many bytes. They are no part of `to`, since nobody has a
        // reference to a mapping. A process that writes them at this moment breaks the protocol, and
        // can only choose which bytes come: every value of a byte is valid.
        unsafe { ptr::copy_nonoverlapping(from.cast_const(), to.as_mut_ptr(), to.len()) };
    }

    /// Copies bytes into a ring.
    #[inline(never)]
    pub(super) fn copy_in(&self, at: usize, from: &[u8]) {
        let to = self.place(at, from.len());
        // SAFETY: as above, the other way.
        unsafe { ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) };
    }

    /// Where bytes behind the head stand.
    fn place(&self, at: usize, count: usize) -> *mut u8 {
        let end = at.checked_add(count);
        assert!(at >= HEAD_BYTES && end.is_some_and(|end| end <= self.bytes));
        // SAFETY: it is inside of the mapping, which the assertion says.
        unsafe { self.map.as_mut_ptr().add(at) }
    }
}
