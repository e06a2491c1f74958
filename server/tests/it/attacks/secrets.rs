//! Files with a secret that others can read.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use sluice_server::{
    auth::Verifier,
    causes::with_causes,
    tls::{ServerTls, TlsConfig},
};
use tempfile::TempDir;

use super::{
    kit::{SECRET, secret_source, write_secret},
    transport::Ca,
};

/// Runs the program with nothing of this environment, to its end.
fn run(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sluice-server"))
        .args(arguments)
        .env_clear()
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn set(file: &Path, mode: u32) {
    std::fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

/// What others may do with a file of this mode, if they are of its group or not.
const OPEN: [u32; 5] = [0o644, 0o640, 0o604, 0o602, 0o660];

#[test]
fn a_password_or_a_key_that_others_can_read_is_refused() {
    let directory = TempDir::new().unwrap();
    let secret = directory.path().join("secret");
    write_secret(&secret, SECRET);
    let config = directory.path().join("sluice.toml");
    let text = "[connections.a]\nurl = \"http://127.0.0.1:9\"\npassword-file = \"secret\"\n";
    std::fs::write(config, text).unwrap();
    let lines: [&[&str]; 3] = [
        &[
            "token",
            "--key=secret",
            "--subject=a",
            "--scopes=catalog:read",
        ],
        &[
            "config",
            "--clickhouse-url=http://127.0.0.1:9",
            "--clickhouse-password-file=secret",
        ],
        &["config", "--config=sluice.toml"],
    ];
    for line in lines {
        for mode in [0o600, 0o400] {
            set(&secret, mode);
            let output = run(directory.path(), line);
            assert!(output.status.success(), "{line:?}: {output:?}");
        }
        for mode in OPEN {
            set(&secret, mode);
            let output = run(directory.path(), line);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{line:?} {mode:o}");
            assert!(told.contains("chmod 600"), "{line:?} {mode:o}: {told}");
            assert!(told.contains("secret"), "{line:?} {mode:o}: {told}");
        }
    }
    // What no file of the disk holds has no such mode.
    let piped = Command::new("bash")
        .arg("-c")
        .arg("exec \"$0\" token --key <(cat secret) --subject a --scopes catalog:read")
        .arg(env!("CARGO_BIN_EXE_sluice-server"))
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(piped.status.success(), "{piped:?}");
}

#[tokio::test]
async fn a_server_does_not_start_with_the_secret_of_tokens_or_of_tls_open_to_others() {
    let directory = TempDir::new().unwrap();
    let secret = directory.path().join("secret");
    write_secret(&secret, SECRET);
    let ca = Ca::new();
    let (certificate, key) = ca.issue("server");
    let tokens = || {
        let source = secret_source(secret.clone());
        Verifier::new(sluice_server::auth::AuthConfig::new(vec![source]))
    };
    let tls = || {
        ServerTls::load(TlsConfig {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: None,
            reload_interval: Duration::from_secs(3600),
        })
    };
    tokens().await.unwrap();
    tls().unwrap();
    for mode in OPEN {
        set(&secret, mode);
        set(&key, mode);
        let told = with_causes(&tokens().await.unwrap_err());
        assert!(told.contains("chmod 600"), "{mode:o}: {told}");
        let told = with_causes(&tls().unwrap_err());
        assert!(told.contains("chmod 600"), "{mode:o}: {told}");
    }
    // A certificate is for everybody.
    set(&key, 0o600);
    set(&certificate, 0o644);
    tls().unwrap();
}
