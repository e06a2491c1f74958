//! Statements of callers that hide what they do in a spelling: each is refused, whatever it is read as.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use sluice_proto::v1 as pb;
use tonic::{Code, Status};

use super::kit::{
    ALL, Catalog, Ingest, Site, USUAL, connection_to, refused, spec, through, upload,
};
use crate::support::{engine_url, post, reason, split_url, upload_messages};

/// What the file holds that must not be read.
const CONTENT: &str = "canary-7d20c1aa";

/// Queries; `P` is the path of a file, `W` an address that must not be asked.
const QUERIES: &[&str] = &[
    // ClickHouse reads typographic quotes as quotes.
    "SELECT “file”('P')",
    "SELECT “file”(‘P’)",
    "SELECT ‘'’, file('P') AS x, ‘'’",
    "SELECT ‘'’, x FROM (SELECT “file”('P') AS x) --'",
    "SELECT * FROM “url”('W', 'LineAsString')",
    // A parametric call: the second parenthesis follows another one.
    "SELECT arrayMap()(file, ['P'])",
    "SELECT arrayMap()((file), ['P'])",
    "SELECT arrayMap()(file AS f, ['P'])",
    "SELECT arrayMap(1, 2)(file, ['P'])",
    "SELECT arrayMap /**/ () /**/ (file, ['P'])",
    "SELECT `array\\x4dap`()(`f\\x69le`, ['P'])",
    "SELECT arrayMap(lambda(tuple(x), file(x)), ['P'])",
    "WITH (x -> file(x)) AS f SELECT arrayMap(f, ['P'])",
    "SELECT * APPLY “file” FROM (SELECT 'P')",
    "SELECT COLUMNS('x') APPLY(file) FROM (SELECT 'P' AS x)",
    "SELECT * APPLY (x -> file(x)) FROM (SELECT 'P')",
    "SELECT arraySort(file, ['P'])",
    "SELECT mapApply(file, map('P', 'P'))",
    // SETTINGS that do not look like it.
    "SELECT * FROM (SELECT * FROM url('W', 'LineAsString', 'a String') SETTINGS $a = 3, readonly = 0)",
    "SELECT * FROM (SELECT * FROM url('W', 'LineAsString', 'a String') SETTINGS readonly = 0 UNION ALL SELECT '')",
    "SELECT * FROM (SELECT * FROM url('W', 'LineAsString', 'a String') SETTINGS “readonly” = 0)",
    "SELECT * FROM (SELECT * FROM url('W', 'LineAsString', 'a String') SETTINGS `read\\x6fnly` = 0)",
    "SELECT * FROM (SELECT 1 SETTINGS enable_analyzer, readonly = 0) JOIN url('W', 'CSV', 'a String') ON 1",
    "SELECT 1 SETTINGS enable_analyzer UNION ALL SELECT 2",
    "SELECT 1 SETTINGS limit = 1, readonly = 0",
    "SELECT * FROM (SELECT * FROM filesystem('P') SETTINGS $a = 1, readonly = 0)",
    // Questions to the server.
    "SELECT getServerSetting('path')",
    "SELECT getSetting('max_threads')",
    "SELECT `getServer\\x53etting`('path')",
    "SELECT @@max_threads",
    "SELECT globalVariable('max_threads')",
    "SELECT hasColumnInTable('hr', 'salaries', 'a')",
    "SELECT arrayMap(x -> hasColumnInTable('hr', 'salaries', x), ['a'])",
    "SELECT hostName(), serverUUID(), getMacro('x')",
    "SELECT filesystemAvailable()",
    "SELECT catboostEvaluate('P', 1)",
    "SELECT joinGet('hr.j', 'a', 1)",
    "SELECT sleep(3)",
    "SELECT logTrace('forged')",
    "SELECT addressToLine(1)",
    "SELECT getClientHTTPHeader('x-clickhouse-key')",
    "SELECT aiGenerate('x')",
    "SELECT * FROM (EXPLAIN SELECT 1)",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
    "SELECT * FROM `merge`('hr', '.*')",
    "SELECT * FROM view(SELECT file('P'))",
    "SELECT * FROM clusterAllReplicas('default', hr.salaries)",
    "SELECT nobody_knows(1)",
    "SELECT `f\\xf9le`('P')",
    "SELECT 'a\\xff'",
    "SELECT 1; SELECT “file”('P')",
    "SELECT {x:String}",
    "SELECT 1 PARALLEL WITH DROP TABLE hr.salaries",
    "SELECT 1 -- \u{2028} ; \n INTO OUTFILE 'P.x'",
    "SELECT 1 FORMAT CSV",
    "SELECT $$'$$ , file('P'), $$'$$",
    "SELECT $a$'$a$ , “file”('P'), $a$'$a$",
];

