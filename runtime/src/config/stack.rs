//! From the name of a transport to what stands between a connection's stream and its messages.

use std::sync::Arc;

use crate::config::naming::{no_protocol, no_transport};
use crate::config::origin::Origin;
#[cfg(feature = "http")]
use crate::config::request;
use crate::config::sasl;
use crate::config::{ClientConfig, ServerConfig};
use crate::error::Result;
use crate::transport::{
    AUTO, Address, ClientSide, DatagramFrames, LayerKind, Messages, ServerSide, Stack, Transport,
};

impl ServerConfig {
    /// What the transport's name means.
    ///
    /// # Errors
    /// When it means nothing, or takes a feature that is off.
    pub(crate) fn stack(&self) -> Result<Stack> {
        let (key, name) = ("server.transport", &self.transport);
        let Some(stack) = Stack::named(name, &self.transports) else {
            let mut names = Stack::names(&self.transports);
            names.push(AUTO);
            let asked = (key, &**name);
            return Err(no_transport(asked, &names, &self.transports, &self.origin));
        };
        check_features(&stack, key, &self.origin)?;
        Ok(stack)
    }

    /// Refuses the name of a protocol.
    #[cold]
    pub(crate) fn no_protocol(&self, name: &str, valid: &[&str]) -> crate::Error {
        let asked = ("server.protocol", name);
        no_protocol(asked, valid, &self.transports, &self.origin)
    }

    /// What stands around the streams of connections, from below.
    ///
    /// # Errors
    /// When a file cannot be read, or holds something else.
    pub(crate) fn sides(&self) -> Result<Vec<Arc<dyn ServerSide>>> {
        let mut sides: Vec<Arc<dyn ServerSide>> = Vec::new();
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let side = crate::transport::TlsServerSide(tls.load(&self.origin)?);
            sides.push(Arc::new(side));
        }
        let layers = self.stack()?.layers;
        if self.sasl.is_some() && !layers.contains(&LayerKind::Sasl) {
            // It would let in everybody.
            return Err(sasl::useless("server", &self.origin));
        }
        for layer in layers {
            sides.extend(self.side(layer)?);
        }
        Ok(sides)
    }

    /// None without its feature, which is refused before.
    fn side(&self, layer: LayerKind) -> Result<Option<Arc<dyn ServerSide>>> {
        Ok(match layer {
            LayerKind::Sasl => {
                let sasl = self.sasl.as_ref();
                let sasl = sasl.ok_or_else(|| sasl::missing("server", &self.origin))?;
                Some(Arc::new(sasl.side(&self.origin)?))
            }
            #[cfg(feature = "zlib")]
            LayerKind::Zlib => {
                let max = self.limits.message_bytes_max;
                Some(Arc::new(crate::transport::ZlibSide(max)))
            }
            #[cfg(feature = "http")]
            LayerKind::Http => Some(Arc::new(crate::transport::HttpServerSide {
                path: self.http.path.clone(),
                origins: self.http.origins.clone().into(),
                frame_bytes_max: self.limits.frame_bytes_max,
            })),
            #[cfg(feature = "websocket")]
            LayerKind::WebSocket => {
                let text = ["json", AUTO].contains(&&*self.protocol);
                let bytes_max = message_bytes_max(&self.limits);
                let socket = self.websocket.clone();
                let rules = crate::transport::WebSocketRules {
                    path: socket.path,
                    origins: socket.origins,
                    subprotocol: socket.subprotocol,
                };
                let side = crate::transport::WebSocketServerSide::new(rules, bytes_max, text);
                Some(Arc::new(side))
            }
            #[allow(unreachable_patterns, reason = "with all features")]
            _ => None,
        })
    }
}

