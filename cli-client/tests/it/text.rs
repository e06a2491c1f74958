//! Help, completions and the manual page.

use crate::sluice;

fn print(line: &[&str]) -> String {
    let assert = sluice().args(line).assert().code(0);
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

#[test]
fn the_help_tells_exit_codes_and_filters() {
    let help = print(&["--help"]);
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "130 "] {
        assert!(help.contains(&format!("\n  {code}")), "{code}");
    }
    assert!(print(&["export", "--help"]).contains("COLUMN IS NOT NULL"));
}

#[test]
fn the_flags_of_an_upload_stand_under_headings() {
    let help = print(&["upload", "--help"]);
    for heading in [
        "A new table:",
        "Rejected rows:",
        "Form of the file",
        "Values (",
    ] {
        assert!(help.contains(&format!("\n{heading}")), "{heading}");
    }
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = print(&["completions", shell]);
        assert!(
            script.contains("sluice") && script.contains("order-by"),
            "{shell}"
        );
    }
}

#[test]
fn the_manual_page_has_every_command() {
    let page = print(&["man"]);
    for name in [
        "sluice",
        "sluice-upload",
        "sluice-export",
        "sluice-inspect",
        "sluice-transfers-rejects",
    ] {
        assert!(page.contains(&format!(".TH {name} ")), "{name}");
    }
}

#[test]
fn completions_have_no_json() {
    sluice().args(["--json", "man"]).assert().code(2);
}
