//! What the name of a transport means: layers around the stream, and what cuts their content into
//! messages, as in `zlib+framed`; perhaps with messages of another transport in them, as in
//! `framed+header`.

use std::sync::Arc;

use crate::transport::nested::Nested;
use crate::transport::{Transport, Transports};

/// Left to the first bytes of a connection.
pub(crate) const AUTO: &str = "auto";

/// The one transport whose messages may hold those of another.
const FRAMED: &str = "framed";

/// A layer, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LayerKind {
    Zlib,
    Http,
    WebSocket,
    Sasl,
}

/// Layers from the stream upwards, and what cuts messages.
pub(crate) struct Stack {
    pub(crate) layers: Vec<LayerKind>,
    pub(crate) messages: Messages,
}

pub(crate) enum Messages {
    One(Arc<dyn Transport>),
    /// Those of one in those of another.
    Nested(Nested),
    /// Whichever of the program's transports the first bytes show.
    Auto,
}

impl Messages {
    /// What cuts them, unless first bytes say so.
    pub(crate) fn transport(self) -> Option<Arc<dyn Transport>> {
        match self {
            Self::One(transport) => Some(transport),
            Self::Nested(nested) => Some(Arc::new(nested)),
            Self::Auto => None,
        }
    }
}

impl LayerKind {
    pub(crate) const ALL: [(&'static str, Self); 4] = [
        ("zlib", Self::Zlib),
        ("http", Self::Http),
        ("websocket", Self::WebSocket),
        ("sasl", Self::Sasl),
    ];

    fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(own, _)| *own == name);
        found.map(|(_, kind)| *kind)
    }

    /// The feature of the crate that it takes, if that is off.
    pub(crate) fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::Zlib if !cfg!(feature = "zlib") => Some("zlib"),
            Self::Http if !cfg!(feature = "http") => Some("http"),
            Self::WebSocket if !cfg!(feature = "websocket") => Some("websocket"),
            _ => None,
        }
    }

    /// What cuts messages where nothing is named behind it.
    fn messages(self, transports: &Transports) -> Option<Arc<dyn Transport>> {
        match self {
            Self::Zlib => transports.get("buffered"),
            Self::Sasl => transports.get("framed"),
            #[cfg(feature = "http")]
            Self::Http => Some(Arc::new(crate::transport::http::HttpFrames)),
            #[cfg(not(feature = "http"))]
            Self::Http => Some(Arc::new(crate::transport::Framed)),
            #[cfg(feature = "websocket")]
            Self::WebSocket => Some(Arc::new(crate::transport::websocket::WebSocketFrames)),
            #[cfg(not(feature = "websocket"))]
            Self::WebSocket => Some(Arc::new(crate::transport::Framed)),
        }
    }

    /// Whether it has messages of its own, so that no layer can be named behind it.
    fn is_last(self) -> bool {
        matches!(self, Self::Http | Self::WebSocket)
    }
}

impl Stack {
    /// What the name means to a program with these transports. `None` when it means nothing.
    pub(crate) fn named(name: &str, transports: &Transports) -> Option<Self> {
        let mut layers = Vec::new();
        let mut rest = name;
        let messages = loop {
            if let Some(transport) = transports.get(rest) {
                break Messages::One(transport);
            }
            if rest == AUTO {
                break Messages::Auto;
            }
            let (below, above) = match rest.split_once('+') {
                Some((below, above)) => (below, Some(above)),
                None => (rest, None),
            };
            let kind = LayerKind::named(below);
            layers.extend(kind);
            let outer = match (kind, above) {
                (Some(kind), None) => break Messages::One(kind.messages(transports)?),
                (Some(kind), Some(_)) if kind.is_last() => kind.messages(transports)?,
                (None, Some(_)) if below == FRAMED => transports.get(below)?,
                (Some(_), Some(above)) => {
                    rest = above;
                    continue;
                }
                (None, _) => return None,
            };
            let inner = transports.get(above?)?;
            break Messages::Nested(Nested { outer, inner });
        };
        Some(Self { layers, messages })
    }

    /// The names that there are.
    pub(crate) fn names(transports: &Transports) -> Vec<&str> {
        let layers = LayerKind::ALL.iter().map(|(name, _)| *name);
        transports.names().chain(layers).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(name: &str) -> Option<Vec<LayerKind>> {
        Stack::named(name, &Transports::standard()).map(|stack| stack.layers)
    }

    #[test]
    fn names_say_what_is_below_first() {
        for (name, expected) in [
            ("framed", vec![]),
            ("auto", vec![]),
            ("zlib", vec![LayerKind::Zlib]),
            ("zlib+framed", vec![LayerKind::Zlib]),
            ("zlib+auto", vec![LayerKind::Zlib]),
            ("zlib+http", vec![LayerKind::Zlib, LayerKind::Http]),
            ("zlib+zlib+buffered", vec![LayerKind::Zlib; 2]),
            ("http", vec![LayerKind::Http]),
            ("http+header", vec![LayerKind::Http]),
            ("framed+header", vec![]),
            ("zlib+framed+header", vec![LayerKind::Zlib]),
            ("websocket", vec![LayerKind::WebSocket]),
            (
                "zlib+websocket",
                vec![LayerKind::Zlib, LayerKind::WebSocket],
            ),
            ("websocket+header", vec![LayerKind::WebSocket]),
            ("sasl", vec![LayerKind::Sasl]),
            ("sasl+framed", vec![LayerKind::Sasl]),
            ("sasl+zlib+framed", vec![LayerKind::Sasl, LayerKind::Zlib]),
        ] {
            assert_eq!(layers(name), Some(expected), "{name}");
        }
        for name in [
            "",
            "+",
            "zlib+",
            "+framed",
            "framed+zlib",
            "http+auto",
            "http+zlib",
            "framed+auto",
            "header+framed",
            "websocket+http",
            "gzip",
            "zlib+gzip",
        ] {
            assert_eq!(layers(name), None, "{name}");
        }
    }

    #[test]
    fn a_programs_own_name_means_its_own() {
        let transports = Transports::standard().with("zlib", crate::transport::Framed);
        let stack = Stack::named("zlib", &transports);
        assert!(stack.is_some_and(|stack| stack.layers.is_empty()));
    }
}
