//! What heads say of the change from HTTP.

/// The fields that matter, as far as they were there.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each field is there or not")]
pub(super) struct Upgrade {
    /// `Upgrade: websocket`.
    to_websocket: bool,
    /// `Connection: Upgrade`.
    on_connection: bool,
    pub(super) version: Option<String>,
    /// Each of them.
    pub(super) keys: Vec<String>,
    pub(super) accept: Option<String>,
    /// All that are named, in any number of fields.
    pub(super) subprotocols: Vec<String>,
    pub(super) has_extensions: bool,
}

impl Upgrade {
    pub(super) fn note(&mut self, name: &str, value: &[u8]) {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let text = || String::from_utf8_lossy(value).into_owned();
        if is("upgrade") {
            self.to_websocket |= options(value).any(|option| option == "websocket");
        } else if is("connection") {
            self.on_connection |= options(value).any(|option| option == "upgrade");
        } else if is("sec-websocket-version") {
            self.version = Some(text());
        } else if is("sec-websocket-key") {
            self.keys.push(text());
        } else if is("sec-websocket-accept") {
            self.accept = Some(text());
        } else if is("sec-websocket-protocol") {
            let names = text();
            let names = names.split(',').map(|name| name.trim().to_owned());
            self.subprotocols.extend(names);
        } else if is("sec-websocket-extensions") {
            self.has_extensions = true;
        }
    }

    /// Whether it is one at all.
    pub(super) fn is_whole(&self) -> bool {
        self.to_websocket && self.on_connection
    }
}

/// The options in the value of a field, in small letters.
fn options(value: &[u8]) -> impl Iterator<Item = String> {
    let options = value.split(|byte| *byte == b',');
    options.map(|option| String::from_utf8_lossy(option.trim_ascii()).to_lowercase())
}
