//! Files of events by Apache's C++ library, read and written by ours, and the other way round.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use seapink::transport::file::{FileFormat, FileOptions, FileReader, FileWriter, ReadMode};
use support::process::{Running, fed, run};
use support::{Result, fresh, install, repository, scratch};

const QUICK: Duration = Duration::from_mins(1);
const BUILD: Duration = Duration::from_mins(5);

/// Files that are written whole by both sides.
const WRITTEN: u64 = 100;

/// Files that are damaged, and read by both.
const DAMAGED: u64 = 4000;

type Events = Vec<Vec<u8>>;

/// The program with Apache's library, compiled once.
fn peer() -> Result<PathBuf> {
    static PROGRAM: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| compiled().map_err(|error| error.to_string()));
    Ok(program.clone()?)
}

fn compiled() -> Result<PathBuf> {
    let source = repository().join("examples/live/file_log.cpp");
    let program = scratch("file-log")?.join(format!("file_log-{}", std::process::id()));
    let mut compiler = Command::new("g++");
    compiler.args(["-O1", "-o"]).arg(&program).arg(source);
    compiler.args(install::thrift_cpp()?).arg("-lthrift");
    run(&mut compiler, BUILD)?;
    // Under its own name: another one may be running.
    let named = program.with_file_name("file_log");
    fs::rename(&program, &named)?;
    Ok(named)
}

fn options(chunk: u32) -> FileOptions {
    FileOptions::default().chunk_bytes(chunk).poll_ms(1)
}

fn hex(events: &[Vec<u8>]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    let mut text = String::new();
    for event in events {
        text.extend(
            event
                .iter()
                .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]),
        );
        text.push('\n');
    }
    text
}

fn we_write(path: &Path, chunk: u32, events: &[Vec<u8>]) -> Result {
    let writer = FileWriter::open(path, options(chunk).format(FileFormat::Apache))?;
    for event in events {
        writer.append(event)?;
    }
    Ok(writer.close()?)
}

fn they_write(program: &Path, path: &Path, chunk: u32, events: &[Vec<u8>]) -> Result {
    let lines = path.with_extension("events");
    fs::write(&lines, hex(events))?;
    let mut command = Command::new(program);
    let command = command.arg("write").arg(path).arg(chunk.to_string());
    fed(command, File::open(lines)?, QUICK)?;
    Ok(())
}

