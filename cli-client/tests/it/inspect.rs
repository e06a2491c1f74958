//! `sluice inspect`: what is found in a file, and how it would fit a table.

use serde_json::{Value, json};

use crate::{
    last_object,
    support::{Server, sample},
};

/// Semicolons, windows-1252, decimal commas, NULL words.
fn odd() -> Vec<u8> {
    let mut file = b"id;name;price;rate;born\r\n".to_vec();
    for id in 1..=30 {
        file.extend_from_slice(format!("{id};\"M").as_bytes());
        file.push(0xfc);
        let rate = if id % 5 == 0 {
            "NA".to_owned()
        } else {
            (id % 3).to_string()
        };
        file.extend_from_slice(
            format!("ller; {id}\";{id},50;{rate};{id:02}/01/1980\r\n").as_bytes(),
        );
    }
    file
}

fn pick(object: &Value, keys: &[&str]) -> Value {
    keys.iter().map(|key| object[*key].clone()).collect()
}

#[test]
fn json_has_the_dialect_and_the_columns() {
    let server = Server::start();
    let file = server.files.write("odd.csv", odd());
    let found = server.json(&["inspect", &file]);
    let keys = [
        "encoding",
        "compression",
        "format",
        "delimiter",
        "quote",
        "escape",
        "comment",
    ];
    let expected = json!(["windows-1252", "none", "csv", ";", "\"", null, null]);
    assert_eq!(pick(&found, &keys), expected);
    let keys = [
        "header",
        "header_rows",
        "skip_lines",
        "skip_initial_space",
        "end_line",
    ];
    assert_eq!(pick(&found, &keys), json!([true, 1, 0, false, null]));
    assert_eq!(
        (&found["line_end"], &found["complete"]),
        (&json!("crlf"), &json!(true))
    );
    let columns = found["columns"].as_array().unwrap();
    let names: Vec<_> = columns
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["id", "name", "price", "rate", "born"]);
    assert_eq!(columns[2]["decimal_comma"], true);
    assert_eq!(columns[3]["null_markers"], json!(["NA"]));
    assert_eq!(columns[4]["date_format"], "%d/%m/%Y");
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    assert_eq!(
        rows[4],
        json!(["5", "Müller; 5", "5.5", null, "1980-01-05"])
    );
    assert_eq!(
        (&found["matches"], &found["rows_tried"], &found["error"]),
        (&json!([]), &json!(0), &json!(null))
    );
    let statement = found["create_statement"].as_str().unwrap();
    assert!(statement.starts_with("CREATE TABLE"), "{statement}");
}

#[test]
fn people_see_findings_columns_rows_and_the_statement() {
    let server = Server::start();
    let file = server.files.write("odd.csv", odd());
    let text = server.text(&["inspect", &file, "--rows", "2"]);
    for part in [
        "of text, the whole file\nread as windows-1252, delimiter ;\n",
        "\nfound ",
        "\ncolumn  type",
        "NA is NULL",
        "dates as %d/%m/%Y",
        "Müller; 2",
        "\nCREATE TABLE",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert!(!text.contains("Müller; 3"), "{text}");
}

#[test]
fn a_table_is_tried() {
    let server = Server::start();
    server.sql(
        "CREATE TABLE t (ID UInt8, name String, price Float32, rate UInt8, day Date DEFAULT today()) \
         ENGINE = MergeTree ORDER BY ID",
    );
    let file = server.files.write("odd.csv", odd());
    let line = ["inspect", &file, "--table", "t"];
    let found = server.json(&line);
    let matches = found["matches"].as_array().unwrap();
    let kinds: Vec<_> = matches
        .iter()
        .map(|found| found["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "case-differs",
            "exact",
            "exact",
            "exact",
            "default",
            "extra"
        ]
    );
    assert_eq!(matches[5]["source"], "born");
    let text = server.text(&line);
    assert!(
        text.contains("\nnot in t: born; an upload refuses them unless "),
        "{text}"
    );

    let line = [&line[..], &["--columns", "ID=id,name,price=id,rate"]].concat();
    let found = server.json(&line);
    assert_eq!(
        (&found["rows_tried"], &found["rows_rejected"]),
        (&json!(30), &json!(6))
    );
    assert_eq!(found["rejected_rows"][0]["reason"], "NULL_NOT_ALLOWED");
    let text = server.text(&line);
    assert!(
        text.contains("\ntried 30 rows: t would reject 6\n  line 6, column rate"),
        "{text}"
    );
}

#[test]
fn a_table_that_is_not_there_would_be_made() {
    let server = Server::start();
    let file = server.files.write("x.csv", "id,name\n1,a\n2,b\n");
    let text = server.text(&["inspect", &file, "--table", "new_one"]);
    let line = "\nthere is no table new_one; `upload --create` would make it:\nCREATE TABLE ";
    assert!(text.contains(line), "{text}");
}

#[test]
fn flags_say_what_is_known() {
    let server = Server::start();
    let file = server.files.write("x.txt", "1 2;3 4\n5 6;7 8\n");
    let found = server.json(&["inspect", &file, "--delimiter", "space", "--no-header"]);
    assert_eq!(pick(&found, &["delimiter", "header"]), json!([" ", false]));
    assert_eq!(found["columns"].as_array().unwrap().len(), 3);
    let error = server.fails(&["inspect", &file, "--quote", " ", "--delimiter", " "], 2);
    assert_eq!(error["reason"], "INVALID_DIALECT");
}

#[test]
fn standard_input_and_a_part_of_a_file_are_looked_at() {
    let server = Server::start();
    let bytes = std::fs::read(sample("airports.csv")).unwrap();
    let line = ["--json", "inspect", "-", "--sample-bytes", "64K"];
    let assert = server.sluice(&line).write_stdin(bytes).assert().code(0);
    let found = last_object(assert.get_output());
    assert_eq!(found["complete"], false);
    assert!(
        found["sample_bytes"].as_u64().unwrap() <= 64 << 10,
        "{found}"
    );
    let file = sample("airports.csv");
    let text = server.text(&["inspect", &file, "--sample-bytes", "64K"]);
    assert!(text.contains("the beginning of the file\n"), "{text}");
}
