//! The flags that say who calls, and whom to trust.

use std::path::PathBuf;

use clap::Args;

use super::GENERAL;
use crate::credentials::Credentials;

/// Token and certificates.
#[derive(Debug, Args)]
pub(crate) struct CredentialArgs {
    /// File with the token to send. Nobody else may be able to read it. The variable `SLUICE_TOKEN`
    /// holds a token itself.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "FILE", env = "SLUICE_TOKEN_FILE")]
    token_file: Option<PathBuf>,

    /// CA certificates (PEM) to trust with https:// instead of those of the system.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "FILE", env = "SLUICE_CA")]
    ca: Option<PathBuf>,

    /// Client certificate (PEM) to show; needs --key.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "FILE", env = "SLUICE_CERT")]
    cert: Option<PathBuf>,

    /// Private key (PEM) of --cert. Nobody else may be able to read it.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "FILE", env = "SLUICE_KEY")]
    key: Option<PathBuf>,
}

impl From<CredentialArgs> for Credentials {
    fn from(args: CredentialArgs) -> Self {
        let CredentialArgs {
            token_file,
            ca,
            cert,
            key,
        } = args;
        let token = std::env::var_os("SLUICE_TOKEN").filter(|token| !token.is_empty());
        Self::new(token, token_file, ca, (cert, key))
    }
}
