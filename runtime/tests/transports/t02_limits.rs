//! T02: every limit, over every transport where it means something, through a running server. What comes up to a
//! limit is answered; one more is refused, and the refusal names the limit or is counted as one.
//!
//! The limits of one protocol and one transport by themselves are in `protocol_limits.rs` and the batteries beside
//! this; eight transforms, of which no more than one can make sense, and the lines of chunks are only there.

use seapink::config::{ClientHttp, ClientWebSocket};
use seapink::protocol::{MessageHead, Protocol};
use seapink::transport::{Decoder, Encoder, Header, Setup, Transport, Transports};
use seapink::{
    Binary, ClientConfig, Compact, ErrorKind, Json, Limits, MessageKind, Result, ServerConfig,
};

use super::header::headed;
use super::header_battery::{varint, words};
use crate::names::transports;
use crate::protocol_support::{Value, message};
use crate::support::{MODELS, Running, WithUser, eventually};

/// What strings and containers have.
const COUNT: usize = 50;

struct Row {
    limit: &'static str,
    /// A call that comes up to the limit, or goes beyond it by so many. `None` where it means nothing.
    call: fn(Place, usize) -> Option<Call>,
}

const ROWS: [Row; 14] = [
    Row::new("message_bytes_max", whole),
    Row::new("frame_bytes_max", framed),
    Row::new("message_bytes_max", decompressed),
    Row::new("string_bytes_max", string),
    Row::new("string_bytes_max", json_string),
    Row::new("container_elements_max", list),
    Row::new("container_elements_max", set),
    Row::new("container_elements_max", map),
    Row::new("depth_max", depth),
    Row::new("64 characters", json_number),
    Row::new("128 headers", headers),
    Row::new("65536 bytes of headers", header_bytes),
    Row::new("128 fields of HTTP", http_fields),
    Row::new("65536 bytes of HTTP", http_bytes),
];

#[derive(Clone, Copy)]
struct Place {
    transport: &'static str,
    protocol: &'static str,
}

struct Call {
    message: Vec<u8>,
    /// What its answer has to have in it.
    text: String,
    /// Those of the server.
    limits: Limits,
    /// Those of the client.
    transports: Transports,
    /// For its head in HTTP.
    fields: Vec<(String, String)>,
}

impl Row {
    const fn new(limit: &'static str, call: fn(Place, usize) -> Option<Call>) -> Self {
        Self { limit, call }
    }
}

impl Place {
    fn has(self, layer: &str) -> bool {
        self.transport.split('+').any(|name| name == layer)
    }

    /// How many bytes stand around a message in the frames that are limited. `None` where there are none.
    fn around(self) -> Option<usize> {
        let nested = ["framed", "http", "websocket"]
            .iter()
            .any(|name| self.has(name));
        match (self.has("header"), nested) {
            // The length of the inner frame, its head, and a word.
            (true, true) => Some(18),
            (true, false) => Some(14),
            (false, _) if ["buffered", "zlib", "sasl+zlib"].contains(&self.transport) => None,
            (false, _) => Some(0),
        }
    }

    /// `echo` of a text, with another argument that the service does not know.
    fn echo(self, text: &str, more: Option<Value>) -> Call {
        let mut fields = vec![(1, Value::text(text))];
        fields.extend(more.map(|value| (2, value)));
        let make = match self.protocol {
            "binary" => encoded::<Binary>,
            "compact" => encoded::<Compact>,
            _ => encoded::<Json>,
        };
        Call {
            message: make(&fields),
            text: text.to_owned(),
            limits: Limits::default(),
            transports: Transports::standard(),
            fields: Vec::new(),
        }
    }

    /// One with the smallest head, where there is one.
    fn small(self) -> Call {
        let call = self.echo("hello", Some(Value::I32(7)));
        call.head(&[self.number(), 0])
    }

    /// The protocol's, in heads.
    fn number(self) -> u8 {
        if self.protocol == "compact" { 2 } else { 0 }
    }
}

impl Call {
    #[allow(clippy::unnecessary_wraps, reason = "it is what rows return")]
    fn limits(mut self, change: impl FnOnce(Limits) -> Limits) -> Option<Self> {
        self.limits = change(self.limits);
        Some(self)
    }

    fn head(mut self, parts: &[u8]) -> Self {
        self.transports = self.transports.with("header", Heads(words(&[parts])));
        self
    }
}

fn encoded<P: Protocol>(fields: &[(i16, Value)]) -> Vec<u8> {
    message::<P>(&MessageHead::new("echo", MessageKind::Call, 1), fields)
}

