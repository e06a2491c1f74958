//! The two passes of a file that is read for the types first (`--full-scan`): what the first one asks, and what the second one takes from its
//! answer.
//!
//! `upload` calls it. It must never let the second pass guess: what the first one has found in the
//! whole file is said in full.

use sluice_proto::v1::{
    ColumnMapping, ColumnValueOptions, FileProfile, InspectFileRequest, ProfileColumn, TableRef,
    UploadSpec,
};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    settings::value::FullScan,
    source::Source,
};

/// The table that a statement names where nobody has named one.
const UNNAMED_TABLE: &str = "data";

/// Whether the file is read for the types first, where these are to be found.
pub(in crate::command) fn is_due(full_scan: FullScan, source: &Source) -> bool {
    match full_scan {
        FullScan::Always => true,
        FullScan::UpTo(limit) => {
            source.origin().is_some() && source.total_bytes().is_some_and(|bytes| bytes <= limit)
        }
    }
}

/// The first pass: a dry run that finds the types in the whole file.
pub(super) fn question(spec: &UploadSpec) -> UploadSpec {
    UploadSpec {
        transfer_id: Uuid::now_v7().to_string(),
        dry_run: true,
        full_scan: true,
        ..spec.clone()
    }
}

/// The first pass of a file that is only looked at.
pub(in crate::command) fn question_of(look: &InspectFileRequest) -> UploadSpec {
    let unnamed = || TableRef {
        table: UNNAMED_TABLE.to_owned(),
        ..TableRef::default()
    };
    question(&UploadSpec {
        table: Some(look.table.clone().unwrap_or_else(unnamed)),
        dialect: look.dialect.clone(),
        values: look.values.clone(),
        columns: look.columns.clone(),
        source_name: look.source_name.clone(),
        create_table: true,
        ..UploadSpec::default()
    })
}

/// The second pass: the statement, the dialect and the rules of the columns that were found.
pub(super) fn settle(
    mut spec: UploadSpec,
    create_statement: String,
    profile: Option<&FileProfile>,
) -> Result<UploadSpec> {
    let profile = profile.ok_or(Error::Answer("profile"))?;
    if create_statement.is_empty() {
        return Err(Error::Answer("create_statement"));
    }
    // Which says where.
    spec.create_on_cluster.clear();
    spec.create_statement = create_statement;
    spec.dialect = profile.dialect.clone().or(spec.dialect);
    spec.sniff = Some(false);
    let mut values = spec.values.take().unwrap_or_default();
    for (index, column) in profile.columns.iter().enumerate() {
        let Some(name) = target(column, index, &spec.columns) else {
            continue;
        };
        let given = values.columns.iter_mut().find(|given| given.column == name);
        let rules = rules(name, column);
        match given {
            Some(given) => merge(given, rules),
            None if rules == plain(&rules.column) => {}
            None => values.columns.push(rules),
        }
    }
    spec.values = Some(values);
    Ok(spec)
}

/// The column of the table that a field of the file goes to.
fn target(column: &ProfileColumn, index: usize, columns: &[ColumnMapping]) -> Option<String> {
    if columns.is_empty() {
        return Some(column.name.clone());
    }
    let header = column.original_name.as_ref().unwrap_or(&column.name);
    let number = (index + 1).to_string();
    let is_source = |source: &String| [header, &column.name, &number].contains(&source);
    let mapping = columns.iter().find(|mapping| match &mapping.source {
        source if source.is_empty() => [header, &column.name].contains(&&mapping.column),
        source => is_source(source),
    });
    mapping.map(|mapping| mapping.column.clone())
}

fn rules(name: String, column: &ProfileColumn) -> ColumnValueOptions {
    ColumnValueOptions {
        column: name,
        null_markers: column.null_markers.clone(),
        date_format: column.date_format.clone(),
        decimal_comma: column.decimal_comma.then_some(true),
        thousands: column.thousands.clone(),
        unit: column.unit.clone(),
        excel_text: column.excel_text.then_some(true),
        ..ColumnValueOptions::default()
    }
}

fn plain(name: &str) -> ColumnValueOptions {
    ColumnValueOptions {
        column: name.to_owned(),
        ..ColumnValueOptions::default()
    }
}

