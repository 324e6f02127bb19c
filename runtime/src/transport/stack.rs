//! What the name of a transport means: layers around the stream, and what cuts their content into
//! messages, as in `zlib+framed`.

use std::sync::Arc;

use crate::transport::{Transport, Transports};

/// Left to the first bytes of a connection.
pub(crate) const AUTO: &str = "auto";

/// A layer, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LayerKind {
    Zlib,
    Http,
    Sasl,
}

/// Layers from the stream upwards, and what cuts messages.
pub(crate) struct Stack {
    pub(crate) layers: Vec<LayerKind>,
    pub(crate) messages: Messages,
}

pub(crate) enum Messages {
    One(Arc<dyn Transport>),
    /// Whichever of the program's transports the first bytes show.
    Auto,
}

impl LayerKind {
    pub(crate) const ALL: [(&'static str, Self); 3] = [
        ("zlib", Self::Zlib),
        ("http", Self::Http),
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
        }
    }

    /// Whether it has messages of its own, so that nothing can be named behind it.
    fn is_last(self) -> bool {
        self == Self::Http
    }
}

impl Stack {
    /// What the name means to a program with these transports. `None` when it means nothing.
    pub(crate) fn named(name: &str, transports: &Transports) -> Option<Self> {
        let mut layers = Vec::new();
        let mut rest = name;
        loop {
            if rest == AUTO || transports.get(rest).is_some() {
                let messages = transports.get(rest).map_or(Messages::Auto, Messages::One);
                return Some(Self { layers, messages });
            }
            let (layer, above) = rest.split_once('+').unwrap_or((rest, ""));
            let kind = LayerKind::named(layer)?;
            layers.push(kind);
            if above.is_empty() && !rest.ends_with('+') {
                let messages = Messages::One(kind.messages(transports)?);
                return Some(Self { layers, messages });
            }
            if kind.is_last() {
                return None;
            }
            rest = above;
        }
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
            "http+framed",
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
