//! Helpers: every protocol, and messages in memory.

use seapink::codec::{Decode, Encode};
use seapink::processor::{CallContext, Outcome, Processor, Request};
use seapink::{Binary, Channel, Compact, Json, Limits, Result};

/// Encodes and decodes in each protocol, and checks that every strict prefix is refused.
pub(crate) fn round_trip<T>(value: &T)
where
    T: Encode + for<'de> Decode<'de> + PartialEq + std::fmt::Debug,
{
    macro_rules! through {
        ($($protocol:ident)*) => {$(
            let bytes = seapink::to_vec::<$protocol>(value).unwrap();
            let back: T = seapink::from_slice::<$protocol, T>(&bytes).unwrap();
            assert_eq!(&back, value, "{}", stringify!($protocol));
            for end in 0..bytes.len() {
                let prefix = seapink::from_slice::<$protocol, T>(&bytes[..end]);
                assert!(prefix.is_err(), "{} bytes of {}", end, stringify!($protocol));
            }
            let mut recycled = back;
            let limits = Limits::default();
            seapink::decode_from::<$protocol, T>(&mut recycled, &bytes, &limits).unwrap();
            assert_eq!(&recycled, value, "recycled {}", stringify!($protocol));
        )*};
    }
    through!(Binary Compact Json);
}

/// Encodes as one type and decodes as another, in each protocol, which must agree.
pub(crate) fn reread<T, U>(value: &T) -> Result<U>
where
    T: Encode,
    U: for<'de> Decode<'de> + PartialEq + std::fmt::Debug,
{
    let through = [
        seapink::from_slice::<Binary, U>(&seapink::to_vec::<Binary>(value)?),
        seapink::from_slice::<Compact, U>(&seapink::to_vec::<Compact>(value)?),
        seapink::from_slice::<Json, U>(&seapink::to_vec::<Json>(value)?),
    ];
    let [binary, compact, json] = through;
    match (&binary, &compact, &json) {
        (Ok(binary), Ok(compact), Ok(json)) => {
            assert_eq!(binary, compact);
            assert_eq!(binary, json);
        }
        (Err(binary), Err(compact), Err(json)) => {
            assert_eq!(binary.kind(), compact.kind());
            assert_eq!(binary.kind(), json.kind());
        }
        other => panic!("the protocols disagree: {other:?}"),
    }
    binary
}

/// Answers one message.
pub(crate) fn process(
    processor: &dyn Processor,
    protocol: usize,
    message: &[u8],
) -> (Outcome, Vec<u8>) {
    let limits = Limits::default();
    let request = Request::read(processor, protocol, message, &limits).unwrap();
    let mut reply = Vec::new();
    let outcome = processor.process(&request, &mut reply, &mut CallContext::default());
    (outcome, reply)
}

/// Calls a processor in this process.
pub(crate) struct Local<P> {
    pub(crate) processor: P,
    pub(crate) protocol: usize,
}

impl<P: Processor> Channel for Local<P> {
    fn exchange(
        &self,
        options: &seapink::client::CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut message = Vec::new();
        encode(7, &mut message)?;
        let (outcome, reply) = process(&self.processor, self.protocol, &message);
        assert_eq!(options.oneway, outcome == Outcome::Silent);
        assert_eq!(options.oneway, reply.is_empty());
        if options.oneway {
            Ok(())
        } else {
            decode(7, &reply)
        }
    }
}