/// The events of a file, and whether it ends in an error.
fn we_read(path: &Path, chunk: u32) -> Result<(Events, bool)> {
    let mut reader = FileReader::open(path, options(chunk), ReadMode::ToEnd)?;
    let mut events = Vec::new();
    loop {
        match reader.next_event() {
            Ok(Some(event)) => events.push(event.to_vec()),
            Ok(None) => return Ok((events, false)),
            Err(error)
                if error
                    .to_string()
                    .starts_with("the file is corrupted at offset ") =>
            {
                return Ok((events, true));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The same of many files, each as lines of text.
fn they_read(program: &Path, paths: &[PathBuf], chunk: u32) -> Result<Vec<(String, bool)>> {
    let list = scratch("file-log")?.join(format!("paths-{chunk}-{}", std::process::id()));
    let mut lines = File::create(&list)?;
    for path in paths {
        writeln!(lines, "{}", path.display())?;
    }
    let mut command = Command::new(program);
    let command = command.arg("read").arg(chunk.to_string());
    let said = fed(command, File::open(&list)?, QUICK)?.stdout;
    fs::remove_file(list)?;
    let (mut files, mut events) = (Vec::new(), String::new());
    for line in said.lines() {
        let corrupted = line.starts_with("error TFileTransport: log file corrupted at offset: ");
        if corrupted || line == "end" {
            files.push((std::mem::take(&mut events), corrupted));
        } else {
            events.push_str(line);
            events.push('\n');
        }
    }
    assert_eq!((files.len(), events.as_str()), (paths.len(), ""));
    Ok(files)
}

/// Events of which many end at or near the border of a chunk.
fn random_events(rng: &mut fastrand::Rng, chunk: u32, count: usize) -> Events {
    let max = chunk as usize - 4;
    let events = (0..count).map(|_| {
        let size = match rng.u8(0..5) {
            0 => max - rng.usize(0..5),
            1 => max / 2 - rng.usize(0..5),
            _ => rng.usize(1..=max.min(300)),
        };
        let fill = rng.u8(..);
        let mut event = vec![fill; size];
        event.iter_mut().take(8).for_each(|byte| *byte = rng.u8(..));
        event
    });
    events.collect()
}

/// The same events make the same bytes, whoever writes them, and whoever appends to them.
#[test]
fn files_are_the_same_to_the_byte_and_read_by_both() -> Result {
    let (program, dir) = (peer()?, fresh("file-written")?);
    let mut files = 0;
    for chunk in [32, 64, 1000, 65_536, 16 * 1024 * 1024] {
        let count = if chunk > 1_000_000 { 2 } else { WRITTEN / 4 };
        let mut paths = Vec::new();
        let mut written = Vec::new();
        for seed in 0..count {
            let mut rng = fastrand::Rng::with_seed(seed);
            let events = if chunk > 1_000_000 {
                // Over the border of a chunk, events of every order of magnitude.
                let sizes = [1_usize, 100, 10_000, 1_000_000, 9_000_000, 7_000_000, 5];
                sizes.map(|size| vec![rng.u8(1..); size]).to_vec()
            } else {
                let count = rng.usize(1..40);
                random_events(&mut rng, chunk, count)
            };
            let path = |who: &str| dir.join(format!("{who}-{chunk}-{seed}"));
            let (ours, theirs, mixed) = (path("ours"), path("theirs"), path("mixed"));
            we_write(&ours, chunk, &events)?;
            they_write(&program, &theirs, chunk, &events)?;
            // In four goes, by turns.
            for (turn, part) in events.chunks(events.len().div_ceil(4)).enumerate() {
                if (turn + usize::try_from(seed)?) % 2 == 0 {
                    we_write(&mixed, chunk, part)?;
                } else {
                    they_write(&program, &mixed, chunk, part)?;
                }
            }
            let bytes = fs::read(&ours)?;
            assert!(fs::read(&theirs)? == bytes, "{}", theirs.display());
            assert!(fs::read(&mixed)? == bytes, "{}", mixed.display());
            assert!(we_read(&theirs, chunk)? == (events.clone(), false));
            paths.push(ours);
            written.push((hex(&events), false));
            files += 3;
        }
        assert!(they_read(&program, &paths, chunk)? == written, "{chunk}");
    }
    println!("{files} files");
    Ok(())
}

/// One change of those that disks, crashes and people make.
fn damage(bytes: &mut Vec<u8>, chunk: usize, rng: &mut fastrand::Rng) {
    let at = rng.usize(0..=bytes.len());
    let end = rng.usize(at..=bytes.len());
    match rng.u8(0..8) {
        0 => bytes.truncate(at),
        1 => bytes[at..end].fill(0),
        2 => bytes.extend((0..rng.usize(0..40)).map(|_| rng.u8(..))),
        3 => bytes.resize(bytes.len() + rng.usize(0..chunk), 0),
        4 => drop(bytes.drain(at..end)),
        5 if bytes.len() - at >= 4 => {
            let some = rng.u32(0..300);
            let sizes = [0, 1, some, 0x7fff_ffff, 0x8000_0000, u32::MAX];
            let size = rng.choice(sizes).unwrap_or_default();
            bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
        }
        6 => bytes.truncate(bytes.len() / chunk * chunk),
        _ if at < bytes.len() => bytes[at] ^= 1 << rng.u8(0..8),
        _ => {}
    }
}

/// Whatever was done to a file, both find the same events in it, and both an error or none.
#[test]
fn damaged_files_have_the_same_events_for_both() -> Result {
    let (program, dir) = (peer()?, fresh("file-damaged")?);
    let mut counts = [0, 0];
    for chunk in [32_u32, 128, 1000] {
        let (mut paths, mut whole) = (Vec::new(), Vec::new());
        for seed in 0..DAMAGED / 3 {
            let mut rng = fastrand::Rng::with_seed(seed + u64::from(chunk));
            let path = dir.join(format!("{chunk}-{seed}"));
            // Storing one takes longer than damaging and reading a dozen.
            if seed % 16 == 0 {
                let count = rng.usize(1..30);
                we_write(&path, chunk, &random_events(&mut rng, chunk, count))?;
                whole = fs::read(&path)?;
            }
            let mut bytes = whole.clone();
            for _ in 0..rng.usize(1..4) {
                damage(&mut bytes, chunk as usize, &mut rng);
            }
            fs::write(&path, bytes)?;
            paths.push(path);
        }
        for (path, theirs) in paths.iter().zip(they_read(&program, &paths, chunk)?) {
            let (events, corrupted) = we_read(path, chunk)?;
            assert!((hex(&events), corrupted) == theirs, "{}", path.display());
            counts[usize::from(corrupted)] += 1;
        }
    }
    let [fine, corrupted] = counts;
    assert!(fine > 500 && corrupted > 500, "{counts:?}");
    println!("{fine} files read to their ends, {corrupted} to an error");
    Ok(())
}

#[test]
fn we_follow_a_file_that_they_write() -> Result {
    let (program, path) = (peer()?, fresh("file-they-write")?.join("log"));
    let (chunk, mut rng) = (1000, fastrand::Rng::with_seed(1));
    let events = random_events(&mut rng, chunk, 300);
    File::create(&path)?;
    let mut reader = FileReader::open(&path, options(chunk), ReadMode::Tail)?;
    let (stop, (send, found)) = (reader.stop(), mpsc::channel());
    let reading = thread::spawn(move || {
        while let Some(event) = reader.next_event()? {
            let _ = send.send(event.to_vec());
        }
        Ok::<_, seapink::Error>(())
    });
    let mut command = Command::new(program);
    command.arg("write").arg(&path).arg(chunk.to_string());
    let mut writing = Running::fed(&mut command, Stdio::piped())?;
    let mut input = writing.input()?;
    for part in events.chunks(7) {
        // They have stored it, and go on when we have read it.
        input.write_all(format!("{}\n", hex(part)).as_bytes())?;
        writing.announced("flushed", QUICK)?;
        for event in part {
            assert!(found.recv_timeout(QUICK)? == *event);
        }
    }
    drop(input);
    assert!(writing.wait(QUICK)?.success());
    stop.stop();
    reading.join().map_err(|_| "the reader panicked")??;
    Ok(())
}

#[test]
fn they_follow_a_file_that_we_write() -> Result {
    let (program, path) = (peer()?, fresh("file-we-write")?.join("log"));
    let (chunk, mut rng) = (1000, fastrand::Rng::with_seed(2));
    let events = random_events(&mut rng, chunk, 300);
    let writer = FileWriter::open(&path, options(chunk))?;
    let mut command = Command::new(program);
    command.arg("tail").arg(&path).arg(chunk.to_string());
    let mut reading = Running::start(command.arg(events.len().to_string()))?;
    reading.announced("tailing", QUICK)?;
    for part in events.chunks(7) {
        for event in part {
            writer.append(event)?;
        }
        writer.flush()?;
        for event in part {
            let line = reading.announced("", QUICK)?;
            assert!(line == hex(std::slice::from_ref(event)).trim());
        }
    }
    assert!(reading.wait(QUICK)?.success());
    Ok(())
}

/// The differences that `docs/files.md` lists.
#[test]
fn they_append_behind_what_a_crash_has_left() -> Result {
    let (program, dir) = (peer()?, fresh("file-torn")?);
    let chunk = 1000;
    let event = |byte| vec![vec![byte; 50]];
    for (name, ours) in [("ours", true), ("theirs", false)] {
        let path = dir.join(name);
        we_write(&path, chunk, &[event(1), event(2)].concat())?;
        File::options().write(true).open(&path)?.set_len(54 + 20)?;
        if ours {
            we_write(&path, chunk, &event(3))?;
        } else {
            they_write(&program, &path, chunk, &event(3))?;
        }
        let (found, corrupted) = we_read(&path, chunk)?;
        if ours {
            assert_eq!((found, corrupted), ([event(1), event(3)].concat(), false));
        } else {
            // The part of the second event is taken for its beginning.
            assert_eq!(fs::metadata(&path)?.len(), 54 + 20 + 54);
            let mut torn = vec![2; 16];
            torn.extend([50, 0, 0, 0]);
            torn.extend([3; 30]);
            assert_eq!((found, corrupted), (vec![vec![1; 50], torn], true));
        }
        let theirs = they_read(&program, std::slice::from_ref(&path), chunk)?;
        let (found, corrupted) = we_read(&path, chunk)?;
        assert_eq!(theirs, [(hex(&found), corrupted)]);
    }
    Ok(())
}
