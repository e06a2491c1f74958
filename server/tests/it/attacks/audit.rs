//! The audit log of a server as it is run: what stands in it, and what never does.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sluice_proto::v1::{
    self as pb, catalog_service_client::CatalogServiceClient,
    ingest_service_client::IngestServiceClient,
};
use tempfile::TempDir;
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use super::kit::{ALL, SECRET, bearer, export, preview, refused, spec, upload, with, write_secret};
use crate::support::{Exported, export_query, hosted::HostedEngine, library, upload_messages};

/// How long anything may take to be logged.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is in the headers of a call, and must not be in the log.
const PASSWORD: &str = "open-sesame-1001";

/// A server in a process of its own, which logs everything.
struct Logging {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    directory: TempDir,
    channel: Channel,
}

impl Logging {
    async fn start(options: &[&str]) -> Self {
        Self::start_in("json", options).await
    }

    /// Starts one whose log has this form.
    async fn start_in(form: &str, options: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        write_secret(&directory.path().join("secret"), SECRET);
        let mut program = Command::new(env!("CARGO_BIN_EXE_sluice-server"));
        let is_remote = |option: &&str| option.starts_with("--clickhouse-url");
        if !options.iter().any(is_remote) {
            program.arg("--engine-library").arg(library());
        }
        let mut child = program
            .args(["--log", "trace", "--log-format", form])
            .args(options)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let listening = until(|| {
            let lines = lines.lock().unwrap();
            lines.iter().find_map(|line| address(line))
        });
        let url = format!("http://{}", listening.await);
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        Self {
            child,
            lines,
            directory,
            channel,
        }
    }

