//! SASL: `[client.sasl]`, and what a server is given by code.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::document::Section;
use crate::config::file;
use crate::config::origin::Origin;
use crate::config::stack::is_for;
use crate::error::{Error, Result, words};
use crate::peer::User;
use crate::transport::sasl::{
    ClientMechanism, MakeClient, Offer, PLAIN, PlainClient, PlainLogin, PlainServer,
    ServerMechanism,
};
use crate::transport::{Address, SaslClientSide, SaslServerSide};

const SECTION: &str = "client.sasl";
const USER: &str = "client.sasl.user";
const PASSWORD: &str = "client.sasl.password";
const PASSWORD_FILE: &str = "client.sasl.password_file";

/// A password has no more bytes than so.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// Who a client says it is, with the transport `sasl`.
///
/// By builder, or from the section `[client.sasl]` of a TOML file, where the relative name of a file
/// counts from the folder of that file. Without a [mechanism](Self::mechanism) of the program's own it
/// is `PLAIN`.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ClientSasl {
    /// The name that the password is for.
    pub user: String,
    password: Option<String>,
    /// The file whose first line is the password. It is read when the client is made.
    pub password_file: Option<PathBuf>,
    /// Whom to act as. Default: the user.
    pub authorization: Option<String>,
    /// Sends the password over TCP to another machine without TLS, where anybody in between can read it.
    /// Default `false`.
    pub allow_plaintext: bool,
    own: Option<(String, MakeClient)>,
}

impl ClientSasl {
    /// `PLAIN` with a password.
    pub fn plain(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: Some(password.into()),
            ..Self::default()
        }
    }

    /// The same with the first line of a file.
    pub fn plain_with_file(user: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            user: user.into(),
            password_file: Some(path.into()),
            ..Self::default()
        }
    }

    /// A mechanism of the program's own. The function makes its side of each connection.
    pub fn mechanism<M: ClientMechanism + 'static>(
        name: impl Into<String>,
        make: impl Fn() -> M + Send + Sync + 'static,
    ) -> Self {
        let make: MakeClient = Arc::new(move || Box::new(make()));
        Self {
            own: Some((name.into(), make)),
            ..Self::default()
        }
    }

    /// The same acting as [somebody else](Self::authorization).
    #[must_use]
    pub fn authorization(mut self, name: impl Into<String>) -> Self {
        self.authorization = Some(name.into());
        self
    }

    /// The same with another [`allow_plaintext`](Self::allow_plaintext).
    #[must_use]
    pub fn allow_plaintext(mut self, allow: bool) -> Self {
        self.allow_plaintext = allow;
        self
    }

    pub(super) fn read(mut section: Section<'_>) -> Result<Option<Self>> {
        if !section.is_present() {
            return Ok(None);
        }
        let mut sasl = Self::default();
        section.required("user", "alice", &mut sasl.user)?;
        let mut text = String::new();
        sasl.password = section.string("password", &mut text)?.then_some(text);
        let mut text = String::new();
        let file = section.string("password_file", &mut text)?;
        sasl.password_file = file.then(|| text.into());
        let mut text = String::new();
        sasl.authorization = section.string("authorization", &mut text)?.then_some(text);
        section.flag("allow_plaintext", &mut sasl.allow_plaintext)?;
        section.finish()?;
        Ok(Some(sasl))
    }

    /// Has the name of the file count from the folder of the configuration.
    pub(super) fn resolve(&mut self, origin: &Origin) {
        if let (Some(path), Some(file)) = (&mut self.password_file, &origin.file)
            && let Some(folder) = Path::new(file).parent()
        {
            *path = folder.join(&*path);
        }
    }

    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        if self.own.is_some() {
            return Ok(());
        }
        let parts = [
            (USER, Some(&self.user)),
            (PASSWORD, self.password.as_ref()),
            ("client.sasl.authorization", self.authorization.as_ref()),
        ];
        for (key, part) in parts {
            check_part(part.map(String::as_str), key, origin)?;
        }
        match (&self.password, &self.password_file) {
            (None, None) => {
                let text = "is missing; write `password_file = \"password\"`, for example; servers \
                            that ask for none take any";
                Err(origin.error(PASSWORD, text))
            }
            (Some(_), Some(_)) => {
                let text = "is there twice, as `password` and as a file; remove one of the two";
                Err(origin.error(PASSWORD_FILE, text))
            }
            _ => Ok(()),
        }
    }

    /// Reads the file. `secured` says that there is TLS, and `address` where the client connects to, if
    /// that is known.
    pub(super) fn side(
        &self,
        address: Option<&Address>,
        secured: bool,
        origin: &Origin,
    ) -> Result<SaslClientSide> {
        if let Some((name, make)) = &self.own {
            return Ok(SaslClientSide {
                name: name.clone(),
                make: Arc::clone(make),
            });
        }
        if let Some(address @ Address::Tcp { host, .. }) = address
            && !(secured || self.allow_plaintext || is_this_machine(host))
        {
            let text = format!(
                "would send the password to {address} without TLS, for anybody in between to read; \
                 write the section [client.tls], or `allow_plaintext = true` if nobody can be there"
            );
            return Err(origin.error(SECTION, text));
        }
        let password = match (&self.password, &self.password_file) {
            (Some(password), _) => password.clone(),
            (None, Some(path)) => read_password(path, origin)?,
            (None, None) => String::new(),
        };
        let authorization = self.authorization.as_deref().unwrap_or_default();
        let client = PlainClient::new(authorization, &self.user, &password);
        Ok(SaslClientSide {
            name: PLAIN.to_owned(),
            make: Arc::new(move || Box::new(client.again())),
        })
    }
}

