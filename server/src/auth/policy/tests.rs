//! Who may do what, case by case.

use secrecy::SecretString;

use super::{Action, Denial, Policy, RunsAs, TableName, Target};
use crate::auth::{ConnectionLimit, Principal, Scope, Scopes, Tables};

fn alice(scopes: Scopes, tables: Option<&[&str]>) -> Principal {
    let tables = tables.map_or(Tables::All, |patterns| {
        Tables::Only(patterns.iter().map(|text| text.parse().unwrap()).collect())
    });
    Principal {
        subject: "alice".to_owned(),
        scopes,
        tables,
        ..Principal::open()
    }
}

fn policy() -> Policy {
    Policy::new("sluice".to_owned())
}

fn decide(principal: &Principal, action: Action, target: Target<'_>) -> Result<(), Denial> {
    policy().decide(principal, action, target)
}

fn table<'a>(database: &'a str, table: &'a str) -> Target<'a> {
    Target::Table(TableName { database, table })
}

const ACTIONS: [(Action, Scope); 4] = [
    (Action::Upload, Scope::Upload),
    (Action::Export, Scope::Export),
    (Action::ReadCatalog, Scope::CatalogRead),
    (Action::ManageTransfers, Scope::TransfersManage),
];

#[test]
fn each_action_needs_its_own_scope() {
    for (action, _) in ACTIONS {
        for (other, scope) in ACTIONS {
            let principal = alice([scope].into_iter().collect(), None);
            for target in [table("sales", "t"), Target::Database("sales"), Target::None] {
                let decision = decide(&principal, action, target);
                assert_eq!(decision.is_ok(), action == other, "{action:?} {scope}");
            }
        }
    }
    let denial = decide(&alice(Scopes::NONE, None), Action::Upload, Target::None).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "\"alice\" lacks the scope ingest:upload: ask for a token with it"
    );
}

#[test]
fn a_limit_to_tables_holds_for_every_action() {
    let principal = alice(Scopes::all(), Some(&["sales.*", "hr.public_*"]));
    for (action, _) in ACTIONS {
        assert_eq!(decide(&principal, action, table("sales", "t")), Ok(()));
        assert_eq!(decide(&principal, action, table("hr", "public_x")), Ok(()));
        for (database, name) in [
            ("hr", "salaries"),
            ("Sales", "t"),
            ("other", "t"),
            ("system", "users"),
        ] {
            assert!(decide(&principal, action, table(database, name)).is_err());
        }
        assert_eq!(decide(&principal, action, Target::Database("hr")), Ok(()));
        assert!(decide(&principal, action, Target::Database("other")).is_err());
    }
    let denial = decide(&principal, Action::Export, table("hr", "salaries")).unwrap_err();
    assert!(matches!(denial, Denial::Table { .. }));
}

#[test]
fn a_limited_caller_runs_queries_only_as_itself() {
    let limited = alice(Scopes::all(), Some(&["sales.*"]));
    let with_role = Principal {
        clickhouse_role: Some("r".to_owned()),
        ..limited.clone()
    };
    let with_user = Principal {
        clickhouse_user: Some("u".to_owned()),
        ..limited.clone()
    };
    let with_token = Principal {
        token: Some(SecretString::from("t")),
        ..limited.clone()
    };
    let free = alice(Scopes::all(), None);
    let no_manager = alice(
        [Scope::Export, Scope::CatalogRead].into_iter().collect(),
        None,
    );
    let cases = [
        (&limited, RunsAs::Service, false),
        (&limited, RunsAs::Restricted, false),
        (&limited, RunsAs::CallersRole, false),
        (&limited, RunsAs::CallersUser, false),
        (&limited, RunsAs::CallersToken, false),
        (&limited, RunsAs::CallersCredentials, true),
        (&with_role, RunsAs::Service, false),
        (&with_role, RunsAs::CallersRole, true),
        (&with_role, RunsAs::CallersUser, false),
        (&with_user, RunsAs::CallersUser, true),
        (&with_user, RunsAs::CallersRole, false),
        (&with_user, RunsAs::Service, false),
        (&with_token, RunsAs::CallersToken, true),
        (&with_token, RunsAs::Service, false),
        (&free, RunsAs::Service, true),
        (&no_manager, RunsAs::Service, false),
    ];
    for (principal, runs_as, expected) in cases {
        for action in [Action::Export, Action::ReadCatalog] {
            let decision = decide(principal, action, Target::Query(runs_as));
            assert_eq!(decision.is_ok(), expected, "{runs_as:?} {principal:?}");
        }
    }
    let without_scope = alice([Scope::Upload].into_iter().collect(), None);
    assert!(
        decide(
            &without_scope,
            Action::Export,
            Target::Query(RunsAs::Service)
        )
        .is_err()
    );
    assert_eq!(
        decide(&free, Action::Upload, Target::Query(RunsAs::Service)),
        Err(Denial::NotWritable)
    );
}

