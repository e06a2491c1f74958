//! Finds what starts the lines that are no records.
//!
//! `layout` calls it, and `score` leaves such lines out. It must never take a header or a value that
//! starts with such a sign for a comment.

use super::super::cut::{Row, Table};
use super::super::{Finding, Hints, header};

/// What comments start with, the usual ones first.
const PREFIXES: [&[u8]; 7] = [b"#", b"//", b"--", b"%", b"!", b";", b"*"];
/// Rows that are looked at for spaces behind their delimiters.
const TIGHT_ROWS: usize = 50;

/// Whether a line looks like a comment of the usual kind.
pub(crate) fn leads_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || line.starts_with(b"//")
}

/// The sign that a line begins with, if it is one that comments begin with.
pub(crate) fn prefix_of(line: &[u8]) -> Option<&'static [u8]> {
    PREFIXES.into_iter().find(|prefix| line.starts_with(prefix))
}

/// What was found.
pub(super) struct Comments {
    pub(super) prefix: Finding<Option<Vec<u8>>>,
    /// Filled rows that stand before a header which starts with such a sign, as `#id,name`: the
    /// sign is then none, and these rows are notes.
    pub(super) notes: usize,
}

/// What starts a comment in this table, if anything does.
pub(super) fn find(table: &Table<'_>, hints: &Hints) -> Comments {
    if let Some(given) = hints.comment.given() {
        return Comments {
            prefix: Finding::given(given.clone()),
            notes: 0,
        };
    }
    if hints.header_rows.given() == Some(&0) {
        return Comments {
            prefix: Finding::found(None, 1.0, None),
            notes: 0,
        };
    }
    let filled: Vec<&Row> = table.rows.iter().filter(|row| row.filled > 0).collect();
    let mut starts = [false; 256];
    for byte in filled.iter().filter_map(|row| table.line(row).first()) {
        starts[usize::from(*byte)] = true;
    }
    if let Some(prefix) = rule_prefix(table, &filled) {
        let prefix = Finding::found(Some(prefix.to_vec()), 0.9, Some(None));
        return Comments { prefix, notes: 0 };
    }
    let can_start = |prefix: &&[u8]| {
        let first = prefix.first().copied().unwrap_or(0);
        starts[usize::from(first)] && !table.delimiter().starts_with(prefix)
    };
    for prefix in PREFIXES.into_iter().filter(can_start) {
        match look_for(table, &filled, prefix) {
            Use::None => {}
            Use::Comments => {
                let prefix = Finding::found(Some(prefix.to_vec()), 0.9, Some(None));
                return Comments { prefix, notes: 0 };
            }
            Use::Header(notes) => {
                let prefix = Finding::found(None, 0.7, Some(Some(prefix.to_vec())));
                return Comments { prefix, notes };
            }
        }
    }
    Comments {
        prefix: Finding::found(None, 0.9, None),
        notes: 0,
    }
}

/// The rows that a rule below the header can be among.
const RULE_ROWS: usize = 8;
/// The bytes of a rule that lines are known by.
const RULE_BYTES: usize = 8;

/// Whether a line is a rule, as below the header of what databases print: `----+-----`, or `---,----`.
pub(super) fn is_rule(line: &[u8], delimiter: &[u8]) -> bool {
    let mut runs = line.windows(3);
    line.iter()
        .all(|byte| b"-=+| \t".contains(byte) || delimiter.contains(byte))
        && runs.any(|part| part == b"---" || part == b"===")
}

/// What the rules of a table begin with, where nothing else does.
fn rule_prefix<'t>(table: &Table<'t>, filled: &[&Row]) -> Option<&'t [u8]> {
    let delimiter = table.delimiter();
    let rule = |row: &&&Row| is_rule(table.line(row), delimiter);
    let line = table.line(filled.iter().take(RULE_ROWS).find(rule)?);
    let is_mark = |byte: &&u8| matches!(byte, b'-' | b'=' | b'+') && !delimiter.contains(byte);
    let length = line.iter().take(RULE_BYTES).take_while(is_mark).count();
    let prefix = line.get(..length).filter(|prefix| prefix.len() > 1)?;
    let mut with_prefix = filled
        .iter()
        .filter(|row| table.line(row).starts_with(prefix));
    with_prefix.all(|row| rule(&row)).then_some(prefix)
}

