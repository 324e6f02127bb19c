//! Views: the same values as the owned types read, borrowed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use allocation_counter::measure;
use seapink::codec::{decode_from, from_slice, from_slice_with, to_vec};
use seapink::{
    Binary, CallContext, Client, Compact, Double, ErrorKind, Json, Limits, ListView, NumbersView,
    Protocol, ProtocolSet, Standard,
};

use super::golden::viewed::acme::shared::Place;
use super::golden::viewed::views::*;
use super::wire::Local;

fn track(title: &str) -> Track {
    Track {
        title: title.to_owned(),
        cover: Some(vec![1, 2, 3]),
        seconds: 180,
    }
}

fn album() -> Album {
    Album {
        id: 7,
        title: String::from("Thrift"),
        tracks: vec![track("one"), track("two")],
        tags: vec![String::from("a"), String::from("b")],
        tiny: vec![1, -1],
        short_ones: vec![300, -300],
        numbers: vec![1, 70_000, -70_000],
        longs: (0..100).map(|n| n << (n % 60)).collect(),
        doubles: vec![0.5, -1.25],
        flags: vec![true, false],
        moods: vec![Mood::WILD, Mood(9)],
        grid: vec![vec![1, 2], Vec::new(), vec![3]],
        genres: HashSet::from([String::from("folk")]),
        by_name: BTreeMap::from([(String::from("one"), track("one"))]),
        points: HashMap::from([(Double(1.5), Point::default())]),
        best: Some(track("best")),
        next: Some(Box::new(Album::default())),
        pick: Pick::Several(vec![
            Pick::Text(String::from("t")),
            Pick::Number(3),
            Pick::Point(Point::default()),
        ]),
        center: Point {
            x: 1.0,
            y: 2.0,
            mood: Some(Mood::CALM),
        },
        place: Place::default(),
        mood: Mood::CALM,
        key: Some(seapink::Uuid::from_u128(5)),
        live: true,
        ids: HashSet::from([1, 1 << 40]),
        blob: vec![9; 10],
    }
}

fn reads_the_same<P: Protocol>() {
    for album in [album(), Album::default()] {
        let bytes = to_vec::<P>(&album).unwrap();
        let view = from_slice::<P, AlbumView<'_>>(&bytes).unwrap();
        assert_eq!(view.title, album.title);
        assert_eq!(view.tracks.len(), album.tracks.len());
        let titles: Vec<String> = view
            .tracks
            .iter()
            .map(|track| track.unwrap().title.into_owned())
            .collect();
        let expected: Vec<_> = album
            .tracks
            .iter()
            .map(|track| track.title.clone())
            .collect();
        assert_eq!(titles, expected);
        assert!(view.longs.iter().eq(album.longs.iter().copied()));
        assert_eq!(view.longs.to_vec(), album.longs);
        assert_eq!(view.mood, album.mood);
        assert_eq!(Album::try_from(view.clone()).unwrap(), album);
        assert!(format!("{view:?}").contains(&album.title));
        // A view of a value in memory is the same again.
        assert_eq!(Album::try_from(AlbumView::from(&album)).unwrap(), album);
        assert!(format!("{:?}", AlbumView::from(&album)).contains(&album.title));
    }
}

#[test]
fn in_every_protocol_what_the_owned_type_reads() {
    reads_the_same::<Binary>();
    reads_the_same::<Compact>();
    reads_the_same::<Json>();
}

/// `--views` gives each type one, with keys, doubles in keys and defaults of every type among them.
#[test]
fn of_every_type() {
    use super::golden::all_viewed::values::*;

    fn both_ways<P: Protocol>() {
        let key = Key {
            angle: Double(0.5),
            weights: BTreeMap::from([("w".to_owned(), Double(-1.0))]),
            number: Some(Number::Exact(Double(2.5))),
        };
        let keyed = Keyed {
            keys: HashMap::from([(key, 7)]),
            lists: HashSet::from([vec![], vec![Double(1.5), Double(-0.0)]]),
            doubles: HashMap::from([(Double(0.25), 4.0)]),
        };
        let bytes = to_vec::<P>(&keyed).unwrap();
        let view = from_slice::<P, KeyedView<'_>>(&bytes).unwrap();
        assert_eq!(view.lists.iter().count(), 2);
        assert_eq!(Keyed::try_from(view).unwrap(), keyed);
        assert_eq!(Keyed::try_from(KeyedView::from(&keyed)).unwrap(), keyed);

        let defaults = Defaults::default();
        assert_eq!(
            Defaults::try_from(DefaultsView::default()).unwrap(),
            defaults
        );
        let bytes = to_vec::<P>(&defaults).unwrap();
        let view = from_slice::<P, DefaultsView<'_>>(&bytes).unwrap();
        assert_eq!(Defaults::try_from(view).unwrap(), defaults);
    }
    both_ways::<Binary>();
    both_ways::<Compact>();
    both_ways::<Json>();
}