/// What stands behind `CREATE TABLE sales.x`; `P` and `W` as above, `U` a free name.
const CREATES: &[&str] = &[
    "(a Int32) ENGINE = Log “AS” SELECT a FROM hr.salaries",
    "(a Int32, b String DEFAULT ‘'’) ENGINE = Log AS SELECT a FROM hr.salaries --'",
    "(a Int32) ENGINE = “Merge”('hr', '.*')",
    "(a Int32 COMMENT ‘'’) ENGINE = Merge('hr', '.*') COMMENT ‘'’",
    "(a Int32 COMMENT ‘'’) ENGINE = File('CSV', 'P') COMMENT ‘'’",
    "(a Int32 COMMENT ‘'’) ENGINE = URL('W', 'CSV') COMMENT ‘'’",
    "(a Int32 COMMENT ‘'’) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = web, endpoint = 'W') COMMENT ‘'’",
    "(a Int32, b Array(String) DEFAULT arrayMap()(file, ['P'])) ENGINE = Log",
    "(a Int32, b Array(String) MATERIALIZED arrayMap()(file, ['P'])) ENGINE = Log",
    "(a Int32, b Array(String) ALIAS arrayMap()(file, ['P'])) ENGINE = Log",
    "(a Int32, b String DEFAULT “file”('P')) ENGINE = Log",
    "(a Int32, b String ALIAS “file”('P')) ENGINE = Log",
    "(a Int32) ENGINE = MergeTree ORDER BY a SETTINGS `d\\x69sk` = disk(type = local_blob_storage, path = '/tmp/U/')",
    "(a Int32) ENGINE = MergeTree ORDER BY a SETTINGS \"d\\x69sk\" = disk(type = local, path = '/tmp/U/')",
    "(a Int32) ENGINE = MergeTree ORDER BY a SETTINGS `table_d\\x69sk` = 1",
    "(a Int32) ENGINE = MergeTree ORDER BY a SETTINGS “disk” = 'default'",
    "(a Int32) ENGINE = MergeTree ORDER BY a SETTINGS storage_policy = 'default'",
    "(a Int32) ENGINE = ReplicatedMergeTree('/clickhouse/tables/hr/salaries', 'evil') ORDER BY a",
    "(a Int32) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/../x', 'evil') ORDER BY a",
    "(a Int32, CONSTRAINT c CHECK a NOT IN hr.salaries) ENGINE = MergeTree ORDER BY a",
    "(a Int32, CONSTRAINT c ASSUME a IN (SELECT a FROM hr.salaries)) ENGINE = MergeTree ORDER BY a",
    "(a Int32, b UInt8 DEFAULT hasColumnInTable('hr', 'salaries', 'a')) ENGINE = Log",
    "(a Int32, b String DEFAULT getServerSetting('path')) ENGINE = Log",
    "(a Int32, b UInt8 DEFAULT a IN hr.salaries) ENGINE = Log",
    "(a Int32, b UInt8 ALIAS a IN hr.salaries) ENGINE = Log",
    "(a Int32, b String DEFAULT dictGetString('d', 'x', 1)) ENGINE = Log",
    "(a Int32, b String EPHEMERAL “file”('P')) ENGINE = Log",
    "(a Int32, INDEX i (a IN hr.salaries) TYPE minmax) ENGINE = MergeTree ORDER BY a",
    "(a Int32, PROJECTION p (SELECT a ORDER BY a)) ENGINE = MergeTree ORDER BY a",
    "(a Int32) ENGINE = MergeTree ORDER BY (a, arrayMap()(file, ['P']))",
    "(a Int32, d Date) ENGINE = MergeTree ORDER BY a TTL d + INTERVAL 1 DAY TO DISK 'default'",
    "(a Int32, d Date) ENGINE = MergeTree ORDER BY a TTL d WHERE a IN hr.salaries",
    "(a Int32, d Date TTL if(a IN hr.salaries, d, d)) ENGINE = MergeTree ORDER BY a",
    "AS hr.salaries",
    "CLONE AS hr.salaries",
    "(a Int32) ENGINE = Log EMPTY AS SELECT 1",
    "UUID '00000000-0000-0000-0000-000000000001' (a Int32) ENGINE = MergeTree ORDER BY a",
    "(a Int32) ENGINE = Dictionary('d')",
    "(a Int32) ENGINE = Set",
    "(a Int32) ENGINE = Join(ANY, LEFT, a)",
    "(a Int32) ENGINE = Buffer(hr, salaries, 1, 1, 1, 1, 1, 1, 1)",
    "(a Int32) ENGINE = Alias('hr', 'salaries')",
    "(a Int32) ENGINE = Loop(hr, salaries)",
    "(a Int32) ENGINE = KeeperMap('/x') PRIMARY KEY a",
    "(a Int32) ENGINE = Executable('cat', 'CSV')",
    "(a Int32) ENGINE = MergeTree ORDER BY a PARALLEL WITH DROP TABLE hr.salaries",
    "(a Int32) ENGINE = Log FORMAT Null",
    "(a Int32) ENGINE = Log SETTINGS readonly = 0",
];

