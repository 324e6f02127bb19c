//! Who is at the other end of a connection, by a name that it has proved.

/// Whom the calls of a connection are made for, as [SASL](crate::transport::sasl) has found out before
/// the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    name: String,
    login: String,
    mechanism: String,
}

impl User {
    /// Somebody who calls in their own name.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            login: name.clone(),
            name,
            mechanism: String::new(),
        }
    }

    /// The same, as whom somebody else has logged in.
    #[must_use]
    pub fn by(mut self, login: impl Into<String>) -> Self {
        self.login = login.into();
        self
    }

    /// Whom calls are made for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who has proved to be somebody. Another name than [`name`](Self::name) for those who may act as
    /// others, gateways for example.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// How that was proved: the name of the mechanism, as `PLAIN`.
    pub fn mechanism(&self) -> &str {
        &self.mechanism
    }

    pub(crate) fn known_by(mut self, mechanism: &str) -> Self {
        mechanism.clone_into(&mut self.mechanism);
        self
    }
}