/// Whether the text is part of the message.
fn is_inside(text: &[u8], message: &[u8]) -> bool {
    message.as_ptr_range().contains(&text.as_ptr())
}

fn borrows<P: Protocol>() {
    let bytes = to_vec::<P>(&album()).unwrap();
    let view = from_slice::<P, AlbumView<'_>>(&bytes).unwrap();
    assert!(matches!(view.title, Cow::Borrowed(text) if is_inside(text.as_bytes(), &bytes)));
    assert!(matches!(view.blob, Cow::Borrowed(blob) if is_inside(blob, &bytes)));
    let track = view.tracks.iter().next().unwrap().unwrap();
    assert!(matches!(track.title, Cow::Borrowed(text) if is_inside(text.as_bytes(), &bytes)));
}

#[test]
fn text_and_bytes_stay_in_the_message() {
    borrows::<Binary>();
    borrows::<Compact>();
}

#[test]
fn nothing_is_allocated() {
    let mut album = album();
    // Unions with structs in them, and structs in themselves, are boxed in views too.
    (album.next, album.pick) = (None, Pick::Number(1));
    let (binary, compact) = (
        to_vec::<Binary>(&album).unwrap(),
        to_vec::<Compact>(&album).unwrap(),
    );
    let used = measure(|| {
        let view = from_slice::<Binary, AlbumView<'_>>(&binary).unwrap();
        assert_eq!(view.doubles.iter().sum::<f64>(), -0.75);
        assert_eq!(
            view.tracks
                .iter()
                .map(|track| track.unwrap().seconds)
                .sum::<i32>(),
            360
        );
        let view = from_slice::<Compact, AlbumView<'_>>(&compact).unwrap();
        assert_eq!(view.by_name.iter().count(), 1);
        assert_eq!(view.numbers.iter().sum::<i32>(), 1);
    });
    assert_eq!(used.count_total, 0);
}

fn refuses_every_prefix<P: Protocol>() {
    let bytes = to_vec::<P>(&album()).unwrap();
    for end in 0..bytes.len() {
        let read = from_slice::<P, AlbumView<'_>>(&bytes[..end]);
        assert!(
            read.is_err(),
            "{} of {} bytes, {}",
            end,
            bytes.len(),
            P::NAME
        );
    }
}

#[test]
fn every_prefix_is_refused() {
    refuses_every_prefix::<Binary>();
    refuses_every_prefix::<Compact>();
    refuses_every_prefix::<Json>();
}

fn keeps_limits<P: Protocol>() {
    let bytes = to_vec::<P>(&album()).unwrap();
    for limits in [
        Limits::default().string_bytes_max(3),
        Limits::default().container_elements_max(2),
        Limits::default().depth_max(2),
    ] {
        let owned = from_slice_with::<P, Album>(&bytes, &limits).unwrap_err();
        let view = from_slice_with::<P, AlbumView<'_>>(&bytes, &limits).unwrap_err();
        assert_eq!(owned.kind(), ErrorKind::Limit);
        assert_eq!(view.kind(), ErrorKind::Limit, "{limits:?}, {}", P::NAME);
    }
}

#[test]
fn limits_hold_as_for_owned_values() {
    keeps_limits::<Binary>();
    keeps_limits::<Compact>();
    keeps_limits::<Json>();
}

#[test]
fn text_in_a_list_is_checked_when_it_is_read() {
    let bytes = to_vec::<Binary>(&album()).unwrap();
    let place = bytes.windows(3).position(|three| three == b"two").unwrap();
    let mut bytes = bytes;
    bytes[place] = 0xff;
    assert!(from_slice::<Binary, Album>(&bytes).is_err());
    let view = from_slice::<Binary, AlbumView<'_>>(&bytes).unwrap();
    let tracks: Vec<_> = view.tracks.iter().collect();
    assert_eq!(tracks.len(), 2);
    let error = tracks[1].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("[1].title"), "{error}");
    assert!(Album::try_from(view).is_err());
    // One that cannot be read ends the list, since what follows it has no known place.
    let place = bytes.windows(3).position(|three| three == b"one").unwrap();
    bytes[place] = 0xff;
    let view = from_slice::<Binary, AlbumView<'_>>(&bytes).unwrap();
    assert_eq!(view.tracks.iter().count(), 1);
}

#[test]
fn a_view_is_read_into_an_old_one() {
    let bytes = to_vec::<Compact>(&album()).unwrap();
    let empty = to_vec::<Compact>(&Album::default()).unwrap();
    let limits = Limits::default();
    let mut view = from_slice::<Compact, AlbumView<'_>>(&bytes).unwrap();
    decode_from::<Compact, _>(&mut view, &empty, &limits).unwrap();
    assert_eq!(Album::try_from(view).unwrap(), Album::default());
}

