//! Control characters in what others have written never reach the terminal.

use crate::support::Server;

/// Fails where a text has what a terminal obeys, or a line of its own.
#[track_caller]
fn check(text: &[u8]) {
    let text = std::str::from_utf8(text).unwrap();
    let is_plain = |next: char| next == '\n' || !(next.is_control() || next == '\u{202e}');
    assert!(text.chars().all(is_plain), "{text:?}");
    assert!(!text.contains("\nforged"), "{text:?}");
    assert!(text.contains("forged"), "{text:?}");
}

#[test]
fn a_cell_cannot_write_to_the_terminal_through_an_error() {
    let server = Server::start();
    server.sql("CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a");
    for cell in [
        "\u{1b}[31mforged",
        "\u{1b}]0;forged\u{7}",
        "\u{9b}31mforged",
        "1\nforged: loaded 5 rows",
        "1\rforged: loaded 5 rows",
        "\u{202e}forged",
    ] {
        let file = server.files.write("x.csv", format!("a\n\"{cell}\"\n"));
        for flags in [&[][..], &["--dry-run"]] {
            let line = [
                &["upload", &file, "--table", "t", "--header-rows", "1"],
                flags,
            ]
            .concat();
            let output = server.sluice(&line).output().unwrap();
            check(&[output.stdout, output.stderr].concat());
        }
    }
    // What the server does not know, and what was written on the command line itself.
    for line in [
        &["describe", "default.\u{1b}[31mforged"][..],
        &["preview", "--query", "SELECT \u{1b}[31mforged"],
        &["transfers", "get", "\u{1b}[31mforged"],
        &["upload", "/nonexistent/\u{1b}[31mforged", "--table", "t"],
        &[
            "export",
            "--table",
            "t",
            "--where",
            "\u{1b}[31mforged = 1",
            "-o",
            "/dev/null",
        ],
        &["--\u{1b}[31mforged"],
    ] {
        let assert = server.sluice(line).assert().failure();
        check(&assert.get_output().stderr);
    }
}

#[test]
fn what_a_command_prints_for_people_has_no_control_characters() {
    let server = Server::start();
    server.sql(
        "CREATE TABLE `t\u{1b}[31mforged` (`c\u{1b}[31m` Int32 COMMENT '\u{1b}[31mforged') \
         ENGINE = MergeTree ORDER BY tuple() COMMENT '\u{9b}31mforged'",
    );
    let table = "default.t\u{1b}[31mforged";
    let file = server
        .files
        .write("x.csv", "\u{1b}[31mforged,b\n1,\u{9b}2\n2,3\n");
    for line in [
        &["tables", "default"][..],
        &["describe", table],
        &["preview", "--query", "SELECT '\u{1b}[31mforged' AS a"],
        &["inspect", &file],
        &["inspect", &file, "--create-statement"],
    ] {
        let output = server.sluice(line).output().unwrap();
        check(&output.stdout);
    }
}
