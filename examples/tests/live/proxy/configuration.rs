//! What Envoy is told to do, in its own words.

use std::fmt::Write as _;

/// A transport and a protocol, by Envoy's names in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    pub transport: &'static str,
    pub protocol: &'static str,
}

impl Mode {
    pub const ALL: [Self; 6] = [
        Self::new("framed", "binary"),
        Self::new("framed", "compact"),
        Self::new("unframed", "binary"),
        Self::new("unframed", "compact"),
        Self::new("header", "binary"),
        Self::new("header", "compact"),
    ];

    const fn new(transport: &'static str, protocol: &'static str) -> Self {
        Self {
            transport,
            protocol,
        }
    }

    /// What we call the transport.
    pub fn ours(self) -> &'static str {
        if self.transport == "unframed" {
            "buffered"
        } else {
            self.transport
        }
    }
}

/// What clients may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// What they like: Envoy finds out.
    Auto,
    Only(Mode),
}

impl Listener {
    /// One for clients that are found out, and one for each mode.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Auto).chain(Mode::ALL.into_iter().map(Self::Only))
    }

    /// What its clients speak.
    pub fn modes(self) -> Vec<Mode> {
        match self {
            Self::Auto => Mode::ALL.to_vec(),
            Self::Only(mode) => vec![mode],
        }
    }

    /// Its name, and that of its counters.
    pub fn name(self, to: Mode) -> String {
        let (transport, protocol) = self.words();
        format!("{transport}_{protocol}__{}_{}", to.transport, to.protocol)
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Auto => ("auto_transport", "auto_protocol"),
            Self::Only(mode) => (mode.transport, mode.protocol),
        }
    }
}

const TYPES: &str = "type.googleapis.com/envoy.extensions.filters.network.thrift_proxy";

/// All listeners, each before each of the servers at these ports.
pub fn yaml(servers: &[(Mode, String)]) -> String {
    let mut yaml = String::from(
        "admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }\n\
         static_resources:\n  listeners:\n",
    );
    for (to, _) in servers {
        for listener in Listener::all() {
            write_listener(&mut yaml, listener, *to);
        }
    }
    yaml.push_str("  clusters:\n");
    for (mode, port) in servers {
        write_cluster(&mut yaml, *mode, port);
    }
    yaml
}

fn write_listener(yaml: &mut String, listener: Listener, to: Mode) {
    let name = listener.name(to);
    let (transport, protocol) = listener.words();
    let (transport, protocol) = (transport.to_uppercase(), protocol.to_uppercase());
    let cluster = format!("{}_{}", to.transport, to.protocol);
    let _ = write!(
        yaml,
        "  - name: {name}
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: 0 }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.thrift_proxy
        typed_config:
          '@type': {TYPES}.v3.ThriftProxy
          stat_prefix: {name}
          transport: {transport}
          protocol: {protocol}
          route_config: {{ routes: [ {{ match: {{ method_name: '' }}, route: {{ cluster: {cluster} }} }} ] }}
          thrift_filters:
          - name: envoy.filters.thrift.router
            typed_config: {{ '@type': {TYPES}.router.v3.Router }}
"
    );
}

fn write_cluster(yaml: &mut String, mode: Mode, port: &str) {
    let (transport, protocol) = (mode.transport, mode.protocol);
    let _ = write!(
        yaml,
        "  - name: {transport}_{protocol}
    type: STATIC
    connect_timeout: 5s
    load_assignment:
      cluster_name: {transport}_{protocol}
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }}
    typed_extension_protocol_options:
      envoy.filters.network.thrift_proxy:
        '@type': {TYPES}.v3.ThriftProtocolOptions
        transport: {}
        protocol: {}
",
        transport.to_uppercase(),
        protocol.to_uppercase()
    );
}