fn whole(place: Place, beyond: usize) -> Option<Call> {
    let call = place.small();
    let needs = call.message.len() + place.around().unwrap_or_default();
    call.limits(|limits| limits.message_bytes_max(needs - beyond))
}

fn framed(place: Place, beyond: usize) -> Option<Call> {
    let call = place.small();
    let needs = call.message.len() + place.around()?;
    call.limits(|limits| limits.frame_bytes_max(needs - beyond))
}

/// Much smaller on its way.
fn decompressed(place: Place, beyond: usize) -> Option<Call> {
    let mut call = place.echo(&"x".repeat(5_000), Some(Value::I32(7)));
    let mut needs = call.message.len();
    if place.has("header") {
        call.transports = call.transports.with("header", Header::compressed());
    } else if place.has("zlib") {
        needs += place.around().unwrap_or_default();
    } else {
        return None;
    }
    cfg!(feature = "zlib").then_some(())?;
    call.limits(|limits| limits.message_bytes_max(needs - beyond))
}

fn string(place: Place, beyond: usize) -> Option<Call> {
    let call = place.echo(&"x".repeat(COUNT), None);
    call.limits(|limits| limits.string_bytes_max(COUNT - beyond))
}

/// Where nobody knows what text in JSON means, it may be escaped.
fn json_string(place: Place, beyond: usize) -> Option<Call> {
    (place.protocol == "json").then_some(())?;
    let text = Value::text(&"x".repeat(6 * COUNT + beyond));
    let call = place.echo("hello", Some(text));
    call.limits(|limits| limits.string_bytes_max(COUNT))
}

fn numbers() -> impl Iterator<Item = Value> {
    (0_i32..).take(COUNT).map(Value::I32)
}

fn list(place: Place, beyond: usize) -> Option<Call> {
    elements(place, Value::list(numbers().collect()), beyond)
}

fn set(place: Place, beyond: usize) -> Option<Call> {
    elements(place, Value::set(numbers().collect()), beyond)
}

fn map(place: Place, beyond: usize) -> Option<Call> {
    elements(
        place,
        Value::map(numbers().zip(numbers()).collect()),
        beyond,
    )
}

fn elements(place: Place, value: Value, beyond: usize) -> Option<Call> {
    let call = place.echo("hello", Some(value));
    call.limits(|limits| limits.container_elements_max(COUNT - beyond))
}

/// Ten levels, of which the arguments are one.
fn depth(place: Place, beyond: usize) -> Option<Call> {
    let inner = (0..8).fold(Value::I32(7), |value, _| Value::list(vec![value]));
    let call = place.echo("hello", Some(Value::Struct(vec![(1, inner)])));
    let max = 10 - u32::try_from(beyond).unwrap();
    call.limits(|limits| limits.depth_max(max))
}

fn json_number(place: Place, beyond: usize) -> Option<Call> {
    (place.protocol == "json").then_some(())?;
    let number = format!("0.{}", "1".repeat(62 + beyond));
    let message = format!(r#"[1,"echo",1,1,{{"1":{{"str":"hello"}},"2":{{"dbl":{number}}}}}]"#);
    let mut call = place.small();
    call.message = message.into_bytes();
    Some(call)
}

/// Puts a head of these words before each call.
struct Heads(Vec<u8>);

impl Transport for Heads {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let (decoder, _) = Header::default().open(setup);
        (decoder, Box::new(Self(self.0.clone())))
    }

    fn names_protocol(&self) -> bool {
        true
    }
}

impl Encoder for Heads {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        out.len()
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        let message = out.split_off(start);
        out.extend(headed(&self.0, &message));
        Ok(())
    }
}

/// With so many headers, all of which these bytes are, and more words.
fn with_headers(place: Place, count: usize, pairs: &[u8], more: usize) -> Option<Call> {
    place.has("header").then_some(())?;
    let count = varint(count as u64);
    let head = [&[place.number(), 0, 1][..], &count, pairs].concat();
    let head = [words(&[&head]), vec![0; 4 * more]].concat();
    Some(place.small().head(&head))
}

fn headers(place: Place, beyond: usize) -> Option<Call> {
    let count = 128 + beyond;
    let pairs = (0_u8..=255).take(count).flat_map(|name| [1, name, 0]);
    with_headers(place, count, &pairs.collect::<Vec<_>>(), 0)
}

fn header_bytes(place: Place, beyond: usize) -> Option<Call> {
    let value = vec![b'x'; 65_536 - 9];
    let pair = [b"\x01a", &*varint(value.len() as u64), &value].concat();
    with_headers(place, 1, &pair, beyond)
}

