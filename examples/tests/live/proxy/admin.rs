//! What Envoy says of itself, at its port for administrators.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::Result;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Host and port.
pub struct Admin(pub String);

impl Admin {
    pub fn is_live(&self) -> bool {
        self.get("/ready").is_ok_and(|text| text.trim() == "LIVE")
    }

    /// The ports of all listeners.
    pub fn ports(&self) -> Result<HashMap<String, String>> {
        let text = self.get("/listeners")?;
        let listeners = text.lines().filter_map(|line| {
            let (name, address) = line.split_once("::")?;
            let (_, port) = address.rsplit_once(':')?;
            Some((name.to_owned(), port.to_owned()))
        });
        Ok(listeners.collect())
    }

    /// The counters of a listener, by their names.
    pub fn counters(&self, listener: &str) -> Result<HashMap<String, u64>> {
        let prefix = format!("thrift.{listener}.");
        let text = self.get(&format!("/stats?filter=^thrift.{listener}[.]"))?;
        let counters = text.lines().filter_map(|line| {
            let (name, value) = line.strip_prefix(&prefix)?.split_once(": ")?;
            // Histograms have no number there.
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(counters.collect())
    }

    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.0)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        if head.split(' ').nth(1) != Some("200") {
            return Err(format!("Envoy answers {path} with {answer}").into());
        }
        if head.contains("transfer-encoding: chunked") {
            return whole(body).ok_or_else(|| format!("bad chunks: {answer}").into());
        }
        Ok(body.to_owned())
    }
}

/// Puts chunks together.
fn whole(mut chunks: &str) -> Option<String> {
    let mut text = String::new();
    loop {
        let (size, rest) = chunks.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(text);
        }
        text.push_str(rest.get(..size)?);
        chunks = rest.get(size..)?.strip_prefix("\r\n")?;
    }
}
