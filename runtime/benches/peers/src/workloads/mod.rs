//! What is encoded and decoded: the structs of `idl/bench.thrift`, each in the shape that each side
//! has for it.

mod values;

use std::fmt::Debug;

use seapink::codec::{Decode, Encode, View};

use crate::contestants::{apache, pilota, plain, prost, seapink as ours};

/// The names of all workloads, in the order of the reports.
pub const NAMES: [&str; 9] = [
    "small",
    "medium",
    "index",
    "blob",
    "longs",
    "doubles",
    "footer-10",
    "footer-100",
    "footer-1000",
];

/// A struct of the IDL: its value, and its type on each side.
pub trait Workload: 'static {
    const NAME: &'static str;

    /// The number that C++ knows it by.
    #[cfg_attr(not(cpp), allow(dead_code))]
    const CPP: i32;

    /// Whether all sides write the same bytes; maps have no order.
    const ORDERED: bool = true;

    type Seapink: Encode + for<'de> Decode<'de> + Clone + PartialEq + Debug;
    type View<'de>: View<'de, Self::Seapink>;
    type Apache: ::thrift::protocol::TSerializable;
    type Pilota: ::pilota::thrift::Message;
    type Prost: ::prost::Message + Default + for<'a> From<&'a Self::Seapink> + Into<Self::Seapink>;
    type Plain: plain::Plain + for<'a> From<&'a Self::Seapink> + Into<Self::Seapink>;

    fn value() -> Self::Seapink;
}

macro_rules! workloads {
    ($($number:literal $name:ident $ty:ident $view:ident ordered $ordered:literal)*) => {$(
        pub struct $ty;

        impl Workload for $ty {
            const NAME: &'static str = stringify!($name);
            const CPP: i32 = $number;
            const ORDERED: bool = $ordered;

            type Seapink = ours::bench::$ty;
            type View<'de> = ours::bench::$view<'de>;
            type Apache = apache::bench::$ty;
            type Pilota = pilota::bench::$ty;
            type Prost = prost::$ty;
            type Plain = plain::$ty;

            fn value() -> Self::Seapink {
                values::$name()
            }
        }
    )*};
}

workloads! {
    0 small Small SmallView ordered true
    1 medium Medium MediumView ordered true
    2 index Index IndexView ordered false
    3 blob Blob BlobView ordered true
    4 longs Longs LongsView ordered true
    5 doubles Doubles DoublesView ordered true
}
