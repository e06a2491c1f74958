//! Servers with TLS, tokens and client certificates, and passwords of ClickHouse: what is refused, and
//! what is never sent.

use std::{fs, io, net::TcpListener, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::{
    bare, last_object,
    support::{Ca, Files, GuardedClickhouse, Pair, Server, Terminal, sample, secret, token, until},
};

const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

/// A server with TLS that takes tokens of a secret.
struct Site {
    ca: Ca,
    server: Server,
    /// The file with a good token.
    token: String,
    secret: String,
}

impl Site {
    /// The certificate of the server is for these hosts.
    fn start(hosts: &[&str]) -> Self {
        let ca = Ca::new();
        let own = ca.issue("server", hosts);
        let key = secret(&ca.files, "secret", &"0123456789abcdef".repeat(4));
        let server = Server::start_with(&[
            "--tls-cert",
            &own.cert,
            "--tls-key",
            &own.key,
            "--auth-secret-file",
            &key,
            "--auth-leeway",
            "0s",
        ]);
        let good = secret(&ca.files, "token", &token(&key, "1h"));
        Self {
            ca,
            server,
            token: good,
            secret: key,
        }
    }
}

/// Runs a command that fails; what it says to people and its error as JSON are about the same.
#[track_caller]
fn refused(line: &[&str], code: i32, reason: &str, parts: &[&str]) {
    let assert = bare().args(line).assert().code(code);
    let text = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    for part in parts {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let assert = bare().args(line).arg("--json").assert().code(code);
    let error = &last_object(assert.get_output())["error"];
    assert_eq!(error["reason"], reason, "{error}");
}

#[test]
fn a_server_that_is_not_trusted_is_left_at_once() {
    let site = Site::start(&["127.0.0.1"]);
    let (url, ca) = (site.server.url(), site.ca.pem());
    let file = sample("penguins.csv");
    let commands: [&[&str]; 3] = [
        &["ping"],
        &["upload", &file, "--table", "t", "--create"],
        &["export", "--table", "t", "-o", "/dev/null"],
    ];
    let other = Ca::new();
    let alien = other.pem();
    for command in commands {
        let line = [&["--server", url][..], command].concat();
        let unknown = [
            "the server is not trusted",
            "not signed by a CA",
            "hint: --ca",
        ];
        refused(&line, 6, "SERVER_UNTRUSTED", &unknown);
        let line = [&line[..], &["--ca", &alien]].concat();
        refused(&line, 6, "SERVER_UNTRUSTED", &unknown);
        // The CA is right, and the token is missing.
        let line = [&["--server", url, "--ca", &ca][..], command].concat();
        refused(&line, 6, "TOKEN_MISSING", &["hint: --token-file"]);
    }
    let by_name = format!("https://localhost:{}", site.server.port());
    let words = ["its certificate is for 127.0.0.1, not for localhost"];
    refused(
        &["--server", &by_name, "--ca", &ca, "ping"],
        6,
        "SERVER_UNTRUSTED",
        &words,
    );
    for file in ["/does/not/exist.pem", &site.secret] {
        let line = ["--server", url, "--ca", file, "ping"];
        refused(&line, 2, "USAGE", &[file]);
    }
    let plain = format!("http://127.0.0.1:{}", site.server.port());
    refused(
        &["--server", &plain, "ping"],
        5,
        "CONNECTION_LOST",
        &["https://"],
    );
}

#[test]
fn a_file_goes_there_and_back_with_a_token_over_tls() {
    let site = Site::start(&HOSTS);
    let by_name = format!("https://localhost:{}", site.server.port());
    let file = sample("penguins.csv");
    let run = |line: &[&str]| {
        let mut command = bare();
        command.args(["--server", &by_name, "--ca", &site.ca.pem(), "--json"]);
        command.args(line);
        command
    };
    let upload = ["upload", &file, "--table", "penguins", "--create"];
    let token = ["--token-file", &site.token];
    let assert = run(&[&upload[..], &token].concat()).assert().code(0);
    let loaded = last_object(assert.get_output());
    assert_eq!(loaded["rows_committed"], 344);
    assert_eq!(loaded["guarantee"].as_str().map(str::is_empty), Some(false));

    // By the environment, and the file counts more than that.
    let out = site.server.files.path("out.csv");
    let export = ["export", "--table", "penguins", "-o", &out];
    let content = fs::read_to_string(&site.token).unwrap();
    run(&export).env("SLUICE_TOKEN", &content).assert().code(0);
    assert_eq!(site.server.files.read("out.csv").lines().count(), 345);
    let mut command = run(&[&export[..], &token].concat());
    command.env("SLUICE_TOKEN", "nonsense").assert().code(0);
    let again = ["upload", &out, "--table", "again", "--create"];
    let mut command = run(&again);
    command
        .env("SLUICE_TOKEN_FILE", &site.token)
        .assert()
        .code(0);
    let content = |table| {
        site.server
            .sql(&format!("SELECT * FROM {table} ORDER BY ALL"))
    };
    assert_eq!(content("penguins"), content("again"));
}

#[test]
fn a_token_that_does_not_count_is_explained() {
    let site = Site::start(&HOSTS);
    let ca = site.ca.pem();
    let short = secret(&site.ca.files, "short", &token(&site.secret, "1s"));
    let line = |file| {
        [
            "--server",
            site.server.url(),
            "--ca",
            &ca,
            "--token-file",
            file,
            "ping",
        ]
    };
    until("the token expires", || {
        let output = bare().args(line(&short)).arg("--json").output().unwrap();
        (output.status.code() == Some(6)).then_some(())
    });
    refused(
        &line(&short),
        6,
        "TOKEN_EXPIRED",
        &["expired", "hint: get a new token"],
    );
    let other = secret(
        &site.ca.files,
        "other",
        &"another secret of this length...".repeat(2),
    );
    let forged = secret(&site.ca.files, "forged", &token(&other, "1h"));
    refused(&line(&forged), 6, "TOKEN_INVALID", &[]);
    let file = sample("penguins.csv");
    let upload = ["upload", &file, "--table", "t", "--create"];
    let upload = [&line(&short)[..6], &upload].concat();
    refused(&upload, 6, "TOKEN_EXPIRED", &["expired"]);

    // Refused on this side.
    for mode in [0o644, 0o640] {
        fs::set_permissions(&site.token, fs::Permissions::from_mode(mode)).unwrap();
        refused(
            &line(&site.token),
            2,
            "USAGE",
            &["others can read", "chmod 600"],
        );
    }
    refused(&line("/does/not/exist"), 2, "USAGE", &["/does/not/exist"]);
}

#[test]
fn no_secret_is_sent_where_others_can_read_it() {
    let files = Files::new();
    let file = secret(&files, "token", "abc");
    // Every address of this machine, and so no loopback address.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let token = ["--server", &url, "--token-file", &file, "ping"];
    refused(
        &token,
        2,
        "USAGE",
        &["the token would go to", "use https://"],
    );
    let line = ["--server", &url, "--json", "ping"];
    let mut command = bare();
    command.args(line).env("SLUICE_TOKEN", "abc");
    let assert = command.assert().code(2);
    assert_eq!(last_object(assert.get_output())["error"]["reason"], "USAGE");
    let own = [
        "--clickhouse-url",
        "http://c:8123",
        "--clickhouse-user",
        "me",
    ];
    let password = [
        "--server",
        &url,
        "ping",
        "--clickhouse-password-file",
        &file,
    ];
    let password = [&own[..], &password].concat();
    refused(&password, 2, "USAGE", &["the password would go to"]);
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn a_client_certificate_opens_what_it_is_granted() {
    let (ca, other) = (Ca::new(), Ca::new());
    let own = ca.issue("server", &HOSTS);
    let grants = ca.files.write(
        "server.toml",
        "[certificates.loader]\nscopes = [\"ingest:upload\", \"catalog:read\"]\n",
    );
    let trusted = ca.pem();
    let server = Server::start_with(&[
        "--config",
        &grants,
        "--tls-cert",
        &own.cert,
        "--tls-key",
        &own.key,
        "--tls-client-ca",
        &trusted,
    ]);
    let file = sample("penguins.csv");
    let base = ["--server", server.url(), "--ca", &trusted];
    let upload = ["upload", &file, "--table", "t", "--create"];
    let upload = [&base[..], &upload].concat();
    let ping = [&base[..], &["ping"]].concat();

    let loader = ca.issue("loader", &[]);
    let shown = ["--cert", &loader.cert, "--key", &loader.key];
    let assert = bare()
        .args(&upload)
        .args(shown)
        .arg("--json")
        .assert()
        .code(0);
    assert_eq!(last_object(assert.get_output())["rows_committed"], 344);

    let wanted = ["it wants a client certificate", "hint: --cert"];
    for line in [&ping, &upload] {
        refused(line, 6, "CLIENT_UNTRUSTED", &wanted);
    }
    let stranger = ca.issue("stranger", &[]);
    let alien = other.issue("loader", &[]);
    let with = |pair: &Pair| {
        let pair = ["--cert", &pair.cert, "--key", &pair.key].map(str::to_owned);
        let line = ping.iter().map(|&word| word.to_owned());
        line.chain(pair).collect::<Vec<_>>()
    };
    let check = |line: Vec<String>, code, reason, part| {
        let line: Vec<_> = line.iter().map(String::as_str).collect();
        refused(&line, code, reason, &[part]);
    };
    check(with(&stranger), 6, "CERTIFICATE_NOT_GRANTED", "stranger");
    check(with(&alien), 6, "CLIENT_UNTRUSTED", "client certificate");
    let mut mixed = with(&loader);
    *mixed.last_mut().unwrap() = stranger.key;
    check(mixed, 2, "USAGE", "certificate and key cannot be used");
    let mut half = with(&loader);
    half.truncate(half.len() - 2);
    check(half, 2, "USAGE", "--cert and --key belong together");
    fs::set_permissions(&loader.key, fs::Permissions::from_mode(0o644)).unwrap();
    check(with(&loader), 2, "USAGE", "others can read");
}

#[test]
fn a_profile_has_all_of_it_for_its_own_server_only() {
    let site = Site::start(&HOSTS);
    let home = Files::new();
    fs::create_dir(home.path("sluice")).unwrap();
    let content = fs::read_to_string(&site.token).unwrap();
    secret(&home, "sluice/prod.token", &content);
    let ca = fs::read(site.ca.pem()).unwrap();
    home.write("ca.pem", ca);
    let by_name = format!("https://localhost:{}", site.server.port());
    let text = format!(
        "[profile.prod]\nserver = \"{by_name}\"\nca = \"~/ca.pem\"\ntoken-file = \"prod.token\"\n"
    );
    home.write("sluice/config.toml", text);
    let run = |line: &[&str], code| {
        let mut command = bare();
        command
            .env("XDG_CONFIG_HOME", home.path(""))
            .env("HOME", home.path(""));
        let assert = command
            .args(["--json", "--profile", "prod"])
            .args(line)
            .assert()
            .code(code);
        let output = assert.get_output();
        let notes = String::from_utf8(output.stderr.clone()).unwrap();
        (last_object(output), notes)
    };
    let file = sample("penguins.csv");
    let (loaded, _) = run(&["upload", &file, "--table", "penguins", "--create"], 0);
    assert_eq!(loaded["rows_committed"], 344);
    let out = site.server.files.path("out.csv");
    run(&["export", "--table", "penguins", "-o", &out], 0);
    let (answer, notes) = run(&["ping", "--server", &format!("{by_name}/")], 0);
    assert_eq!(
        (&answer["user"], notes.as_str()),
        (&Value::from("default"), "")
    );

    // The same machine under another name is another server: it gets no token, and is not trusted.
    let url = site.server.url();
    let (error, notes) = run(&["ping", "--server", url], 6);
    assert_eq!(error["error"]["reason"], "SERVER_UNTRUSTED");
    assert!(notes.contains("nothing of it is used for"), "{notes}");
    let (error, notes) = run(&["ping", "--server", url, "--ca", &site.ca.pem(), "-q"], 6);
    assert_eq!(
        (&error["error"]["reason"], notes.as_str()),
        (&Value::from("TOKEN_MISSING"), "")
    );
}

#[test]
fn a_password_is_asked_for_on_a_terminal_and_not_shown() {
    let server = Server::start_with(&["--adhoc-clickhouse", "on", "--adhoc-hosts", "127.0.0.1:*"]);
    let other = GuardedClickhouse::start("loader", "hunter two");
    let line = [
        "--clickhouse-url",
        &other.url,
        "--clickhouse-user",
        "loader",
    ];
    let line = [&["--server", server.url(), "ping"][..], &line].concat();

    let mut terminal = Terminal::start(&line);
    terminal.asks("Password of loader: ");
    terminal.types("hunter two");
    let (code, object, screen) = terminal.finish();
    assert_eq!(
        (code, &object["user"]),
        (Some(0), &Value::from("loader")),
        "{screen}"
    );
    assert_eq!(screen, "Password of loader: \r\n");

    let mut terminal = Terminal::start(&line);
    terminal.asks("Password of loader: ");
    terminal.types("hunter three");
    let (code, object, screen) = terminal.finish();
    assert_eq!(code, Some(6), "{screen}");
    assert_eq!(object["error"]["reason"], "CLICKHOUSE_AUTHENTICATION");
    assert!(!object.to_string().contains("hunter") && !screen.contains("hunter"));

    // Where nobody can be asked, nobody is.
    let mut command = bare();
    let assert = command
        .args(&line)
        .arg("--json")
        .write_stdin("hunter two\n")
        .assert()
        .code(6);
    assert!(assert.get_output().stderr.is_empty());
    let file = secret(&server.files, "password", "hunter two\n");
    let mut command = bare();
    command
        .args(&line)
        .args(["--clickhouse-password-file", &file])
        .assert()
        .code(0);
}
