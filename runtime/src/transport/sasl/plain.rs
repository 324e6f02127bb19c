//! The mechanism `PLAIN` (RFC 4616): whom to act as, a name and a password, with a NUL between them.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::peer::User;
use crate::transport::sasl::frame::shown;
use crate::transport::sasl::{ClientMechanism, ClientStep, ServerMechanism, ServerStep};

pub(crate) const PLAIN: &str = "PLAIN";

/// What a client has sent with `PLAIN`: a name and a password, neither of which is empty. `Debug` does
/// not show the password.
#[derive(Clone, Copy)]
pub struct PlainLogin<'a> {
    authorization: &'a str,
    user: &'a str,
    password: &'a str,
}

impl<'a> PlainLogin<'a> {
    /// Three parts with a NUL between them, in UTF-8.
    fn read(response: &'a [u8]) -> Result<Self> {
        let bad = |text: &'static str| Err(Error::new(ErrorKind::Malformed, text));
        let mut parts = response.split(|byte| *byte == 0);
        let (Some(authorization), Some(user), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return bad("PLAIN takes two NULs");
        };
        let text = |part| std::str::from_utf8(part);
        let (Ok(authorization), Ok(user), Ok(password)) =
            (text(authorization), text(user), text(password))
        else {
            return bad("PLAIN takes UTF-8");
        };
        if user.is_empty() {
            return bad("PLAIN takes a user's name");
        }
        // Some directories let in whoever has a name and no password.
        if password.is_empty() {
            return bad("PLAIN takes a password");
        }
        Ok(Self {
            authorization,
            user,
            password,
        })
    }

    /// The name that the password is for.
    pub fn user(&self) -> &'a str {
        self.user
    }

    /// The password. Compare it with what is known in a time that does not depend on where they
    /// differ; best by a hash that is made for passwords.
    pub fn password(&self) -> &'a str {
        self.password
    }

    /// Whom the client wants to act as, if it says so.
    pub fn authorization(&self) -> Option<&'a str> {
        (!self.authorization.is_empty()).then_some(self.authorization)
    }

    /// Lets in [`user`](Self::user).
    ///
    /// # Errors
    /// When the client wants to act as somebody else.
    pub fn accept(&self) -> Result<User> {
        match self.authorization() {
            Some(other) if other != self.user => {
                self.deny(&format!("it may not act as `{}`", shown(other)))
            }
            _ => Ok(User::new(self.user)),
        }
    }

    /// Lets it in as whom the client wants to act as: for programs that are known to do so only for
    /// those who may.
    pub fn accept_as_asked(&self) -> User {
        let name = self.authorization().unwrap_or(self.user);
        User::new(name).by(self.user)
    }

    /// Does not let it in.
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied) with these words, which the log gets; the client does not.
    pub fn deny(&self, why: &str) -> Result<User> {
        let text = format!("`{}` is not let in: {why}", shown(self.user));
        Err(Error::new(ErrorKind::Denied, text))
    }
}

impl fmt::Debug for PlainLogin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainLogin")
            .field("authorization", &self.authorization)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Who knows the passwords.
pub(crate) type Check = dyn Fn(&PlainLogin<'_>) -> Result<User> + Send + Sync;

pub(crate) struct PlainServer(pub(crate) Arc<Check>);

impl ServerMechanism for PlainServer {
    fn answer(&mut self, response: &[u8]) -> Result<ServerStep> {
        let login = PlainLogin::read(response)?;
        match (self.0)(&login) {
            Ok(user) => Ok(ServerStep::Done(user, Vec::new())),
            // Its words are for the log.
            Err(error) if error.kind() == ErrorKind::Malformed => {
                Err(Error::new(ErrorKind::Denied, error.to_string()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Says everything at once.
pub(crate) struct PlainClient(Arc<[u8]>);

impl PlainClient {
    /// None of them has a NUL.
    pub(crate) fn new(authorization: &str, user: &str, password: &str) -> Self {
        let response = [authorization, user, password].join("\0");
        Self(response.into_bytes().into())
    }

    /// The same for another connection.
    pub(crate) fn again(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl ClientMechanism for PlainClient {
    fn begin(&mut self) -> Result<ClientStep> {
        Ok(ClientStep::Done(self.0.to_vec()))
    }

    fn answer(&mut self, _: &[u8]) -> Result<ClientStep> {
        let text = "the server asks for more, and PLAIN has said everything";
        Err(Error::new(ErrorKind::Malformed, text))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A failed expectation is a failed test.
mod tests {
    use super::*;

    #[test]
    fn three_parts_are_read() {
        for (response, expected) in [
            (&b"\0alice\0secret"[..], (None, "alice", "secret")),
            (
                b"bob\0alice\0s\xc3\xa9cret",
                (Some("bob"), "alice", "sécret"),
            ),
        ] {
            let login = PlainLogin::read(response).unwrap();
            let parts = (login.authorization(), login.user(), login.password());
            assert_eq!(parts, expected);
        }
        for (response, text) in [
            (&b""[..], "two NULs"),
            (b"alice\0secret", "two NULs"),
            (b"\0alice\0secret\0", "two NULs"),
            (b"\0\0\0\0", "two NULs"),
            (b"\0\0secret", "user's name"),
            (b"bob\0\0secret", "user's name"),
            (b"\0alice\0", "password"),
            (b"\0al\xff\0secret", "UTF-8"),
            (b"\xc0\0alice\0secret", "UTF-8"),
            (b"\0alice\0\xed\xa0\x80", "UTF-8"),
        ] {
            let error = PlainLogin::read(response).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed);
            assert!(error.message().contains(text), "{error}");
        }
    }

    #[test]
    fn nobody_acts_as_another_unless_that_is_said() {
        let login = PlainLogin::read(b"bob\0alice\0secret").unwrap();
        let error = login.accept().unwrap_err();
        let expected = "`alice` is not let in: it may not act as `bob`";
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Denied, expected)
        );
        let user = login.accept_as_asked();
        assert_eq!((user.name(), user.login()), ("bob", "alice"));
        let own = PlainLogin::read(b"alice\0alice\0secret").unwrap();
        let user = own.accept().unwrap();
        assert_eq!((user.name(), user.login()), ("alice", "alice"));
    }

    #[test]
    fn passwords_are_not_shown() {
        let login = PlainLogin::read(b"\0alice\0secret").unwrap();
        let shown = format!("{login:?} {:?}", login.deny("wrong password").unwrap_err());
        assert!(
            shown.contains("alice") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