    /// A token as its own program makes it.
    fn token(&self, subject: &str, tables: &str) -> String {
        let made = Command::new(env!("CARGO_BIN_EXE_sluice-server"))
            .args(["token", "--key", "secret", "--subject", subject])
            .args(["--scopes", ALL, "--tables", tables])
            .current_dir(self.directory.path())
            .output()
            .unwrap();
        let told = String::from_utf8(made.stderr).unwrap();
        assert!(made.status.success(), "{told}");
        String::from_utf8(made.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    fn ingest(&self, token: &str) -> super::kit::Ingest {
        IngestServiceClient::with_interceptor(self.channel.clone(), bearer(token))
    }

    fn catalog(&self, token: &str) -> super::kit::Catalog {
        CatalogServiceClient::with_interceptor(self.channel.clone(), bearer(token))
    }

    /// The fields of the first entry for which `is_it` holds.
    async fn entry(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        until(|| {
            let lines = self.lines.lock().unwrap();
            let entries = lines.iter().filter_map(|line| parse(line));
            let mut fields = entries
                .filter(|event| event["target"] == "audit")
                .map(|event| event["fields"].clone());
            fields.find(|fields| is_it(fields))
        })
        .await
    }

    /// Fails unless there is an entry of this subject with these fields.
    async fn expect(&self, subject: &str, expected: &[(&str, Value)]) -> Value {
        let entry = self.entry(|fields| {
            fields["subject"] == subject
                && expected.iter().all(|(name, value)| fields[*name] == *value)
        });
        let found = tokio::time::timeout(PATIENCE, entry).await;
        found.unwrap_or_else(|_| panic!("no entry of {subject} has {expected:?}"))
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn parse(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok()
}

/// The address in the line that says where the server listens, in either form.
fn address(line: &str) -> Option<String> {
    if let Some(event) = parse(line) {
        let fields = &event["fields"];
        let address = || fields["address"].as_str().unwrap().to_owned();
        return (fields["message"] == "listening").then(address);
    }
    let (_, address) = line.split_once("listening address=")?;
    Some(address.trim().to_owned())
}

/// Asks again and again until there is an answer.
async fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn new_table(name: &str) -> pb::UploadSpec {
    pb::UploadSpec {
        create_table: true,
        transfer_id: Uuid::new_v4().to_string(),
        ..spec("default", name)
    }
}

#[expect(clippy::too_many_lines, reason = "one story, a call after the other")]
#[tokio::test(flavor = "multi_thread")]
async fn who_did_what_to_which_table_is_logged_and_no_secret_is() {
    let server = Logging::start(&[
        "--listen=127.0.0.1:0",
        "--auth-secret-file=secret",
        "--adhoc-clickhouse=on",
        "--adhoc-hosts=127.0.0.1:9",
    ])
    .await;
    let alice = server.token("alice", "default.*");
    let mut ingest = server.ingest(&alice);

    let loaded = new_table("t");
    let id = loaded.transfer_id.clone();
    upload(&mut ingest, loaded).await.unwrap();
    let done = [
        ("action", "upload".into()),
        ("table", "default.t".into()),
        ("transfer", id.into()),
        ("rows", 1.into()),
        ("outcome", "succeeded".into()),
    ];
    server.expect("alice", &done).await;

    let bad = upload_messages(spec("default", "t"), b"a\nx\n", 1024);
    let status = ingest.upload(tokio_stream::iter(bad)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let failed = [
        ("action", "upload".into()),
        ("table", "default.t".into()),
        ("outcome", "failed".into()),
        ("cause", "InvalidArgument".into()),
    ];
    server.expect("alice", &failed).await;

    let foreign = upload(&mut ingest, spec("hr", "salaries")).await;
    refused(foreign, Code::PermissionDenied, "TABLE_NOT_ALLOWED");
    let denied = [
        ("action", "upload".into()),
        ("table", "hr.salaries".into()),
        ("outcome", "denied".into()),
    ];
    server.expect("alice", &denied).await;

    let mut messages = ingest
        .export(export("default", "t"))
        .await
        .unwrap()
        .into_inner();
    while messages.message().await.unwrap().is_some() {}
    let exported = [
        ("action", "export".into()),
        ("table", "default.t".into()),
        ("rows", 1.into()),
        ("outcome", "succeeded".into()),
    ];
    server.expect("alice", &exported).await;

    let begin = pb::BeginUploadRequest {
        spec: Some(spec("default", "t")),
    };
    let open = ingest.begin_upload(begin).await.unwrap().into_inner();
    let cancel = pb::CancelTransferRequest {
        transfer_id: open.transfer_id.clone(),
    };
    ingest.cancel_transfer(cancel).await.unwrap();
    let cancelled = [
        ("action", "cancel".into()),
        ("table", "default.t".into()),
        ("transfer", open.transfer_id.into()),
        ("outcome", "succeeded".into()),
    ];
    server.expect("alice", &cancelled).await;

    let forged = format!("{}AAAA", server.token("mallory", "*.*"));
    let request = pb::ListDatabasesRequest {};
    let outcome = server.catalog(&forged).list_databases(request).await;
    refused(outcome, Code::Unauthenticated, "TOKEN_INVALID");
    let call = "/sluice.v1.CatalogService/ListDatabases";
    let stranger = server.entry(|fields| fields["call"] == call).await;
    assert_eq!(stranger["outcome"], "refused", "{stranger}");
    assert!(stranger["peer"].as_str().unwrap().contains("127.0.0.1"));

    // A password and a token for ClickHouse, which refuses the one and does not know the other.
    for (name, secret) in [
        ("sluice-clickhouse-password", PASSWORD),
        ("sluice-clickhouse-token", alice.as_str()),
    ] {
        let headers = [
            ("sluice-clickhouse-url", "http://127.0.0.1:9"),
            (name, secret),
        ];
        let request = with(pb::CheckConnectionRequest::default(), &headers);
        let outcome = server.catalog(&alice).check_connection(request).await;
        refused(outcome, Code::Unavailable, "CLICKHOUSE_UNAVAILABLE");
    }

    let lines = server.lines.lock().unwrap();
    assert!(
        lines.iter().any(|line| line.contains("\"TRACE\"")),
        "nothing is traced"
    );
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let secret = String::from_utf8(SECRET.to_vec()).unwrap();
    for hidden in [PASSWORD, &secret, &signature(&alice), &signature(&forged)] {
        let told = lines.iter().find(|line| line.contains(hidden));
        assert_eq!(told, None, "a secret is logged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_open_to_everybody_says_so_loudly() {
    for (options, is_open) in [
        (&["--listen=127.0.0.1:0"][..], false),
        (&["--listen=0.0.0.0:0", "--allow-open"], true),
    ] {
        let server = Logging::start(options).await;
        let lines = server.lines.lock().unwrap();
        let warned = lines.iter().filter_map(|line| parse(line)).any(|event| {
            let message = event["fields"]["message"].as_str().unwrap_or_default();
            event["level"] == "WARN" && message.starts_with("OPEN:")
        });
        assert_eq!(warned, is_open, "{options:?}");
    }
}

/// What somebody would have stand in a log: lines of its own, colours, a line end of Unicode.
const FORGED: [&str; 5] = [
    "\nINFO audit: forged",
    "\rINFO audit: forged",
    "\u{1b}[31mforged",
    "\u{9b}31mforged",
    "\u{2028}INFO audit: forged\u{202e}",
];

/// A token that nobody has signed.
fn unsigned(algorithm: &str, key: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(serde_json::json!({"alg": algorithm, "kid": key}));
    let claims = part(serde_json::json!({"sub": "eve"}));
    format!("{header}.{claims}.AAAA")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_caller_writes_lines_of_its_own_into_the_log() {
    let options = ["--listen=127.0.0.1:0", "--auth-secret-file=secret"];
    for form in ["text", "json"] {
        let server = Logging::start_in(form, &options).await;
        let alice = server.token("alice", "default.*");
        for forged in FORGED {
            for token in [unsigned(forged, ""), unsigned("HS256", forged)] {
                let request = pb::ListDatabasesRequest {};
                let outcome = server.catalog(&token).list_databases(request).await;
                refused(outcome, Code::Unauthenticated, "TOKEN_INVALID");
            }
            let mut catalog = server.catalog(&alice);
            let denied = catalog.preview_rows(preview("hr", forged)).await;
            refused(denied, Code::PermissionDenied, "TABLE_NOT_ALLOWED");
            let denied = catalog.preview_rows(preview(forged, "t")).await;
            refused(denied, Code::PermissionDenied, "TABLE_NOT_ALLOWED");
            catalog
                .preview_rows(preview("default", forged))
                .await
                .unwrap_err();
            let named = pb::UploadSpec {
                source_name: forged.to_owned(),
                ..spec("default", forged)
            };
            upload(&mut server.ingest(&alice), named).await.unwrap_err();
        }
        // The last of them is in the log.
        let is_told = |line: &String| line.contains("upload") && line.contains("202e");
        until(|| {
            server
                .lines
                .lock()
                .unwrap()
                .iter()
                .any(is_told)
                .then_some(())
        })
        .await;
        let lines = server.lines.lock().unwrap();
        for line in lines.iter() {
            let is_plain = |next: char| {
                !next.is_control() && !matches!(next, '\u{2028}' | '\u{2029}' | '\u{202e}')
            };
            assert!(line.chars().all(is_plain), "{form}: {line:?}");
            assert!(!line.starts_with("INFO audit"), "{form}: {line:?}");
            assert!(form == "text" || parse(line).is_some(), "{line:?}");
        }
    }
}

/// A value that must not be in the log.
const VALUE: &str = "4711081542";

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_cell_is_logged() {
    let tables = "CREATE TABLE checked (a Int64, CONSTRAINT small CHECK a < 100) \
                  ENGINE = MergeTree ORDER BY a; \
                  CREATE TABLE logged (a Int64, CONSTRAINT small CHECK a < 100) ENGINE = Log; \
                  CREATE TABLE variant (a JSON) ENGINE = MergeTree ORDER BY tuple(); \
                  CREATE TABLE narrow (a Int8) ENGINE = MergeTree ORDER BY a; \
                  CREATE TABLE good (a String) ENGINE = MergeTree ORDER BY a; ";
    let clickhouse = HostedEngine::start("", None, tables);
    clickhouse.sql(&format!("INSERT INTO good VALUES ('{VALUE}')"));
    let url = format!("--clickhouse-url={}", clickhouse.url);
    let server = Logging::start(&["--listen=127.0.0.1:0", &url]).await;
    let mut ingest = IngestServiceClient::new(server.channel.clone());
    for (table, cell) in [
        ("good", format!("\"{VALUE}\" x\n\"y\"\n\"z\"")),
        ("checked", VALUE.to_owned()),
        ("logged", VALUE.to_owned()),
        ("narrow", VALUE.to_owned()),
        ("variant", format!("{{ {VALUE}")),
    ] {
        let file = format!("a\n{cell}\n");
        let messages = upload_messages(spec("default", table), file.as_bytes(), 1024);
        let outcome = ingest.upload(tokio_stream::iter(messages)).await;
        let status = outcome.unwrap_err();
        // It is the caller's own, and the caller hears of it.
        assert!(status.message().contains(VALUE), "{table}: {status:?}");
    }
    let request = export_query("SELECT toInt64(concat('x', a)) AS x FROM good");
    let outcome = match ingest.export(request).await {
        Ok(call) => Exported::of(call).await.map(drop),
        Err(status) => Err(status),
    };
    let status = outcome.unwrap_err();
    assert!(status.message().contains(VALUE), "{status:?}");
    let is_told = |line: &String| line.contains("query") && line.contains("failed");
    until(|| {
        server
            .lines
            .lock()
            .unwrap()
            .iter()
            .any(is_told)
            .then_some(())
    })
    .await;
    let lines = server.lines.lock().unwrap();
    let told = lines.iter().find(|line| line.contains(VALUE));
    assert_eq!(told, None, "a value is logged");
    // What an operator needs is there.
    for needed in ["CONSTRAINT_VIOLATED", "INVALID_QUOTING", "OVERFLOW"] {
        assert!(lines.iter().any(|line| line.contains(needed)), "{needed}");
    }
}
