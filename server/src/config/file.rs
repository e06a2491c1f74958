//! The configuration file: TOML, with the options under the names of their flags, and tables for what
//! no flag can say.
//!
//! Read by `config`, before the command line is read in full. Every key must be one that is known. It
//! judges no value: that is for `config::validate`.

use std::{collections::BTreeMap, ffi::OsString, fs, ops::Range, path::Path};

use clap::{ArgAction, Command};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::errors::{Fault, Place};

/// The keys of `[connections.<name>]`.
const CONNECTION_KEYS: [&str; 9] = [
    "url",
    "database",
    "user",
    "password-file",
    "ca-file",
    "identity",
    "callers-user",
    "callers-password-file",
    "max-transfers",
];

/// The keys of `[certificates.<name>]`.
const CERTIFICATE_KEYS: [&str; 5] = [
    "scopes",
    "tables",
    "connections",
    "clickhouse-role",
    "clickhouse-user",
];

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct RawFile {
    /// The options that flags have too, with their values.
    options: Vec<(String, Vec<String>)>,
    /// `[connections.<name>]`.
    pub(super) connections: Vec<RawTable>,
    /// `[certificates.<name>]`.
    pub(super) certificates: Vec<RawTable>,
    /// Where each key stands.
    pub(super) places: BTreeMap<String, Place>,
    /// What cannot be understood.
    pub(super) faults: Vec<Fault>,
}

/// A table with a name.
#[derive(Debug)]
pub(super) struct RawTable {
    /// Its name.
    pub(super) name: String,
    /// Its path in the file, such as `connections.sales`.
    pub(super) path: String,
    values: BTreeMap<String, Vec<String>>,
}

impl RawTable {
    /// The path of one of its keys.
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// A value that is one text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key)?.first().map(String::as_str)
    }

    /// A value that is a list, or one text as a list of one.
    pub(super) fn list(&self, key: &str) -> Option<&[String]> {
        self.values.get(key).map(Vec::as_slice)
    }
}

impl RawFile {
    /// Reads a file whose options are the flags of `command`.
    pub(super) fn read(path: &Path, command: &Command) -> Self {
        let mut file = Self::default();
        match fs::read_to_string(path) {
            Ok(text) => Reader::new(path, &text, command, &mut file).read(),
            Err(error) => file.faults.push(Fault {
                option: "config".into(),
                place: None,
                problem: format!("cannot read {}: {error}", path.display()),
            }),
        }
        file
    }

    /// The options that `is_given` does not know yet, as arguments. The others are overruled, and
    /// forgotten.
    pub(super) fn arguments(&mut self, is_given: impl Fn(&str) -> bool) -> Vec<OsString> {
        let mut arguments = Vec::new();
        for (name, values) in std::mem::take(&mut self.options) {
            if is_given(&name.replace('-', "_")) {
                self.places.remove(&name);
                continue;
            }
            let argument = |value: &String| OsString::from(format!("--{name}={value}"));
            arguments.extend(values.iter().map(argument));
        }
        arguments
    }
}

/// Goes through a file.
struct Reader<'a> {
    name: String,
    text: &'a str,
    command: &'a Command,
    file: &'a mut RawFile,
}

impl<'a> Reader<'a> {
    fn new(path: &Path, text: &'a str, command: &'a Command, file: &'a mut RawFile) -> Self {
        Self {
            name: path.display().to_string(),
            text,
            command,
            file,
        }
    }

    fn read(mut self) {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        if !errors.is_empty() {
            for error in errors {
                let at = self.place(error.span().unwrap_or_default());
                self.fault(String::new(), at, error.message().to_owned());
            }
            return;
        }
        for (key, value) in table.get_ref() {
            let (name, at) = (key.get_ref().to_string(), self.place(key.span()));
            match name.as_str() {
                "connections" => {
                    self.file.connections = self.tables(&name, value, &CONNECTION_KEYS);
                }
                "certificates" => {
                    self.file.certificates = self.tables(&name, value, &CERTIFICATE_KEYS);
                }
                _ => self.option(name, at, value),
            }
        }
    }

    fn option(&mut self, name: String, at: Place, value: &Spanned<DeValue<'_>>) {
        let mut flags = self.command.get_arguments();
        let flag = flags.find(|flag| flag.get_long() == Some(&name) && name != "config");
        let Some(is_list) = flag.map(|flag| matches!(flag.get_action(), ArgAction::Append)) else {
            let problem = "is no option; `sluice-server --help` lists them".to_owned();
            return self.fault(name, at, problem);
        };
        match values(value.get_ref(), is_list) {
            Ok(values) => {
                self.file.places.insert(name.clone(), at);
                self.file.options.push((name, values));
            }
            Err(problem) => self.fault(name, at, problem),
        }
    }

    /// The tables below `parent`.
    fn tables(
        &mut self,
        parent: &str,
        value: &Spanned<DeValue<'_>>,
        known: &[&str],
    ) -> Vec<RawTable> {
        let at = self.place(value.span());
        let Some(tables) = value.get_ref().as_table() else {
            let problem = format!("must be tables: write [{parent}.<name>]");
            self.fault(parent.to_owned(), at, problem);
            return Vec::new();
        };
        let mut read = Vec::new();
        for (name, value) in tables {
            let path = format!("{parent}.{}", name.get_ref());
            let at = self.place(name.span());
            self.file.places.insert(path.clone(), at.clone());
            let Some(table) = value.get_ref().as_table() else {
                let problem = format!("is no key: write [{parent}.<name>]");
                self.fault(path, at, problem);
                continue;
            };
            let values = self.table(&path, table, known);
            read.push(RawTable {
                name: name.get_ref().to_string(),
                path,
                values,
            });
        }
        read
    }

    fn table(
        &mut self,
        path: &str,
        table: &DeTable<'_>,
        known: &[&str],
    ) -> BTreeMap<String, Vec<String>> {
        let mut read = BTreeMap::new();
        for (key, value) in table {
            let at = self.place(key.span());
            let name = key.get_ref().to_string();
            let full = format!("{path}.{name}");
            if !known.contains(&name.as_str()) {
                let problem = format!("is no key here; there are {}", known.join(", "));
                self.fault(full, at, problem);
                continue;
            }
            let is_list = matches!(name.as_str(), "scopes" | "tables" | "connections" | "url");
            match values(value.get_ref(), is_list) {
                Ok(values) => {
                    self.file.places.insert(full, at);
                    read.insert(name, values);
                }
                Err(problem) => self.fault(full, at, problem),
            }
        }
        read
    }

    fn fault(&mut self, option: String, place: Place, problem: String) {
        self.file.faults.push(Fault {
            option: option.into(),
            place: Some(place),
            problem,
        });
    }

    fn place(&self, span: Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.get(line_start..).unwrap_or_default();
        Place {
            file: self.name.clone(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

/// A value as flags would say it.
fn values(value: &DeValue<'_>, is_list: bool) -> Result<Vec<String>, String> {
    match value {
        DeValue::Array(items) if is_list => {
            let items = items.iter().map(|item| one(item.get_ref()));
            items.collect()
        }
        DeValue::Array(_) => Err("takes one value, not a list".to_owned()),
        other => one(other).map(|text| vec![text]),
    }
}

fn one(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        DeValue::Boolean(is_on) => Ok(is_on.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            Err("must be a string, a number, true or false".to_owned())
        }
    }
}
