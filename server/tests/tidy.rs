//! The invariants of `ARCHITECTURE.md`, checked against the source itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A source file of the server.
struct Source {
    /// Its path below `src/`.
    path: String,
    /// Its text without the test module at its end.
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let read = |file: PathBuf| {
        let path = file
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
        Source { path, text }
    };
    let sources = files.into_iter().map(read);
    sources.filter(|source| !is_test(&source.path)).collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.contains("/tests/")
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Fails with every place outside of `allowed` where a line of code names one of `words`.
fn check_only_in(words: &[&str], allowed: impl Fn(&str) -> bool) {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !allowed(&source.path)) {
        for (index, line) in source.text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            if words.iter().any(|word| code.contains(word)) {
                found.push(format!("{}:{}: {line}", source.path, index + 1));
            }
        }
    }
    assert!(
        found.is_empty(),
        "{words:?} must not stand here:\n{}",
        found.join("\n")
    );
}

fn is_in(path: &str, module: &str) -> bool {
    path == format!("{module}.rs") || path.starts_with(&format!("{module}/"))
}

#[test]
fn only_rpc_and_app_know_tonic_and_the_contract() {
    check_only_in(&["tonic::", "tonic_", "sluice_proto"], |path| {
        is_in(path, "rpc") || path == "app.rs"
    });
}

#[test]
fn csv_column_and_codec_are_pure() {
    let words = [
        "tokio",
        "tonic",
        "hyper",
        "tracing",
        "std::net",
        "std::fs",
        "std::thread",
    ];
    let is_pure = |path: &str| {
        ["csv", "column", "codec"]
            .iter()
            .any(|name| is_in(path, name))
    };
    check_only_in(&words, |path| !is_pure(path));
}

#[test]
fn only_transfer_joins_the_layers() {
    check_only_in(
        &["crate::column", "crate::clickhouse", "crate::transfer"],
        |path| !is_in(path, "csv"),
    );
    check_only_in(
        &["crate::csv", "crate::clickhouse", "crate::transfer"],
        |path| !is_in(path, "column"),
    );
    check_only_in(&["crate::csv", "crate::transfer", "crate::rpc"], |path| {
        !is_in(path, "clickhouse") && !is_in(path, "catalog") && !is_in(path, "engine")
    });
    check_only_in(&["crate::rpc"], |path| {
        path == "app.rs" || is_in(path, "rpc")
    });
    check_only_in(
        &[
            "crate::csv",
            "crate::column",
            "crate::clickhouse",
            "crate::transfer",
        ],
        |path| !is_in(path, "codec"),
    );
}

#[test]
fn only_metrics_know_how_they_are_counted() {
    check_only_in(&["prometheus_client"], |path| is_in(path, "metrics"));
    check_only_in(&["crate::"], |path| !is_in(path, "metrics"));
}

#[test]
fn sql_is_built_in_one_place() {
    let words = [
        "SELECT ",
        "INSERT INTO",
        "CREATE ",
        "KILL QUERY",
        "DESCRIBE TABLE",
        "DROP ",
    ];
    let starts_engine = |path: &str| path == "engine/host.rs";
    check_only_in(&words, |path| {
        is_in(path, "clickhouse/sql") || starts_engine(path)
    });
}

#[test]
fn every_handler_asks_who_calls() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rpc");
    for (file, open_calls) in [("ingest.rs", 0), ("catalog.rs", 1)] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let handlers = text.matches(": Request<").count();
        let asked = text.matches("Caller::of(&request)").count();
        assert_eq!(handlers - open_calls, asked, "{file}");
    }
}

#[test]
fn every_call_about_a_transfer_can_be_handed_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract =
        fs::read_to_string(root.join("../proto/sluice/v1/ingest_service.proto")).unwrap();
    let handlers = fs::read_to_string(root.join("src/rpc/ingest.rs")).unwrap();
    let calls = contract
        .lines()
        .filter_map(|line| line.trim().strip_prefix("rpc "));
    let calls = calls.map(|call| call.split('(').next().unwrap());
    let mut count = 0;
    // Those begin a transfer, where they arrive.
    for call in calls.filter(|call| !["Upload", "Export"].contains(call)) {
        let message = format!("message {call}Request {{");
        let message = contract.split(&message).nth(1).unwrap();
        let message = message.split("\n}").next().unwrap();
        let is_about_one = ["string transfer_id", "UploadSpec spec"];
        if !is_about_one.iter().any(|field| message.contains(field)) {
            continue;
        }
        let name = call.chars().fold(String::new(), |name, c| match c {
            'A'..='Z' => format!("{name}_{}", c.to_ascii_lowercase()),
            _ => format!("{name}{c}"),
        });
        let handler = handlers
            .split(&format!("async fn {}(", name.trim_start_matches('_')))
            .nth(1);
        let handler = handler.unwrap().split("async fn ").next().unwrap();
        assert!(handler.contains("self.doors.reach("), "{call}");
        count += 1;
    }
    assert_eq!(count, 7, "the contract has calls about a transfer");
}

#[test]
fn unsafe_code_stands_in_one_file() {
    check_only_in(&["unsafe "], |path| path == "engine/ffi.rs");
}

#[test]
fn no_file_is_too_long_and_none_is_called_mod() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(lines <= 600, "{} has {lines} lines", source.path);
        assert!(!source.path.ends_with("mod.rs"), "{}", source.path);
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for source in sources() {
        assert!(
            source.text.starts_with("//! "),
            "{} has no module documentation",
            source.path
        );
    }
}

#[test]
fn every_reason_is_documented_in_the_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = fs::read_to_string(root.join("../proto/sluice/v1/errors.proto")).unwrap();
    let documented: BTreeSet<&str> = contract
        .lines()
        .filter_map(|line| line.trim().strip_prefix("ERROR_REASON_")?.split(' ').next())
        .collect();
    assert!(documented.len() > 40, "the contract lists its reasons");
    for file in [
        "src/rpc/status.rs",
        "src/rpc/status/access.rs",
        "src/rpc/status/file.rs",
        "src/rpc/status/request.rs",
        "src/column/parse.rs",
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let reasons = text
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|text| is_reason(text));
        for reason in reasons {
            assert!(
                documented.contains(reason),
                "{file}: errors.proto does not list {reason}"
            );
        }
    }
}

fn is_reason(text: &str) -> bool {
    text.len() > 5
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
