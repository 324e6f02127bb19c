//! Fields of the heads of HTTP, by their names.

/// Those that say where a request ends, what follows it or how it is to be answered. Who makes it decides
/// that, by what it says or by being silent.
const MEANINGFUL: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a field of this name, in small letters, would make another message of one.
pub(crate) fn is_meaningful(name: &str) -> bool {
    MEANINGFUL.contains(&name)
}

/// Whether it is a token, as RFC 9110 has names and words.
pub(crate) fn is_token(word: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !word.is_empty() && word.bytes().all(may_be)
}