#[test]
fn a_statement_that_makes_a_table_needs_a_user_who_knows_the_callers_limit() {
    let limited = alice(Scopes::all(), Some(&["sales.*"]));
    let free = alice([Scope::Upload].into_iter().collect(), None);
    let create = |runs_as, is_confined| Target::Create {
        runs_as,
        is_confined,
    };
    for (principal, runs_as, is_confined, expected) in [
        (&limited, RunsAs::Service, false, false),
        (&limited, RunsAs::Service, true, true),
        (&limited, RunsAs::CallersRole, false, false),
        (&limited, RunsAs::CallersCredentials, false, true),
        (&free, RunsAs::Service, false, true),
    ] {
        let decision = decide(principal, Action::Upload, create(runs_as, is_confined));
        assert_eq!(
            decision.is_ok(),
            expected,
            "{runs_as:?} {is_confined} {principal:?}"
        );
    }
    let without_scope = alice(Scopes::NONE, None);
    let decision = decide(
        &without_scope,
        Action::Upload,
        create(RunsAs::Service, true),
    );
    assert!(
        matches!(decision, Err(Denial::Scope { .. })),
        "{decision:?}"
    );
}

#[test]
fn a_transfer_is_its_owners_and_the_managers() {
    let sales = Some(TableName {
        database: "sales",
        table: "t",
    });
    let nobody = alice(Scopes::NONE, None);
    let own = Target::Transfer {
        owner: "alice",
        table: sales,
    };
    let others = Target::Transfer {
        owner: "bob",
        table: sales,
    };
    let others_query = Target::Transfer {
        owner: "bob",
        table: None,
    };
    assert_eq!(decide(&nobody, Action::ManageTransfers, own), Ok(()));
    assert!(matches!(
        decide(&nobody, Action::ManageTransfers, others),
        Err(Denial::Transfer { .. })
    ));
    let manager = alice([Scope::TransfersManage].into_iter().collect(), None);
    assert_eq!(decide(&manager, Action::ManageTransfers, others), Ok(()));
    assert_eq!(
        decide(&manager, Action::ManageTransfers, others_query),
        Ok(())
    );
    let of_hr = alice(Scopes::all(), Some(&["hr.*"]));
    assert!(decide(&of_hr, Action::ManageTransfers, others).is_err());
    assert!(decide(&of_hr, Action::ManageTransfers, others_query).is_err());
    let everybody = Target::Transfer {
        owner: "",
        table: sales,
    };
    assert!(decide(&nobody, Action::ManageTransfers, everybody).is_err());
    assert_eq!(
        decide(&Principal::open(), Action::ManageTransfers, everybody),
        Ok(())
    );
}

#[test]
fn nobody_writes_where_clickhouse_and_sluice_keep_their_own() {
    for database in [
        "system",
        "SYSTEM",
        "information_schema",
        "INFORMATION_SCHEMA",
        "sluice",
    ] {
        let decision = decide(&Principal::open(), Action::Upload, table(database, "t"));
        assert!(
            matches!(decision, Err(Denial::Reserved { .. })),
            "{database}"
        );
    }
}

#[test]
fn of_clickhouse_s_own_tables_only_those_are_read_that_tell_of_nobody() {
    for action in [Action::Export, Action::ReadCatalog] {
        let ask = |target| decide(&Principal::open(), action, target);
        assert_eq!(ask(table("system", "numbers")), Ok(()));
        assert_eq!(ask(Target::Database("system")), Ok(()));
        for (database, name) in [
            ("system", "tables"),
            ("system", "processes"),
            ("system", "Numbers"),
            ("system", "numbers "),
        ] {
            let decision = ask(table(database, name));
            assert!(matches!(decision, Err(Denial::System { .. })), "{name}");
        }
        for database in ["SYSTEM", "information_schema", "INFORMATION_SCHEMA"] {
            for target in [table(database, "numbers"), Target::Database(database)] {
                let decision = ask(target);
                assert!(
                    matches!(decision, Err(Denial::Reserved { .. })),
                    "{database}"
                );
            }
        }
    }
}

#[test]
fn a_limit_to_connections_leaves_out_all_others() {
    let limited = Principal {
        connections: ConnectionLimit::Only(vec!["dev_*".parse().unwrap()]),
        ..Principal::open()
    };
    let ask = |name| Policy::connection(&limited, name);
    assert_eq!(ask(Some("dev_a")), Ok(()));
    assert!(matches!(ask(Some("prod")), Err(Denial::Connection { .. })));
    assert!(matches!(ask(None), Err(Denial::OwnClickHouse { .. })));
    for name in [Some("prod"), None] {
        assert_eq!(Policy::connection(&Principal::open(), name), Ok(()));
    }
}

#[test]
fn the_journal_is_read_by_managers_only() {
    let reader = alice(
        [Scope::Export, Scope::CatalogRead].into_iter().collect(),
        None,
    );
    let limited = alice(Scopes::all(), Some(&["*"]));
    for principal in [&reader, &limited] {
        for action in [Action::Export, Action::ReadCatalog] {
            let decision = decide(principal, action, table("sluice", "rejects"));
            assert!(matches!(decision, Err(Denial::Reserved { .. })));
        }
    }
    let manager = alice(Scopes::all(), None);
    assert_eq!(
        decide(&manager, Action::Export, table("sluice", "rejects")),
        Ok(())
    );
}
