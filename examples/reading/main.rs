//! Ways of reading that do less than making a value of all that is in a message, and one of writing.
//!
//! `docs/views.md`, `projection.md`, `recycling.md`, `unknown-fields.md` and
//! `large-binaries.md` quote it.

#![allow(clippy::print_stdout, reason = "a program")]

use std::io::Write;

use seapink::{Compact, Limits, Result, decode_from, encode_linked, from_slice, project, to_vec};

include!(concat!(env!("OUT_DIR"), "/albums.rs"));

use albums::{Album, AlbumView, Card, Picture, Track};

fn main() -> Result<()> {
    let album = album(1, "Unfinished");
    let bytes = to_vec::<Compact>(&album)?;
    view(&bytes)?;
    projection(&bytes)?;
    recycling(&[
        bytes.clone(),
        to_vec::<Compact>(&self::album(2, "Pastoral"))?,
    ])?;
    unknown_fields(&bytes)?;

    let picture = Picture {
        name: "cover".to_owned(),
        pixels: vec![7; 100_000],
    };
    let mut file = Vec::new();
    large_binary(&picture, Vec::new(), &mut file)?;
    assert_eq!(file, to_vec::<Compact>(&picture)?);
    Ok(())
}

fn album(id: i64, title: &str) -> Album {
    let track = |title: &str, seconds| Track {
        title: title.to_owned(),
        seconds,
    };
    Album {
        id,
        title: title.to_owned(),
        tracks: vec![track("Allegro", 870), track("Andante", 640)],
        levels: vec![0.25, 0.75, 0.5],
    }
}

fn view(bytes: &[u8]) -> Result<()> {
    let view: AlbumView<'_> = from_slice::<Compact, _>(bytes)?;
    println!("{} has {} tracks", view.title, view.tracks.len());
    for track in &view.tracks {
        println!("  {}", track?.title);
    }
    let loudest = view.levels.iter().fold(0.0, f64::max);
    println!("  at most {loudest} loud");

    let owned = Album::try_from(view)?; // everything read and copied
    let again = AlbumView::from(&owned); // a view of a value in memory
    assert_eq!(again.title, owned.title);
    Ok(())
}

fn projection(bytes: &[u8]) -> Result<()> {
    let wanted = seapink::mask!(Album {
        id,
        tracks { seconds }
    });
    let album = project::<Compact, Album>(bytes, &wanted)?;
    let seconds: i32 = album.tracks.iter().map(|track| track.seconds).sum();
    println!("album {} takes {seconds} seconds", album.id);
    assert!(album.title.is_empty(), "not asked for");
    Ok(())
}

fn recycling(messages: &[Vec<u8>]) -> Result<()> {
    let limits = Limits::default();
    let mut album = Album::default();
    for message in messages {
        decode_from::<Compact, _>(&mut album, message, &limits)?;
        println!("{} is read to {:p}", album.title, album.tracks.as_ptr());
    }
    Ok(())
}

fn unknown_fields(bytes: &[u8]) -> Result<()> {
    let mut card: Card = from_slice::<Compact, _>(bytes)?;
    card.title = "Finished".into();
    let passed_on = to_vec::<Compact>(&card)?;

    let album: Album = from_slice::<Compact, _>(&passed_on)?;
    println!("{} still has {} tracks", album.title, album.tracks.len());
    for (id, ty) in card.unknown_fields.iter() {
        println!("  field {id}, of type {ty:?}, went through unread");
    }
    Ok(())
}

fn large_binary(picture: &Picture, buffer: Vec<u8>, file: &mut impl Write) -> Result<()> {
    let linked = encode_linked::<Compact>(picture, buffer, &Limits::default())?;
    linked.write_to(file)?;
    let buffer = linked.into_buffer(); // for the next one
    println!("{} bytes were copied", buffer.len());
    Ok(())
}
