//! The audit log of a server as it is run: what stands in it, and what never does.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use sluice_proto::v1::{
    self as pb, catalog_service_client::CatalogServiceClient,
    ingest_service_client::IngestServiceClient,
};
use tempfile::TempDir;
use tonic::{Code, transport::Channel};
use uuid::Uuid;

use super::kit::{ALL, SECRET, bearer, export, refused, spec, upload, with};
use crate::support::{library, upload_messages};

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
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("secret"), SECRET).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sluice-server"))
            .args(["--log", "trace", "--log-format", "json"])
            .args(options)
            .arg("--engine-library")
            .arg(library())
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
            lines
                .iter()
                .filter_map(|line| parse(line))
                .find_map(|event| {
                    let fields = &event["fields"];
                    (fields["message"] == "listening").then(|| fields["address"].clone())
                })
        });
        let address = listening.await;
        let url = format!("http://{}", address.as_str().unwrap());
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
        "--adhoc-hosts=127.0.0.1",
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
        let request = with(pb::CheckConnectionRequest {}, &headers);
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
