//! Sets of protocols: chosen by name at run time, static inside.

use std::marker::PhantomData;
use std::mem;

use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::{Input, MessageHead, Output, Protocol, Scanner};
use crate::wire::WireType;

/// The protocols that a program is compiled for. Made by [`protocol_set!`](crate::protocol_set).
///
/// Each value of the type is one of the protocols. Emitted code is generic over the protocol and is
/// compiled once for each member, so a set of one compiles one.
pub trait ProtocolSet: Copy + Send + Sync + 'static {
    /// One for each member, in the order of the set.
    const ALL: &'static [Self];

    /// Calls the visitor with the chosen protocol as its type. This is the one place where a choice
    /// made at run time becomes a type.
    fn visit<V: ProtocolVisitor>(self, visitor: V) -> V::Output;

    /// The members as objects, in the same order, for the few things done without knowing types.
    const WIRE: &'static [&'static dyn WireProtocol];

    /// The member of this name.
    fn named(name: &str) -> Option<Self> {
        let index = Self::WIRE
            .iter()
            .position(|protocol| protocol.name() == name)?;
        Self::ALL.get(index).copied()
    }
}

/// What to do once the protocol's type is known.
pub trait ProtocolVisitor {
    /// What comes out of it.
    type Output;

    /// Does it.
    fn visit<P: Protocol>(self) -> Self::Output;
}

/// What a server needs of a protocol without knowing any type: cut, route, refuse.
///
/// [`wire`] makes one of every [`Protocol`].
pub trait WireProtocol: Send + Sync {
    /// [`Protocol::NAME`].
    fn name(&self) -> &'static str;

    /// Reads the head of a message, and says at which byte its struct starts.
    fn read_head<'m>(&self, message: &'m [u8], limits: &Limits)
    -> Result<(MessageHead<'m>, usize)>;

    /// Appends an answer that carries an application exception.
    fn write_exception(&self, head: &MessageHead<'_>, code: i32, text: &str, out: &mut Vec<u8>);

    /// The code and text of an answer that carries an application exception.
    fn read_exception(&self, message: &[u8], limits: &Limits) -> Result<(i32, String)>;

    /// [`Protocol::scanner`].
    fn scanner(&self, limits: &Limits) -> Box<dyn Scanner>;
}

struct Wire<P>(PhantomData<fn(P)>);

/// A protocol as an object.
pub const fn wire<P: Protocol>() -> &'static dyn WireProtocol {
    const { &Wire::<P>(PhantomData) }
}

impl<P: Protocol> WireProtocol for Wire<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn read_head<'m>(
        &self,
        message: &'m [u8],
        limits: &Limits,
    ) -> Result<(MessageHead<'m>, usize)> {
        let mut input = P::input(message, 0, limits);
        let head = input.message_begin()?;
        let offset = input.offset();
        Ok((head, offset))
    }

    fn write_exception(&self, head: &MessageHead<'_>, code: i32, text: &str, out: &mut Vec<u8>) {
        let mut output = P::output(mem::take(out), &Limits::default());
        output.message_begin(head);
        if output.struct_begin("TApplicationException") {
            output.field(0, 1, WireType::String, "message");
            output.string(text);
            output.field_end();
            output.field(1, 2, WireType::I32, "type");
            output.i32(code);
            output.field_end();
            output.struct_end();
        }
        output.message_end();
        *out = output.finish().bytes;
    }

    fn read_exception(&self, message: &[u8], limits: &Limits) -> Result<(i32, String)> {
        let mut input = P::input(message, 0, limits);
        input.message_begin()?;
        input.struct_begin()?;
        let (mut code, mut text, mut last) = (0, String::new(), 0);
        while let Some(field) = input.field(last)? {
            last = field.id;
            match (field.id, field.ty) {
                (1, WireType::String) => text = input.string()?.into_owned(),
                (2, WireType::I32) => code = input.i32()?,
                _ if field.bool_value.is_some() => {}
                (_, ty) => {
                    input.skip(ty)?;
                }
            }
            input.field_end()?;
        }
        Ok((code, text))
    }

    fn scanner(&self, limits: &Limits) -> Box<dyn Scanner> {
        P::scanner(limits)
    }
}

/// Declares a set of protocols: `protocol_set!(pub App: Binary, Compact, Json, Mine);`.
///
/// The members are types that implement [`Protocol`](crate::Protocol). Servers and clients that are
/// given the set accept the members' names in their configuration.
#[macro_export]
macro_rules! protocol_set {
    ($(#[$meta:meta])* $vis:vis $set:ident: $($protocol:ident),+ $(,)?) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $set {
            $(
                #[doc = concat!("[`", stringify!($protocol), "`].")]
                $protocol,
            )+
        }

        impl $crate::ProtocolSet for $set {
            const ALL: &'static [Self] = &[$(Self::$protocol),+];

            const WIRE: &'static [&'static dyn $crate::WireProtocol] =
                &[$($crate::codegen::wire::<$protocol>()),+];

            fn visit<V: $crate::ProtocolVisitor>(self, visitor: V) -> V::Output {
                match self {
                    $(Self::$protocol => visitor.visit::<$protocol>(),)+
                }
            }
        }
    };
}

use crate::protocol::{Binary, Compact, Json};

protocol_set! {
    /// The protocols that every program has unless it declares a set of its own.
    pub Standard: Binary, Compact, Json
}