#[test]
fn a_required_field_is_required_and_defaults_are_those_of_the_idl() {
    let error = from_slice::<Binary, AlbumView<'_>>(&[0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingField);
    let only_id = [10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    let view = from_slice::<Binary, AlbumView<'_>>(&only_id).unwrap();
    assert_eq!((view.title.as_ref(), view.mood), ("untitled", Mood::WILD));
    assert_eq!(view.genres.iter().next().unwrap().unwrap(), "new");
    assert_eq!(view.blob.as_ref(), b"b");
}

#[test]
fn unknown_fields_are_kept_in_views_too() {
    let newer = br#"{"1":{"str":"t"},"5":{"i32":6}}"#;
    let view = from_slice::<Json, PassedView<'_>>(newer).unwrap();
    assert_eq!(view.unknown_fields.len(), 1);
    let passed = Passed::try_from(view).unwrap();
    assert_eq!(to_vec::<Json>(&passed).unwrap(), newer);
}

struct Listener;

impl Player for Listener {
    fn play(
        &self,
        _: &CallContext,
        track: TrackView<'_>,
        order: NumbersView<'_, i32>,
        by: Cow<'_, str>,
        more: ListView<'_, TrackView<'_>>,
        times: i32,
    ) -> Result<i32, PlayerPlayError> {
        if track.title == "scratched" {
            let places = order.to_vec();
            let message = by.into_owned();
            return Err(Scratched { message, places }.into());
        }
        let mut seconds = track.seconds;
        for track in &more {
            seconds += track?.seconds;
        }
        Ok(seconds * times)
    }

    fn longest(
        &self,
        _: &CallContext,
        tracks: ListView<'_, TrackView<'_>>,
        _: Cow<'_, str>,
    ) -> Result<i64, PlayerLongestError> {
        Ok(tracks.len().try_into().unwrap_or(-1))
    }

    fn heard(&self, _: &CallContext, passed: PassedView<'_>) -> seapink::Result<()> {
        assert_eq!(passed.text, "heard");
        Ok(())
    }

    fn plain(&self, _: &CallContext, text: String) -> Result<String, PlayerPlainError> {
        Ok(text)
    }

    fn with_default(
        &self,
        _: &CallContext,
        text: String,
    ) -> Result<String, PlayerWithDefaultError> {
        Ok(text)
    }
}

#[test]
fn handlers_take_views() {
    for protocol in 0..Standard::ALL.len() {
        let processor = PlayerProcessor::new(Listener);
        let channel = Local {
            processor,
            protocol,
        };
        let client = PlayerClient::new(Client::new(channel, Standard::ALL[protocol]));
        let more = [track("b"), track("c")];
        assert_eq!(
            client.play(&track("a"), &[1], "me", &more, 2).unwrap(),
            1080
        );
        let error = client
            .play(&track("scratched"), &[4, 5], "me", &[], 1)
            .unwrap_err();
        match error {
            PlayerPlayError::Scratched(scratched) => {
                assert_eq!(scratched.places, [4, 5]);
                assert_eq!(scratched.message, "me");
            }
            PlayerPlayError::Other(error) => panic!("{error}"),
        }
        assert_eq!(client.longest(&more, "x").unwrap(), 2);
        let heard = Passed {
            text: String::from("heard"),
            ..Passed::default()
        };
        client.heard(&heard).unwrap();
        assert_eq!(client.plain("p").unwrap(), "p");
        assert_eq!(client.with_default("w").unwrap(), "w");
    }
}

/// A handler that reads a list of views passes on what it finds there. It is the client's fault.
#[test]
fn what_a_handler_cannot_read_of_a_view_is_a_protocol_error() {
    use seapink::protocol::{MessageForm, MessageHead, Output};

    let mut out = Binary::output(Vec::new(), &Limits::default());
    out.message_begin(&MessageHead {
        name: "play".into(),
        kind: seapink::MessageKind::Call,
        sequence_id: 1,
        form: MessageForm::Strict,
    });
    // The arguments: 4, a list of one track, whose title is missing.
    let arguments = [15, 0, 4, 12, 0, 0, 0, 1, 0, 0];
    let mut message = out.finish().into_bytes().unwrap();
    message.extend(arguments);
    let (_, reply) = super::wire::process(&PlayerProcessor::new(Listener), 0, &message);
    let text = String::from_utf8_lossy(&reply).into_owned();
    let expected = "cannot read the arguments of `play`: [0]";
    assert!(text.contains(expected), "{text}");
    // 2: the code, 7.
    assert!(reply.ends_with(&[8, 0, 2, 0, 0, 0, 7, 0]), "{reply:?}");
}
