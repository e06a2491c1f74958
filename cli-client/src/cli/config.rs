//! The flags that say which profile counts, and where it stands.

use std::{env, ffi::OsString, path::PathBuf};

use clap::Args;

use super::GENERAL;
use crate::config::Wanted;

/// Profile and configuration file.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Profile to take what neither flags nor environment say from: server, credentials, ClickHouse;
    /// an empty one is none. Default: the one that the configuration file names.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "NAME", env = "SLUICE_PROFILE")]
    profile: Option<String>,

    /// Configuration file with profiles; see `sluice help profiles`. Default: sluice/config.toml in
    /// `$XDG_CONFIG_HOME` or ~/.config.
    // `SLUICE_CONFIG` is the file of the server, which is another one.
    #[arg(long, global = true, help_heading = GENERAL, value_name = "FILE", env = "SLUICE_CLI_CONFIG")]
    config: Option<PathBuf>,
}

impl From<ConfigArgs> for Wanted {
    fn from(args: ConfigArgs) -> Self {
        let home = path(env::var_os("HOME"));
        let base = path(env::var_os("XDG_CONFIG_HOME"));
        let base = base.or_else(|| home.as_deref().map(|home| home.join(".config")));
        Self {
            profile: args.profile,
            file: args.config,
            usual: base.map(|base| base.join("sluice").join("config.toml")),
            home,
        }
    }
}

/// A directory of the environment; a relative one does not count.
fn path(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}
