//! Queries that want to read a file of the machine, in thousands of spellings: those that pass our own
//! reading find nothing.

use fastrand::Rng;
use sluice_server::clickhouse::sql::SelectQuery;
use tempfile::NamedTempFile;

use crate::support::{engine_url, post};

/// What the file holds.
const CONTENT: &str = "canary-5c1e4bd0";

/// Queries of each kind and run.
const COUNT: usize = 1_500;

/// Spellings of the function.
const NAMES: &[&str] = &[
    "file",
    "`file`",
    "\"file\"",
    r"`f\x69le`",
    r#""\x66ile""#,
    "default.file",
    "x.file",
    "FILE",
];

/// What may stand between two words.
const BLANKS: &[&str] = &[" ", "\n", "/**/", " -- x\n", "\t", " /* ( */ ", " # )\n"];

/// `N` is the function, `P` the path, `E` another expression of these.
const EXPRESSIONS: &[&str] = &[
    "N ( P )",
    "N ( E )",
    "arrayMap ( N , [ P ] )",
    "arrayMap ( ( N ) , [ P ] )",
    "arrayMap ( N AS f , [ P ] )",
    "arrayMap ( f AS N , [ P ] )",
    "arrayMap ( ( N AS f ) , [ E ] )",
    "arrayMap ( x -> N ( x ) , [ P ] )",
    "arrayMap ( ( x , y ) -> N ( x ) , [ P ] , [ 1 ] )",
    "arrayFilter ( N , [ P ] )",
    "arrayMap ( if ( 1 , N , N ) , [ P ] )",
    "arrayMap ( [ N ] [ 1 ] , [ P ] )",
    "arrayMap ( arrayMap ( N , [ P ] ) , [ P ] )",
    "arrayMap ( N :: String , [ P ] )",
    "mapApply ( N , map ( P , P ) )",
    "( E )",
    "[ E ] [ 1 ]",
    "toString ( E )",
    "if ( 1 , E , '' )",
    "( SELECT E )",
    "CAST ( E AS String )",
    "E || ''",
    "( E , 1 ) . 1",
];

/// `Q` is another query of these.
const QUERIES: &[&str] = &[
    "SELECT E",
    "SELECT E AS N",
    "SELECT * FROM ( Q )",
    "SELECT * APPLY N FROM ( SELECT P )",
    "SELECT * APPLY ( N ) FROM ( SELECT P )",
    "SELECT * APPLY ( x -> N ( x ) ) FROM ( SELECT P )",
    "SELECT COLUMNS ( 'x' ) APPLY N FROM ( SELECT P AS x )",
    "SELECT * REPLACE ( E AS x ) FROM ( SELECT P AS x )",
    "WITH N AS f SELECT arrayMap ( f , [ P ] ) , f ( P )",
    "WITH ( x -> N ( x ) ) AS f SELECT f ( P )",
    "WITH f AS ( Q ) SELECT * FROM f",
    "SELECT * FROM N ( P , 'LineAsString' )",
    "SELECT * FROM view ( Q )",
    "SELECT * FROM viewIfPermitted ( Q ELSE null ( 'x String' ) )",
    "SELECT * FROM eval ( ' Q ' )",
    "SELECT x FROM ( SELECT P AS x ) WHERE E != ''",
    "SELECT count ( ) FROM numbers ( 1 ) HAVING E = ''",
    "Q UNION ALL Q",
];

/// Words of which any row may be a query.
const WORDS: &[&str] = &[
    "SELECT", "SELECT", "WITH", "FROM", "AS", "APPLY", "arrayMap", "arrayMap", "x", "f", "N", "N",
    "N", "P", "P", "(", "(", "(", ")", ")", ")", "[", "]", ",", ",", "->", ".", "*", "''",
    "REPLACE", "IN",
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
            match word {
                "N" => text.push_str(self.pick(NAMES)),
                "P" => text.push_str(&format!("'{}'", self.path)),
                "E" if depth == 0 => text.push('1'),
                "E" => {
                    let form = self.pick(EXPRESSIONS);
                    text.push_str(&self.write(form, depth - 1));
                }
                "Q" if depth == 0 => text.push_str("SELECT 1"),
                "Q" => {
                    let form = self.pick(QUERIES);
                    text.push_str(&self.write(form, depth - 1));
                }
                word => text.push_str(word),
            }
            text.push_str(if self.rng.u8(..4) == 0 {
                self.pick(BLANKS)
            } else {
                " "
            });
        }
        text
    }

    fn soup(&mut self) -> String {
        let count = self.rng.usize(4..16);
        let words: Vec<_> = (0..count).map(|_| self.pick(WORDS)).collect();
        let form = format!("SELECT {}", words.join(" "));
        self.write(&form, 0)
    }
}

#[tokio::test]
async fn no_query_that_is_taken_reads_a_file() {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CONTENT).unwrap();
    let url = engine_url().await;
    let seed = fastrand::u64(..);
    let mut maker = Maker {
        rng: Rng::with_seed(seed),
        path: file.path().to_str().unwrap().to_owned(),
    };
    // Without our reading it is found.
    let query = maker.write("SELECT file ( P )", 0);
    assert!(
        post(&url, "/?user=sluice_callers", query.as_bytes())
            .1
            .contains(CONTENT)
    );

    let (mut taken, mut run) = (0, 0);
    for number in 0..2 * COUNT {
        let text = if number % 2 == 0 {
            let form = maker.pick(QUERIES);
            maker.write(form, 3)
        } else {
            maker.soup()
        };
        let Ok(query) = SelectQuery::new(&text) else {
            continue;
        };
        taken += 1;
        let (status, answer) = post(&url, "/?user=sluice_callers", query.text().as_bytes());
        run += usize::from(status == 200);
        assert!(!answer.contains(CONTENT), "seed {seed}: {text}");
    }
    // Or nothing was tried.
    assert!(
        taken > COUNT / 10 && run > 0,
        "seed {seed}: {taken} taken, {run} run"
    );
}
