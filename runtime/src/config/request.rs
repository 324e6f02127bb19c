//! What the sections `http` and `websocket` have in common: what may be asked for.

use crate::config::origin::Origin;
use crate::error::Result;

/// Refuses a path that no request could be for.
pub(super) fn check_path(path: Option<&str>, section: &str, origin: &Origin) -> Result<()> {
    match path {
        Some(path) if !path.starts_with('/') => {
            let text = format!("`{path}` is no path; write `/{path}`");
            Err(origin.error(&format!("{section}.path"), text))
        }
        _ => Ok(()),
    }
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

/// Refuses fields that a request has already, or that would make another one of it. `is_own` gets names in
/// small letters.
pub(super) fn check_fields(
    fields: &[(String, String)],
    is_own: impl Fn(&str) -> bool,
    section: &str,
    origin: &Origin,
) -> Result<()> {
    let mut names = fields.iter().map(|(name, _)| name);
    let Some(name) = names.find(|name| is_own(&name.to_lowercase())) else {
        return Ok(());
    };
    let text = format!("the request has a field `{name}` by itself; remove it");
    Err(origin.error(&format!("{section}.fields"), text))
}
