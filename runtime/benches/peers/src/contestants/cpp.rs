//! Apache's C++ library: `cpp/peers.cpp`, called from here so that it takes its turns with the others.

pub const PEER: &str = "C++";

#[cfg(cpp)]
pub use calls::{count, counted};
#[cfg(cpp)]
#[cfg_attr(not(footers), allow(unused_imports))]
pub use present::{enter, footer};

#[cfg(not(cpp))]
#[cfg_attr(not(footers), allow(unused_imports))]
pub use absent::{count, counted, enter, footer};

/// Whether `build.rs` found the library.
pub const PRESENT: bool = cfg!(cpp);

#[cfg(cpp)]
mod present {
    use super::PEER;
    use super::calls::Peer;
    use crate::Result;
    use crate::contestants::{Field, Sample, thrift};
    use crate::measure::Contestant;
    use crate::workloads::Workload;
    use seapink::{Binary, Compact, Json, Protocol};

    const COMPACT: i32 = 1;
    const FOOTER: i32 = 6;

    pub fn enter<W: Workload>(sample: &Sample<W>, field: &mut Field) -> Result<()> {
        protocol::<Binary, W>(0, "binary", sample, &sample.binary, field)?;
        protocol::<Compact, W>(COMPACT, "compact", sample, &sample.compact, field)?;
        protocol::<Json, W>(2, "json", sample, &sample.json, field)
    }

    fn protocol<P: Protocol, W: Workload>(
        number: i32,
        name: &'static str,
        sample: &Sample<W>,
        bytes: &[u8],
        field: &mut Field,
    ) -> Result<()> {
        let (fresh, recycled) = (thrift(PEER, name, ""), thrift(PEER, name, "recycled"));
        let peer = Peer::load(W::CPP, number, bytes)?;
        sample.check::<P>(&fresh, bytes, &peer.written())?;
        field.encode(fresh.clone(), move |loops| peer.encode(loops));
        field.decode(fresh, move |loops| peer.decode(loops));
        field.decode(recycled, move |loops| peer.recycle(loops));
        Ok(())
    }

    /// Those who decode the footer of a Parquet file.
    #[cfg_attr(not(footers), allow(dead_code))]
    pub fn footer(bytes: &[u8]) -> Result<Vec<Contestant>> {
        let (fresh, recycled) = (
            thrift(PEER, "compact", ""),
            thrift(PEER, "compact", "recycled"),
        );
        let peer = Peer::load(FOOTER, COMPACT, bytes)?;
        if peer.written() != bytes {
            return Err(format!(
                "{fresh} does not write the footer that it has read"
            ));
        }
        Ok(vec![
            Contestant::new(fresh, move |loops| peer.decode(loops)),
            Contestant::new(recycled, move |loops| peer.recycle(loops)),
        ])
    }
}

/// The functions of `cpp/peers.cpp`.
#[cfg(cpp)]
#[allow(unsafe_code, reason = "calls of C++")]
mod calls {
    use crate::Result;
    use crate::allocations::Allocations;

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

    /// A value in C++ and the bytes that it is read from. It is never freed, and the pointer keeps it
    /// on the thread that made it.
    #[derive(Clone, Copy)]
    pub struct Peer(*mut Opaque);

    impl Peer {
        /// For bytes that C++ can read.
        pub fn load(workload: i32, protocol: i32, bytes: &[u8]) -> Result<Self> {
            let len = u32::try_from(bytes.len()).map_err(|error| error.to_string())?;
            let it = peers_new(workload, protocol);
            // SAFETY: the pointer is not null, and the bytes are copied by the callee.
            if !it.is_null() && unsafe { peers_load(it, bytes.as_ptr(), len) } {
                Ok(Self(it))
            } else {
                Err(format!(
                    "C++ cannot read workload {workload} in protocol {protocol}"
                ))
            }
        }

        pub fn encode(self, loops: u64) {
            // SAFETY: loaded, and never freed.
            unsafe { peers_encode(self.0, loops) }
        }

        pub fn decode(self, loops: u64) {
            // SAFETY: as above.
            unsafe { peers_decode(self.0, loops) }
        }

        pub fn recycle(self, loops: u64) {
            // SAFETY: as above.
            unsafe { peers_recycle(self.0, loops) }
        }

        /// What C++ makes of the value.
        pub fn written(self) -> Vec<u8> {
            self.encode(1);
            let (mut start, mut len) = (std::ptr::null(), 0);
            // SAFETY: as above; the slice is copied before the next call.
            unsafe {
                peers_bytes(self.0, &raw mut start, &raw mut len);
                std::slice::from_raw_parts(start, usize::try_from(len).unwrap_or_default()).to_vec()
            }
        }
    }
}

#[cfg(not(cpp))]
mod absent {
    use crate::Result;
    use crate::allocations::Allocations;
    use crate::contestants::{Field, Sample};
    use crate::measure::Contestant;
    use crate::workloads::Workload;

    pub fn count(_: bool) {}

    pub fn counted() -> Allocations {
        Allocations::default()
    }

    #[allow(clippy::unnecessary_wraps, reason = "as where the library is present")]
    pub fn enter<W: Workload>(_: &Sample<W>, _: &mut Field) -> Result<()> {
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "as where the library is present")]
    #[cfg_attr(not(footers), allow(dead_code))]
    pub fn footer(_: &[u8]) -> Result<Vec<Contestant>> {
        Ok(Vec::new())
    }
}
