use super::{
    Grant, Holder, On, PURPOSES, Purpose, RULES, Subject, TableName, When, check, name, needed,
    statements,
};

const DOCS: &str = include_str!("../../../../../docs/grants.md");

fn subject(engine: &str) -> Subject {
    Subject {
        table: TableName::new("sales", "t"),
        engine: engine.to_owned(),
        is_in_replicated_database: false,
        is_new: false,
        is_mapped: false,
        journal: "sluice".to_owned(),
        has_own_database: true,
        is_synced: false,
        is_journal_shared: false,
    }
}

fn statements_of(subject: &Subject, purposes: &[Purpose]) -> Vec<String> {
    let grants = needed(subject, purposes);
    let grants = grants.iter();
    statements(grants.map(|grant| (grant.privilege, &*grant.on, "sluice")))
}

fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Export => "export",
        Purpose::Query => "query",
        Purpose::DryRun => "dry run",
        Purpose::Direct => "DIRECT",
        Purpose::Blocks => "BLOCKS",
        Purpose::Atomic => "ATOMIC",
        Purpose::Replace => "REPLACE",
        Purpose::Create => "`--create`",
        Purpose::Journal => "journal",
        Purpose::Recovery => "recovery",
    }
}

fn object(on: On) -> String {
    match on {
        On::Table => "the table".to_owned(),
        On::Staging => "`_sluice_*` beside it".to_owned(),
        On::Journal => "`sluice.*`".to_owned(),
        On::System(table) => format!("`system.{table}`"),
        On::Engine(engine) => format!("`{engine}`"),
        On::EngineOfTable => "the engine of the table".to_owned(),
        On::EngineOfNewTable => "`MergeTree` (*)".to_owned(),
    }
}

fn case(when: When) -> &'static str {
    match when {
        When::Always => "",
        When::Plain => "not replicated",
        When::Replicated => "Replicated*MergeTree",
        When::NoOwnDatabase => "database of the engine Replicated, and no `sluice` yet",
        When::New => "a new table",
        When::Mapped => "`role`, `impersonate`",
        When::Fsync => "`--fsync on`",
        When::OneNode => "no macro `replica`",
        When::Cluster => "macro `replica`",
    }
}

fn holder(holder: Holder) -> &'static str {
    match holder {
        Holder::Caller => "caller",
        Holder::Queries => "callers-user",
        Holder::Service => "connection",
        Holder::Journal => "connection `default`",
    }
}

/// What the documentation has to show.
fn check_documented(expected: &str) {
    assert!(
        DOCS.contains(expected),
        "docs/grants.md lacks:\n\n{expected}"
    );
}

#[test]
fn the_documentation_shows_every_line_of_the_table_and_no_other() {
    let mut table =
        "| grant | on | for | where | to |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for rule in RULES {
        let privileges: Vec<_> = rule
            .privileges
            .iter()
            .map(|one| format!("`{one}`"))
            .collect();
        let purposes: Vec<_> = rule.purposes.iter().map(|one| word(*one)).collect();
        table += &format!(
            "| {} | {} | {} | {} | {} |\n",
            privileges.join(", "),
            object(rule.on),
            purposes.join(", "),
            case(rule.when),
            holder(rule.holder)
        );
    }
    check_documented(&format!("\n{table}\n"));
}

#[test]
fn the_documented_statements_give_what_is_asked_for() {
    let new = Subject {
        is_new: true,
        ..subject("MergeTree")
    };
    let plain = subject("MergeTree");
    let replicated = subject("ReplicatedMergeTree");
    let cluster = Subject {
        is_journal_shared: true,
        ..subject("MergeTree")
    };
    for (title, subject, purpose) in [
        ("exports", &plain, Purpose::Export),
        ("dry runs", &plain, Purpose::DryRun),
        ("DIRECT and BLOCKS", &plain, Purpose::Direct),
        (
            "DIRECT and BLOCKS, replicated",
            &replicated,
            Purpose::Direct,
        ),
        ("ATOMIC", &plain, Purpose::Atomic),
        ("ATOMIC, replicated", &replicated, Purpose::Atomic),
        ("REPLACE", &plain, Purpose::Replace),
        ("REPLACE, replicated", &replicated, Purpose::Replace),
        ("--create, beside its mode", &new, Purpose::Create),
        ("the journal", &plain, Purpose::Journal),
        ("the journal on a cluster", &cluster, Purpose::Journal),
        ("recovery", &new, Purpose::Recovery),
    ] {
        let mut block = format!("    -- {title}\n");
        for statement in statements_of(subject, &[purpose]) {
            block += &format!("    {statement};\n");
        }
        check_documented(&block);
    }
    // Of which two are shown as one.
    for subject in [&plain, &replicated] {
        assert_eq!(
            statements_of(subject, &[Purpose::Direct]),
            statements_of(subject, &[Purpose::Blocks])
        );
    }
}

#[test]
fn each_purpose_needs_something() {
    for purpose in PURPOSES {
        let subject = Subject {
            is_new: true,
            ..subject("MergeTree")
        };
        assert!(!needed(&subject, &[purpose]).is_empty(), "{purpose:?}");
    }
}

#[test]
fn a_grant_that_several_need_stands_once() {
    let grants = needed(&subject("MergeTree"), &PURPOSES);
    let engine: Vec<_> = grants
        .iter()
        .filter(|grant| grant.privilege == "TABLE ENGINE" && grant.holder == Holder::Service)
        .collect();
    assert_eq!(engine.len(), 1, "{engine:?}");
    assert_eq!(engine[0].purposes, [Purpose::Atomic, Purpose::Replace]);
}

#[test]
fn what_is_staged_apart_is_in_the_database_of_sluice() {
    let apart = Subject {
        is_in_replicated_database: true,
        has_own_database: false,
        ..subject("ReplicatedMergeTree")
    };
    let statements = statements_of(&apart, &[Purpose::Atomic]);
    for expected in [
        "GRANT SELECT, INSERT, CREATE TABLE, DROP TABLE, ALTER DELETE, OPTIMIZE \
         ON sluice._sluice_* TO sluice",
        "GRANT CREATE DATABASE ON sluice.* TO sluice",
        "GRANT TABLE ENGINE ON Atomic TO sluice",
    ] {
        assert!(
            statements.iter().any(|one| one == expected),
            "{statements:#?}"
        );
    }
    // A plain table there is not staged for in another one.
    let plain = Subject {
        engine: "MergeTree".to_owned(),
        ..apart
    };
    let statements = statements_of(&plain, &[Purpose::Atomic]);
    assert!(
        statements
            .iter()
            .any(|one| one.contains("ON sales._sluice_*")),
        "{statements:#?}"
    );
}

#[test]
fn names_that_are_no_words_are_quoted() {
    assert_eq!(name("t_1"), "t_1");
    assert_eq!(name("1t"), "`1t`");
    assert_eq!(name("a.b"), "`a.b`");
    assert_eq!(name("x` TO root; --"), "`x\\` TO root; --`");
    let odd = Subject {
        table: TableName::new("a b", "t`"),
        ..subject("MergeTree")
    };
    let grants: Vec<Grant> = needed(&odd, &[Purpose::Export]);
    assert_eq!(check(&grants).text(), "CHECK GRANT SELECT ON `a b`.`t\\``");
}
