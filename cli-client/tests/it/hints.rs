//! Every hint helps: what it names ends in success, or in another error, never in the same.

use std::collections::BTreeSet;

use crate::support::Server;

/// A failure, and what its hint or its message names.
struct Case {
    reason: &'static str,
    /// The columns of the table; none for one that is not there.
    table: Option<&'static str>,
    file: &'static [u8],
    flags: &'static [&'static str],
    /// Each of them instead of those flags.
    follows: &'static [&'static [&'static str]],
}

const CASES: [Case; 24] = [
    Case {
        reason: "TABLE_NOT_FOUND",
        table: None,
        file: b"a\n1\n",
        flags: &[],
        follows: &[&["--create"]],
    },
    Case {
        reason: "HEADER_MISMATCH",
        table: Some("n UInt8, s String"),
        file: b"1,a\n2,b\n",
        flags: &["--header-rows", "1"],
        follows: &[&["--no-header"]],
    },
    Case {
        reason: "HEADER_NOT_FOUND",
        table: Some("n UInt8, s String"),
        file: b"n,text\n1,a\n",
        flags: &["--columns", "n,s=words"],
        follows: &[&["--columns", "n,s=text"]],
    },
    Case {
        reason: "MISSING_COLUMN",
        table: Some("n UInt8, s String"),
        file: b"n\n1\n",
        flags: &[],
        follows: &[&["--missing", "default"]],
    },
    Case {
        reason: "UNMATCHED_COLUMN",
        table: Some("n UInt8, s String"),
        file: b"n,s,x\n1,a,2\n",
        flags: &[],
        follows: &[&["--ignore-extra"], &["--columns", "n,s"]],
    },
    Case {
        reason: "DUPLICATE_COLUMN",
        table: Some("n UInt8, s String"),
        file: b"n,s,n\n1,a,2\n",
        flags: &[],
        follows: &[&["--no-header", "--skip-lines", "1", "--columns", "n=1,s=2"]],
    },
    Case {
        reason: "COLUMN_NOT_INSERTABLE",
        table: Some("n UInt8, s String MATERIALIZED toString(n)"),
        file: b"n,s\n1,a\n",
        flags: &[],
        follows: &[&["--columns", "n"]],
    },
    Case {
        reason: "COMMIT_MODE_UNAVAILABLE",
        table: Some("n UInt8"),
        file: b"n\n1\n",
        flags: &["--commit", "blocks"],
        follows: &[&["--commit", "auto"]],
    },
    Case {
        reason: "EMPTY_REPLACEMENT",
        table: Some("n UInt8, s String"),
        file: b"n,s\n",
        flags: &["--commit", "replace"],
        follows: &[&["--commit", "replace", "--allow-empty"]],
    },
    Case {
        reason: "TOO_FEW_FIELDS",
        table: Some("n UInt8, s Nullable(String), t Nullable(String)"),
        file: b"n,s,t\n1,a,b\n2,a,b\n3,a\n4,a,b\n",
        flags: &[],
        follows: &[&["--ragged", "pad"]],
    },
    Case {
        reason: "TOO_MANY_FIELDS",
        table: Some("n UInt8, s String"),
        file: b"n,s\n1,a\n2,b\n3,c,,\n4,d\n",
        flags: &[],
        follows: &[&["--ragged", "pad"]],
    },
    Case {
        reason: "INVALID_QUOTING",
        table: Some("n UInt8, s String"),
        file: b"n,s\n1,\"a\"\n2,\"b\"\n3,\"he said \"no\" loudly\"\n4,\"c\"\n",
        flags: &[],
        follows: &[&["--quotes", "lenient"], &["--quote", ""]],
    },
    Case {
        reason: "UNTERMINATED_QUOTE",
        table: Some("n UInt8, s String"),
        file: b"n,s\n1,a\n2,\"b\n",
        flags: &["--quote", "\""],
        follows: &[&["--quote", ""]],
    },
    Case {
        reason: "INVALID_DATE",
        table: Some("n UInt8, d Date"),
        file: b"n,d\n1,2024/31/01\n",
        flags: &[],
        follows: &[&["--date-format", "d=%Y/%d/%m"]],
    },
    Case {
        reason: "AMBIGUOUS_DATE",
        table: Some("n UInt8, d Date"),
        file: b"n,d\n1,01/02/2024\n",
        flags: &[],
        follows: &[&["--date-format", "d=%d/%m/%Y"]],
    },
    Case {
        reason: "INVALID_NUMBER",
        table: Some("n UInt8, f Float64"),
        file: b"n;f\n1;1,5\n",
        flags: &["--decimal-comma=false"],
        follows: &[&["--decimal-comma"]],
    },
    Case {
        reason: "INVALID_NUMBER",
        table: Some("n UInt8, f Float64"),
        file: b"n,f\n1,$5\n",
        flags: &[],
        follows: &[&["--strip-units"]],
    },
    Case {
        reason: "INVALID_NUMBER",
        table: Some("n UInt8, f Nullable(Float64)"),
        file: b"n,f\n1,none so far\n",
        flags: &[],
        follows: &[&["--null", "none so far"]],
    },
    Case {
        reason: "INVALID_BOOL",
        table: Some("n UInt8, b Bool"),
        file: b"n,b\n1,ja\n",
        flags: &[],
        follows: &[&["--true", "ja", "--false", "nein"]],
    },
    Case {
        reason: "PRECISION_LOSS",
        table: Some("n UInt8, d Decimal(9, 2)"),
        file: b"n,d\n1,1.234\n",
        flags: &[],
        follows: &[&["--round"]],
    },
    Case {
        reason: "NULL_NOT_ALLOWED",
        table: Some("n UInt8, d Date"),
        file: b"n,d\n1,\n",
        flags: &[],
        follows: &[&["--empty-as-default"]],
    },
    Case {
        reason: "INVALID_UTF8",
        table: Some("n UInt8, s String"),
        file: b"n,s\n1,caf\xe9\n",
        flags: &["--encoding", "utf-8"],
        follows: &[
            &["--encoding", "windows-1252"],
            &["--invalid-utf8", "replace"],
            &["--invalid-utf8", "keep"],
        ],
    },
    Case {
        reason: "TOO_MANY_REJECTS",
        table: Some("n UInt8"),
        file: b"n\n1\nx\ny\n",
        flags: &["--max-rejects", "1"],
        follows: &[&["--max-rejects", "2"]],
    },
    Case {
        reason: "INVALID_DOCUMENT",
        table: Some("n UInt8, j JSON"),
        file: b"n;j\n1;{}\n2;[1]\n",
        flags: &[],
        follows: &[&["--max-rejects", "1"]],
    },
];

