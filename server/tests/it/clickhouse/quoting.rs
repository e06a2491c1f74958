//! Quoted names and texts, and values of parameters: thousands of them, as ClickHouse itself reads them.

use fastrand::Rng;
use sluice_server::clickhouse::sql::{
    Compared, Condition, Operator, Projection, SelectColumn, Selection, quote_identifier,
    quote_string, select_table,
};

use super::Stage;
use crate::support;

/// Names and texts of each run.
const COUNT: usize = 4_000;

/// Those of one statement.
const AT_ONCE: usize = 400;

/// What means something to ClickHouse, or could.
const PIECES: &[&str] = &[
    "`",
    "'",
    "\"",
    "\\",
    "\\\\",
    "``",
    "''",
    "\0",
    "\n",
    "\r",
    "\t",
    "\u{8}",
    "\u{b}",
    "\u{1b}",
    " ",
    "--",
    "-- ",
    "/*",
    "*/",
    "#",
    "#!",
    ";",
    ",",
    ".",
    "(",
    ")",
    "{",
    "}",
    "{p0:String}",
    "$",
    "$a$",
    "%",
    "_",
    "\\x41",
    "\\u0041",
    "\\N",
    "\\0",
    "\\'",
    "\\`",
    "NULL",
    "SELECT 1",
    " AS x",
    "é",
    "\u{301}",
    "漢",
    "😀",
    "\u{feff}",
    "\u{202e}",
    "\u{2019}",
    "\u{ff07}",
    "a",
    "0",
    "x",
];

/// Different texts, none of them empty.
fn texts(seed: u64) -> Vec<String> {
    let mut rng = Rng::with_seed(seed);
    let mut texts: Vec<_> = PIECES.iter().map(|&piece| piece.to_owned()).collect();
    while texts.len() < COUNT {
        let pieces = rng.usize(1..8);
        let text = (0..pieces).map(|_| {
            if rng.u8(..8) == 0 {
                rng.char(..).to_string()
            } else {
                PIECES[rng.usize(..PIECES.len())].to_owned()
            }
        });
        texts.push(text.collect());
    }
    texts.sort();
    texts.dedup();
    texts
}

/// The bytes of one statement's answer.
async fn ask(sql: &str) -> Vec<u8> {
    let (head, body) = support::post_bytes(&support::engine_url().await, "/", sql.as_bytes());
    let text = String::from_utf8_lossy(&body);
    assert_eq!(head, 200, "{text}\n{sql:?}");
    body
}

/// Reads the strings of `RowBinary`.
fn strings(mut bytes: &[u8]) -> Vec<String> {
    let mut strings = Vec::new();
    while !bytes.is_empty() {
        strings.push(String::from_utf8(take(&mut bytes)).unwrap());
    }
    strings
}

fn take(bytes: &mut &[u8]) -> Vec<u8> {
    let mut length = 0;
    let mut shift = 0;
    loop {
        let (&byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            break;
        }
    }
    let (text, rest) = bytes.split_at(length);
    *bytes = rest;
    text.to_vec()
}

#[tokio::test]
async fn any_text_is_a_name() {
    let seed = fastrand::u64(..);
    for names in texts(seed).chunks(AT_ONCE) {
        let list: Vec<_> = names
            .iter()
            .map(|name| format!("'' AS {}", quote_identifier(name)))
            .collect();
        let sql = format!("SELECT {} FORMAT RowBinaryWithNames", list.join(", "));
        let mut answer = ask(&sql).await;
        // The number of columns, their names, and as many empty texts.
        let number = answer.iter().take_while(|&&byte| byte >= 0x80).count() + 1;
        answer.truncate(answer.len() - names.len());
        assert_eq!(strings(&answer[number..]), names, "seed {seed}");
    }
}

#[tokio::test]
async fn any_text_is_a_value() {
    let seed = fastrand::u64(..);
    for values in texts(seed).chunks(AT_ONCE) {
        let list: Vec<_> = values.iter().map(|value| quote_string(value)).collect();
        let sql = format!("SELECT {} FORMAT RowBinary", list.join(", "));
        assert_eq!(strings(&ask(&sql).await), values, "seed {seed}");
    }
}

#[tokio::test]
async fn any_text_is_the_value_of_a_parameter() {
    let stage = Stage::new().await;
    stage
        .run("CREATE TABLE t (id UInt8, x String) ENGINE = Memory")
        .await;
    let seed = fastrand::u64(..);
    let texts = texts(seed);
    for values in texts.chunks(AT_ONCE) {
        let rows: Vec<_> = values
            .iter()
            .map(|value| format!("(1, {})", quote_string(value)))
            .collect();
        stage
            .run(&format!("INSERT INTO t VALUES {}", rows.join(", ")))
            .await;
    }
    // Each finds itself and nothing else; a statement's parameters go into its address.
    for values in texts.chunks(100) {
        let condition = Condition {
            column: "x".to_owned(),
            compared: Compared::Typed("String".to_owned()),
            alternatives: Vec::new(),
            operator: Operator::In,
            values: values.to_vec(),
        };
        let selection = Selection {
            conditions: vec![condition],
            ..Selection::default()
        };
        let column = SelectColumn {
            name: "x".to_owned(),
            projection: Projection::Value,
        };
        let statement = select_table(&stage.table("t"), &[column], &selection).unwrap();
        let found = stage.read(&statement).await.unwrap();
        // Columns, rows, the name and the type of the one column; all lengths fit into one byte.
        assert_eq!(found[..2], [1, u8::try_from(values.len()).unwrap()]);
        let mut found = strings(&found[2..]).split_off(2);
        found.sort();
        assert_eq!(found, values, "seed {seed}");
    }
}
