//! Knows texts that are no tables by how they begin.
//!
//! [`super`] asks it; it must never know a text by anything that a header or a record begins with.

/// What texts of other languages begin with, in small letters.
const BEGINNINGS: [(&str, &str); 9] = [
    ("<!doctype html", "an HTML page"),
    ("<html", "an HTML page"),
    ("<?xml", "an XML document"),
    ("-- mysql dump", "an SQL script"),
    ("-- mariadb dump", "an SQL script"),
    ("--\n-- postgresql database dump", "an SQL script"),
    ("pragma foreign_keys", "an SQL script"),
    ("insert into ", "an SQL script"),
    ("create table ", "an SQL script"),
];

/// Returns what a text seems to be, if it is no table.
pub(super) fn of(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii_start();
    let begins = |(beginning, _): &&(&str, &str)| {
        text.get(..beginning.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(beginning.as_bytes()))
    };
    BEGINNINGS.iter().find(begins).map(|(_, what)| *what)
}