fn query(text: &str) -> pb::PreviewRowsRequest {
    pb::PreviewRowsRequest {
        source: Some(pb::preview_rows_request::Source::Query(text.to_owned())),
        ..Default::default()
    }
}

/// A server on this machine that counts who asks it.
struct Web {
    address: String,
    asked: Arc<AtomicUsize>,
}

impl Web {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        drop(std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                drop(stream.read(&mut [0; 1024]));
                let body = CONTENT;
                let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                drop(stream.write_all(format!("{head}{body}").as_bytes()));
            }
        }));
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn written(form: &str, path: &Path, web: &Web) -> String {
    let path = path.to_str().unwrap();
    form.replace("'P", &format!("'{path}"))
        .replace("‘P", &format!("‘{path}"))
        .replace("'W'", &format!("'{}'", web.address))
}

/// Fails for what was run, and for what was refused in another way than a query or a statement is.
fn was_refused<T>(text: &str, outcome: Result<T, Status>, reasons: &[&str]) -> Result<(), String> {
    let Err(status) = outcome else {
        return Err(format!("{text}\n    was run"));
    };
    let why = reason(&status);
    let is_expected = status.code() == Code::InvalidArgument && reasons.contains(&why.as_str());
    if !is_expected || status.message().contains(CONTENT) {
        return Err(format!("{text}\n    {why}: {}", status.message()));
    }
    Ok(())
}

