//! Users who lack grants: each mode with exactly what `docs/grants.md` lists for it, and with one grant less.
//!
//! The lists come from the server: what a user lacks who has nothing. The grants of that list make the users of
//! another engine, all in one file, since an engine reads it at its start only.

use std::collections::BTreeMap;

use sluice_proto::v1::{self as pb, CommitMode, GrantPurpose};
use tonic::{Code, Request, Status};

use crate::support::{
    Exported, TestServer, export_table, hosted::HostedEngine, metadata, reason, remote, spec,
    table_ref, upload_messages,
};

/// As the usual `config.xml` of a server has it.
const STRICT: &str = "<access_control_improvements>\
     <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>\
     <table_engines_require_grant>true</table_engines_require_grant></access_control_improvements>";

/// An upload that somebody has the grants for.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    mode: CommitMode,
    creates: bool,
}

const CASES: [Case; 5] = [
    case("direct", CommitMode::Direct, false),
    case("blocks", CommitMode::Blocks, false),
    case("atomic", CommitMode::Unspecified, false),
    case("replace", CommitMode::Replace, false),
    case("create", CommitMode::Unspecified, true),
];

const fn case(name: &'static str, mode: CommitMode, creates: bool) -> Case {
    Case {
        name,
        mode,
        creates,
    }
}

impl Case {
    fn table(&self) -> &'static str {
        if self.creates { "new" } else { "t" }
    }

    fn spec(&self) -> pb::UploadSpec {
        pb::UploadSpec {
            commit_mode: self.mode.into(),
            create_table: self.creates,
            ..spec(self.table())
        }
    }

    fn question(&self) -> pb::CheckConnectionRequest {
        pb::CheckConnectionRequest {
            table: Some(table_ref(self.table())),
            commit_mode: self.mode.into(),
            create_table: self.creates,
        }
    }
}

/// A privilege and its object.
type Grant = (String, String);

fn grants(grants: &[(&str, &str)]) -> Vec<Grant> {
    let grants = grants.iter();
    grants
        .map(|(privilege, on)| ((*privilege).to_owned(), (*on).to_owned()))
        .collect()
}

/// An engine with these users, each with its grants, and a table.
fn engine(users: &BTreeMap<String, Vec<Grant>>) -> HostedEngine {
    let users: String = users
        .iter()
        .map(|(user, grants)| {
            let grants = grants.iter();
            let grants: String = grants
                .map(|(privilege, on)| format!("<query>GRANT {privilege} ON {on}</query>"))
                .collect();
            format!("<{user}><password>pass</password><grants>{grants}</grants></{user}>")
        })
        .collect();
    let users = format!(
        "<users><default><no_password/><access_management>1</access_management></default>{users}</users>\
         <profiles><default/></profiles><quotas><default/></quotas>"
    );
    let engine = HostedEngine::start(STRICT, Some(&users), "");
    engine.sql(
        "CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a \
         SETTINGS non_replicated_deduplication_window = 100",
    );
    engine
}

/// A server with a connection for each user of an engine.
async fn server(engine: &HostedEngine, users: impl Iterator<Item = &String>) -> TestServer {
    TestServer::start_with(|config| {
        for user in users {
            let connection = crate::attacks::connection_to(&engine.url, user, "pass");
            config.connections.insert(user.clone(), connection);
        }
    })
    .await
}

fn through<T>(user: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("sluice-connection", user.parse().unwrap());
    request
}

async fn check(
    server: &TestServer,
    user: &str,
    question: pb::CheckConnectionRequest,
) -> pb::CheckConnectionResponse {
    let mut catalog = server.catalog().await;
    let answer = catalog.check_connection(through(user, question)).await;
    answer.unwrap().into_inner()
}

async fn upload(
    server: &TestServer,
    user: &str,
    spec: pb::UploadSpec,
) -> Result<pb::Transfer, Status> {
    let messages = tokio_stream::iter(upload_messages(spec, b"a\n1\n2\n", 1024));
    let call = server
        .ingest()
        .await
        .upload(through(user, messages))
        .await?;
    Ok(call.into_inner().transfer.unwrap())
}

/// What an upload lacks, as the answer has it.
fn lacking(answer: &pb::CheckConnectionResponse) -> Vec<Grant> {
    let needs = &answer.upload_needs;
    let missing = answer.missing_grants.iter();
    let of_upload = missing.filter(|one| one.needed_for.iter().any(|each| needs.contains(each)));
    of_upload
        .map(|grant| (grant.privilege.clone(), grant.on.clone()))
        .collect()
}

