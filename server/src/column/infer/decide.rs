//! From what the cells have in common to a type, its rules and the notes.
//!
//! Only [`super`] uses it; it must never look at cells.

use super::grouped::Found;
use super::number::{Context, Fractional, Numbers};
use super::strings::Strings;
use super::words::NullWord;
use super::{ColumnSample, DataType, Families, Inferred, Misfit, Note, Order, ValueRules, excerpt};
use super::{clock, date};
use crate::column::rules::units::{Amount, PERCENT};
use crate::column::rules::{Thousands, is_value};

/// A text column has few texts when it has this many times as many values ..
const REPEATS: u64 = 5;
/// .. and at least so many.
const REPEATED_VALUES: u64 = 20;
/// The digits of the shortest telephone numbers, in a column that is named so.
const CODE_DIGITS: usize = 4;

/// A type for the values of a column.
struct Choice {
    data_type: DataType,
    rules: ValueRules,
    notes: Vec<Note>,
    order: Order,
}

impl Choice {
    fn new(data_type: DataType) -> Self {
        Self {
            data_type,
            rules: ValueRules::default(),
            notes: Vec::new(),
            order: Order::default(),
        }
    }

    /// The same with the unit that the numbers have.
    fn with_unit(mut self, sample: &ColumnSample) -> Self {
        if let Some(unit) = sample
            .units
            .unit
            .as_ref()
            .filter(|_| sample.units.are_stripped)
        {
            self.rules.unit = Some(unit.clone());
            let unit = excerpt(unit);
            self.notes.push(Note::Unit { unit });
        }
        self
    }

    /// Text, because of what the note says.
    fn text(note: Note) -> Self {
        Self {
            notes: vec![note],
            ..Self::new(DataType::String)
        }
    }
}

pub(super) fn decide(sample: &ColumnSample, complete: bool) -> Inferred {
    if let Some((_, elements)) = &sample.elements {
        return list(sample, &elements.infer(complete));
    }
    if let Some(Strings {
        has_object,
        has_array,
        ..
    }) = sample.strings
        && (has_object || has_array)
    {
        let note = Note::JsonContainers {
            has_object,
            has_array,
        };
        return text(sample, Choice::text(note));
    }
    let choice = excel_choice(sample).unwrap_or_else(|| value_choice(sample, complete));
    let are_text = |strings: &Strings| !strings.fit(&choice.data_type);
    if choice.data_type == DataType::String {
        text(sample, choice)
    } else if sample.strings.as_ref().is_some_and(are_text) {
        let typed = typed(sample, choice);
        let note = Note::JsonStrings {
            data_type: typed.data_type.to_string(),
        };
        Inferred {
            rules: typed.rules,
            ..text(sample, Choice::text(note))
        }
    } else {
        typed(sample, choice)
    }
}

/// Text, because the points of the numbers may stand between thousands.
pub(super) fn doubtful(sample: &ColumnSample, example: &[u8]) -> Inferred {
    let example = excerpt(example);
    let found = text(sample, Choice::text(Note::AmbiguousPoint { example }));
    Inferred {
        rules: ValueRules {
            decimal_comma: Some(true),
            ..found.rules
        },
        ..found
    }
}

/// Text, where every value has the form `="text"`, or where the caller says that such values are text.
fn excel_choice(sample: &ColumnSample) -> Option<Choice> {
    let excel = &sample.excel;
    let counts = &sample.counts;
    let values = counts.cells - counts.empty - counts.quoted_empty - counts.null;
    let is_text = excel.count > 0 && (excel.is_known || excel.count == values);
    is_text.then(|| {
        let mut choice = Choice::text(Note::ExcelText {
            example: excerpt(&excel.example),
        });
        choice.rules.excel_text = excel.form;
        choice
    })
}