/// What was given stays, what was left open is filled in.
fn merge(given: &mut ColumnValueOptions, found: ColumnValueOptions) {
    for marker in found.null_markers {
        if !given.null_markers.contains(&marker) {
            given.null_markers.push(marker);
        }
    }
    if given.date_format.is_empty() {
        given.date_format = found.date_format;
    }
    given.decimal_comma = given.decimal_comma.or(found.decimal_comma);
    given.thousands = given.thousands.take().or(found.thousands);
    given.unit = given.unit.take().or(found.unit);
    given.excel_text = given.excel_text.or(found.excel_text);
}

#[cfg(test)]
mod tests {
    use sluice_proto::v1::{
        ColumnMapping, ColumnValueOptions, Dialect, FileProfile, ProfileColumn, UploadSpec,
        ValueOptions,
    };

    use super::{question, settle};

    fn spec() -> UploadSpec {
        UploadSpec {
            transfer_id: "second".to_owned(),
            create_table: true,
            values: Some(ValueOptions {
                trim: true,
                columns: vec![ColumnValueOptions {
                    column: "born".to_owned(),
                    date_format: "%d/%m/%Y".to_owned(),
                    ..ColumnValueOptions::default()
                }],
                ..ValueOptions::default()
            }),
            ..UploadSpec::default()
        }
    }

    fn column(name: &str, null_marker: &str) -> ProfileColumn {
        let markers = [null_marker]
            .into_iter()
            .filter(|marker| !marker.is_empty());
        ProfileColumn {
            name: name.to_owned(),
            null_markers: markers.map(str::to_owned).collect(),
            ..ProfileColumn::default()
        }
    }

    fn found() -> FileProfile {
        FileProfile {
            dialect: Some(Dialect {
                delimiter: Some(";".to_owned()),
                ..Dialect::default()
            }),
            columns: vec![
                column("id", ""),
                column("born", "NA"),
                ProfileColumn {
                    thousands: Some(",".to_owned()),
                    unit: Some("$".to_owned()),
                    excel_text: true,
                    ..column("n", "?")
                },
            ],
            ..FileProfile::default()
        }
    }

    fn settled(spec: UploadSpec) -> UploadSpec {
        settle(spec, "CREATE TABLE t".to_owned(), Some(&found())).unwrap()
    }

    fn names(spec: &UploadSpec) -> Vec<&str> {
        let columns = &spec.values.as_ref().unwrap().columns;
        columns
            .iter()
            .map(|column| column.column.as_str())
            .collect()
    }

    #[test]
    fn the_first_pass_loads_nothing_under_another_id() {
        let question = question(&spec());
        assert!(question.dry_run && question.create_table && question.full_scan);
        assert_ne!(question.transfer_id, "second");
    }

    #[test]
    fn the_second_pass_finds_nothing_by_itself() {
        let settled = settled(spec());
        assert_eq!(settled.transfer_id, "second");
        assert_eq!(settled.sniff, Some(false));
        assert!(!settled.dry_run && settled.create_table);
        assert_eq!(settled.create_statement, "CREATE TABLE t");
        assert_eq!(settled.dialect.as_ref().unwrap().delimiter(), ";");
        assert_eq!(names(&settled), ["born", "n"]);
        let values = settled.values.unwrap();
        assert!(values.trim);
        assert_eq!(values.columns[0].date_format, "%d/%m/%Y");
        assert_eq!(values.columns[0].null_markers, ["NA"]);
        assert_eq!(
            values.columns[1],
            ColumnValueOptions {
                column: "n".to_owned(),
                null_markers: vec!["?".to_owned()],
                thousands: Some(",".to_owned()),
                unit: Some("$".to_owned()),
                excel_text: Some(true),
                ..ColumnValueOptions::default()
            }
        );
    }

    #[test]
    fn rules_go_to_the_columns_that_were_chosen() {
        let mapping = |column: &str, source: &str| ColumnMapping {
            column: column.to_owned(),
            source: source.to_owned(),
        };
        let mut spec = spec();
        spec.columns = vec![mapping("born", ""), mapping("size", "3")];
        assert_eq!(names(&settled(spec)), ["born", "size"]);
    }

    #[test]
    fn an_answer_without_a_statement_is_none() {
        assert!(settle(spec(), String::new(), Some(&found())).is_err());
        assert!(settle(spec(), "CREATE TABLE t".to_owned(), None).is_err());
    }
}