/// The grants of each case, by a user who has none.
async fn lists() -> Vec<(Case, Vec<Grant>)> {
    let users = BTreeMap::from([("nobody".to_owned(), Vec::new())]);
    let engine = engine(&users);
    let server = server(&engine, users.keys()).await;
    let mut lists = Vec::new();
    for case in CASES {
        let answer = check(&server, "nobody", case.question()).await;
        let list = lacking(&answer);
        assert!(!list.is_empty(), "{}", case.name);
        // All at once, and what a refusal says is what a check says.
        let status = upload(&server, "nobody", case.spec()).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::PermissionDenied, "CLICKHOUSE_ACCESS_DENIED")
        );
        for (privilege, on) in &list {
            let told = metadata(&status, "grants");
            let mut statements = told.split("; ");
            let is_told = statements.any(|one| {
                one.contains(privilege.as_str()) && one.ends_with(&format!(" ON {on} TO nobody"))
            });
            assert!(is_told, "{privilege} ON {on}: {told}");
        }
        lists.push((case, list));
    }
    lists
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_needs_exactly_the_grants_that_are_listed() {
    let lists = lists().await;
    let logger = grants(&[
        ("INSERT", "default.log"),
        ("SELECT", "system.merge_tree_settings"),
    ]);
    let mut users = BTreeMap::from([("logger".to_owned(), logger)]);
    for (case, list) in &lists {
        users.insert(case.name.to_owned(), list.clone());
        for index in 0..list.len() {
            let mut less = list.clone();
            less.remove(index);
            users.insert(format!("{}_{index}", case.name), less);
        }
    }
    let engine = engine(&users);
    let server = server(&engine, users.keys()).await;
    for (case, list) in &lists {
        let user = case.name;
        let answer = check(&server, user, case.question()).await;
        assert_eq!(lacking(&answer), [], "{user}");
        let loaded = upload(&server, user, case.spec()).await.unwrap();
        assert_eq!(loaded.state(), pb::TransferState::Succeeded);
        let expected = match case.mode {
            CommitMode::Unspecified => CommitMode::Atomic,
            mode => mode,
        };
        assert_eq!(loaded.commit_mode(), expected, "{user}");
        let left = engine.sql("SELECT count() FROM system.tables WHERE name LIKE '\\_sluice\\_%'");
        assert_eq!(left, "0", "{user} leaves tables");
        if case.creates {
            engine.sql("DROP TABLE new SYNC");
        }

        for (index, (privilege, on)) in list.iter().enumerate() {
            let user = format!("{}_{index}", case.name);
            let answer = check(&server, &user, case.question()).await;
            assert_eq!(
                lacking(&answer),
                [(privilege.clone(), on.clone())],
                "{user}"
            );
            let statement = format!("GRANT {privilege} ON {on} TO {user}");
            let status = upload(&server, &user, case.spec()).await.unwrap_err();
            assert_eq!(reason(&status), "CLICKHOUSE_ACCESS_DENIED", "{user}");
            assert_eq!(metadata(&status, "grants"), statement);
            assert!(status.message().contains(&statement), "{status:?}");
        }
    }
    // What the table bars is not asked for in grants.
    engine.sql("CREATE TABLE log (a Int32) ENGINE = Log");
    let replace = pb::UploadSpec {
        commit_mode: CommitMode::Replace.into(),
        ..spec("log")
    };
    let status = upload(&server, "logger", replace).await.unwrap_err();
    assert_eq!(reason(&status), "COMMIT_MODE_UNAVAILABLE");
    engine.sql("DROP TABLE log");
    // Nobody has left anything, but for the rows of those who may: DIRECT, BLOCKS and ATOMIC, then REPLACE.
    assert_eq!(engine.sql("SELECT count() FROM t"), "2");
    let tables =
        "SELECT arrayStringConcat(groupArray(name)) FROM system.tables WHERE database = 'default'";
    assert_eq!(engine.sql(tables), "t");
}

/// What the journal lacks, as the answer has it.
fn lacking_for_journal(answer: &pb::CheckConnectionResponse) -> Vec<Grant> {
    let missing = answer.missing_grants.iter();
    let of_journal =
        missing.filter(|one| one.needed_for().any(|each| each == GrantPurpose::Journal));
    of_journal
        .map(|grant| (grant.privilege.clone(), grant.on.clone()))
        .collect()
}