/// An Array, because the caller has given what separates its elements. They have no rules of their own.
fn list(sample: &ColumnSample, elements: &Inferred) -> Inferred {
    let rules = ValueRules {
        trim: false,
        ..elements.rules.clone()
    };
    let is_scalar = !matches!(
        elements.data_type,
        DataType::Nullable(_) | DataType::LowCardinality(_)
    );
    let element = match is_scalar && rules == ValueRules::default() {
        true => elements.data_type.clone(),
        false => DataType::String,
    };
    Inferred {
        data_type: DataType::Array(Box::new(element)),
        rules: ValueRules::default(),
        notes: Vec::new(),
        cell_count: sample.counts.cells,
        null_count: sample.counts.null,
        distinct: sample.distinct.count(),
        order: Order::default(),
    }
}

/// Returns the type of the values, of which there must be one that is no word for NULL.
fn value_choice(sample: &ColumnSample, complete: bool) -> Choice {
    let open = sample.open;
    if sample.counts.values == 0 || sample.null_words.is_too_many() {
        return Choice::new(DataType::String);
    }
    if let Some(misfit) = &sample.misfit {
        let mut choice = Choice::new(DataType::String);
        choice.notes.extend(misfit_note(misfit));
        return choice;
    }
    if open.has(Families::BOOL) {
        return match sample.truths.are_clear() {
            true => Choice::new(DataType::Bool),
            false => Choice::new(DataType::String),
        };
    }
    if open.has(Families::DATE)
        && sample.dates.is_known()
        && let Some(choice) = dates(sample)
    {
        return choice;
    }
    if open.has(Families::CLOCK) && sample.clocks.is_known() {
        return clocks(sample);
    }
    if open.has(Families::INTEGER) {
        return integers(sample, &sample.numbers, complete);
    }
    if open.has(Families::NUMBERS) {
        return numbers(sample, &sample.numbers, open, complete);
    }
    if open.has(Families::DATE) {
        return dates(sample).unwrap_or_else(|| Choice::new(DataType::String));
    }
    if open.has(Families::CLOCK) {
        return clocks(sample);
    }
    if open.has(Families::UUID) {
        return Choice::new(match sample.has_dashes {
            true => DataType::Uuid,
            false => DataType::String,
        });
    }
    if !open.has(Families::IPV4)
        && let Some(found) = sample
            .grouped
            .found()
            .filter(|_| open.has(Families::GROUPED))
    {
        return grouped(sample, found, complete);
    }
    Choice::new(if open.has(Families::IPV4) {
        DataType::IPv4
    } else {
        DataType::IPv6
    })
}

fn context(sample: &ColumnSample, complete: bool) -> Context {
    Context {
        complete,
        is_money: sample.hints.is_money,
        is_id: sample.hints.is_id,
    }
}

/// Numbers whose digits stand in groups.
fn grouped(sample: &ColumnSample, found: &Found, complete: bool) -> Choice {
    let (separator, example) = (found.separator, found.example.clone());
    if !found.is_proven || sample.hints.is_code {
        return Choice::text(Note::AmbiguousGroups { example, separator });
    }
    let mut choice = match found.open.has(Families::INTEGER) {
        true => integers(sample, &found.numbers, complete),
        false => numbers(sample, &found.numbers, found.open, complete),
    };
    if choice.data_type != DataType::String {
        choice.rules.thousands = Some(separator);
        let comma = separator.decimal_comma();
        choice.rules.decimal_comma = comma.or(choice.rules.decimal_comma);
        choice.notes.push(Note::Groups { example, separator });
    }
    choice
}

/// Digits only: dates, codes or integers.
fn integers(sample: &ColumnSample, numbers: &Numbers, complete: bool) -> Choice {
    if sample.open.has(Families::DATE)
        && let Some(choice) = dates(sample)
    {
        return choice;
    }
    let is_named_code = sample.hints.is_code && numbers.integers().shortest() >= CODE_DIGITS;
    if is_named_code {
        return Choice::text(Note::Code {
            because: "the name says so",
        });
    }
    if let Some(because) = numbers.integers().code_reason() {
        return Choice::text(Note::Code { because });
    }
    let Some(data_type) = numbers.integer_type(context(sample, complete)) else {
        return Choice::text(Note::ManyDigits);
    };
    let margin = numbers.integers().range().filter(|_| !complete);
    let margin = margin.map(|(smallest, largest)| Note::Margin { smallest, largest });
    let epoch = numbers.integers().epoch_unit();
    let epoch = epoch.map(|unit| Note::Epoch { unit });
    let choice = Choice {
        notes: margin.into_iter().chain(epoch).collect(),
        order: numbers.order,
        ..Choice::new(data_type)
    };
    choice.with_unit(sample)
}