/// The password is not shown.
impl fmt::Debug for ClientSasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSasl")
            .field(
                "mechanism",
                &self.own.as_ref().map_or(PLAIN, |(name, _)| name),
            )
            .field("user", &self.user)
            .field("password_file", &self.password_file)
            .field("authorization", &self.authorization)
            .field("allow_plaintext", &self.allow_plaintext)
            .finish_non_exhaustive()
    }
}

fn check_part(part: Option<&str>, key: &str, origin: &Origin) -> Result<()> {
    match part {
        Some("") => Err(origin.error(key, "is empty, which PLAIN does not know")),
        Some(text) if text.contains('\0') => {
            Err(origin.error(key, "has a NUL, which PLAIN puts between its parts"))
        }
        _ => Ok(()),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

fn read_password(path: &Path, origin: &Origin) -> Result<String> {
    let fail = |why: &str| origin.error(PASSWORD_FILE, format!("{} {why}", path.display()));
    let cannot = |error: &std::io::Error| fail(&format!("cannot be read: {}", words(error)));
    let bytes = file::read(path, PASSWORD_BYTES_MAX).map_err(|error| cannot(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| cannot(&ErrorKind::InvalidData.into()))?;
    match text.lines().next().unwrap_or_default() {
        "" => Err(fail("has no password in its first line")),
        password if password.contains('\0') => Err(fail("has a NUL in its first line")),
        password => Ok(password.to_owned()),
    }
}

/// Whom a server lets in, with the transport `sasl`: the mechanisms that it offers.
///
/// ```
/// # use seapink::ServerConfig;
/// # use seapink::config::ServerSasl;
/// let sasl = ServerSasl::new().plain(|login| match login.user() {
///     "alice" if login.password() == "wonderland" => login.accept(),
///     _ => login.deny("unknown user, or wrong password"),
/// });
/// let config = ServerConfig::new("tcp://127.0.0.1:10000").transport("sasl").sasl(sasl);
/// ```
#[derive(Clone, Default)]
pub struct ServerSasl {
    offers: Vec<Offer>,
}

impl ServerSasl {
    /// No mechanism yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with `PLAIN`. The function says who is let in, and as whom.
    ///
    /// It is called by the thread that reads the connection, while the handshake has
    /// [`handshake_ms`](crate::config::ServerTimeouts::handshake_ms). With the model `nonblocking` and
    /// on an async server it keeps other connections waiting, so there it must not ask a network or a
    /// disk. That it panics counts as nobody let in. Its errors are for the log.
    #[must_use]
    pub fn plain(
        self,
        check: impl Fn(&PlainLogin<'_>) -> Result<User> + Send + Sync + 'static,
    ) -> Self {
        let check: Arc<crate::transport::sasl::Check> = Arc::new(check);
        self.mechanism(PLAIN, move || PlainServer(Arc::clone(&check)))
    }

    /// The same with a mechanism of the program's own. The function makes its side of each connection.
    /// A name that is there already means the new one.
    #[must_use]
    pub fn mechanism<M: ServerMechanism + 'static>(
        mut self,
        name: impl Into<String>,
        make: impl Fn() -> M + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        self.offers.retain(|(other, _)| *other != name);
        self.offers.push((name, Arc::new(move || Box::new(make()))));
        self
    }

    pub(super) fn side(&self, origin: &Origin) -> Result<SaslServerSide> {
        if self.offers.is_empty() {
            let text = "offers no mechanism, so nobody could be let in; call `ServerSasl::plain`";
            return Err(origin.error("server.sasl", text));
        }
        Ok(SaslServerSide(self.offers.clone().into()))
    }
}

impl fmt::Debug for ServerSasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.offers.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

/// What a server is told whose transport asks who calls, where nobody knows.
pub(super) fn missing(side: &str, origin: &Origin) -> Error {
    let text = if side == "client" {
        "`sasl` takes a user; write the section [client.sasl]"
    } else {
        "`sasl` asks who calls, and who is let in is said by code; call `ServerConfig::sasl`"
    };
    origin.error(&format!("{side}.transport"), text)
}

/// What somebody is told who wants to know who calls, by a transport that does not ask.
pub(super) fn useless(side: &str, origin: &Origin) -> Error {
    origin.error(&format!("{side}.sasl"), is_for("sasl"))
}