/// What lines with one prefix are.
enum Use {
    None,
    Comments,
    /// The last of them is the header, the others, so many, are notes.
    Header(usize),
}

fn look_for(table: &Table<'_>, filled: &[&Row], prefix: &[u8]) -> Use {
    let leads = |row: &Row| table.line(row).starts_with(prefix);
    let all = filled.iter().filter(|row| leads(row)).count();
    let others: Vec<&Row> = filled.iter().copied().filter(|row| !leads(row)).collect();
    if all == 0 || others.is_empty() {
        return Use::None;
    }
    let leading = filled.iter().take_while(|row| leads(row)).count();
    let mode = mode(&others);
    let is_tight = !others
        .iter()
        .take(TIGHT_ROWS)
        .any(|row| has_spaced(table, row));
    // A sentence with as many commas as the table is no record of it.
    let is_odd = |row: &Row| row.width != mode || is_tight && is_sentence(table, row);
    let odd = filled
        .iter()
        .filter(|row| leads(row) && is_odd(row))
        .count();
    let is_usual = leads_comment(prefix);
    // Below the first record a line with as many fields as the others is a record.
    let is_odd_below = filled
        .iter()
        .skip(leading)
        .all(|row| !leads(row) || is_odd(row));
    let is_apart = if mode == 1 {
        leading >= 1 && is_usual && leading == all
    } else {
        odd * 2 >= all && is_odd_below
    };
    let is_said = filled
        .iter()
        .filter(|row| leads(row))
        .all(|row| row.width == 1 || is_remark(table.line(row), prefix));
    let is_placed = leading == all || (is_usual && all * 2 <= filled.len());
    let is_enough = is_usual || (leading == all && odd == all && all >= 2);
    if leading == all && is_usual && names_columns(table, filled, leading, mode) {
        Use::Header(leading - 1)
    } else if is_apart && is_said && is_placed && is_enough {
        Use::Comments
    } else {
        Use::None
    }
}

/// Whether a space follows some delimiter of a row.
fn has_spaced(table: &Table<'_>, row: &Row) -> bool {
    let fields = table.texts(row);
    fields.iter().skip(1).any(|field| field.starts_with(b" "))
}

/// Whether a space follows every delimiter of a row.
fn is_sentence(table: &Table<'_>, row: &Row) -> bool {
    let fields = table.texts(row);
    fields.len() > 1 && fields.iter().skip(1).all(|field| field.starts_with(b" "))
}

/// Whether a line with delimiters is a remark all the same: a value would begin right behind the sign.
pub(crate) fn is_remark(line: &[u8], prefix: &[u8]) -> bool {
    let text = line.get(prefix.len()..).unwrap_or_default();
    let is_usual = leads_comment(prefix);
    match text.first() {
        None => true,
        Some(byte) => {
            byte.is_ascii_whitespace()
                || prefix.contains(byte)
                || (is_usual && !byte.is_ascii_digit())
        }
    }
}

/// Whether the last line of the leading block is the header, as in `#id,name`.
fn names_columns(table: &Table<'_>, filled: &[&Row], leading: usize, mode: usize) -> bool {
    let Some(last) = leading.checked_sub(1).and_then(|at| filled.get(at)) else {
        return false;
    };
    let below = filled.get(leading..).unwrap_or_default();
    let Some((head, rest)) = below.split_first() else {
        return false;
    };
    last.width == mode
        && mode > 1
        && header::evidence(table, last, below) > 0.2
        && (rest.is_empty() || header::evidence(table, head, rest) <= 0.0)
}

/// The usual width.
fn mode(rows: &[&Row]) -> usize {
    let mut widths: Vec<usize> = rows.iter().map(|row| row.width).collect();
    widths.sort_unstable();
    let runs = widths.chunk_by(|left, right| left == right);
    let longest = runs.max_by_key(|run| run.len());
    longest.and_then(<[usize]>::first).copied().unwrap_or(0)
}
