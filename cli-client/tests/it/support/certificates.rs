//! A CA of the test's own, what it signs, and tokens of the server's own program.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};

use super::{Files, server_binary};

/// A CA with a directory of its own.
pub(crate) struct Ca {
    pub(crate) files: Files,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key: their paths.
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = named("test CA", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let files = Files::new();
        files.write("ca.pem", params.self_signed(&key).unwrap().pem());
        Self {
            files,
            issuer: Issuer::new(params, key),
        }
    }

    /// The certificate of the CA.
    pub(crate) fn pem(&self) -> String {
        self.files.path("ca.pem")
    }

    /// Signs a certificate of this name for these hosts.
    pub(crate) fn issue(&self, name: &str, hosts: &[&str]) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = named(name, hosts).signed_by(&key, &self.issuer).unwrap();
        let cert = self.files.write(&format!("{name}.pem"), certificate.pem());
        let key = secret(&self.files, &format!("{name}.key"), &key.serialize_pem());
        Pair { cert, key }
    }
}

fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Writes a file that only its owner can read.
pub(crate) fn secret(files: &Files, name: &str, content: &str) -> String {
    let path = files.write(name, content);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A token for this time, made by the server's program.
pub(crate) fn token(key: &str, ttl: &str) -> String {
    let scopes = "ingest:upload,ingest:export,catalog:read";
    let mut command = Command::new(server_binary());
    command.args(["token", "--key", key, "--subject", "alice"]);
    command.args(["--scopes", scopes, "--ttl", ttl]);
    let output = command.env_clear().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
