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
pub use crate::{impl_enum, impl_exception, impl_method_error, impl_own_view, impl_view};
pub use uuid::Uuid;

#[cfg(feature = "bytes")]
pub use bytes::Bytes;

/// Named on the first line of emitted code, so that code emitted for another version of the runtime
/// fails to compile there, with the reason in the comment above.
pub const EMITTED_FOR_SEAPINK_0_1: () = ();
