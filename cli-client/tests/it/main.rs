//! The binary as a whole: alone, and against a real server with a real ClickHouse.
//!
//! Runs `sluice` and `sluice-server` in processes of their own, on free ports and in temporary
//! directories. It needs the engine's library (`make engine`) and both programs, which building the
//! workspace makes. It must never imitate a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

mod broken;
mod create;
mod dialect;
mod escapes;
mod export;
mod faults;
mod form;
mod hints;
mod inspect;
mod local;
mod look;
mod profiles;
mod rejects;
mod resume;
mod resume_export;
mod secure;
mod server;
mod text;
mod transfers;
mod upload;
mod usage;
mod values;

use assert_cmd::Command;

use crate::support::SLUICE;

/// The binary, with an address where nobody listens.
fn sluice() -> Command {
    let mut command = bare();
    command.args(["--server", "http://127.0.0.1:9"]);
    command
}

/// The binary, without an address.
fn bare() -> Command {
    Command::from_std(program())
}

/// The binary with nothing of this environment that it reads.
fn program() -> std::process::Command {
    let mut command = std::process::Command::new(SLUICE);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SLUICE_") {
            command.env_remove(name);
        }
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

/// The last line of standard output as JSON.
fn last_object(output: &std::process::Output) -> serde_json::Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}