/// How many fields and bytes the head has that a client sends by itself.
#[cfg(feature = "http")]
fn own_head(place: Place, message: &[u8]) -> Option<(usize, usize)> {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread;

    // Without what is below it.
    let transport = ["http", "websocket"]
        .into_iter()
        .find_map(|name| place.transport.find(name))
        .map(|start| &place.transport[start..])?;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let config = ClientConfig::new(address).protocol(place.protocol);
    let config = with_fields(config.transport(transport), &[]);
    let message = message.to_vec();
    let client = thread::spawn(move || {
        let client = seapink::Client::<seapink::Standard>::connect(&config)?;
        client.relay(&message)
    });
    let (stream, _) = listener.accept().unwrap();
    let lines = BufReader::new(&stream).lines().map(Result::unwrap);
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    drop((stream, listener));
    assert!(client.join().unwrap().is_err());
    let bytes: usize = lines.iter().map(|line| line.len() + 2).sum();
    Some((lines.len() - 1, bytes + 2))
}

#[cfg(not(feature = "http"))]
fn own_head(_: Place, _: &[u8]) -> Option<(usize, usize)> {
    None
}

fn http_fields(place: Place, beyond: usize) -> Option<Call> {
    let mut call = place.small();
    let (own, _) = own_head(place, &call.message)?;
    let more = (own..128 + beyond).map(|_| ("a".to_owned(), "b".to_owned()));
    call.fields = more.collect();
    Some(call)
}

fn http_bytes(place: Place, beyond: usize) -> Option<Call> {
    let mut call = place.small();
    let (_, own) = own_head(place, &call.message)?;
    let value = "x".repeat(65_536 - own - "a: \r\n".len() + beyond);
    call.fields = vec![("a".to_owned(), value)];
    Some(call)
}

/// With the same host everywhere, so that heads have one length.
fn with_fields(mut config: ClientConfig, fields: &[(String, String)]) -> ClientConfig {
    let names: Vec<_> = config.transport.split('+').collect();
    if names.contains(&"http") {
        let http = ClientHttp::default().host("here");
        let add = |http: ClientHttp, (name, value): &(String, String)| http.field(name, value);
        config.http = fields.iter().fold(http, add);
    } else if names.contains(&"websocket") {
        let socket = ClientWebSocket::default().host("here");
        let add =
            |socket: ClientWebSocket, (name, value): &(String, String)| socket.field(name, value);
        config.websocket = fields.iter().fold(socket, add);
    }
    config
}

/// Whether a server answers a call. If not, it says or counts why.
fn is_answered(server: &Running, limit: &str, call: &Call) -> Result<bool, String> {
    let config = server.client_config().transports(call.transports.clone());
    let config = with_fields(config, &call.fields);
    let reply = seapink::Client::<seapink::Standard>::connect(&config)
        .and_then(|client| client.relay(&call.message));
    match reply {
        Ok(reply) => {
            let reply = String::from_utf8_lossy(&reply.unwrap()).into_owned();
            match (reply.contains(&call.text), reply.contains(limit)) {
                (true, false) => Ok(true),
                (false, true) => Ok(false),
                _ => Err(reply),
            }
        }
        Err(error) => {
            eventually(&format!("it is counted: {error}"), || {
                server.handle.stats().connections_failed > 0
            });
            let stats = server.handle.stats();
            match stats.connections_failed_by(ErrorKind::Limit) {
                1 => Ok(false),
                _ => Err(error.to_string()),
            }
        }
    }
}

/// The models take turns.
#[test]
fn t02_what_a_limit_allows_is_answered_and_one_more_is_refused_over_every_transport() {
    let (mut cells, mut wrong) = (0, Vec::new());
    for Row { limit, call } in ROWS {
        for transport in transports() {
            for protocol in ["binary", "compact", "json"] {
                let place = Place {
                    transport,
                    protocol,
                };
                if place.has("header") && protocol == "json" {
                    continue;
                }
                let model = MODELS[cells / 2 % MODELS.len()];
                for beyond in [0, 1] {
                    let Some(call) = call(place, beyond) else {
                        continue;
                    };
                    let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
                    let config = config.transport(transport).protocol(protocol);
                    let config = config.with_user(transport).limits(call.limits);
                    let server = Running::bind(&config);
                    let found = is_answered(&server, limit, &call);
                    if found != Ok(beyond == 0) {
                        let model = model.name();
                        wrong.push(format!(
                            "{limit} + {beyond}, {transport}, {protocol}, {model}: {found:?}"
                        ));
                    }
                    cells += 1;
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {cells}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let transports = transports().len();
    assert!(
        cells > 30 * transports,
        "{cells} of {transports} transports"
    );
}
