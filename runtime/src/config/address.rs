//! What an address takes that a build may lack.

use crate::config::origin::Origin;
use crate::error::Result;
use crate::transport::Address;

/// Refuses one whose feature is off.
pub(super) fn check(address: &Address, key: &str, origin: &Origin) -> Result<()> {
    let Some((feature, false)) = address.feature() else {
        return Ok(());
    };
    let text = format!(
        "`{address}` needs the feature `{feature}` of the crate `seapink`; write `features = \
         [\"{feature}\"]` in Cargo.toml"
    );
    Err(origin.error(key, text))
}
