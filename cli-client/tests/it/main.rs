//! The binary as a whole, as far as it goes without a server.
//!
//! Runs `sluice` in a process of its own; nothing is expected of the environment. It must never
//! imitate a server: what needs one is tested with the real one, in the server's tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod local;
mod text;
mod usage;

use assert_cmd::Command;

/// The binary, with an address where nobody listens.
fn sluice() -> Command {
    let mut command = bare();
    command.args(["--server", "http://127.0.0.1:9"]);
    command
}

/// The binary, without an address.
fn bare() -> Command {
    let mut command = Command::cargo_bin("sluice").unwrap();
    command.env_remove("SLUICE_SERVER");
    command
}

/// The last line of standard output as JSON.
fn last_object(output: &std::process::Output) -> serde_json::Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}
