//! Statements in very many spellings, read by us and by ClickHouse: what we take means to it what it means
//! to us.
//!
//! `SLUICE_READING_STATEMENTS=1000000` asks for a longer run; the usual one is short.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fastrand::Rng;
use sluice_server::clickhouse::sql::{Definition, SelectQuery};
use tempfile::NamedTempFile;

use crate::support::{as_user, engine_dir, engine_url, post};

/// What the file holds.
const CONTENT: &str = "canary-5c1e4bd0";

/// Statements of each kind in the usual run.
const USUAL_COUNT: usize = 1_600;

/// Statements in one question to ClickHouse.
const BATCH: usize = 400;

/// Spellings of functions that are not for callers.
const NAMES: &[&str] = &[
    "file",
    "file",
    "`file`",
    "\"file\"",
    "“file”",
    r"`f\x69le`",
    r#""\x66ile""#,
    "“f\\x69le”",
    "default.file",
    "x.file",
    "FILE",
    "url",
    "getServerSetting",
    "hasColumnInTable",
    "remote",
    "lambda",
    "viewExplain",
    "`a b`",
    "`x) FROM file(`",
    "toString",
    "f",
];

/// The names of [`NAMES`] that ClickHouse must not find in what we have taken.
const FORBIDDEN: &[&str] = &[
    "file",
    "url",
    "getServerSetting",
    "hasColumnInTable",
    "remote",
    "viewExplain",
    "globalVariable",
];

/// What may stand between two words.
const BLANKS: &[&str] = &[
    "\n",
    "/**/",
    " -- x\n",
    "\t",
    " /* ( */ ",
    " # )\n",
    " -- '\n",
    "/* ' */",
    "\u{a0}",
    "\u{3000}",
    " --\u{2028}'\n",
];

/// `N` is a function, `P` the path, `S` a setting, `E` another expression of these.
const EXPRESSIONS: &[&str] = &[
    "N ( P )",
    "N ( E )",
    "N ( ) ( P )",
    "arrayMap ( N , [ P ] )",
    "arrayMap ( ) ( N , [ P ] )",
    "arrayMap ( ( N ) , [ P ] )",
    "arrayMap ( N AS f , [ P ] )",
    "arrayMap ( f AS N , [ P ] )",
    "arrayMap ( ( N AS f ) , [ E ] )",
    "arrayMap ( x -> N ( x ) , [ P ] )",
    "arrayMap ( x -> toString ( x ) , [ P ] )",
    "arrayMap ( ( x , y ) -> N ( x ) , [ P ] , [ 1 ] )",
    "arrayMap ( lambda ( tuple ( x ) , N ( x ) ) , [ P ] )",
    "arrayMax ( N , [ P ] )",
    "arrayFilter ( N , [ P ] )",
    "arraySum ( [ 1 ] )",
    "arrayMap ( if ( 1 , N , N ) , [ P ] )",
    "arrayMap ( [ N ] [ 1 ] , [ P ] )",
    "arrayMap ( arrayMap ( N , [ P ] ) , [ P ] )",
    "arrayMap ( N :: String , [ P ] )",
    "mapApply ( N , map ( P , P ) )",
    "quantile ( 0.5 ) ( E )",
    "sum ( 1 ) FILTER ( WHERE E = '' )",
    "count ( ) OVER ( PARTITION BY E )",
    "( E )",
    "[ E ] [ 1 ]",
    "toString ( E )",
    "if ( 1 , E , '' )",
    "( SELECT E )",
    "CAST ( E AS String )",
    "E || ''",
    "( E , 1 ) . 1",
    "CASE WHEN E = '' THEN 1 ELSE 2 END",
    "E IN ( SELECT E )",
    "EXISTS ( Q )",
    "@@max_threads",
    "{ x : String }",
    "T",
    "T",
    "settings",
];

/// Texts and names in all sorts of quotes.
const TEXTS: &[&str] = &[
    "'a'",
    "'it''s'",
    r"'\''",
    r"'\\'",
    "‘'’",
    "‘x’",
    "“x”",
    "‘a\\’",
    "'“'",
    "'‘'",
    "$$'$$",
    "$a$'$a$",
    "$a$ x $b$ '",
    "a$b$",
    "`x`",
    "`x``y`",
    r"`x\`y`",
    "\"x\"",
    "\"x\"\"\"",
    "N''",
    "0x27",
    "x'27'",
    "b'1'",
    "1_0",
    "1e3",
    "'\u{2019}'",
    "'/*'",
    "'--'",
];