/// A server whose own connection is that of a user, with a journal that nobody else has.
async fn own_server(engine: &HostedEngine, user: &str) -> TestServer {
    let address = engine.url.trim_start_matches("http://");
    TestServer::start_with(|config| {
        config.engine = remote(&format!("http://{user}:pass@{address}"));
        config.transfer.journal_database = format!("journal_{user}");
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_needs_exactly_the_grants_that_are_listed() {
    let blocks = case("blocks", CommitMode::Blocks, false);
    let own = grants(&[
        ("INSERT", "default.t"),
        ("SELECT", "system.merge_tree_settings"),
    ]);
    let users = BTreeMap::from([("poor".to_owned(), own.clone())]);
    let first = engine(&users);
    let server = own_server(&first, "poor").await;
    let answer = check(&server, "default", blocks.question()).await;
    // No upload is refused for want of a journal.
    assert_eq!(lacking(&answer), []);
    let list = lacking_for_journal(&answer);
    assert!(list.len() > 3, "{list:?}");

    let of_user = |user: &str, without: Option<usize>| {
        let mut list = list.clone();
        if let Some(index) = without {
            list.remove(index);
        }
        let list = list.into_iter();
        let on = |on: String| on.replace("journal_poor", &format!("journal_{user}"));
        let list = list.map(|(privilege, object)| (privilege, on(object)));
        own.iter().cloned().chain(list).collect::<Vec<_>>()
    };
    let mut users = BTreeMap::from([("whole".to_owned(), of_user("whole", None))]);
    for index in 0..list.len() {
        let user = format!("less_{index}");
        users.insert(user.clone(), of_user(&user, Some(index)));
    }
    let engine = engine(&users);
    for user in users.keys() {
        let server = own_server(&engine, user).await;
        let answer = check(&server, "default", blocks.question()).await;
        let missing = lacking_for_journal(&answer);
        let loaded = upload(&server, "default", blocks.spec()).await;
        let index = user.strip_prefix("less_");
        let Some(index) = index.map(|index| index.parse::<usize>().unwrap()) else {
            assert_eq!(missing, []);
            assert!(loaded.unwrap().resumable);
            continue;
        };
        let (privilege, on) = &list[index];
        let on = on.replace("journal_poor", &format!("journal_{user}"));
        assert_eq!(missing, [(privilege.clone(), on.clone())], "{user}");
        match privilege.as_str() {
            // The journal is there, and cannot be used.
            "SELECT" | "INSERT" => {
                let status = loaded.unwrap_err();
                assert_eq!(reason(&status), "CLICKHOUSE_ACCESS_DENIED", "{user}");
                let told = format!("grant {privilege}");
                assert!(status.message().contains(&told), "{status:?}");
                assert_eq!(lacking(&answer), [(privilege.clone(), on)]);
            }
            _ => {
                assert!(!loaded.unwrap().resumable, "{user}");
                assert_eq!(lacking(&answer), []);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_may_not_see_is_told_with_the_grant_that_shows_it() {
    let select = grants(&[("SELECT", "default.t")]);
    let users = BTreeMap::from([
        ("nobody".to_owned(), Vec::new()),
        ("reader".to_owned(), select),
    ]);
    let engine = engine(&users);
    let server = server(&engine, users.keys()).await;
    let mut catalog = server.catalog().await;
    let list = through("nobody", pb::ListTablesRequest::default());
    let status = catalog.list_tables(list).await.unwrap_err();
    assert_eq!(reason(&status), "DATABASE_NOT_FOUND");
    assert_eq!(
        metadata(&status, "grants"),
        "GRANT SELECT ON default.* TO nobody"
    );
    let status = export(&server, "nobody", "t").await.unwrap_err();
    assert_eq!(reason(&status), "TABLE_NOT_FOUND");
    assert_eq!(
        metadata(&status, "grants"),
        "GRANT SELECT ON default.t TO nobody"
    );
    assert!(
        status
            .message()
            .contains("GRANT SELECT ON default.t TO nobody")
    );

    // Nothing is missing for the one, and a table that is not there is not called hidden where it would be seen.
    engine.sql("INSERT INTO t VALUES (7)");
    assert_eq!(
        export(&server, "reader", "t").await.unwrap().file,
        b"a\n7\n"
    );
    let answer = check(&server, "reader", CASES[0].question()).await;
    let mut missing = answer.missing_grants.iter();
    assert!(missing.all(|grant| !grant.needed_for.contains(&GrantPurpose::Export.into())));
    let get = pb::GetTableRequest {
        table: Some(table_ref("nowhere")),
    };
    let status = server.catalog().await.get_table(get).await.unwrap_err();
    assert_eq!(
        status.message(),
        "unknown table \"nowhere\" in database \"default\""
    );
}

async fn export(server: &TestServer, user: &str, table: &str) -> Result<Exported, Status> {
    let request = through(user, export_table(table));
    Exported::of(server.ingest().await.export(request).await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_needs_no_grant_to_load() {
    let looks = grants(&[
        ("SHOW COLUMNS", "default.t"),
        ("SELECT", "system.merge_tree_settings"),
    ]);
    let users = BTreeMap::from([
        ("looker".to_owned(), looks.clone()),
        ("blind".to_owned(), looks[1..].to_vec()),
        ("half".to_owned(), looks[..1].to_vec()),
    ]);
    let engine = engine(&users);
    let server = server(&engine, users.keys()).await;
    let dry = |user: &'static str| {
        let spec = pb::UploadSpec {
            dry_run: true,
            ..spec("t")
        };
        upload(&server, user, spec)
    };
    dry("looker").await.unwrap();
    for (user, lacks) in [
        ("blind", "GRANT SHOW COLUMNS ON default.t TO blind"),
        ("half", "GRANT SELECT ON system.merge_tree_settings TO half"),
    ] {
        let status = dry(user).await.unwrap_err();
        assert_eq!(metadata(&status, "grants"), lacks);
    }
}
