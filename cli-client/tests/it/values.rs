//! How texts become values: each flag, and what happens without it.

use crate::support::Server;

const FLAGS: [&str; 10] = [
    "--true=ja",
    "--false=nein",
    "--trim",
    "--decimal-comma",
    "--round",
    "--date-format=day=%d/%m/%Y",
    "--null=NA",
    "--null=-",
    "--empty-as-default",
    "--ragged=pad",
];

/// What the upload fails with when the flag of the same place is missing.
const REASONS: [&str; 10] = [
    "INVALID_BOOL",
    "INVALID_BOOL",
    "INVALID_NUMBER",
    "INVALID_NUMBER",
    "PRECISION_LOSS",
    "AMBIGUOUS_DATE",
    "INVALID_NUMBER",
    "INVALID_NUMBER",
    "NULL_NOT_ALLOWED",
    "TOO_FEW_FIELDS",
];

#[test]
fn every_flag_of_the_values_is_honoured_and_needed() {
    let server = Server::start();
    server.sql(
        "CREATE TABLE odd (id UInt32, flag Bool, n Int32, price Decimal(10, 2), day Date, \
         opt Nullable(Int32)) ENGINE = MergeTree ORDER BY id",
    );
    let content = "id,flag,n,price,day,opt\n1,ja, 7 ,\"1,255\",31/12/2023,NA\n\
        2,nein,,\"2,5\",13/02/2024,-\n3\n";
    let file = server.files.write("odd.csv", content);
    let upload = ["upload", &file, "--table", "odd", "--no-sniff"];
    for (index, reason) in REASONS.iter().enumerate() {
        let mut flags = FLAGS.to_vec();
        let missing = flags.remove(index);
        let error = server.fails(&[&upload[..], &flags].concat(), 3);
        assert_eq!(error["reason"], *reason, "without {missing}: {error}");
    }
    assert_eq!(server.sql("SELECT count() FROM odd"), "0");
    server.json(&[&upload[..], &FLAGS].concat());
    let expected = "1\ttrue\t7\t1.26\t2023-12-31\t\\N\n2\tfalse\t0\t2.5\t2024-02-13\t\\N\n\
        3\tfalse\t0\t0\t1970-01-01\t\\N";
    assert_eq!(server.sql("SELECT * FROM odd ORDER BY id"), expected);
}

#[test]
fn a_form_of_dates_that_cannot_be_read_is_2() {
    let server = Server::start();
    server.sql("CREATE TABLE days (day Date) ENGINE = Memory");
    let file = server.files.write("days.csv", "day\n01.02.2024\n");
    let upload = ["upload", &file, "--table", "days", "--date-format"];
    let error = server.fails(&[&upload[..], &["day=%Q"]].concat(), 2);
    assert_eq!(error["reason"], "INVALID_REQUEST", "{error}");
}

#[test]
fn an_ambiguous_date_asks_for_its_form() {
    let server = Server::start();
    server.sql("CREATE TABLE days (day Date) ENGINE = Memory");
    let file = server
        .files
        .write("days.csv", "day\n01/02/2024\n03/04/2024\n");
    let upload = ["upload", &file, "--table", "days"];
    let error = server.fails(&upload, 3);
    assert_eq!(error["reason"], "AMBIGUOUS_DATE", "{error}");
    server.json(&[&upload[..], &["--date-format", "day=%d/%m/%Y"]].concat());
    assert_eq!(server.sql("SELECT max(day) FROM days"), "2024-04-03");
}