/// `Q` is another query of these.
const QUERIES: &[&str] = &[
    "SELECT E",
    "SELECT E , E",
    "SELECT E AS N",
    "SELECT T , E , T",
    "SELECT * FROM ( Q )",
    "SELECT * APPLY N FROM ( SELECT P )",
    "SELECT * APPLY ( N ) FROM ( SELECT P )",
    "SELECT * APPLY ( x -> N ( x ) ) FROM ( SELECT P )",
    "SELECT COLUMNS ( 'x' ) APPLY N FROM ( SELECT P AS x )",
    "SELECT * REPLACE ( E AS x ) FROM ( SELECT P AS x )",
    "SELECT * EXCEPT ( x ) FROM ( SELECT P AS x , 1 )",
    "WITH N AS f SELECT arrayMap ( f , [ P ] ) , f ( P )",
    "WITH N AS toString SELECT arrayMap ( toString , [ P ] ) , toString ( P )",
    "WITH ( x -> N ( x ) ) AS f SELECT f ( P )",
    "WITH ( x -> N ( x ) ) AS toString SELECT arrayMap ( toString , [ P ] )",
    "WITH f AS ( Q ) SELECT * FROM f",
    "SELECT * FROM N ( P , 'LineAsString' )",
    "SELECT * FROM view ( Q )",
    "SELECT * FROM viewIfPermitted ( Q ELSE null ( 'x String' ) )",
    "SELECT * FROM eval ( ' Q ' )",
    "SELECT x FROM ( SELECT P AS x ) WHERE E != ''",
    "SELECT count ( ) FROM numbers ( 1 ) HAVING E = ''",
    "Q UNION ALL Q",
    "SELECT E SETTINGS S = 1",
    "SELECT E SETTINGS S = 1 , S = 0",
    "SELECT E SETTINGS S",
    "SELECT * FROM ( SELECT E SETTINGS S UNION ALL Q )",
    "SELECT * FROM ( Q ) SETTINGS S = 1 FORMAT CSV",
    "SELECT * FROM ( EXPLAIN Q )",
    "SELECT E ORDER BY settings ASC LIMIT 1",
    "Q ; Q",
    "Q ;",
    "Q INTO OUTFILE P",
    "Q PARALLEL WITH Q",
];

/// Spellings of settings.
const SETTINGS: &[&str] = &[
    "readonly",
    "`readonly`",
    "“readonly”",
    r"`read\x6fnly`",
    "$a",
    "limit",
    "offset",
    "enable_analyzer",
    "a.b",
    "as",
];

/// Words of which any row may be a query.
const WORDS: &[&str] = &[
    "SELECT",
    "SELECT",
    "WITH",
    "FROM",
    "AS",
    "APPLY",
    "arrayMap",
    "arrayMap",
    "x",
    "f",
    "N",
    "N",
    "N",
    "P",
    "P",
    "(",
    "(",
    "(",
    ")",
    ")",
    ")",
    "[",
    "]",
    ",",
    ",",
    "->",
    ".",
    "*",
    "''",
    "T",
    "T",
    "S",
    "SETTINGS",
    "= 1",
    "REPLACE",
    "IN",
    "UNION ALL",
    ":: String",
    "?",
    ":",
    "'",
    "`",
    "“",
    "”",
    "‘",
    "’",
    "$",
    "\\",
    "--",
    "/*",
    "*/",
    ";",
    "{",
    "}",
    "@",
];

/// `C` are columns, `X` an expression, `Y` a type, `G` an engine with clauses.
const CREATES: &[&str] = &[
    "CREATE TABLE t ( C ) G",
    "CREATE TABLE t ( C ) G",
    "CREATE TABLE t ( C ) G",
    "CREATE TABLE t ( C ) G",
    "CREATE TABLE t ( C ) G",
    "CREATE TABLE t ( C , a Y ) G",
    "CREATE TABLE t ( C , a Y ) G",
    "CREATE TABLE t ( C , a Y ) G",
    "CREATE TABLE t ( C , a Y ) G",
    "CREATE TABLE `t\\`` . \"x\" ( C ) G",
    "CREATE TABLE “t” ( C ) G",
    "CREATE TABLE t ON CLUSTER c ( C ) G",
    "CREATE TABLE t ( C ) G AS Q",
    "CREATE TABLE t AS N ( P )",
    "CREATE TABLE t ( C ) G ; Q",
    "CREATE TABLE IF NOT EXISTS t ( C ) G",
    "CREATE OR REPLACE TABLE t ( C ) G",
];

