//! The files that people deploy with name options that there are.

use std::{
    collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command,
};

/// The variables of the servers in `docker/kubernetes/settings.yaml`.
fn settings() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker/kubernetes/settings.yaml");
    let text = fs::read_to_string(path).unwrap();
    let variables = text.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("  SLUICE_")?.split_once(": ")?;
        Some((format!("SLUICE_{name}"), value.to_owned()))
    });
    variables.collect()
}

#[test]
fn the_settings_for_kubernetes_are_taken() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = settings();
    assert!(settings.len() > 8, "{settings:?}");
    // The files are mounted there, and here they are not.
    for (name, content) in [
        ("SLUICE_CLICKHOUSE_PASSWORD_FILE", "password".to_owned()),
        ("SLUICE_AUTH_PUBLIC_KEY_FILE", public_key()),
    ] {
        let file = directory.path().join(name);
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        settings.insert(name.to_owned(), file.to_str().unwrap().to_owned());
    }
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice-server"));
        command.arg("config").env_clear().envs(&settings);
        command.output().unwrap()
    };
    let output = command();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let configuration = String::from_utf8(output.stdout).unwrap();
    for name in settings.keys() {
        let key = name
            .trim_start_matches("SLUICE_")
            .to_lowercase()
            .replace('_', "-");
        let is_set = configuration
            .lines()
            .any(|line| line.starts_with(&format!("{key} = ")));
        assert!(is_set, "{key} is not in {configuration}");
    }
}

fn public_key() -> String {
    let pair = rcgen::KeyPair::generate().unwrap();
    pair.public_key_pem()
}
