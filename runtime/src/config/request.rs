//! What a client says in the heads of its requests, with the transports `http` and `websocket`.

use crate::config::origin::Origin;
use crate::error::Result;

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
    if let Some(letter) = path.chars().find(|letter| !is_visible(*letter)) {
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
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    for (name, value) in fields {
        if name.is_empty() || !name.bytes().all(token) {
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

fn is_visible(letter: char) -> bool {
    letter.is_ascii_graphic()
}
