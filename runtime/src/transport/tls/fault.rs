//! What went wrong, in words for whoever set the two ends up.

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::error::{Error, ErrorKind};
use crate::transport::detect;

/// An error for one end: the client's, or else the server's. `first` is how the other's bytes began.
#[cold]
pub(super) fn explain(error: &rustls::Error, client: bool, first: &[u8]) -> Error {
    let peer = if client { "server" } else { "client" };
    let text = match error {
        rustls::Error::InvalidCertificate(why) => {
            format!(
                "the {peer}'s certificate is not accepted: {}",
                certificate(why)
            )
        }
        rustls::Error::NoCertificatesPresented => format!("the {peer} has shown no certificate"),
        rustls::Error::AlertReceived(alert) => format!("the {peer} refused: {}", words(*alert)),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            match detect::without_tls(first) {
                Some(what) => format!("the {peer} seems to speak {what}, without TLS"),
                None => format!("what the {peer} sent is not TLS"),
            }
        }
        rustls::Error::PeerIncompatible(why) => {
            format!("this end and the {peer} have no TLS in common: {why:?}")
        }
        error => format!("TLS failed: {error}"),
    };
    Error::new(ErrorKind::Tls, text).with_source(error.clone())
}

/// Whether an error says that what the other end sent is not TLS.
#[cold]
pub(crate) fn is_foreign(error: &Error) -> bool {
    use std::error::Error as _;

    let cause = error.source().and_then(|cause| cause.downcast_ref());
    matches!(
        cause,
        Some(rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
        ))
    )
}

fn certificate(error: &CertificateError) -> String {
    use CertificateError as Bad;

    let text = match error {
        Bad::UnknownIssuer => "no authority that is trusted here has signed it",
        Bad::BadSignature => "its signature is not that of an authority that is trusted here",
        Bad::Expired | Bad::ExpiredContext { .. } => "it has expired",
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => "it is not valid yet",
        Bad::NotValidForNameContext {
            expected,
            presented,
        } => {
            let expected = expected.to_str();
            return if presented.is_empty() {
                format!("it has no subject alternative name, and `{expected}` is wanted")
            } else {
                let presented: Vec<_> = presented.iter().map(|name| bare(name)).collect();
                format!(
                    "it is for {}, not for `{expected}`",
                    presented.join(" and ")
                )
            };
        }
        Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => {
            "its extended key usage is for something else"
        }
        other => return other.to_string(),
    };
    text.to_owned()
}

/// The name in what `rustls` writes as `DnsName("localhost")` or `IpAddress(127.0.0.1)`.
fn bare(name: &str) -> String {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    format!("`{}`", inner.unwrap_or(name).trim_matches('"'))
}

fn words(alert: AlertDescription) -> String {
    let text = match alert {
        AlertDescription::CertificateRequired => "it wants a certificate",
        AlertDescription::UnknownCA => "it does not trust who signed the certificate",
        AlertDescription::CertificateExpired => "the certificate has expired",
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
            "it does not accept the certificate"
        }
        AlertDescription::DecryptError => "it finds a signature wrong",
        AlertDescription::ProtocolVersion => "it speaks no version of TLS that this end does",
        AlertDescription::HandshakeFailure => "it has no TLS in common with this end",
        other => return format!("alert {other:?}"),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_not_tls() {
        let error = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        for (first, client, expected) in [
            (
                &b"GET / HT"[..],
                false,
                "the client seems to speak HTTP, without TLS",
            ),
            (
                b"\0\0\0\x20\x80\x01\0\x01",
                false,
                "the client seems to speak the binary protocol over the framed transport, without TLS",
            ),
            (
                b"\xff\xff\xff\xff\xff",
                true,
                "what the server sent is not TLS",
            ),
            // It began well.
            (
                b"\x16\x03\x03\0\0\0\0\0",
                true,
                "what the server sent is not TLS",
            ),
        ] {
            assert_eq!(explain(&error, client, first).to_string(), expected);
        }
    }

    #[test]
    fn names_of_certificates_are_bare() {
        for (name, expected) in [
            ("DnsName(\"localhost\")", "`localhost`"),
            ("IpAddress(127.0.0.1)", "`127.0.0.1`"),
            ("something else", "`something else`"),
        ] {
            assert_eq!(bare(name), expected);
        }
    }
}
