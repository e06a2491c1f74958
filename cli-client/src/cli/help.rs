//! The longer texts of the help, apart from the flags that they belong to.
//!
//! Shown by `cli`. They must never promise what the code does not do: the exit codes are those of
//! `exit`, the reasons those of `report`, the filters those of `settings::filter`.

/// Output and exit codes, below the help of the whole program.
pub(super) const AFTER: &str = "\
Output:
  Results go to standard output, progress and errors to standard error. With --json the last line
  of standard output is one JSON object: the result, or
    {\"error\":{\"code\":…,\"reason\":…,\"message\":…,\"metadata\":{…}}}
  An export to standard output (-o -) keeps standard output for the data; summary and JSON object
  then go to standard error.

Exit codes:
  0    done; also when some rows were rejected and --max-rejects allows for them, when a dry run
       or an inspection finds faults, and when the reader of standard output has closed it
  1    another failure
  2    the command line, the configuration file, a query or a filter is wrong
  3    the file or its data is bad: the error names line, column and value
  4    a database, table, column or transfer is missing, there already, or not as needed; also
       when the file of an upload has changed since the upload began, when the id of an upload is
       one that has failed or was cancelled, and when an upload in the mode direct broke off: look
       what is in the table
  5    the server or ClickHouse is away, overloaded or too slow, and --retry-time is over, or the
       bytes of an upload were damaged on the way; a later try may succeed, of an upload with
       --resume
  6    not signed in, or not allowed; also when server or client does not trust the certificate of
       the other, and when ping --table finds that an upload lacks a grant
  7    a local file or pipe cannot be read or written
  130  interrupted: Ctrl-C cancels a running transfer first, and a second Ctrl-C does not wait for
       that; a request to terminate (SIGTERM) leaves the upload of a file to be resumed";

/// Interruptions, below the help of `upload`.
pub(super) const RESUME: &str = "\
Interruptions:
  While the upload of a file waits for the connection, the server or ClickHouse, one line on
  standard error says why, and for how long it goes on trying; on a terminal it is drawn anew,
  elsewhere another line comes only for another reason. The JSON object counts its `attempts` and
  lists the offsets that it went on at in `resumed_at`. When --retry-time is over, or the program is
  asked to terminate (SIGTERM), the upload stays with the server, for a day unless that is set
  otherwise, and the error names the command that goes on with it:
    sluice upload FILE --table T --resume ID
  The bytes before that offset must be the same as then. Ctrl-C cancels the upload: it cannot be
  resumed. Rows of the modes blocks and direct that are in the table by then stay there, and the
  error says how many (`rowsLeft`). In the mode direct nothing can be resumed.
  The id of an upload that is loaded loads nothing again (`replayed`); that of one that has failed
  or was cancelled is used up, and the error says how and why it ended.

Exit codes: see sluice --help.";

/// The form of the configuration file, below the help of `profiles`.
pub(super) const PROFILES: &str = "\
Configuration file (TOML), ~/.config/sluice/config.toml unless --config names another:
  default-profile = \"dev\"

  [profile.dev]
  server = \"http://127.0.0.1:50051\"

  [profile.prod]
  server = \"https://sluice.example.com:50051\"
  ca = \"prod/ca.pem\"                    # also cert and key
  token-file = \"~/.secrets/prod\"
  connection = \"warehouse\"              # or clickhouse-url, with clickhouse-database, -user,
                                        # -password-file or -token-file
  Paths begin at the directory of the file, or with ~/. Secrets stand in files of their own, which
  nobody else may be able to read.

What counts:
  A flag, else the variable of the environment, else the profile, else the default.
  A profile belongs to its server: when --server or SLUICE_SERVER names another one, nothing of it
  is used. --connection and --clickhouse-url replace all that the profile says of ClickHouse,
  --clickhouse-user its password too; a token or a certificate that is given replaces its own.

Exit codes: see sluice --help.";

/// The form of `--where`, below the help of `export`.
pub(super) const WHERE: &str = "\
Filters (--where EXPR, may be repeated, all must hold):
  COLUMN = VALUE      also != <> < <= > >=             = nan finds NaN
  COLUMN LIKE PATTERN     COLUMN NOT LIKE PATTERN      % is any text, _ any character; ILIKE in any case
  COLUMN IN (A, B, …)     COLUMN NOT IN (A, B, …)
  COLUMN BETWEEN A AND B  COLUMN NOT BETWEEN A AND B   both included
  COLUMN IS NULL          COLUMN IS NOT NULL
  EXPR OR EXPR            one must hold
  A value is read as an upload reads it for the column, never as SQL: what an export writes finds its row. It may
  stand in ' or \" (doubled inside), and must when it is empty, is the text NULL, or holds quotes or the words AND
  and OR; in a list also when it holds a comma or a bracket. A column with other characters stands in backticks.
    sluice export -t orders --where \"day >= 2026-01-01\" --where \"state IN (paid, sent)\" -o o.csv

Exit codes: see sluice --help.";

#[cfg(test)]
mod tests {
    use super::PROFILES;
    use crate::config::{Config, Wanted};

    #[test]
    fn the_example_of_a_configuration_file_can_be_used() {
        let lines = PROFILES.lines().skip(1);
        let lines = lines.take_while(|line| !line.starts_with("  Paths begin"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        std::fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let wanted = Wanted {
            file: Some(file),
            home: Some("/home/me".into()),
            ..Wanted::default()
        };
        let config = Config::load(&wanted).unwrap();
        assert_eq!(config.default.as_deref(), Some("dev"));
        assert_eq!(config.profiles.len(), 2);
    }
}
