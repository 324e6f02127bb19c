//! What emitted code names, and nothing else. Not for users: it follows the compiler's version.

#[cfg(feature = "tokio")]
pub use crate::client::AsyncClient;
pub use crate::client::{Client, Pending};
pub use crate::codec::{
    Decode, DecodeStruct, Double, Encode, EncodeStruct, Enum, FieldName, ListView, MapView,
    MaskBuilder, NumbersView, SetView, Struct, StructReader, StructWriter, UnknownField,
    UnknownFields, UnknownName, View, fmt_enum, fmt_exception, fmt_fields,
};
pub use crate::config::ClientConfig;
pub use crate::error::{Error, Result};
#[cfg(feature = "tokio")]
pub use crate::processor::{Answer, AsyncCall, AsyncService};
pub use crate::processor::{
    Call, CallContext, FieldNames, Functions, Lend, MethodError, Outcome, Service, Undeclared,
};
pub use crate::protocol::{FieldHeader, Input, Output, Protocol, ProtocolSet, Standard, wire};
pub use crate::wire::WireType;
pub use crate::{
    asynchronous, impl_enum, impl_exception, impl_method_error, impl_own_view, impl_view,
};
pub use uuid::Uuid;

#[cfg(feature = "bytes")]
pub use bytes::Bytes;

/// Named on the first line of emitted code, so that code emitted for another version of the runtime
/// fails to compile there, with the reason in the comment above.
pub const EMITTED_FOR_SEAPINK_0_1: () = ();

/// In emitted code whose functions are futures, so that a program without the feature is told so
/// first.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "tokio")]
macro_rules! asynchronous {
    () => {};
}

/// The same without the feature.
///
/// ```compile_fail
/// seapink::codegen::asynchronous!();
/// ```
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "tokio"))]
macro_rules! asynchronous {
    () => {
        ::std::compile_error!(
            "code with async functions needs the feature `tokio` of the crate `seapink`: \
             `cargo add seapink --features tokio`"
        );
    };
}