const COLUMNS: &[&str] = &[
    "a Y",
    "a Y",
    "a Y",
    "a Y , b Y",
    "a Y , b Y DEFAULT X COMMENT T",
    "a Y , b Y DEFAULT X",
    "b Y DEFAULT X CODEC ( LZ4 )",
    "a Y , C",
    "a Y , b Y , T Y",
    "b Y DEFAULT X",
    "b Y DEFAULT X , C",
    "a Y , b Y MATERIALIZED X",
    "a Y , b Y ALIAS X COMMENT T",
    "b Y EPHEMERAL X",
    "a Nullable ( Y ) COMMENT T CODEC ( Delta ( 4 ) , ZSTD ( 3 ) )",
    "a Y CODEC ( AES_128_GCM_SIV )",
    "d Date TTL d + INTERVAL 1 DAY",
    "a Y , INDEX i X TYPE minmax GRANULARITY 1",
    "a Y , CONSTRAINT c CHECK E",
    "a Y , PROJECTION p ( SELECT a )",
    "a Y NOT NULL DEFAULT X TTL X",
    "a Y DEFAULT E",
];

const VALUES: &[&str] = &[
    "1",
    "2.5e-3",
    "'x'",
    "'it''s'",
    "b",
    "a",
    "a",
    "- 1",
    "- - 1",
    "toYYYYMM ( X )",
    "cityHash64 ( X , X )",
    "NULL",
    "true",
    "T",
    "T",
    "a",
    "`a`",
    "\"a\"",
    "N",
    "N ( P )",
    "now ( )",
    "toDate ( X )",
    "toString ( X )",
    "toString ( ) ( X )",
    "( X )",
    "( X , X )",
    "[ X , X ]",
    "X + X",
    "X * X - X",
    "X :: Y",
    "CAST ( X AS Y )",
    "CAST ( X , 'Y' )",
    "INTERVAL 3 HOUR",
    "tuple ( )",
    "arrayMap ( ) ( file , [ P ] )",
    "if ( X , X , X )",
    "a IN b",
    "( SELECT 1 )",
];

const TYPES: &[&str] = &[
    "Int8",
    "Int8",
    "Int8",
    "String",
    "String",
    "Nullable ( Int64 )",
    "DateTime64 ( 3 , 'UTC' )",
    "Decimal ( 9 , 2 )",
    "Array ( Y )",
    "Map ( String , Y )",
    "Tuple ( x Y , `y z` Y )",
    "Tuple ( Y , Y )",
    "LowCardinality ( String )",
    "Enum8 ( T = 1 , 'z' = - 2 )",
    "FixedString ( 3 )",
    "varchar ( 10 )",
    "AggregateFunction ( sumIf , UInt64 , UInt8 )",
    "Nested ( x Y )",
    "JSON",
    "“Int8”",
    "N ( P )",
];

const ENGINES: &[&str] = &[
    "ENGINE = Log",
    "ENGINE = MergeTree ORDER BY a",
    "ENGINE = MergeTree ( ) ORDER BY tuple ( ) COMMENT T",
    "ENGINE = MergeTree ORDER BY ( a , X ) PARTITION BY X",
    "ENGINE = ReplacingMergeTree ( a ) PRIMARY KEY a ORDER BY a SETTINGS index_granularity = 8",
    "ENGINE = MergeTree ORDER BY a TTL X DELETE SETTINGS S = 1",
    "ENGINE = MergeTree ORDER BY a SETTINGS `d\\x69sk` = disk ( type = web , endpoint = P )",
    "ENGINE = ReplicatedMergeTree ( P , 'evil' ) ORDER BY a",
    "ENGINE = N ( P )",
    "ENGINE = Merge ( T , T )",
    "ENGINE = Log COMMENT T",
];

struct Maker {
    rng: Rng,
    path: String,
}