/// Numbers of which some have a fraction, an exponent or no end.
fn numbers(sample: &ColumnSample, numbers: &Numbers, open: Families, complete: bool) -> Choice {
    if !numbers.has_digits() {
        return Choice::new(DataType::String);
    }
    let comma = !open.has(Families::FLOAT);
    match numbers.fractional_type(context(sample, complete), comma) {
        Fractional::Type(data_type) => {
            let mut choice = Choice::new(data_type);
            choice.rules.decimal_comma = comma.then_some(true);
            choice.with_unit(sample)
        }
        Fractional::AmbiguousComma(example) => Choice::text(Note::AmbiguousComma {
            example: excerpt(&example),
        }),
        Fractional::TooManyDigits => Choice::text(Note::ManyDigits),
    }
}

/// Dates; None when there is too little to go by.
fn dates(sample: &ColumnSample) -> Option<Choice> {
    let dates = &sample.dates;
    match dates.found(sample.distinct.count(), sample.hints.is_date) {
        date::Found::Type {
            data_type,
            format,
            has_offset,
            is_skipped,
            is_midnight,
        } => {
            let mut choice = Choice::new(data_type);
            choice.rules.date_format = format;
            choice.order = dates.order;
            choice.notes.extend(has_offset.then_some(Note::Offsets));
            choice.notes.extend(is_midnight.then_some(Note::Midnights));
            choice
                .notes
                .extend(is_skipped.then_some(Note::SkippedTimes));
            Some(choice)
        }
        date::Found::Ambiguous(formats) => Some(Choice::text(Note::AmbiguousDate { formats })),
        date::Found::Unclear => None,
    }
}

fn clocks(sample: &ColumnSample) -> Choice {
    let clocks = &sample.clocks;
    match clocks.found(sample.distinct.count(), sample.hints.is_clock) {
        clock::Found::Type(data_type, format) => {
            let mut choice = Choice::new(data_type);
            choice.rules.date_format = format;
            choice.order = clocks.order;
            choice
        }
        clock::Found::Unclear => Choice::text(Note::AmbiguousClock),
    }
}

/// A type that is no text, with the NULLs and spaces that the column has.
fn typed(sample: &ColumnSample, choice: Choice) -> Inferred {
    let counts = &sample.counts;
    let Choice {
        data_type,
        mut rules,
        mut notes,
        order,
    } = choice;
    let words = markers(sample, &data_type);
    let word_count: u64 = words.iter().map(|word| word.count).sum();
    rules.null_markers = words.iter().map(|word| word.text.clone()).collect();
    let quoted_nothing = counts.quoted_empty + counts.quoted_blank;
    rules.quoted_nulls = quoted_nothing > 0 || words.iter().any(|word| word.was_quoted);
    if quoted_nothing > 0 {
        rules.null_markers.push(Vec::new());
    }
    rules.trim = sample.is_padded || counts.blank + counts.quoted_blank > 0;
    if word_count > 0 {
        notes.push(Note::NullWords {
            words: words.iter().map(|word| excerpt(&word.text)).collect(),
            count: word_count,
        });
    }
    let null_count = counts.empty + counts.null + counts.blank + quoted_nothing + word_count;
    Inferred {
        data_type: nullable_if(null_count > 0, data_type),
        rules,
        notes,
        cell_count: counts.cells,
        null_count,
        distinct: sample.distinct.count(),
        order,
    }
}

