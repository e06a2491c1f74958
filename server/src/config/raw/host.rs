//! The arguments of the child process that hosts the ClickHouse library.
//!
//! Part of `config::raw`. The server writes them itself, and nobody else needs to know them.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;

use crate::engine::{HostRequest, Walls};

/// The arguments of `engine-host`.
#[derive(Debug, Args)]
pub(in crate::config) struct RawHost {
    /// The library.
    #[arg(long, value_name = "FILE")]
    library: PathBuf,

    /// The directory that it is held to.
    #[arg(long, value_name = "DIR", requires_all = ["users", "http_port"])]
    data_dir: Option<PathBuf>,

    /// The file of its users.
    #[arg(long, value_name = "FILE", requires = "data_dir")]
    users: Option<PathBuf>,

    /// The port that it listens on.
    #[arg(long, value_name = "PORT", requires = "data_dir")]
    http_port: Option<u16>,

    /// The arguments of its command line.
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

impl From<RawHost> for HostRequest {
    fn from(raw: RawHost) -> Self {
        let walls = match (raw.data_dir, raw.users, raw.http_port) {
            (Some(data_dir), Some(users), Some(http_port)) => Some(Walls {
                data_dir,
                users,
                http_port,
            }),
            _ => None,
        };
        Self {
            library: raw.library,
            walls,
            arguments: raw.arguments,
        }
    }
}