impl Maker {
    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.rng.usize(..list.len())]
    }

    /// Writes a form with its letters replaced.
    fn write(&mut self, form: &str, depth: usize) -> String {
        let mut text = String::new();
        for word in form.split(' ') {
            // What stands for one letter, and what it is where nothing more is to be nested.
            let (list, end) = match word {
                "E" => (EXPRESSIONS, Some("1")),
                "Q" => (QUERIES, Some("SELECT 1")),
                "X" => (VALUES, Some("a")),
                "Y" => (TYPES, Some("Int8")),
                "C" => (COLUMNS, Some("a Int8")),
                "G" => (ENGINES, Some("ENGINE = Log")),
                "N" => (NAMES, None),
                "S" => (SETTINGS, None),
                "T" => (TEXTS, None),
                "P" => {
                    text.push_str(&format!("'{}' ", self.path));
                    continue;
                }
                word => {
                    text.push_str(word);
                    let has_blank = self.rng.u8(..64) == 0;
                    text.push_str(if has_blank { self.pick(BLANKS) } else { " " });
                    continue;
                }
            };
            match end {
                None => text.push_str(self.pick(list)),
                Some(end) if depth == 0 => text.push_str(end),
                Some(_) => {
                    let form = self.pick(list);
                    text.push_str(&self.write(form, depth - 1));
                }
            }
            text.push(' ');
        }
        text
    }

    fn query(&mut self) -> String {
        if self.rng.u8(..4) == 0 {
            let count = self.rng.usize(4..16);
            let words: Vec<_> = (0..count).map(|_| self.pick(WORDS)).collect();
            return self.write(&format!("SELECT {}", words.join(" ")), 0);
        }
        let form = self.pick(QUERIES);
        let text = self.write(form, 3);
        self.spoiled(text)
    }

    fn create(&mut self) -> String {
        let form = self.pick(CREATES);
        let text = self.write(form, 4);
        self.spoiled(text)
    }

    /// Now and then one character is another one.
    fn spoiled(&mut self, text: String) -> String {
        if self.rng.u8(..8) != 0 {
            return text;
        }
        let mut chars: Vec<_> = text.chars().collect();
        let position = self.rng.usize(..chars.len());
        let signs: Vec<_> = "'\"`“”‘’\\$();,.-#/*{}@ xn0\u{feff}".chars().collect();
        chars[position] = signs[self.rng.usize(..signs.len())];
        chars.into_iter().collect()
    }
}

/// How ClickHouse writes each of some statements; nothing for those that it cannot read.
fn normalised(url: &str, texts: &[String]) -> Vec<Option<String>> {
    let encoded: Vec<_> = texts
        .iter()
        .map(|text| format!("'{}'", STANDARD.encode(text)))
        .collect();
    let question = format!(
        "SELECT base64Encode(ifNull(formatQuerySingleLineOrNull(base64Decode(arrayJoin([{}]))), ''))",
        encoded.join(",")
    );
    let (status, answer) = post(url, "/?max_query_size=100000000", question.as_bytes());
    assert_eq!(status, 200, "{answer}");
    let lines: Vec<_> = answer.lines().collect();
    assert_eq!(lines.len(), texts.len());
    // What is not UTF-8 is not taken, as if it could not be read.
    let decode = |line: &&str| String::from_utf8(STANDARD.decode(line).unwrap()).ok();
    let texts = lines.iter().map(decode);
    texts
        .map(|text| text.filter(|text| !text.is_empty()))
        .collect()
}