async fn ask_all(catalog: &mut Catalog, connection: &str, path: &Path, web: &Web) -> Vec<String> {
    let mut faults = Vec::new();
    for form in QUERIES {
        let text = written(form, path, web);
        let request = through(connection, query(&text));
        let outcome = catalog.preview_rows(request).await;
        let reasons = ["NOT_A_SELECT", "INVALID_QUERY"];
        faults.extend(was_refused(&text, outcome, &reasons).err());
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_refused_in_every_spelling() {
    let other = engine_url().await;
    let site = Site::start_with(|config| {
        let (url, user, password) = split_url(&other);
        let connection = connection_to(&url, user, password);
        config.connections.insert("far".to_owned(), connection);
    })
    .await;
    let file = site.directory.path().join("canary");
    std::fs::write(&file, CONTENT).unwrap();
    let web = Web::start();
    let mut catalog = site.catalog(&site.token("root", ALL, None)).await;
    for connection in ["default", "far"] {
        let faults = ask_all(&mut catalog, connection, &file, &web).await;
        assert!(
            faults.is_empty(),
            "{connection}, {} of {}:\n{}",
            faults.len(),
            QUERIES.len(),
            faults.join("\n")
        );
    }
    assert_eq!(web.asked(), 0);
    assert_eq!(site.server.sql("SELECT sum(a) FROM hr.salaries"), "1000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_caller_makes_no_table_by_a_statement_as_the_user_of_a_connection() {
    let other = engine_url().await;
    let site = Site::start_with(|config| {
        let (url, user, password) = split_url(&other);
        let connection = connection_to(&url, user, password);
        config.connections.insert("far".to_owned(), connection);
    })
    .await;
    let database = format!("limited_{}", std::process::id());
    post(
        &other,
        "/",
        format!("CREATE DATABASE {database}").as_bytes(),
    );
    let statement = format!("CREATE TABLE {database}.x (a Int32) ENGINE = Log");
    let limit = format!("{database}.*");
    let limited = site.token("alice", USUAL, Some(&[limit.as_str()]));
    let ask = async |token: &str, statement: &str| {
        let spec = pb::UploadSpec {
            create_table: true,
            create_statement: statement.to_owned(),
            ..spec(&database, "x")
        };
        let messages = upload_messages(spec, b"a\n1\n", 1024);
        let request = through("far", tokio_stream::iter(messages));
        site.ingest(token).await.upload(request).await
    };
    let denied = Code::PermissionDenied;
    refused(ask(&limited, &statement).await, denied, "QUERY_NOT_ALLOWED");
    // The server's own statement may run, and that of a caller who is not limited.
    ask(&limited, "").await.unwrap();
    post(
        &other,
        "/",
        format!("DROP TABLE {database}.x SYNC").as_bytes(),
    );
    let free = site.token("bob", USUAL, None);
    ask(&free, &statement).await.unwrap();
}

async fn create(ingest: &mut Ingest, statement: &str) -> Result<pb::UploadResponse, Status> {
    let spec = pb::UploadSpec {
        create_table: true,
        create_statement: statement.to_owned(),
        ..spec("sales", "x")
    };
    upload(ingest, spec).await
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_refused_in_every_spelling() {
    let site = Site::start().await;
    let file = site.directory.path().join("canary");
    std::fs::write(&file, CONTENT).unwrap();
    let web = Web::start();
    // Also from one who may do everything.
    let tokens = [site.alice(), site.token("root", ALL, None)];
    let mut faults = Vec::new();
    let place = format!("sluice-test-{}", std::process::id());
    for token in &tokens {
        let mut ingest = site.ingest(token).await;
        for form in CREATES {
            let form = written(form, &file, &web).replace("/U/", &format!("/{place}/"));
            let statement = format!("CREATE TABLE sales.x {form}");
            let outcome = create(&mut ingest, &statement).await;
            faults.extend(was_refused(&statement, outcome, &["INVALID_QUERY"]).err());
            site.server.sql("DROP TABLE IF EXISTS sales.x SYNC");
        }
    }
    drop(std::fs::remove_dir_all(format!("/tmp/{place}")));
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        tokens.len() * CREATES.len(),
        faults.join("\n")
    );
    assert_eq!(web.asked(), 0);
    assert_eq!(site.server.sql("SELECT sum(a) FROM hr.salaries"), "1000000");
}