/// Those whose hint is no flag for the same file: something else is to be done first, or another command tells more.
/// Tests of their own bring each of them about.
const ELSEWHERE: [&str; 40] = [
    "SERVER_UNREACHABLE",
    "CONNECTION_LOST",
    "SERVER_UNTRUSTED",
    "CLIENT_UNTRUSTED",
    "TOKEN_MISSING",
    "TOKEN_EXPIRED",
    "CLICKHOUSE_UNAVAILABLE",
    "CLICKHOUSE_AUTHENTICATION",
    "CLICKHOUSE_ACCESS_DENIED",
    "CLICKHOUSE_TIMEOUT",
    "CLICKHOUSE_RESOURCES",
    "TOO_MANY_TRANSFERS",
    "SHUTTING_DOWN",
    "DATABASE_NOT_FOUND",
    "TABLE_EXISTS",
    "COLUMN_NOT_FOUND",
    "SPEC_MISMATCH",
    "FILE_CHANGED",
    "TABLE_CHANGED",
    "SESSION_EXPIRED",
    "TOO_MANY_INTERRUPTED",
    "TRANSFER_ENDED",
    "TRANSFER_EXISTS",
    "CHECKSUM_MISMATCH",
    "TRANSFER_NOT_RESUMABLE",
    "COMMIT_PENDING",
    "FILE_TRUNCATED",
    "COUNT_MISMATCH",
    "MEMORY_LIMIT",
    "FILE_TOO_LARGE",
    "TRANSFER_TAKEN_OVER",
    "TRANSFER_BUSY",
    "TRANSFER_NOT_FOUND",
    "RECORD_TOO_LONG",
    "TOO_MANY_COLUMNS",
    "AMBIGUOUS_FILE",
    "INVALID_DIALECT",
    "INVALID_ENCODING",
    "CONSTRAINT_VIOLATED",
    "NOT_A_SELECT",
];

/// The reason of a failure, or nothing, and what people are told.
fn outcome(server: &Server, file: &str, flags: &[&str]) -> (Option<String>, String) {
    let line = [&["upload", file, "--table", "t"], flags].concat();
    let run = |line: &[&str]| server.sluice(line).output().unwrap();
    let json = run(&[&line[..], &["--json"]].concat());
    let told = String::from_utf8(run(&line).stderr).unwrap();
    if json.status.success() {
        return (None, told);
    }
    let object: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    (
        Some(object["error"]["reason"].as_str().unwrap().to_owned()),
        told,
    )
}

#[test]
fn what_a_hint_names_helps() {
    let server = Server::start();
    for (number, case) in CASES.iter().enumerate() {
        let file = server.files.write(&format!("{number}.csv"), case.file);
        let again = || {
            server.sql("DROP TABLE IF EXISTS t SYNC");
            if let Some(columns) = case.table {
                server.sql(&format!(
                    "CREATE TABLE t ({columns}) ENGINE = MergeTree ORDER BY tuple()"
                ));
            }
        };
        again();
        let (reason, told) = outcome(&server, &file, case.flags);
        assert_eq!(reason.as_deref(), Some(case.reason), "{told}");
        for flags in case.follows {
            let named = flags
                .iter()
                .filter(|flag| flag.starts_with("--") && !case.flags.contains(flag));
            for flag in named {
                assert!(told.contains(flag), "{flag} is not named: {told}");
            }
            again();
            let (reason, told) = outcome(&server, &file, flags);
            assert_eq!(reason, None, "{flags:?}: {told}");
        }
    }
}

#[test]
fn every_hint_is_followed_here_or_elsewhere() {
    let hints = include_str!("../../src/report/hint.rs");
    let arms = hints.lines().filter(|line| line.contains("=>"));
    let reasons = arms.flat_map(|line| {
        line.split("=>")
            .next()
            .unwrap()
            .split('"')
            .skip(1)
            .step_by(2)
    });
    let reasons: BTreeSet<_> = reasons.collect();
    let known = CASES.iter().map(|case| case.reason).chain(ELSEWHERE);
    assert_eq!(reasons, known.collect());
}
