//! Errors of the system in plain words.

use std::io;

/// Why a file cannot be read, or a connection ended: what the system says, without its numbers.
pub(crate) fn words(error: &io::Error) -> String {
    use io::ErrorKind as Io;

    let text = match error.kind() {
        // What is no error of the system has its own words.
        _ if error.raw_os_error().is_none() && error.get_ref().is_some() => "",
        Io::NotFound => "there is no such file",
        Io::PermissionDenied => "permission denied",
        Io::IsADirectory => "it is a directory",
        Io::NotADirectory => "a part of the path is no directory",
        Io::InvalidData => "it is not text in UTF-8",
        Io::ConnectionReset => "the peer has reset it",
        Io::ConnectionAborted => "it was aborted",
        Io::BrokenPipe => "the peer has closed it",
        Io::NotConnected => "it is not connected",
        Io::HostUnreachable => "there is no way to that host",
        Io::NetworkUnreachable => "there is no way to that network",
        _ => "",
    };
    match text {
        "" => bare(&error.to_string()).to_owned(),
        text => text.to_owned(),
    }
}

/// A text without the number that the standard library puts at its end.
fn bare(text: &str) -> &str {
    text.split_once(" (os error ")
        .map_or(text, |(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_numbers_of_the_system_are_said() {
        for number in 1..134 {
            let text = words(&io::Error::from_raw_os_error(number));
            assert!(!text.contains("os error") && !text.is_empty(), "{text}");
        }
        let own = io::Error::new(io::ErrorKind::InvalidData, "no such record");
        assert_eq!(words(&own), "no such record");
    }
}
