//! What the sections `http` and `websocket` have in common: what may be asked for, and what a client says in
//! the heads of its requests.

use crate::config::origin::Origin;
use crate::error::Result;
use crate::transport::{is_meaningful, is_token};

/// Refuses what cannot stand in a head, in the section of this name.
///
/// # Errors
/// One sentence that names the key.
pub(super) fn check(
    section: &str,
    (path, host): (&str, Option<&str>),
    fields: &[(String, String)],
    origin: &Origin,
) -> Result<()> {
    check_path(&format!("{section}.path"), path, origin)?;
    if let Some(host) = host.filter(|host| host.is_empty() || !host.chars().all(is_visible)) {
        let text = format!(
            "`{}` is no host; write `example.org`, for example, or remove this key",
            host.escape_debug()
        );
        return Err(origin.error(&format!("{section}.host"), text));
    }
    check_fields(&format!("{section}.fields"), fields, origin)
}

fn check_path(key: &str, path: &str, origin: &Origin) -> Result<()> {
    if let Some(letter) = path.chars().find(|letter| !is_of_path(*letter)) {
        let mut bytes = [0; 4];
        let bytes = letter.encode_utf8(&mut bytes).bytes();
        let escaped: Vec<_> = bytes.map(|byte| format!("%{byte:02X}")).collect();
        let escaped = escaped.concat();
        let text = format!(
            "`{}` cannot stand in a path; write `{escaped}` instead",
            letter.escape_debug()
        );
        return Err(origin.error(key, text));
    }
    if path.starts_with('/') {
        return Ok(());
    }
    let rest = match path.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, rest)| rest),
        None => path,
    };
    let text = format!("a path begins with `/`, and this is `{path}`; write `/{rest}`");
    Err(origin.error(key, text))
}

fn check_fields(key: &str, fields: &[(String, String)], origin: &Origin) -> Result<()> {
    for (name, value) in fields {
        if !is_token(name) {
            let text = format!(
                "`{}` is no field's name: it is one word, as `X-Request-Id`",
                name.escape_debug()
            );
            return Err(origin.error(key, text));
        }
        let bad = |letter: &char| *letter != '\t' && letter.is_control();
        if let Some(letter) = value.chars().find(bad) {
            let text = format!(
                "`{}` cannot stand in a field; remove it",
                letter.escape_debug()
            );
            return Err(origin.error(&format!("{key}.{name}"), text));
        }
    }
    Ok(())
}

pub(super) fn is_visible(letter: char) -> bool {
    letter.is_ascii_graphic()
}

/// What stands behind a `#` stays with who asks.
fn is_of_path(letter: char) -> bool {
    is_visible(letter) && letter != '#'
}

/// Refuses a path that no request could be for.
pub(super) fn check_server_path(path: Option<&str>, section: &str, origin: &Origin) -> Result<()> {
    let Some(path) = path else {
        return Ok(());
    };
    let key = format!("{section}.path");
    check_path(&key, path, origin)?;
    let Some((bare, _)) = path.split_once('?') else {
        return Ok(());
    };
    let text = format!(
        "`{path}` is no path: requests are compared without a `?` and what follows it; write `{bare}`"
    );
    Err(origin.error(&key, text))
}

/// Refuses what no page could call itself.
pub(super) fn check_origins(origins: &[String], section: &str, origin: &Origin) -> Result<()> {
    let is_origin = |text: &str| {
        let parts = text.split_once("://");
        parts.is_some_and(|(scheme, host)| {
            !scheme.is_empty() && !host.is_empty() && !host.contains('/')
        })
    };
    let known = |name: &&String| ["*", "null"].contains(&name.as_str()) || is_origin(name);
    let Some(name) = origins.iter().find(|name| !known(name)) else {
        return Ok(());
    };
    let text = format!(
        "`{name}` is no page's origin; write `https://app.example.org`, for example, without a \
         path, or `*` for all"
    );
    Err(origin.error(&format!("{section}.origins"), text))
}

/// Refuses fields that a request has already, which are named here in small letters, or that would make another
/// one of it.
pub(super) fn check_own_fields(
    fields: &[(String, String)],
    own: &[&str],
    section: &str,
    origin: &Origin,
) -> Result<()> {
    let key = format!("{section}.fields");
    for (name, _) in fields {
        let small = name.to_lowercase();
        if own.contains(&&*small) {
            let text = format!("the request has a field `{name}` by itself; remove it");
            return Err(origin.error(&key, text));
        }
        if is_meaningful(&small) || small.starts_with("sec-websocket-") {
            let text = format!("a field `{name}` would make another request of it; remove it");
            return Err(origin.error(&key, text));
        }
    }
    Ok(())
}
