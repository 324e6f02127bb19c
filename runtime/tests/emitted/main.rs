//! Emitted code against the runtime: it compiles, round-trips, and does what its IDL says.
//!
//! The code is that of `testdata/golden/`, which the compiler's tests keep up to date.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(clippy::float_cmp, reason = "doubles must come back bit for bit")]

/// The program of `golden::tree` as plain modules.
#[path = "../../../testdata/golden/modules/mod.rs"]
mod modules;

mod golden {
    pub(crate) mod tree {
        include!("../../../testdata/golden/library.rs");
    }
    pub(crate) mod awkward {
        include!("../../../testdata/golden/names.rs");
    }
    include!("../../../testdata/golden/bench.rs");
    include!("../../../testdata/golden/sharing.rs");
    pub(crate) mod viewed {
        include!("../../../testdata/golden/views.rs");
    }
    pub(crate) mod all_viewed {
        include!("../../../testdata/golden/values_in_views.rs");
    }
    include!("../../../testdata/golden/values.rs");
    include!("../../../testdata/golden/evolution.rs");
}

mod apache_defects;
mod calls;
mod compact2;
mod evolution;
mod linked;
mod names;
mod projection;
mod readable;
mod recycling;
mod shapes;
mod sharing;
mod values;
mod views;
mod wire;
