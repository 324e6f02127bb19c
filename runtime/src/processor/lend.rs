//! How a handler is lent an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use crate::codec::Struct;

/// A type of which functions with `rust.arguments = "borrowed"` take another form: what is small is
/// copied, text and lists are slices, and all else is a reference.
pub trait Lend {
    /// What the function takes.
    type Lent<'a>
    where
        Self: 'a;

    /// Lends it.
    fn lend(&self) -> Self::Lent<'_>;
}

/// Values that are copied.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_lend_copied {
    ($($ty:ty),*) => {$(
        impl $crate::codegen::Lend for $ty {
            type Lent<'a> = Self;

            #[inline(always)]
            fn lend(&self) -> Self {
                *self
            }
        }
    )*};
}

impl_lend_copied!(bool, i8, i16, i32, i64, f64, Uuid);

macro_rules! lent {
    ($($ty:ty $([$($parameter:ident),+])? => $lent:ty;)*) => {$(
        impl$(<$($parameter),+>)? Lend for $ty {
            type Lent<'a> = &'a $lent
            where
                Self: 'a;

            #[inline(always)]
            fn lend(&self) -> &$lent {
                self
            }
        }
    )*};
}

lent! {
    String => str;
    Vec<T> [T] => [T];
    BTreeMap<K, V> [K, V] => Self;
    HashMap<K, V, S> [K, V, S] => Self;
    BTreeSet<T> [T] => Self;
    HashSet<T, S> [T, S] => Self;
}

#[cfg(feature = "bytes")]
lent! {
    bytes::Bytes => Self;
}

impl<T: Struct> Lend for T {
    type Lent<'a>
        = &'a T
    where
        Self: 'a;

    #[inline(always)]
    fn lend(&self) -> &T {
        self
    }
}
