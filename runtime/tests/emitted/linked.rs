//! Large binaries that are referred to instead of copied.

use std::io::{self, Write};

use allocation_counter::measure;
use seapink::codec::to_vec;
use seapink::{Binary, Compact, Json, Limits, Protocol, encode_linked};

use super::golden::bench::Blob;

fn blob(len: usize) -> Blob {
    Blob {
        name: String::from("picture"),
        data: (0..len).map(|byte| byte.to_le_bytes()[0]).collect(),
    }
}

/// Takes few bytes at once, and none now and then.
struct Slow(Vec<u8>, bool);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let taken = &bytes[..bytes.len().min(1000)];
        self.0.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_the_same<P: Protocol>(refers: bool) {
    for len in [0, 1, 4095, 4096, 100_000] {
        let blob = blob(len);
        let bytes = to_vec::<P>(&blob).unwrap();
        let linked = encode_linked::<P>(&blob, Vec::new(), &Limits::default()).unwrap();
        assert_eq!(linked.len(), bytes.len());
        let mut slow = Slow(Vec::new(), false);
        linked.write_to(&mut slow).unwrap();
        assert!(slow.0 == bytes, "{len} bytes in {}", P::NAME);
        let inside = linked
            .parts()
            .any(|part| part.as_ptr() == blob.data.as_ptr());
        assert_eq!(inside, refers && len >= 4096, "{len} bytes in {}", P::NAME);
    }
}

#[test]
fn the_parts_are_the_bytes() {
    is_the_same::<Binary>(true);
    is_the_same::<Compact>(true);
    is_the_same::<Json>(false);
}

#[test]
fn a_large_binary_takes_no_memory() {
    let blob = blob(1 << 20);
    let used = measure(|| {
        let linked =
            encode_linked::<Binary>(&blob, Vec::with_capacity(64), &Limits::default()).unwrap();
        assert!(linked.len() > 1 << 20);
    });
    assert!(used.bytes_total < 1024, "{} bytes", used.bytes_total);
}
