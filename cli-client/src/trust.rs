//! Why the two ends of a connection do not trust each other, found in the causes of an error.
//!
//! `connect` and `error` ask it, so that `retry` does not wait for what will not pass, and `report`
//! says what to do. It must never take a connection that broke for one that was refused.

use std::{error::Error as StdError, io};

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::text;

/// What a server says of a client certificate (RFC 8446, 6.2).
const REFUSALS: [(AlertDescription, &str); 8] = [
    (
        AlertDescription::CertificateRequired,
        "it wants a client certificate",
    ),
    (
        AlertDescription::UnknownCA,
        "the client certificate is not signed by a CA that it trusts",
    ),
    (
        AlertDescription::BadCertificate,
        "it cannot check the client certificate",
    ),
    (
        AlertDescription::DecryptError,
        "it cannot check the client certificate",
    ),
    (
        AlertDescription::UnsupportedCertificate,
        "the client certificate is not one for clients",
    ),
    (
        AlertDescription::CertificateRevoked,
        "the client certificate is revoked",
    ),
    (
        AlertDescription::CertificateExpired,
        "the client certificate has expired, or is not valid yet",
    ),
    (
        AlertDescription::CertificateUnknown,
        "it does not take the client certificate",
    ),
];

/// What one end holds against the other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Distrust {
    /// The certificate of the server is not good for this client.
    #[error("the server is not trusted: {0}")]
    Server(String),
    /// The server wants a client certificate, or does not take the one that it was shown.
    #[error("the server refuses the connection: {0}")]
    Client(&'static str),
}

/// The distrust behind an error, if that is its cause.
pub(crate) fn find(error: &(dyn StdError + 'static)) -> Option<Distrust> {
    let mut next = Some(error);
    while let Some(error) = next {
        let tls = error.downcast_ref::<TlsError>();
        if let Some(found) = tls.and_then(judge).or_else(|| alert_in(error)) {
            return Some(found);
        }
        // What an I/O error wraps is not its source.
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn judge(error: &TlsError) -> Option<Distrust> {
    match error {
        TlsError::AlertReceived(alert) => refusal(*alert).map(Distrust::Client),
        TlsError::InvalidCertificate(error) => Some(Distrust::Server(fault(error))),
        _ => None,
    }
}

/// What is wrong with the certificate of a server.
fn fault(error: &CertificateError) -> String {
    match error {
        // The signature is wrong when a CA of the same name has signed it.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is not signed by a CA that is trusted here".to_owned()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names = presented.iter().map(|name| plain_name(name));
            let names = names.collect::<Vec<_>>().join(", ");
            format!(
                "its certificate is for {names}, not for {}",
                expected.to_str()
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet".to_owned()
        }
        CertificateError::Revoked => "its certificate is revoked".to_owned(),
        other => format!("its certificate cannot be checked: {other}"),
    }
}

/// The name in `DnsName("db.example.com")`, which the other end has chosen.
fn plain_name(name: &str) -> String {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    text::one_line(inner.unwrap_or(name).trim_matches('"'))
}

/// What an alert says of the client certificate, if it says anything of it.
fn refusal(alert: AlertDescription) -> Option<&'static str> {
    let found = REFUSALS.iter().find(|(known, _)| *known == alert);
    found.map(|(_, words)| *words)
}

/// The refusal in an error that has lost its cause, and kept the text of it: those of HTTP/2.
fn alert_in(error: &(dyn StdError + 'static)) -> Option<Distrust> {
    let text = error.to_string();
    let mut refusals = REFUSALS.iter();
    let found = refusals.find(|(alert, _)| TlsError::AlertReceived(*alert).to_string() == text);
    found.map(|(_, words)| Distrust::Client(words))
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use rustls::{
        AlertDescription, CertificateError, Error as TlsError, OtherError, pki_types::ServerName,
    };

    use super::{Distrust, find};

    fn words(error: TlsError) -> Option<String> {
        find(&io::Error::new(io::ErrorKind::InvalidData, error)).map(|found| found.to_string())
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_said() {
        let server = |error| words(TlsError::InvalidCertificate(error)).unwrap();
        let names = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("db").unwrap(),
            presented: vec!["DnsName(\"a\")".to_owned(), "IpAddress(::1)\n".to_owned()],
        };
        assert_eq!(
            server(names),
            "the server is not trusted: its certificate is for a, IpAddress(::1)\\n, not for db"
        );
        for (error, part) in [
            (CertificateError::UnknownIssuer, "not signed by a CA"),
            (CertificateError::BadSignature, "not signed by a CA"),
            (CertificateError::Expired, "has expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::Revoked, "is revoked"),
            (
                CertificateError::BadEncoding,
                "cannot be checked: BadEncoding",
            ),
        ] {
            let words = server(error);
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn a_refused_client_is_told_from_a_connection_that_broke() {
        let alert = TlsError::AlertReceived;
        let wanted = Some(Distrust::Client("it wants a client certificate"));
        let required = alert(AlertDescription::CertificateRequired);
        // Of HTTP/2 only the text comes through.
        assert_eq!(find(&io::Error::other(required.to_string())), wanted);
        assert_eq!(find(&io::Error::other(io::Error::other(required))), wanted);
        assert!(
            words(alert(AlertDescription::UnknownCA))
                .unwrap()
                .contains("CA")
        );
        for error in [
            alert(AlertDescription::InternalError),
            TlsError::Other(OtherError(Arc::new(io::Error::other("x")))),
        ] {
            assert_eq!(words(error), None);
        }
        assert_eq!(find(&io::Error::from(io::ErrorKind::ConnectionReset)), None);
    }
}
