//! TLS on the way out: to ClickHouse, and to the keys of tokens.
//!
//! `auth` and `connections` use it. It always verifies: there is no switch to turn that off.

use std::{fs, path::Path, sync::Arc};

use hyper_rustls::ConfigBuilderExt as _;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::Error;

/// A client that trusts the certificates in `ca`, or those that the system trusts.
///
/// # Errors
///
/// The file cannot be read or holds no certificate; the system has none.
pub fn client(ca: Option<&Path>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Client(error.to_string()))?;
    let Some(path) = ca else {
        let roots = builder.with_native_roots();
        let roots = roots.map_err(|error| Error::Client(error.to_string()))?;
        return Ok(roots.with_no_client_auth());
    };
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let pem = fs::read(path).map_err(read)?;
    let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(Error::NoCertificate(path.to_owned()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
