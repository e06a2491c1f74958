//! TLS from the server's program to a running server of the same configuration, for `sluice-server health`.
//!
//! The CA of the server's certificate need not be on this machine, and no name leads to it here: what the server shows
//! must be the very certificate in its file.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as RustlsError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
};
use secrecy::{ExposeSecret as _, SecretSlice};

use super::{Error, TlsConfig, certificates, read_key};

/// A client that takes the certificate of this configuration and no other, and shows it where the server wants to see
/// one.
///
/// # Errors
///
/// The files cannot be used.
pub fn to_itself(config: &TlsConfig) -> Result<ClientConfig, Error> {
    let chain = certificates(&config.certificate)?;
    let own = chain
        .first()
        .cloned()
        .ok_or_else(|| Error::NoCertificate(config.certificate.clone()))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Itself {
        own,
        provider: Arc::clone(&provider),
    });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Client(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    if config.client_ca.is_none() {
        return Ok(builder.with_no_client_auth());
    }
    let pem = SecretSlice::from(read_key(&config.key)?);
    let key = PrivateKeyDer::from_pem_slice(pem.expose_secret());
    let key = key.map_err(|_| Error::NoKey(config.key.clone()))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|source| Error::Pair {
            certificate: config.certificate.clone(),
            key: config.key.clone(),
            source,
        })
}

/// Takes one certificate, whose key the other side must have.
#[derive(Debug)]
struct Itself {
    own: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Itself {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, RustlsError> {
        if *end_entity == self.own {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
