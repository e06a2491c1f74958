//! Whether the server works, as those see it who run it: probes, the health service, the subcommand, the end.

use std::{
    collections::BTreeMap,
    error::Error as _,
    net::SocketAddr,
    num::NonZeroUsize,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use sluice_proto::v1 as pb;
use sluice_server::{
    auth::{AuthConfig, CertificateGrants},
    config::Config,
    task,
    tls::{ClientCa, TlsConfig},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    attacks::{Ca, SECRET, secret_source, write_secret},
    support::{TestServer, at_address, creating, get, hosted::HostedEngine, remote, spec},
    transfers::{OpenUpload, create},
};

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const ID: &str = "0190a5f0-7f1a-7c00-8000-0000000000e1";

/// Asks again and again until the code is there; the text that came with it.
async fn until_ready_is(address: SocketAddr, code: u16) -> String {
    let begun = Instant::now();
    loop {
        let (now, text) = get(address, "localhost", "/readyz");
        if now == code {
            return text;
        }
        assert!(begun.elapsed() < PATIENCE, "{now}: {text}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the health service says of a service: 1 if it works, 2 if not.
async fn status(server: &TestServer, service: &str) -> i32 {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let mut client = HealthClient::new(server.channel().await);
    client.check(request).await.unwrap().into_inner().status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_engine_dies_is_not_ready_until_it_is_back_and_lives_on() {
    let server = TestServer::start_with(|config| {
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let admin = server.admin.unwrap();
    for address in [server.address, admin] {
        let ready = "ready\nclickhouse: answers\njournal: is made with the first upload\n";
        assert_eq!(
            get(address, "localhost", "/readyz"),
            (200, ready.to_owned())
        );
        assert_eq!(
            get(address, "localhost", "/livez"),
            (200, "alive\n".to_owned())
        );
    }
    let request = HealthCheckRequest {
        service: "sluice.v1.IngestService".to_owned(),
    };
    let mut client = HealthClient::new(server.channel().await);
    let mut watch = client.watch(request).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
    let kill = Command::new("kill")
        .args(["-KILL", &server.engine_process.to_string()])
        .status();
    assert!(kill.unwrap().success());
    let begun = Instant::now();
    let expected = "not ready\nclickhouse: the embedded one is";
    while !until_ready_is(admin, 503).await.starts_with(expected) {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(get(server.address, "localhost", "/livez").0, 200);
    assert_eq!(watch.message().await.unwrap().unwrap().status, 2);
    until_ready_is(server.address, 200).await;
    assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
}

/// A way to ClickHouse that can be cut.
struct Line {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Line {
    async fn lay(from: SocketAddr, to: SocketAddr) -> Self {
        let listener = TcpListener::bind(from).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = task::spawn_background("line", async move {
            let mut ways = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                ways.spawn(async move {
                    let mut far = TcpStream::connect(to).await.unwrap();
                    copy_bidirectional(&mut near, &mut far).await.ok();
                });
            }
        });
        Self { address, task }
    }

    /// Cuts it, with all that is on it.
    async fn cut(self) {
        self.task.abort();
        self.task.await.unwrap_err();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clickhouse_is_away_is_not_ready_until_it_is_back() {
    let engine = HostedEngine::start("", None, "");
    let upstream = engine.url.trim_start_matches("http://").parse().unwrap();
    let line = Line::lay("127.0.0.1:0".parse().unwrap(), upstream).await;
    let address = line.address;
    let url = at_address(&engine.url, address);
    let server = TestServer::start_with(|config| config.engine = remote(&url)).await;
    assert_eq!(get(server.address, "localhost", "/readyz").0, 200);
    line.cut().await;
    // A look that the cut came into has seen the one answer and missed the other.
    let begun = Instant::now();
    let expected = "not ready\nclickhouse: does not answer\njournal: not known, because ClickHouse does not answer\n";
    while until_ready_is(server.address, 503).await != expected {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(get(server.address, "localhost", "/livez").0, 200);
    assert_eq!(status(&server, "sluice.v1.CatalogService").await, 2);
    let _line = Line::lay(address, upstream).await;
    until_ready_is(server.address, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_journal_takes_nothing_is_not_ready_and_its_catalog_is() {
    let engine = TestServer::start().await;
    engine.upload(creating("t"), "n\n1\n").await.unwrap();
    engine.sql("ALTER TABLE sluice.places_2 ADD CONSTRAINT full CHECK 0");
    let url = engine.engine_url.clone();
    let server = TestServer::start_with(|config| config.engine = remote(&url)).await;
    let (code, text) = get(server.address, "localhost", "/readyz");
    assert_eq!(code, 503);
    assert_eq!(
        text,
        "not ready\nclickhouse: answers\njournal: cannot be written to: ClickHouse answers with the error 469\n"
    );
    for (service, expected) in [
        ("", 2),
        ("sluice.v1.IngestService", 2),
        ("sluice.v1.CatalogService", 1),
    ] {
        assert_eq!(status(&server, service).await, expected, "{service}");
    }
    engine.sql("ALTER TABLE sluice.places_2 DROP CONSTRAINT full");
    until_ready_is(server.address, 200).await;
    assert_eq!(status(&server, "").await, 1);
}

/// A server that asks for tokens, answers to one name, and to few requests.
fn closed(directory: &Path) -> impl FnOnce(&mut Config) {
    let secret = directory.join("secret");
    write_secret(&secret, SECRET);
    move |config| {
        config.access.tokens = Some(AuthConfig::new(vec![secret_source(secret)]));
        config.access.requests_per_second = 1;
        config.rpc.allowed_hosts = vec!["sluice.example".to_owned()];
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_need_no_token_no_name_and_no_patience() {
    let directory = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(closed(directory.path())).await;
    for _ in 0..20 {
        assert_eq!(
            get(server.address, "10-0-0-7.pods.example", "/livez").0,
            200
        );
        assert_eq!(
            get(server.address, "10-0-0-7.pods.example", "/readyz").0,
            200
        );
    }
    let origin = "http://10-0-0-7.pods.example".parse().unwrap();
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address));
    let channel = endpoint.unwrap().origin(origin).connect().await.unwrap();
    let mut client = HealthClient::new(channel.clone());
    for _ in 0..20 {
        let asked = client.check(HealthCheckRequest::default()).await;
        assert_eq!(asked.unwrap().into_inner().status, 1);
    }
    // All else does.
    assert_eq!(get(server.address, "10-0-0-7.pods.example", "/").0, 403);
    let mut catalog = pb::catalog_service_client::CatalogServiceClient::new(channel);
    let asked = catalog.get_server_info(pb::GetServerInfoRequest {}).await;
    assert_eq!(asked.unwrap_err().code(), Code::PermissionDenied);
}

/// Runs `sluice-server health` with the options of a server: whether it ends with 0, and its line.
fn ask(options: &[&str]) -> (bool, String) {
    let ended = Command::new(env!("CARGO_BIN_EXE_sluice-server"))
        .arg("health")
        .args(options)
        .output()
        .unwrap();
    let text = [ended.stdout, ended.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    (ended.status.success(), text.trim_end().to_owned())
}

const READY: &str = "ready; clickhouse: answers; journal: is made with the first upload";

#[tokio::test(flavor = "multi_thread")]
async fn the_subcommand_asks_by_the_options_of_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    let mut server = TestServer::start_with(closed(directory.path())).await;
    let address = server.address.to_string();
    let options = [
        "--listen",
        &address,
        "--auth-secret-file",
        secret.to_str().unwrap(),
    ];
    assert_eq!(ask(&options), (true, READY.to_owned()));
    // As containers have it.
    let any = format!("0.0.0.0:{}", server.address.port());
    let options = ["--listen", &any, "--allow-open"];
    assert_eq!(ask(&options), (true, READY.to_owned()));
    let options = ["--listen", "127.0.0.1:0", "--address", &address];
    assert_eq!(ask(&options), (true, READY.to_owned()));
    server.shutdown.cancel();
    server.ended().await;
    let (is_ready, line) = ask(&["--listen", &address]);
    assert!(!is_ready && line.contains("cannot be asked"), "{line}");
    let (is_ready, line) = ask(&["--listen", "127.0.0.1:0"]);
    assert!(!is_ready && line.contains("--address"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subcommand_asks_through_tls_and_with_a_certificate_or_beside_it() {
    let (ca, other) = (Ca::new(), Ca::new());
    let (certificate, key) = ca.issue("server");
    let (another, _) = other.issue("server");
    let with = |client_ca: Option<&Path>| {
        let tls = TlsConfig {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: client_ca.map(|file| ClientCa {
                file: file.to_owned(),
                is_required: true,
            }),
            reload_interval: TlsConfig::RELOAD_INTERVAL,
        };
        move |config: &mut Config| {
            config.access.certificates = CertificateGrants {
                subjects: BTreeMap::new(),
                others: None,
            };
            config.port.tls = Some(tls);
            config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
        }
    };
    let files = [&certificate, &key].map(|file| file.to_str().unwrap());
    let tls = ["--tls-cert", files[0], "--tls-key", files[1]];
    let plain = TestServer::start_with(with(None)).await;
    let address = plain.address.to_string();
    let options = [&["--listen", &address][..], &tls].concat();
    assert_eq!(ask(&options), (true, READY.to_owned()));
    // Somebody else has its port.
    let options = [
        "--listen",
        &address,
        "--tls-cert",
        another.to_str().unwrap(),
        "--tls-key",
        files[1],
    ];
    assert!(!ask(&options).0);

    let own = ca.file("ca.pem");
    let mutual = TestServer::start_with(with(Some(&own))).await;
    let address = mutual.address.to_string();
    // Whoever comes with a certificate has to be told what it may do, or what a token may.
    let secret = ca.file("secret");
    write_secret(&secret, SECRET);
    let tokens = ["--auth-secret-file", secret.to_str().unwrap()];
    let client_ca = ["--tls-client-ca", own.to_str().unwrap()];
    let options = [&["--listen", &address][..], &tls, &client_ca, &tokens].concat();
    assert_eq!(ask(&options), (true, READY.to_owned()));

    let foreign = other.file("ca.pem");
    let strict = TestServer::start_with(with(Some(&foreign))).await;
    let address = strict.address.to_string();
    let client_ca = ["--tls-client-ca", foreign.to_str().unwrap()];
    let options = [&["--listen", &address][..], &tls, &client_ca, &tokens].concat();
    let (is_ready, line) = ask(&options);
    assert!(!is_ready && line.contains("--admin-listen"), "{line}");
    let admin = strict.admin.unwrap().to_string();
    let options = [&options[..], &["--admin-listen", &admin]].concat();
    assert_eq!(ask(&options), (true, READY.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lame_duck_is_not_ready_and_takes_calls() {
    let lame_duck = Duration::from_secs(3);
    let mut server = TestServer::start_with(|config| {
        config.lame_duck = lame_duck;
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    create(&server);
    let begun = Instant::now();
    server.shutdown.cancel();
    for address in [server.address, server.admin.unwrap()] {
        let text = until_ready_is(address, 503).await;
        assert!(text.ends_with("server: shutting down\n"), "{text}");
        assert_eq!(get(address, "localhost", "/livez").0, 200);
    }
    assert_eq!(status(&server, "").await, 2);
    let loaded = server.upload(spec("slow"), "n,s\n1,a\n").await;
    assert!(begun.elapsed() < lame_duck, "the machine is too slow");
    loaded.unwrap();
    server.ended().await;
    assert!(begun.elapsed() >= lame_duck);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probes_are_answered_until_the_last_call_has_ended() {
    let mut server = TestServer::start_with(|config| {
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    create(&server);
    let admin = server.admin.unwrap();
    let upload = OpenUpload::begin(&server, "slow", ID).await;
    upload.data("n,s\n1,a\n").await;
    crate::transfers::until(&server, ID, |transfer| {
        transfer.counters.unwrap().bytes_received > 0
    })
    .await;
    server.shutdown.cancel();
    until_ready_is(admin, 503).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(get(admin, "localhost", "/livez").0, 200);
    drop(upload.messages);
    upload.call.await.unwrap().unwrap();
    server.ended().await;
}

/// The connections that were opened, as the metrics say.
fn opened(server: &TestServer) -> u64 {
    let (_, text) = get(server.admin.unwrap(), "localhost", "/metrics");
    let name = "sluice_connections_total{outcome=\"opened\"} ";
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_some_age_is_replaced_and_no_call_notices() {
    let server = TestServer::start_with(|config| {
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
        config.port.max_age = Some(Duration::from_millis(300));
    })
    .await;
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address));
    let channel = endpoint.unwrap().connect_lazy();
    let mut catalog = pb::catalog_service_client::CatalogServiceClient::new(channel);
    let begun = Instant::now();
    let mut unsent = 0;
    while begun.elapsed() < Duration::from_secs(3) {
        let mut request = Request::new(pb::GetServerInfoRequest {});
        request.set_timeout(PATIENCE);
        match catalog.get_server_info(request).await {
            Ok(_) => {}
            // Given to a connection in the moment in which it closed, and never sent: it may be made again.
            Err(status) if is_unsent(&status) => unsent += 1,
            Err(status) => panic!("{status:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let connections = NonZeroUsize::new(usize::try_from(opened(&server)).unwrap()).unwrap();
    assert!((4..=14).contains(&connections.get()), "{connections}");
    assert!(unsent <= 2, "{unsent}");
}

/// Whether the client itself says that a call was not sent.
fn is_unsent(status: &tonic::Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_canceled();
        }
        cause = error.source();
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_the_age_of_its_connection_for_as_long_as_it_may() {
    let (age, grace) = (Duration::from_millis(200), Duration::from_millis(800));
    for grace in [None, Some(grace)] {
        let server = TestServer::start_with(|config| {
            config.port.max_age = Some(age);
            config.port.max_age_grace = grace;
        })
        .await;
        create(&server);
        let begun = Instant::now();
        let upload = OpenUpload::begin(&server, "slow", ID).await;
        upload.data("n,s\n1,a\n").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!upload.call.is_finished());
        if let Some(grace) = grace {
            let status = upload.call.await.unwrap().unwrap_err();
            assert_ne!(status.code(), Code::Ok);
            assert!(begun.elapsed() >= age + grace - Duration::from_millis(50));
        } else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(upload.messages);
            upload.call.await.unwrap().unwrap();
        }
    }
}
