//! The workloads as plain Rust structs, for formats that have no IDL.

use std::collections::HashMap;

use super::seapink::bench;

/// What a format that has no IDL needs of a type.
pub trait Plain: bincode::Encode + bincode::Decode<()> + super::rkyv::Archived {}

impl<T: bincode::Encode + bincode::Decode<()> + super::rkyv::Archived> Plain for T {}

/// Structs, and both ways between them and Seapink's.
macro_rules! structs {
    ($(struct $name:ident { $($field:ident: $ty:ty,)* })*) => {$(
        #[derive(bincode::Encode, bincode::Decode)]
        #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
        pub struct $name {
            $(pub $field: $ty,)*
        }

        impl From<&bench::$name> for $name {
            fn from(value: &bench::$name) -> Self {
                Self { $($field: Same::same(&value.$field),)* }
            }
        }

        impl From<$name> for bench::$name {
            fn from(value: $name) -> Self {
                Self { $($field: Same::same(&value.$field),)* }
            }
        }

        impl Same<bench::$name> for $name {
            fn same(&self) -> bench::$name {
                bench::$name { $($field: Same::same(&self.$field),)* }
            }
        }

        impl Same<$name> for bench::$name {
            fn same(&self) -> $name {
                self.into()
            }
        }
    )*};
}

/// The same value in another type.
trait Same<T> {
    fn same(&self) -> T;
}

macro_rules! same {
    ($($ty:ty)*) => {$(
        impl Same<$ty> for $ty {
            fn same(&self) -> $ty {
                self.clone()
            }
        }
    )*};
}

same! { bool i8 i16 i32 i64 f64 String Vec<u8> Vec<i64> Vec<f64> HashMap<String, Vec<i32>> }

impl Same<Vec<Item>> for Vec<bench::Item> {
    fn same(&self) -> Vec<Item> {
        self.iter().map(Same::same).collect()
    }
}

impl Same<Vec<bench::Item>> for Vec<Item> {
    fn same(&self) -> Vec<bench::Item> {
        self.iter().map(Same::same).collect()
    }
}

structs! {
    struct Small {
        flag: bool,
        kind: i8,
        port: i16,
        count: i32,
        id: i64,
        score: f64,
        name: String,
    }

    struct Item {
        id: i64,
        qty: i32,
        price: f64,
        label: String,
        active: bool,
    }

    struct Header {
        trace: i64,
        origin: String,
        detail: Small,
    }

    struct Medium {
        header: Header,
        items: Vec<Item>,
        total: i64,
    }

    struct Index {
        postings: HashMap<String, Vec<i32>>,
    }

    struct Blob {
        name: String,
        data: Vec<u8>,
    }

    struct Longs {
        values: Vec<i64>,
    }

    struct Doubles {
        values: Vec<f64>,
    }
}
