//! Apache's C++ library: `cpp/peers.cpp`, called from here so that it takes its turns with the others.

pub const PEER: &str = "C++";

#[cfg(cpp)]
pub use present::{count, counted, enter};

#[cfg(not(cpp))]
pub use absent::{count, counted, enter};

/// Whether `build.rs` found the library.
pub const PRESENT: bool = cfg!(cpp);

#[cfg(cpp)]
#[allow(unsafe_code, reason = "calls of C++")]
mod present {
    use super::PEER;
    use crate::Result;
    use crate::allocations::Allocations;
    use crate::contestants::{Field, Sample, thrift};
    use crate::workloads::Workload;
    use seapink::{Binary, Compact, Json, Protocol};

    /// What C++ calls a contestant. It is never freed.
    #[repr(C)]
    struct Opaque {
        _private: [u8; 0],
    }

    unsafe extern "C" {
        safe fn peers_new(workload: i32, protocol: i32) -> *mut Opaque;
        unsafe fn peers_load(it: *mut Opaque, bytes: *const u8, len: u32) -> bool;
        unsafe fn peers_encode(it: *mut Opaque, n: u64);
        unsafe fn peers_decode(it: *mut Opaque, n: u64);
        unsafe fn peers_recycle(it: *mut Opaque, n: u64);
        unsafe fn peers_bytes(it: *mut Opaque, bytes: *mut *const u8, len: *mut u32);
        safe fn peers_count(on: bool);
        safe fn peers_allocations() -> u64;
        safe fn peers_allocated() -> u64;
    }

    pub fn count(on: bool) {
        peers_count(on);
    }

    pub fn counted() -> Allocations {
        Allocations {
            count: peers_allocations(),
            bytes: peers_allocated(),
        }
    }

    pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
        protocol::<Binary, W>(0, "binary", sample, &sample.binary, field)?;
        protocol::<Compact, W>(1, "compact", sample, &sample.compact, field)?;
        protocol::<Json, W>(2, "json", sample, &sample.json, field)
    }

    fn protocol<P: Protocol, W: Workload>(
        number: i32,
        name: &'static str,
        sample: &Sample<W>,
        bytes: &[u8],
        field: &mut Field,
    ) -> Result<()> {
        let who = thrift(PEER, name, "");
        let len = u32::try_from(bytes.len()).map_err(|error| error.to_string())?;
        let it = peers_new(W::CPP, number);
        // SAFETY: the pointer is checked before, and the bytes are copied by the callee.
        if it.is_null() || !unsafe { peers_load(it, bytes.as_ptr(), len) } {
            return Err(format!("{who}: cannot read {}", W::NAME));
        }
        let encode = move |loops| {
            // SAFETY: from `peers_new`, loaded, and never freed; nothing here runs on other threads.
            unsafe { peers_encode(it, loops) }
        };
        encode(1);
        let (mut start, mut len) = (std::ptr::null(), 0);
        // SAFETY: as above; the slice is used up before the next call.
        let written = unsafe {
            peers_bytes(it, &raw mut start, &raw mut len);
            std::slice::from_raw_parts(start, usize::try_from(len).unwrap_or_default())
        };
        sample.check::<P>(&who, bytes, written)?;

        field.encode(who.clone(), encode);
        field.decode(who, move |loops| {
            // SAFETY: as above.
            unsafe { peers_decode(it, loops) }
        });
        field.decode(thrift(PEER, name, "recycled"), move |loops| {
            // SAFETY: as above.
            unsafe { peers_recycle(it, loops) }
        });
        Ok(())
    }
}

#[cfg(not(cpp))]
mod absent {
    use crate::Result;
    use crate::allocations::Allocations;
    use crate::contestants::{Field, Sample};
    use crate::workloads::Workload;

    pub fn count(_: bool) {}

    pub fn counted() -> Allocations {
        Allocations::default()
    }

    #[allow(clippy::unnecessary_wraps, reason = "as where the library is present")]
    pub fn enter<W: Workload>(_: &Sample<W>, _: &mut Field) -> Result<()> {
        Ok(())
    }
}
