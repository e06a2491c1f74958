//! What is counted, compared with what was done; and what is written about it, with what is served.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::Path,
};

use sluice_proto::v1 as pb;
use tonic::Code;

use crate::{
    attacks::{SECRET, secret_source, token_of, write_secret},
    support::{TestServer, export_table, get, get_with, spec},
    transfers::{OpenUpload, create, rows, until_rows_are_parsed},
};

const ID: &str = "0190a5f0-7f1a-7c00-8000-0000000000e2";

/// Every sample, by its name and labels.
type Samples = BTreeMap<String, f64>;

fn text(address: SocketAddr) -> String {
    let (code, text) = get(address, "localhost", "/metrics");
    assert_eq!(code, 200, "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    text
}

fn samples(text: &str) -> Samples {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

/// A sample that is a small whole number.
#[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
fn whole(samples: &Samples, name: &str) -> i64 {
    let value = samples.get(name);
    *value.unwrap_or_else(|| panic!("{name} is not in {samples:?}")) as i64
}

/// The counters of two looks that differ, but for those of time, of calls and of the journal.
fn changes(before: &Samples, after: &Samples) -> BTreeMap<String, i64> {
    let is_counted = |name: &str| {
        let is_other = ["_grpc_", "_journal_", "_connections", "_sweeper_"];
        name.contains("_total") && !is_other.iter().any(|other| name.contains(other))
    };
    let changed = after.iter().filter(|(name, _)| is_counted(name));
    let changed = changed.filter_map(|(name, value)| {
        let difference = value - before.get(name).copied().unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
        let difference = difference as i64;
        let name = name.trim_start_matches("sluice_").replace("_total", "");
        (difference != 0).then_some((name.replace('"', ""), difference))
    });
    changed.collect()
}

fn are(expected: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let expected = expected.iter();
    expected
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

async fn server() -> TestServer {
    let server = TestServer::start_with(|config| {
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    create(&server);
    server
}

/// One upload has gone through every stage.
fn check_stages(samples: &Samples) {
    for stage in ["receive", "type", "insert", "commit"] {
        let count = format!("sluice_upload_stage_seconds_count{{stage=\"{stage}\"}}");
        assert_eq!(whole(samples, &count), 1, "{stage}");
        let sum = format!("sluice_upload_stage_seconds_sum{{stage=\"{stage}\"}}");
        assert!(samples[&sum] > 0.0, "{stage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_transfers_do_is_counted_and_nothing_else() {
    let server = server().await;
    let now = || samples(&text(server.admin.unwrap()));

    let before = now();
    let file = "n,s\n1,a\n2,b\n";
    server
        .upload_in(spec("slow"), file.as_bytes(), 5)
        .await
        .unwrap();
    let loaded = now();
    assert_eq!(
        changes(&before, &loaded),
        are(&[
            ("transfers_started{kind=UPLOAD}", 1),
            (
                "transfers_ended{kind=UPLOAD,state=SUCCEEDED,mode=ATOMIC}",
                1
            ),
            ("upload_received_bytes", 12),
            ("upload_rows_read", 2),
            ("upload_rows_committed", 2),
        ])
    );
    check_stages(&loaded);
    // A call is over when its last byte is sent, which its client may see first.
    let calls = "sluice_grpc_calls_total{service=\"IngestService\",method=\"Upload\",code=\"OK\"}";
    let begun = std::time::Instant::now();
    while whole(&now(), calls) < 1 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(10));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(whole(&now(), calls), 1);

    let lenient = pb::UploadSpec {
        rejects: Some(pb::RejectPolicy {
            max_rows: Some(5),
            max_share: None,
        }),
        ..spec("slow")
    };
    let file = "n,s\n3,a\nx,b\n99999999999,c\ny,d\n4,e\n";
    server.upload(lenient, file).await.unwrap();
    let rejected = now();
    assert_eq!(
        changes(&loaded, &rejected),
        are(&[
            ("transfers_started{kind=UPLOAD}", 1),
            (
                "transfers_ended{kind=UPLOAD,state=SUCCEEDED,mode=ATOMIC}",
                1
            ),
            ("upload_received_bytes", 34),
            ("upload_rows_read", 5),
            ("upload_rows_committed", 2),
            ("upload_rows_rejected{reason=INVALID_NUMBER}", 2),
            ("upload_rows_rejected{reason=OVERFLOW}", 1),
        ])
    );

    let status = server.upload(spec("slow"), "n,s\nx,a\n").await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let failed = now();
    assert_eq!(
        changes(&rejected, &failed),
        are(&[
            ("transfers_started{kind=UPLOAD}", 1),
            ("transfers_ended{kind=UPLOAD,state=FAILED,mode=ATOMIC}", 1),
            ("upload_received_bytes", 8),
            ("upload_rows_rejected{reason=INVALID_NUMBER}", 1),
        ])
    );

    let exported = server.export(export_table("slow")).await.unwrap();
    let after = now();
    assert_eq!(exported.row_count(), 4);
    let bytes = i64::try_from(exported.file.len()).unwrap();
    assert_eq!(
        changes(&failed, &after),
        are(&[
            ("transfers_started{kind=EXPORT}", 1),
            ("transfers_ended{kind=EXPORT,state=SUCCEEDED,mode=NONE}", 1),
            ("export_rows", 4),
            ("export_sent_bytes", bytes),
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_tried_or_told_again_is_no_load() {
    let server = server().await;
    let now = || samples(&text(server.admin.unwrap()));
    let before = now();
    let upload = OpenUpload::begin(&server, "slow", ID).await;
    let file = format!("n,s\n{}", rows());
    upload.data(file.clone()).await;
    until_rows_are_parsed(&server, ID).await;
    let open = now();
    assert_eq!(
        whole(
            &open,
            "sluice_transfers_open{kind=\"UPLOAD\",state=\"RUNNING\"}"
        ),
        1
    );
    assert_eq!(whole(&open, "sluice_transfer_places_used"), 1);
    assert!(open["sluice_memory_used_bytes{part=\"uploads\"}"] > 0.0);
    // And perhaps the last call that asked how far it is.
    assert!(whole(&open, "sluice_grpc_calls_open") >= 1);
    let request = pb::CancelTransferRequest {
        transfer_id: ID.to_owned(),
    };
    server
        .ingest()
        .await
        .cancel_transfer(request)
        .await
        .unwrap();
    upload.call.await.unwrap().unwrap_err();
    let cancelled = now();
    let changed = changes(&before, &cancelled);
    assert_eq!(
        changed["transfers_ended{kind=UPLOAD,state=CANCELLED,mode=ATOMIC}"],
        1
    );
    assert_eq!(changed.get("upload_rows_committed"), None);
    assert_eq!(
        whole(
            &cancelled,
            "sluice_transfers_open{kind=\"UPLOAD\",state=\"RUNNING\"}"
        ),
        0
    );

    let tried = pb::UploadSpec {
        dry_run: true,
        ..spec("slow")
    };
    server.upload(tried, "n,s\n1,a\n").await.unwrap();
    let tried = now();
    assert_eq!(
        changes(&cancelled, &tried),
        are(&[
            ("transfers_started{kind=UPLOAD}", 1),
            (
                "transfers_ended{kind=UPLOAD,state=SUCCEEDED,mode=DRY_RUN}",
                1
            ),
            ("upload_received_bytes", 8),
            ("upload_rows_read", 1),
        ])
    );

    let named = pb::UploadSpec {
        transfer_id: "0190a5f0-7f1a-7c00-8000-0000000000e3".to_owned(),
        ..spec("slow")
    };
    server.upload(named.clone(), "n,s\n1,a\n").await.unwrap();
    let loaded = now();
    assert!(server.upload(named, "n,s\n1,a\n").await.unwrap().replayed);
    assert_eq!(
        changes(&loaded, &now()),
        are(&[
            ("transfers_started{kind=UPLOAD}", 1),
            ("transfers_ended{kind=UPLOAD,state=REPLAYED,mode=ATOMIC}", 1),
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    write_secret(&secret, SECRET);
    let source = secret_source(secret.clone());
    let server = TestServer::start_with(|config| {
        config.access.tokens = Some(sluice_server::auth::AuthConfig::new(vec![source]));
        config.access.requests_per_second = 2;
        config.rpc.metrics = true;
    })
    .await;
    let head = |scopes: &str| {
        let token = token_of(&secret, "scraper", scopes);
        format!("Authorization: Bearer {token}\r\n")
    };
    // Strangers and callers of no rank read nothing.
    assert_eq!(get(server.address, "localhost", "/metrics").0, 401);
    let (code, text) = get_with(
        server.address,
        "localhost",
        "/metrics",
        &head("catalog:read"),
    );
    assert_eq!(code, 403, "{text}");
    let mut catalog = server.catalog().await;
    for _ in 0..5 {
        let asked = catalog.list_databases(pb::ListDatabasesRequest {}).await;
        asked.unwrap_err();
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let manager = head("transfers:manage");
    let (code, text) = get_with(server.address, "localhost", "/metrics", &manager);
    assert_eq!(code, 200, "{text}");
    let samples = samples(&text);
    assert_eq!(
        whole(
            &samples,
            "sluice_auth_failures_total{reason=\"MISSING_TOKEN\"}"
        ),
        6
    );
    assert_eq!(whole(&samples, "sluice_access_denied_total"), 1);
    let limited = whole(&samples, "sluice_rate_limited_total{by=\"address\"}");
    assert!((1..=5).contains(&limited), "{limited}");
    let code = "code=\"RESOURCE_EXHAUSTED\"";
    let calls = format!(
        "sluice_grpc_calls_total{{service=\"CatalogService\",method=\"ListDatabases\",{code}}}"
    );
    assert_eq!(whole(&samples, &calls), limited);
}

/// Calls that need no token, as two strangers and a caller behind one proxy make them.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_behind_a_proxy_lock_out_nobody_but_themselves() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    write_secret(&secret, SECRET);
    let source = secret_source(secret.clone());
    let server = TestServer::start_with(|config| {
        config.access.tokens = Some(sluice_server::auth::AuthConfig::new(vec![source]));
        config.access.requests_per_second = 1;
        config.access.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let token = token_of(&secret, "alice", "catalog:read");
    let mut catalog = server.catalog().await;
    let mut ask = async |address: &'static str, token: Option<&str>| {
        let mut request = tonic::Request::new(pb::GetServerInfoRequest {});
        let headers = request.metadata_mut();
        headers.insert("x-forwarded-for", address.parse().unwrap());
        if let Some(token) = token {
            headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let asked = catalog.get_server_info(request).await;
        asked.map_or_else(|status| status.code(), |_| Code::Ok)
    };
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(ask("6.6.6.6, 7.7.7.7", None).await);
    }
    assert_eq!(codes[0], Code::Ok);
    assert_eq!(codes[4], Code::ResourceExhausted, "{codes:?}");
    // The address that the stranger has made up is not his own.
    assert_eq!(ask("6.6.6.6", None).await, Code::Ok);
    assert_eq!(ask("7.7.7.7", Some(&token)).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_tells_nobody_unless_it_is_told_to() {
    let server = server().await;
    let (_, page) = get(server.address, "localhost", "/metrics");
    assert!(!page.contains("sluice_"), "{page}");
    let open = TestServer::start_with(|config| config.rpc.metrics = true).await;
    let served = text(open.address);
    assert!(served.contains("sluice_ready 1\n"), "{served}");
    assert_eq!(get(open.address, "evil.example", "/metrics").0, 403);
}

/// A family as it is served, or written of.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Family {
    name: String,
    kind: String,
    labels: BTreeSet<String>,
    help: String,
}

/// The labels of a sample.
fn labels(sample: &str) -> BTreeSet<String> {
    let inner = sample.split_once('{').map_or("", |(_, rest)| rest);
    let pairs = inner.trim_end_matches('}').split(',');
    let names = pairs.filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()));
    names.filter(|name| name != "le").collect()
}

fn served(text: &str) -> Vec<Family> {
    let samples = samples(text);
    let helps: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '))
        .collect();
    let types = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut families: Vec<Family> = types
        .map(|(name, kind)| {
            let shown = match kind {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.to_owned(),
            };
            let sample = match kind {
                "histogram" => format!("{name}_count"),
                _ => shown.clone(),
            };
            let is_of =
                |other: &&String| *other == &sample || other.starts_with(&format!("{sample}{{"));
            let found = samples.keys().find(is_of);
            let found = found.unwrap_or_else(|| panic!("{sample} has no sample"));
            Family {
                name: shown,
                kind: kind.to_owned(),
                labels: labels(found),
                help: helps[name].trim_end_matches('.').to_owned(),
            }
        })
        .collect();
    families.sort();
    families
}

/// The table of `docs/operations.md`.
fn documented(text: &str) -> Vec<Family> {
    let rows = text.lines().filter(|line| line.starts_with("| `sluice_"));
    let mut families: Vec<Family> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [name, kind, labels, help] = cells[..] else {
                panic!("{row}");
            };
            let labels = labels.split(',').map(|label| label.trim().replace('`', ""));
            Family {
                name: name.replace('`', ""),
                kind: kind.to_owned(),
                labels: labels.filter(|label| !label.is_empty()).collect(),
                help: help.to_owned(),
            }
        })
        .collect();
    families.sort();
    families
}

fn project(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(path)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_has_every_metric_as_it_is_served() {
    let server = server().await;
    let served = served(&text(server.admin.unwrap()));
    let documented = documented(&project("docs/operations.md"));
    assert!(documented.len() > 30, "{documented:?}");
    for family in &served {
        assert!(documented.contains(family), "not documented: {family:?}");
    }
    for family in &documented {
        assert!(served.contains(family), "not served: {family:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboard_and_alerts_name_metrics_that_are_served() {
    let server = server().await;
    let text = text(server.admin.unwrap());
    let samples = samples(&text);
    let names: BTreeSet<&str> = samples
        .keys()
        .map(|sample| sample.split('{').next().unwrap())
        .collect();
    for file in ["docker/grafana/sluice.json", "docker/prometheus/alerts.yml"] {
        let content = project(file);
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let words = content.split(|c| !is_part(c));
        let used: BTreeSet<&str> = words.filter(|word| word.starts_with("sluice_")).collect();
        assert!(used.len() > 5, "{file}: {used:?}");
        for name in used {
            assert!(
                names.contains(name),
                "{file} names {name}, which is not served"
            );
        }
    }
}
