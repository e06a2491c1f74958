//! The name in a client certificate.
//!
//! `incoming` asks once for each connection, after TLS has verified the certificate. Where there is no
//! single name, there is none: a caller must not be able to choose between two.

use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// The common name; without one the first alternative name that is a host, a URI or a mail address.
pub(super) fn subject(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let mut names = certificate.subject().iter_common_name();
    let name = match (names.next(), names.next()) {
        (Some(name), None) => name.as_str().ok()?.to_owned(),
        (Some(_), Some(_)) => return None,
        (None, _) => alternative(&certificate)?,
    };
    let is_name =
        !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control);
    is_name.then_some(name)
}

fn alternative(certificate: &X509Certificate<'_>) -> Option<String> {
    let names = certificate.subject_alternative_name().ok()??;
    names
        .value
        .general_names
        .iter()
        .find_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => {
                Some((*name).to_owned())
            }
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::subject;

    fn check(common_names: &[&str], alternatives: &[&str], expected: Option<&str>) {
        let alternatives: Vec<_> = alternatives.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(alternatives).unwrap();
        params.distinguished_name = DistinguishedName::new();
        for name in common_names {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(subject(certificate.der()).as_deref(), expected);
    }

    #[test]
    fn a_certificate_is_called_by_its_common_name_or_its_first_alternative() {
        check(&["loader"], &["host.example"], Some("loader"));
        check(
            &[],
            &["host.example", "other.example"],
            Some("host.example"),
        );
        check(&[], &[], None);
    }

    #[test]
    fn a_name_that_is_none_is_left_out() {
        check(&[""], &["host.example"], None);
        check(&["a\nb"], &[], None);
        check(&[&"x".repeat(257)], &[], None);
        assert_eq!(subject(b"no certificate"), None);
    }
}
