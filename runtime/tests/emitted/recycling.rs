//! Values whose memory is used again: what is saved, and that nothing old shows.

use allocation_counter::measure;
use seapink::codec::{decode_from, to_vec};
use seapink::protocol::{MessageForm, MessageHead, Output};
use seapink::{Binary, CallContext, Compact, Limits, MessageKind, Processor, Protocol, Standard};

use super::golden::bench::{Echo, EchoEchoError, EchoProcessor, Index, Item, Medium, Small};
use super::golden::tree::acme::library::Book;

struct Handler;

impl Echo for Handler {
    fn echo(&self, _: &CallContext, req: Small) -> Result<Small, EchoEchoError> {
        Ok(req)
    }
}

/// A call of `echo`, with its argument or without.
fn call<P: Protocol>(req: Option<&Small>) -> Vec<u8> {
    let mut out = P::output(Vec::new(), &Limits::default());
    out.message_begin(&MessageHead {
        name: "echo".into(),
        kind: MessageKind::Call,
        sequence_id: 7,
        form: MessageForm::Strict,
    });
    out.struct_begin("arguments");
    if let Some(req) = req {
        out.field(0, 1, seapink::WireType::Struct, "req");
        seapink::codegen::Encode::encode(req, &mut out);
        out.field_end();
    }
    out.struct_end();
    out.message_end();
    out.finish().into_bytes().unwrap()
}

fn answer(processor: &dyn Processor, index: usize, message: &[u8], reply: &mut Vec<u8>) {
    use seapink::processor::Request;
    let limits = Limits::default();
    let mut cx = CallContext::default();
    let request = Request::read(processor, index, message, &limits).unwrap();
    reply.clear();
    processor.process(&request, reply, &mut cx);
}

fn small(name: &str) -> Small {
    Small {
        flag: true,
        id: 12,
        name: name.to_owned(),
        ..Small::default()
    }
}

fn calls_without_allocating<P: Protocol>(index: usize) {
    let processor = EchoProcessor::new(Handler);
    let message = call::<P>(Some(&small("sea pink")));
    let mut reply = Vec::new();
    let limits = Limits::default();
    let mut cx = CallContext::default();
    let mut once = || {
        use seapink::processor::Request;
        let request = Request::read(&processor, index, &message, &limits).unwrap();
        reply.clear();
        processor.process(&request, &mut reply, &mut cx);
    };
    once();
    once();
    let used = measure(|| (0..100).for_each(|_| once()));
    assert_eq!(used.count_total, 0, "{}", P::NAME);
}

#[test]
fn a_call_that_returns_its_argument_allocates_nothing() {
    use seapink::ProtocolSet;
    assert_eq!(Standard::ALL.len(), 3);
    calls_without_allocating::<Binary>(0);
    calls_without_allocating::<Compact>(1);
}

#[test]
fn an_absent_argument_is_empty_and_not_that_of_an_earlier_call() {
    let processor = EchoProcessor::new(Handler);
    let mut with = Vec::new();
    answer(
        &processor,
        0,
        &call::<Binary>(Some(&small("secret"))),
        &mut with,
    );
    answer(
        &processor,
        0,
        &call::<Binary>(Some(&small("secret"))),
        &mut with,
    );
    let (mut without, mut default) = (Vec::new(), Vec::new());
    answer(&processor, 0, &call::<Binary>(None), &mut without);
    answer(
        &processor,
        0,
        &call::<Binary>(Some(&Small::default())),
        &mut default,
    );
    assert_eq!(without, default);
    assert_ne!(without, with);
}

fn medium(items: usize, label: usize) -> Medium {
    Medium {
        items: vec![
            Item {
                label: "l".repeat(label),
                ..Item::default()
            };
            items
        ],
        ..Medium::default()
    }
}

#[test]
fn reading_again_allocates_nothing_where_the_old_value_has_room() {
    let limits = Limits::default();
    let bytes = to_vec::<Binary>(&medium(50, 40)).unwrap();
    let mut value = medium(50, 40);
    let used = measure(|| decode_from::<Binary, _>(&mut value, &bytes, &limits).unwrap());
    assert_eq!(used.count_total, 0);
    assert_eq!(value, medium(50, 40));
}