/// Fails unless ClickHouse finds plain queries in what we have taken: no SETTINGS, no function that is not
/// for callers. One that it refuses by itself does no harm.
fn check_trees(url: &str, queries: &[String]) {
    let explain = |(number, query): (usize, &String)| {
        format!("SELECT {number} AS n, explain FROM (EXPLAIN AST {query})")
    };
    for some in queries.chunks(100) {
        let parts: Vec<_> = some.iter().enumerate().map(explain).collect();
        let question = parts.join(" UNION ALL ");
        let (status, answer) = post(url, "/?max_query_size=100000000", question.as_bytes());
        if status != 200 && some.len() > 1 {
            some.iter()
                .for_each(|query| check_trees(url, std::slice::from_ref(query)));
            continue;
        }
        if status != 200 {
            assert!(answer.contains("BAD_ARGUMENTS"), "{answer}\n{some:#?}");
            continue;
        }
        for line in answer.lines() {
            let (number, node) = line.split_once('\t').unwrap();
            let query = &some[number.parse::<usize>().unwrap()];
            let mut words = node.split_whitespace();
            match (words.next(), words.next()) {
                (Some("Set" | "Explain"), _) => panic!("{query}: {node}"),
                (Some("Function"), Some(name)) => {
                    assert!(!FORBIDDEN.contains(&name), "{query}: {node}");
                }
                _ => {}
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "an option of this test alone")]
fn count() -> usize {
    let asked = std::env::var("SLUICE_READING_STATEMENTS");
    asked.map_or(USUAL_COUNT, |count| count.parse().unwrap())
}

fn maker(path: &str) -> (Maker, u64) {
    let seed = fastrand::u64(..);
    let path = path.to_owned();
    let rng = Rng::with_seed(seed);
    (Maker { rng, path }, seed)
}

#[tokio::test]
async fn a_query_that_is_taken_means_to_clickhouse_what_it_means_to_us() {
    let file = NamedTempFile::new_in(engine_dir().await).unwrap();
    std::fs::write(file.path(), CONTENT).unwrap();
    let path = file.path().to_str().unwrap();
    let url = engine_url().await;
    let (mut maker, seed) = maker(path);
    // Without our reading it is found.
    let query = format!("SELECT file('{path}')");
    let caller = as_user(&url, "sluice_callers");
    assert!(post(&caller, "/", query.as_bytes()).1.contains(CONTENT));

    let (mut read, mut taken, mut run) = (0, 0, 0);
    for _ in 0..count().div_ceil(BATCH) {
        let texts: Vec<_> = (0..BATCH).map(|_| maker.query()).collect();
        let found: Vec<_> = normalised(&url, &texts).into_iter().flatten().collect();
        read += found.len();
        let queries: Vec<_> = found
            .into_iter()
            .filter(|text| SelectQuery::from_normalised(text).is_ok())
            .collect();
        taken += queries.len();
        // It reads its own form as we do, or not at all.
        let again = normalised(&url, &queries);
        let mut readable = Vec::new();
        for (query, again) in queries.into_iter().zip(again) {
            let Some(again) = again else { continue };
            let taken = SelectQuery::from_normalised(&again);
            assert!(taken.is_ok(), "seed {seed}: {query}\n{again}\n{taken:?}");
            readable.push(query);
        }
        let queries = readable;
        check_trees(&url, &queries);
        for query in queries.iter().filter(|query| query.contains(path)) {
            let (status, answer) = post(&caller, "/", query.as_bytes());
            run += usize::from(status == 200);
            assert!(!answer.contains(CONTENT), "seed {seed}: {query}");
        }
    }
    println!("seed {seed}: {read} read, {taken} taken, {run} with the path were run");
    // Or nothing was tried.
    assert!(
        read > count() / 10 && taken > count() / 50 && run > 0,
        "seed {seed}"
    );
}

#[tokio::test]
async fn a_create_table_that_is_taken_means_to_clickhouse_what_it_means_to_us() {
    let url = engine_url().await;
    let (mut maker, seed) = maker("/etc/hostname");
    let write = |text: &str| {
        let definition = Definition::parse(text)?;
        Ok::<_, String>(definition.statement(definition.name()).text().to_owned())
    };
    let mut taken = 0;
    for _ in 0..count().div_ceil(BATCH) {
        let texts: Vec<_> = (0..BATCH).map(|_| maker.create()).collect();
        let written: Vec<_> = texts.iter().filter_map(|text| write(text).ok()).collect();
        taken += written.len();
        // What ClickHouse reads in it is again a statement that we take, and the same one.
        let first = normalised(&url, &written);
        let first = first.into_iter().zip(&written).map(|(found, written)| {
            found.unwrap_or_else(|| panic!("seed {seed}: it cannot read {written}"))
        });
        let first: Vec<_> = first.collect();
        let again = first.iter().map(|found| {
            write(found).unwrap_or_else(|reason| panic!("seed {seed}: {found}: {reason}"))
        });
        let again: Vec<_> = again.collect();
        for (first, second) in first.iter().zip(normalised(&url, &again)) {
            assert_eq!(Some(first), second.as_ref(), "seed {seed}");
        }
    }
    println!("seed {seed}: {taken} taken");
    assert!(taken > count() / 50, "seed {seed}: {taken} taken");
}