/// Returns the words that are NULL, and no value of the type.
fn markers<'s>(sample: &'s ColumnSample, data_type: &DataType) -> Vec<&'s NullWord> {
    let words = sample.null_words.words().iter();
    words
        .filter(|word| !is_value(&word.text, data_type))
        .collect()
}

/// A column of text: only `\N` is NULL, and every byte stays.
fn text(sample: &ColumnSample, choice: Choice) -> Inferred {
    let counts = &sample.counts;
    let mut notes = choice.notes;
    let count = counts.cells - counts.empty - counts.quoted_empty - counts.null;
    let distinct = sample.distinct.count();
    let few = distinct.filter(|distinct| {
        count >= REPEATED_VALUES && u64::try_from(*distinct).is_ok_and(|few| few * REPEATS <= count)
    });
    notes.extend(few.map(|distinct| Note::FewTexts { distinct, count }));
    if counts.invalid > 0 {
        notes.push(Note::InvalidUtf8 {
            count: counts.invalid,
        });
    }
    let data_type = nullable_if(counts.null > 0, DataType::String);
    Inferred {
        data_type: match few {
            Some(_) => DataType::LowCardinality(Box::new(data_type)),
            None => data_type,
        },
        rules: ValueRules {
            excel_text: choice.rules.excel_text,
            ..ValueRules::default()
        },
        notes,
        cell_count: counts.cells,
        null_count: counts.null,
        distinct,
        order: Order::default(),
    }
}

fn nullable_if(is_nullable: bool, data_type: DataType) -> DataType {
    if is_nullable {
        DataType::Nullable(Box::new(data_type))
    } else {
        data_type
    }
}

/// Says what is special about the value that made a column text.
fn misfit_note(misfit: &Misfit) -> Option<Note> {
    let example = excerpt(&misfit.text);
    let text = misfit.text.as_slice();
    if misfit.was_open.has(Families::DATE) && date::is_out_of_range(text) {
        return Some(Note::OutOfRange { example });
    }
    let was_number = misfit.was_open.has(Families::NUMBERS | Families::GROUPED);
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let begins_with_zero = matches!(digits, [b'0', b'0'..=b'9', ..]);
    let is_plain = digits
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b','));
    if was_number && begins_with_zero && is_plain {
        return Some(Note::LeadingZeros { example });
    }
    if was_number && let Some((what, option)) = decoration(text) {
        return Some(Note::Decorated {
            what,
            example,
            option,
        });
    }
    let family = family_name(misfit.was_open);
    (misfit.before > 0).then_some(Note::Misfit {
        family,
        before: misfit.before,
        value: example,
    })
}

/// Says what a text has that is like a number but for it, and the option that reads it.
fn decoration(text: &[u8]) -> Option<(&'static str, String)> {
    let mut plain = Vec::new();
    let separator = Thousands::ALL.into_iter().find(|separator| {
        separator
            .ungroup(text, &mut plain)
            .is_some_and(|grouping| grouping.separator_count > 0)
    });
    if let Some(separator) = separator {
        let option = format!("`--thousands {}`", separator.quoted());
        return Some(("separators of thousands", option));
    }
    let amount = Amount::split(text)?;
    let what = match amount.unit {
        PERCENT => "a percent sign",
        [] => "another mark of a number below zero than a minus before it",
        _ => "the unit of a currency",
    };
    Some((what, "`--strip-units`".to_owned()))
}

/// Returns what the values of the families are called, the narrowest first.
fn family_name(families: Families) -> &'static str {
    let names = [
        (Families::BOOL, "truth values"),
        (Families::INTEGER, "integers"),
        (Families::NUMBERS | Families::GROUPED, "numbers"),
        (Families::DATE, "dates"),
        (Families::CLOCK, "times of day"),
        (Families::UUID, "UUIDs"),
        (Families::IPV4, "IPv4 addresses"),
    ];
    let name = names.into_iter().find(|(family, _)| families.has(*family));
    name.map_or("IPv6 addresses", |(_, name)| name)
}