#[test]
fn memory_of_something_large_is_given_up() {
    let limits = Limits::default();
    let mut value = medium(1000, 10_000);
    let held = value.items.capacity();
    assert!(held >= 1000);
    let bytes = to_vec::<Compact>(&medium(3, 5)).unwrap();
    decode_from::<Compact, _>(&mut value, &bytes, &limits).unwrap();
    assert_eq!(value, medium(3, 5));
    assert!(value.items.capacity() < 20, "{}", value.items.capacity());
    for item in &value.items {
        assert!(item.label.capacity() <= 256, "{}", item.label.capacity());
    }

    let mut index = Index::default();
    index.postings.insert("k".repeat(10_000), vec![1; 10_000]);
    index.postings.reserve(100_000);
    let bytes = to_vec::<Compact>(&Index::default()).unwrap();
    decode_from::<Compact, _>(&mut index, &bytes, &limits).unwrap();
    assert!(
        index.postings.capacity() < 100,
        "{}",
        index.postings.capacity()
    );
}

#[test]
fn an_absent_field_holds_no_memory_of_a_large_one() {
    let limits = Limits::default();
    let mut value = medium(1000, 1);
    value.header.origin = "o".repeat(100_000);
    decode_from::<Binary, _>(&mut value, &[0], &limits).unwrap();
    assert_eq!(value, Medium::default());
    assert_eq!(value.items.capacity(), 0);
    assert!(value.header.origin.capacity() <= 256);
}

#[test]
fn each_field_of_the_old_value_is_set() {
    let limits = Limits::default();
    let mut full = Book {
        id: 1,
        title: String::from("t"),
        price: Some(1.0),
        cover: Some(vec![1]),
        lent: true,
        r#type: 3,
        ..Book::default()
    };
    let bare = Book {
        id: 2,
        title: String::from("u"),
        ..Book::default()
    };
    let bytes = to_vec::<Compact>(&bare).unwrap();
    decode_from::<Compact, _>(&mut full, &bytes, &limits).unwrap();
    assert_eq!(full, bare);
}

/// A list of another type than the declared one is read as empty, and keeps no more memory than that.
#[test]
fn a_container_of_another_type_gives_up_memory_too() {
    let limits = Limits::default();
    let mut value = medium(1000, 1);
    // 2: a list of three i32.
    let bytes = [0x29, 0x35, 2, 4, 6, 0];
    decode_from::<Compact, _>(&mut value, &bytes, &limits).unwrap();
    assert_eq!((value.items.len(), value.items.capacity()), (0, 0));

    let mut index = Index::default();
    index.postings.reserve(100_000);
    // 1: a map of two i32 to i32.
    let bytes = [0x1b, 1, 0x55, 2, 4, 0];
    decode_from::<Compact, _>(&mut index, &bytes, &limits).unwrap();
    assert!(index.postings.capacity() < 100);
}

#[test]
fn no_more_than_four_times_as_much_is_kept() {
    let limits = Limits::default();
    for len in 0..40 {
        for before in 0..200 {
            let mut value = medium(before, 1);
            let bytes = to_vec::<Binary>(&medium(len, 1)).unwrap();
            decode_from::<Binary, _>(&mut value, &bytes, &limits).unwrap();
            let bytes = value.items.capacity() * size_of::<Item>();
            let needed = len * size_of::<Item>();
            assert!(bytes <= 256.max(4 * needed), "{before} to {len}: {bytes}");
        }
    }
}

#[test]
fn a_prefix_is_refused_and_leaves_a_value_that_can_be_read_into() {
    fn refuses<P: Protocol>() {
        let limits = Limits::default();
        let bytes = to_vec::<P>(&medium(3, 5)).unwrap();
        let mut value = medium(5, 9);
        for end in 0..bytes.len() {
            assert!(decode_from::<P, _>(&mut value, &bytes[..end], &limits).is_err());
            if end % 7 == 0 {
                decode_from::<P, _>(&mut value, &bytes, &limits).unwrap();
                assert_eq!(value, medium(3, 5));
            }
        }
    }
    refuses::<Binary>();
    refuses::<Compact>();
    refuses::<seapink::Json>();
}
