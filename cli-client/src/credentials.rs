//! Who calls, and whom to trust: token, client certificate, CA.
//!
//! Given by `settings`, used by `connect`. A token must never be shown, nor sent where others can read
//! it.

use std::{
    ffi::OsString,
    fmt, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tonic::{
    Request, Status,
    metadata::{AsciiMetadataKey, AsciiMetadataValue},
    service::Interceptor,
    transport::{Certificate, ClientTlsConfig, Identity},
};

use crate::{
    error::{Error, Result},
    place::Header,
};

/// Token and certificates, in files but for a token of the environment.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    token: Option<OsString>,
    token_file: Option<PathBuf>,
    ca: Option<PathBuf>,
    /// Certificate and key.
    own: (Option<PathBuf>, Option<PathBuf>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("token", &self.token.as_ref().map(|_| "***"))
            .field("token_file", &self.token_file)
            .field("ca", &self.ca)
            .field("own", &self.own)
            .finish()
    }
}

/// Adds the same headers to each call.
#[derive(Debug, Clone)]
pub(crate) struct Headers(Vec<Header>);

impl Interceptor for Headers {
    fn call(&mut self, mut request: Request<()>) -> std::result::Result<Request<()>, Status> {
        for (name, value) in &self.0 {
            request.metadata_mut().insert(name.clone(), value.clone());
        }
        Ok(request)
    }
}

impl Credentials {
    /// The token itself, or the file with it, which counts more; the CA; certificate and key.
    pub(crate) const fn new(
        token: Option<OsString>,
        token_file: Option<PathBuf>,
        ca: Option<PathBuf>,
        own: (Option<PathBuf>, Option<PathBuf>),
    ) -> Self {
        Self {
            token,
            token_file,
            ca,
            own,
        }
    }

    /// These, and where they are silent those of a profile. Each counts as a whole: no token beside
    /// another, no certificate without its own key.
    pub(crate) fn or(self, profile: Self) -> Self {
        let has_own = self.own.0.is_some() || self.own.1.is_some();
        let token_file = if self.has_token() {
            self.token_file
        } else {
            profile.token_file
        };
        Self {
            token: self.token,
            token_file,
            ca: self.ca.or(profile.ca),
            own: if has_own { self.own } else { profile.own },
        }
    }

    const fn has_token(&self) -> bool {
        self.token.is_some() || self.token_file.is_some()
    }

    /// What they are, in words: `token, certificate`.
    pub(crate) fn words(&self) -> String {
        let parts = [
            (self.has_token(), "token"),
            (self.own.0.is_some(), "certificate"),
        ];
        let parts = parts.into_iter().filter(|(is_there, _)| *is_there);
        parts.map(|(_, word)| word).collect::<Vec<_>>().join(", ")
    }

    /// What to add to each call to `url`, behind `headers`. Secrets among them go where others cannot
    /// read them. Fails with [`Error::Usage`].
    pub(crate) fn headers(&self, url: &str, mut headers: Vec<Header>) -> Result<Headers> {
        let is_secret = |(name, _): &Header| {
            ["password", "token"]
                .iter()
                .any(|word| name.as_str().ends_with(word))
        };
        if headers.iter().any(is_secret) && !is_private(url) {
            let text =
                format!("the password would go to {url} where others can read it: use https://");
            return Err(Error::Usage(text));
        }
        if let Some(bearer) = self.bearer(url)? {
            headers.push((AsciiMetadataKey::from_static("authorization"), bearer));
        }
        Ok(Headers(headers))
    }

