//! The command line that goes on with an upload: the one that was typed, with `--resume`.
//!
//! `command::upload` shows it to people who have interrupted an upload. It must never change a flag
//! that is part of what is loaded: the server compares them.

use std::ffi::OsString;

/// The flags that name a transfer; each has a value.
const NAMING: [&str; 2] = ["--transfer-id", "--resume"];

/// The command line as a shell reads it.
pub(crate) fn resume_command(args: impl IntoIterator<Item = OsString>, id: &str) -> String {
    let mut words = Vec::new();
    let mut after = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let arg = arg.to_string_lossy();
        if arg == "--" {
            // No flag can stand behind it.
            after.push(arg.into_owned());
            after.extend(args.by_ref().map(|arg| quoted(&arg.to_string_lossy())));
        } else if NAMING.contains(&arg.as_ref()) {
            args.next();
        } else if !NAMING.iter().any(|flag| is_joined(&arg, flag)) {
            words.push(quoted(&arg));
        }
    }
    words.extend(["--resume".to_owned(), id.to_owned()]);
    words.extend(after);
    words.join(" ")
}

/// Whether the argument is `--flag=value`.
fn is_joined(arg: &str, flag: &str) -> bool {
    let rest = arg.strip_prefix(flag);
    rest.is_some_and(|rest| rest.starts_with('='))
}

fn quoted(word: &str) -> String {
    let is_plain = |next: char| next.is_ascii_alphanumeric() || "-_=+,./:@%^".contains(next);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::resume_command;

    #[test]
    fn the_same_words_name_the_transfer_to_go_on_with() {
        let check = |words: &[&str], expected: &str| {
            let words = words.iter().map(Into::into);
            assert_eq!(resume_command(words, "7"), expected);
        };
        check(
            &[
                "sluice", "upload", "a b.csv", "-t", "db.t", "--null", "it's",
            ],
            r"sluice upload 'a b.csv' -t db.t --null 'it'\''s' --resume 7",
        );
        check(
            &[
                "sluice",
                "upload",
                "--transfer-id",
                "7",
                "x",
                "--resume=6",
                "--quote",
                "",
            ],
            "sluice upload x --quote '' --resume 7",
        );
        check(
            &["sluice", "upload", "--resume", "6", "--", "-x.csv"],
            "sluice upload --resume 7 -- -x.csv",
        );
    }
}
