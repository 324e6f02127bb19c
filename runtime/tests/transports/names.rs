//! What transports there are, for every test that goes through them.

/// The transports of this build, by name.
pub(crate) fn transports() -> Vec<&'static str> {
    let mut names = vec![
        "framed",
        "buffered",
        "header",
        "framed+header",
        "sasl",
        "sasl+header",
    ];
    if cfg!(feature = "zlib") {
        names.extend(["zlib", "zlib+framed", "zlib+header", "sasl+zlib"]);
    }
    if cfg!(feature = "http") {
        names.extend(["http", "http+header"]);
    }
    if cfg!(all(feature = "http", feature = "zlib")) {
        names.push("zlib+http");
    }
    if cfg!(feature = "websocket") {
        names.extend(["websocket", "websocket+header"]);
    }
    if cfg!(all(feature = "websocket", feature = "zlib")) {
        names.push("zlib+websocket");
    }
    names
}
