//! Configuration, from TOML or by builder.

/// How a server listens.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {}

/// How a client connects.
#[derive(Clone, Debug, Default)]
pub struct ClientConfig {}
