//! Keys, tokens and configurations for the tests of this module.

use std::{path::PathBuf, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, jwk::Jwk};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};

use crate::auth::{AuthConfig, KeySource, Verifier};

/// The secret that the tests share with the server.
pub(super) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// The claims of a right token, with changes.
pub(super) fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "sub": "alice", "iss": "https://id.example", "aud": "sluice",
        "exp": now() + 600, "scope": "ingest:upload",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

pub(super) fn secret_file(bytes: &[u8]) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

pub(super) fn secret_config() -> (NamedTempFile, AuthConfig) {
    let file = secret_file(SECRET);
    let source = KeySource::Secret {
        file: file.path().to_owned(),
        algorithm: Algorithm::HS256,
    };
    (file, config(vec![source]))
}

pub(super) fn config(keys: Vec<KeySource>) -> AuthConfig {
    let mut config = AuthConfig::new(keys);
    config.issuers = vec!["https://id.example".to_owned()];
    config.audiences = vec!["sluice".to_owned()];
    config
}

pub(super) async fn verifier(config: AuthConfig) -> Verifier {
    Verifier::new(config).await.unwrap()
}

/// A part of a token.
pub(super) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with any header, signed with the shared secret by HS256.
pub(super) fn encode(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(SECRET);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
    format!("{message}.{}", signature.unwrap())
}

pub(super) fn hmac(algorithm: Algorithm, secret: &[u8], claims: &Value) -> String {
    hmac_text(algorithm, secret, &claims.to_string())
}

pub(super) fn hmac_text(algorithm: Algorithm, secret: &[u8], claims: &str) -> String {
    let header = part(&json!({"alg": algorithm}));
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm);
    format!("{message}.{}", signature.unwrap())
}

/// A token with any header, signed with an RSA key.
pub(super) fn rs256_with_text(keys: &Keys, header: &str, claims: &Value) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), part(claims));
    let key = keys.encoding("rsa");
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::RS256);
    format!("{message}.{}", signature.unwrap())
}

/// A key of each kind, in files.
pub(super) struct Keys {
    directory: TempDir,
}

impl Keys {
    pub(super) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let kinds = [
            ("rsa", &PKCS_RSA_SHA256),
            ("p256", &PKCS_ECDSA_P256_SHA256),
            ("p384", &PKCS_ECDSA_P384_SHA384),
            ("ed", &PKCS_ED25519),
        ];
        for (name, kind) in kinds {
            let pair = KeyPair::generate_for(kind).unwrap();
            let path = directory.path().join(name);
            crate::secret_file::write(&path.with_extension("key"), pair.serialize_pem());
            std::fs::write(path.with_extension("pub"), pair.public_key_pem()).unwrap();
        }
        Self { directory }
    }

    pub(super) fn private_file(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.key"))
    }

    pub(super) fn public_file(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.pub"))
    }

    pub(super) fn private_pem(&self, name: &str) -> String {
        std::fs::read_to_string(self.private_file(name)).unwrap()
    }

    pub(super) fn public_pem(&self, name: &str) -> String {
        std::fs::read_to_string(self.public_file(name)).unwrap()
    }

    fn encoding(&self, name: &str) -> EncodingKey {
        let pem = self.private_pem(name);
        let key = match name {
            "rsa" => EncodingKey::from_rsa_pem(pem.as_bytes()),
            "ed" => EncodingKey::from_ed_pem(pem.as_bytes()),
            _ => EncodingKey::from_ec_pem(pem.as_bytes()),
        };
        key.unwrap()
    }

    pub(super) fn sign(
        &self,
        name: &str,
        algorithm: Algorithm,
        id: Option<&str>,
        claims: &Value,
    ) -> String {
        let mut header = Header::new(algorithm);
        header.kid = id.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &self.encoding(name)).unwrap()
    }

    /// The public key as an entry of a key set.
    pub(super) fn jwk(&self, name: &str, id: &str) -> Value {
        let pem = self.public_pem(name);
        let key = match name {
            "rsa" => DecodingKey::from_rsa_pem(pem.as_bytes()),
            "ed" => DecodingKey::from_ed_pem(pem.as_bytes()),
            _ => DecodingKey::from_ec_pem(pem.as_bytes()),
        };
        let mut jwk = Jwk::from_decoding_key(&key.unwrap(), None).unwrap();
        jwk.common.key_id = Some(id.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    /// A configuration with the public keys of these names.
    pub(super) fn config(&self, names: &[&str]) -> AuthConfig {
        let source = |name: &&str| KeySource::Pem {
            file: self.public_file(name),
            algorithm: None,
        };
        config(names.iter().map(source).collect())
    }
}