impl ClientConfig {
    /// What the transport's name means.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn stack(&self) -> Result<Stack> {
        let (key, name) = ("client.transport", &self.transport);
        match Stack::named(name, &self.transports) {
            Some(stack) if !matches!(stack.messages, Messages::Auto) => {
                check_features(&stack, key, &self.origin)?;
                Ok(stack)
            }
            _ => Err(self.no_transport(key, name)),
        }
    }

    /// Refuses the name of a transport.
    #[cold]
    fn no_transport(&self, key: &str, name: &str) -> crate::Error {
        let names = Stack::names(&self.transports);
        if name.split('+').any(|part| part == AUTO) {
            return self.no_such(key, AUTO, &names);
        }
        no_transport((key, name), &names, &self.transports, &self.origin)
    }

    /// What cuts messages. `address` is where the client connects to, if it has one.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn chosen_transport(&self, address: Option<&Address>) -> Result<Arc<dyn Transport>> {
        if let Some(Address::Udp { .. }) = address {
            let max = self.udp.datagram_bytes_max;
            return Ok(Arc::new(DatagramFrames { max }));
        }
        let transport = self.stack()?.messages.transport();
        transport.ok_or_else(|| self.no_transport("client.transport", AUTO))
    }

    /// What stands around the streams of connections, from below. `address` is where the client
    /// connects to, if it has one.
    ///
    /// # Errors
    /// The same, or when there is no name for the server where one is needed.
    pub(crate) fn sides(&self, address: Option<&Address>) -> Result<Vec<Arc<dyn ClientSide>>> {
        let mut sides: Vec<Arc<dyn ClientSide>> = Vec::new();
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let host = match address {
                Some(Address::Tcp { host, .. }) => Some(&**host),
                _ => None,
            };
            sides.push(Arc::new(tls.side(host, &self.origin)?));
        }
        let layers = self.stack()?.layers;
        if self.sasl.is_some() && !layers.contains(&LayerKind::Sasl) {
            return Err(sasl::useless("client", &self.origin));
        }
        for layer in layers {
            sides.extend(self.side(layer, address)?);
        }
        Ok(sides)
    }

    fn side(
        &self,
        layer: LayerKind,
        address: Option<&Address>,
    ) -> Result<Option<Arc<dyn ClientSide>>> {
        Ok(match layer {
            LayerKind::Sasl => {
                let sasl = self.sasl.as_ref();
                let sasl = sasl.ok_or_else(|| sasl::missing("client", &self.origin))?;
                #[cfg(feature = "tls")]
                let secured = self.tls.is_some();
                #[cfg(not(feature = "tls"))]
                let secured = false;
                let side = sasl.side(address, secured, &self.origin)?;
                Some(Arc::new(side))
            }
            #[cfg(feature = "zlib")]
            LayerKind::Zlib => {
                let max = self.limits.message_bytes_max;
                Some(Arc::new(crate::transport::ZlibSide(max)))
            }
            #[cfg(feature = "http")]
            LayerKind::Http => Some(Arc::new(self.http_side(address)?)),
            #[cfg(feature = "websocket")]
            LayerKind::WebSocket => Some(Arc::new(self.websocket_side(address)?)),
            #[allow(unreachable_patterns, reason = "with all features")]
            _ => None,
        })
    }

    /// What a configuration says of requests is judged by now, but for the host that is its address's.
    #[cfg(feature = "http")]
    fn http_side(&self, address: Option<&Address>) -> Result<crate::transport::HttpClientSide> {
        let host = self.host(self.http.host.as_deref(), address)?;
        let (path, fields) = (&self.http.path, &self.http.fields);
        let max = self.limits.frame_bytes_max;
        let side = crate::transport::HttpClientSide::new(&host, path, fields, max);
        Ok(side)
    }

    /// The same.
    #[cfg(feature = "websocket")]
    fn websocket_side(
        &self,
        address: Option<&Address>,
    ) -> Result<crate::transport::WebSocketClientSide> {
        let socket = &self.websocket;
        let host = self.host(socket.host.as_deref(), address)?;
        let side = crate::transport::WebSocketClientSide::new(
            (&host, &socket.path),
            &socket.fields,
            socket.subprotocol.as_deref(),
            message_bytes_max(&self.limits),
            self.protocol == "json",
        );
        Ok(side)
    }

    /// What requests say the host is.
    #[cfg(feature = "http")]
    fn host(&self, own: Option<&str>, address: Option<&Address>) -> Result<String> {
        let host = match (own, address) {
            (Some(host), _) => return Ok(host.to_owned()),
            (None, Some(Address::Tcp { host, port })) if host.contains(':') => {
                format!("[{host}]:{port}")
            }
            (None, Some(Address::Tcp { host, port })) => format!("{host}:{port}"),
            (None, _) => "localhost".to_owned(),
        };
        if !host.chars().all(request::is_visible) {
            let host = host.escape_debug();
            let text = format!("the host `{host}` cannot stand in the head of a request");
            return Err(self.origin.error("client.connect", text));
        }
        Ok(host)
    }
}

/// The smaller one of the limits that frames have.
#[cfg(feature = "websocket")]
fn message_bytes_max(limits: &crate::Limits) -> (&'static str, usize) {
    let (frame, message) = (limits.frame_bytes_max, limits.message_bytes_max);
    if message < frame {
        ("message_bytes_max", message)
    } else {
        ("frame_bytes_max", frame)
    }
}

fn check_features(stack: &Stack, key: &str, origin: &Origin) -> Result<()> {
    let mut missing = stack.layers.iter().map(|layer| layer.missing_feature());
    if let Some(feature) = missing.find_map(|feature| feature) {
        let text = format!(
            "this needs the feature `{feature}` of the crate `seapink`; write `features = \
             [\"{feature}\"]` in Cargo.toml"
        );
        return Err(origin.error(key, text));
    }
    Ok(())
}

/// Whether the name of a transport speaks of this one.
pub(super) fn has(transport: &str, part: &str) -> bool {
    transport.split('+').any(|own| own == part)
}

/// What is said of a section for another transport than the one that is configured.
pub(super) fn is_for(part: &str) -> String {
    format!("this is for the transport `{part}`; remove it, or write `transport = \"{part}\"`")
}
