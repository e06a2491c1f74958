//! The configuration file of the command line: which profile counts, what is refused, what is listed.

use assert_cmd::Command;
use serde_json::json;

use crate::{
    bare, last_object,
    support::{Files, Server},
};

const FILE: &str = "\
default-profile = 'dev'

[profile.dev]
server = '127.0.0.1:9'

[profile.prod]
server = 'http://127.0.0.1:8'
token-file = 'token'
connection = 'warehouse'
";

/// The command line with a configuration file of this text where it is looked for.
fn with(files: &Files, text: &str) -> Command {
    std::fs::create_dir_all(files.path("sluice")).unwrap();
    files.write("sluice/config.toml", text);
    let mut command = bare();
    command.env("XDG_CONFIG_HOME", files.path(""));
    command
}

/// The address that a command line tries, where nobody listens.
fn address(command: &mut Command) -> String {
    let assert = command.args(["--json", "ping"]).assert().code(5);
    let error = &last_object(assert.get_output())["error"];
    error["metadata"]["server"].as_str().unwrap().to_owned()
}

/// What is said of a command line that is refused.
fn refusal(command: &mut Command) -> String {
    let assert = command.args(["--json", "ping"]).assert().code(2);
    let error = &last_object(assert.get_output())["error"];
    assert_eq!(error["reason"], "USAGE");
    error["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_profile_names_the_server() {
    let server = Server::start();
    let files = Files::new();
    let text = format!("[profile.here]\nserver = '{}'\n", server.url());
    let mut by_flag = with(&files, &text);
    by_flag.args(["--profile", "here"]);
    let mut by_environment = with(&files, &text);
    by_environment.env("SLUICE_PROFILE", "here");
    let mut by_default = with(&files, &format!("default-profile = 'here'\n{text}"));
    let mut by_home = bare();
    std::fs::create_dir(files.path(".config")).unwrap();
    std::fs::rename(files.path("sluice"), files.path(".config/sluice")).unwrap();
    by_home
        .env_remove("XDG_CONFIG_HOME")
        .env("HOME", files.path(""));
    by_default.env("XDG_CONFIG_HOME", files.path(".config"));
    let named = files.path(".config/sluice/config.toml");
    by_flag.args(["--config", &named]);
    by_environment.env("SLUICE_CLI_CONFIG", &named);
    for mut command in [by_flag, by_environment, by_default, by_home] {
        let assert = command.args(["--json", "ping"]).assert().code(0);
        assert_eq!(last_object(assert.get_output())["server"], server.url());
    }
}

#[test]
fn a_flag_counts_more_than_the_environment_and_that_more_than_a_profile() {
    let files = Files::new();
    let start = || with(&files, FILE);
    assert_eq!(address(&mut start()), "http://127.0.0.1:9");
    // The token of this profile is not there, which is found before anybody is asked.
    let message = refusal(start().args(["--profile", "prod"]));
    assert!(message.contains("sluice/token"), "{message}");
    let mut by_environment = start();
    by_environment.env("SLUICE_SERVER", "http://127.0.0.1:7");
    assert_eq!(address(&mut by_environment), "http://127.0.0.1:7");
    let mut by_flag = start();
    by_flag
        .env("SLUICE_SERVER", "http://127.0.0.1:7")
        .env("SLUICE_PROFILE", "prod");
    by_flag.args(["--server", "127.0.0.1:6"]);
    assert_eq!(address(&mut by_flag), "http://127.0.0.1:6");
    let mut by_name = start();
    by_name
        .env("SLUICE_PROFILE", "prod")
        .args(["--profile", "dev"]);
    assert_eq!(address(&mut by_name), "http://127.0.0.1:9");
    let mut own_token = start();
    own_token
        .env("SLUICE_TOKEN", "abc")
        .args(["--profile", "prod"]);
    assert_eq!(address(&mut own_token), "http://127.0.0.1:8");
    // The server's own configuration is another file.
    let mut other = start();
    other.env("SLUICE_CONFIG", "/does/not/exist");
    assert_eq!(address(&mut other), "http://127.0.0.1:9");
}

#[test]
fn what_is_wrong_with_the_file_or_the_name_is_2() {
    let files = Files::new();
    let unknown = refusal(with(&files, FILE).args(["--profile", "test"]));
    assert!(
        unknown.ends_with("sluice/config.toml, which has dev, prod"),
        "{unknown}"
    );
    let missing = refusal(bare().args(["--profile", "prod"]));
    assert_eq!(
        missing,
        "there is no profile prod: /nonexistent/sluice/config.toml is missing"
    );
    let missing = refusal(bare().args(["--config", "/does/not/exist.toml"]));
    assert!(missing.contains("/does/not/exist.toml"), "{missing}");
    for (text, part) in [
        ("[profile.a]\nserver = \n", "line 2"),
        (
            "[profile.a]\nserver = 'x'\nsever = 'x'",
            "line 3: unknown key profile.a.sever",
        ),
        (
            "[profile.a]\nserver = 'x'\ntoken = 'hunter2'",
            "token-file = \"FILE\"",
        ),
        (
            "[profile.a]\nserver = 'x'\npassword = 'hunter2'",
            "clickhouse-password-file",
        ),
        ("default-profile = 'b'", "default-profile is b"),
    ] {
        let message = refusal(&mut with(&files, text));
        assert!(message.contains(part), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        // What needs no server needs no profile.
        with(&files, text)
            .args(["completions", "bash"])
            .assert()
            .code(0);
        with(&files, text).arg("profiles").assert().code(2);
    }
}

#[test]
fn profiles_are_listed() {
    let files = Files::new();
    let assert = with(&files, FILE)
        .args(["--json", "profiles"])
        .assert()
        .code(0);
    let object = last_object(assert.get_output());
    let file = format!("{}sluice/config.toml", files.path(""));
    let dev = json!({"name": "dev", "server": "127.0.0.1:9", "is_default": true,
        "connection": null, "clickhouse_url": null, "credentials": ""});
    let prod = json!({"name": "prod", "server": "http://127.0.0.1:8", "is_default": false,
        "connection": "warehouse", "clickhouse_url": null, "credentials": "token"});
    assert_eq!(object, json!({"file": file, "profiles": [dev, prod]}));
    let assert = with(&files, FILE).arg("profiles").assert().code(0);
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let expected = "\
profile  server              default  ClickHouse  credentials
-------  ------------------  -------  ----------  -----------
dev      127.0.0.1:9         yes
prod     http://127.0.0.1:8           warehouse   token
";
    assert_eq!(text, expected);
    let assert = bare().arg("profiles").assert().code(0);
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert_eq!(
        text,
        "no profiles: /nonexistent/sluice/config.toml is missing\n"
    );
}

#[test]
fn the_manual_and_the_completions_know_of_profiles() {
    let files = Files::new();
    let parts = [
        "SLUICE_PROFILE",
        "SLUICE_CLI_CONFIG",
        "token\\-file = \"~/.secrets/prod\"",
    ];
    for (line, parts) in [
        (&["man"][..], &parts[..]),
        (&["completions", "bash"], &["--profile", "profiles"]),
    ] {
        let assert = with(&files, "").args(line).assert().code(0);
        let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        for part in parts {
            assert!(text.contains(part), "{part} in {line:?}");
        }
    }
}