    fn bearer(&self, url: &str) -> Result<Option<AsciiMetadataValue>> {
        let token = match (&self.token_file, &self.token) {
            (Some(file), _) => {
                let bytes = secret(file)?;
                String::from_utf8(bytes).ok()
            }
            (None, Some(token)) => token.to_str().map(str::to_owned),
            (None, None) => return Ok(None),
        };
        if !is_private(url) {
            let text = format!(
                "the token would go to {url} where others can read it: use https://, or leave it out"
            );
            return Err(Error::Usage(text));
        }
        let value = token.and_then(|token| format!("Bearer {}", token.trim()).parse().ok());
        let mut value: AsciiMetadataValue = value.ok_or_else(|| {
            Error::Usage("the token holds characters that no token has".to_owned())
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// How to encrypt; none for a URL with http. Fails with [`Error::Usage`].
    pub(crate) fn tls(&self, url: &str) -> Result<Option<ClientTlsConfig>> {
        let has_any = self.ca.is_some() || self.own.0.is_some() || self.own.1.is_some();
        if !url.starts_with("https:") {
            if has_any {
                let text = format!("--ca, --cert and --key are for https://, not for {url}");
                return Err(Error::Usage(text));
            }
            return Ok(None);
        }
        let mut tls = ClientTlsConfig::new();
        tls = match &self.ca {
            Some(file) => tls.ca_certificate(Certificate::from_pem(certificates(file)?)),
            None => tls.with_native_roots(),
        };
        match &self.own {
            (Some(certificate), Some(key)) => {
                tls = tls.identity(Identity::from_pem(certificates(certificate)?, secret(key)?));
            }
            (None, None) => {}
            _ => return Err(Error::Usage("--cert and --key belong together".to_owned())),
        }
        Ok(Some(tls))
    }
}

/// Whether nobody on the way can read what goes to this URL.
fn is_private(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return true;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A file with at least one certificate: without, nobody would be trusted, and nobody would know why.
fn certificates(file: &Path) -> Result<Vec<u8>> {
    let pem = read(file)?;
    let mut found = CertificateDer::pem_slice_iter(&pem).peekable();
    let is_good = found.peek().is_some() && found.all(|one| one.is_ok());
    if is_good {
        return Ok(pem);
    }
    let text = format!("{} holds no certificates (PEM)", file.display());
    Err(Error::Usage(text))
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|error| Error::Usage(format!("cannot read {}: {error}", file.display())))
}

/// A file that only its owner may be able to read.
pub(crate) fn secret(file: &Path) -> Result<Vec<u8>> {
    let metadata = fs::metadata(file);
    if metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0) {
        let file = file.display();
        return Err(Error::Usage(format!(
            "others can read {file}, which holds a secret: chmod 600 {file}"
        )));
    }
    read(file)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::{Credentials, is_private};

    #[test]
    fn tokens_go_where_nobody_can_read_them() {
        for url in [
            "https://db",
            "http://127.0.0.1:1",
            "http://[::1]:1/",
            "http://localhost:1",
        ] {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "http://db:1",
            "http://10.0.0.1",
            "http://localhost.evil",
            "http://127.0.0.1.evil",
        ] {
            assert!(!is_private(url), "{url}");
        }
        let token = Credentials::new(Some("secret".into()), None, None, (None, None));
        let error = token.bearer("http://db:50051").unwrap_err().to_string();
        assert!(
            error.contains("https://") && !error.contains("secret"),
            "{error}"
        );
        assert!(!format!("{token:?} {:?}", token.bearer("https://db")).contains("secret"));
    }

    #[test]
    fn secrets_that_others_can_read_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        fs::write(&file, "abc\n").unwrap();
        let credentials = Credentials::new(None, Some(file.clone()), None, (None, None));
        let set = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o644, 0o640, 0o604] {
            set(mode);
            let error = credentials.bearer("https://db").unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
        set(0o600);
        credentials.bearer("https://db").unwrap();
    }

    #[test]
    fn a_certificate_needs_its_key_and_tls() {
        let own = (Some("c".into()), None);
        let half = Credentials::new(None, None, None, own);
        half.tls("https://db").unwrap_err();
        half.tls("http://db").unwrap_err();
        assert!(Credentials::default().tls("http://db").unwrap().is_none());
    }
}
