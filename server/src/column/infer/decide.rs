//! From what the cells have in common to a type, its rules and the notes.
//!
//! Only [`super`] uses it; it must never look at cells.

use super::number::{Context, Fractional};
use super::strings::Strings;
use super::words::NullWord;
use super::{ColumnSample, DataType, Families, Inferred, Misfit, Note, Order, ValueRules, excerpt};
use super::{clock, date};
use crate::column::rules::is_value;

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

    /// Text, because of what the note says.
    fn text(note: Note) -> Self {
        Self {
            notes: vec![note],
            ..Self::new(DataType::String)
        }
    }
}

pub(super) fn decide(sample: &ColumnSample, complete: bool) -> Inferred {
    let choice = value_choice(sample, complete);
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
        return integers(sample, complete);
    }
    if open.has(Families::NUMBERS) {
        return numbers(sample, complete);
    }
    if open.has(Families::DATE) {
        return dates(sample).unwrap_or_else(|| Choice::new(DataType::String));
    }
    if open.has(Families::CLOCK) {
        return clocks(sample);
    }
    Choice::new(if open.has(Families::UUID) {
        DataType::Uuid
    } else if open.has(Families::IPV4) {
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

/// Digits only: dates, codes or integers.
fn integers(sample: &ColumnSample, complete: bool) -> Choice {
    if sample.open.has(Families::DATE)
        && let Some(choice) = dates(sample)
    {
        return choice;
    }
    let numbers = &sample.numbers;
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
    Choice {
        notes: margin.into_iter().collect(),
        order: numbers.order,
        ..Choice::new(data_type)
    }
}

/// Numbers of which some have a fraction, an exponent or no end.
fn numbers(sample: &ColumnSample, complete: bool) -> Choice {
    let numbers = &sample.numbers;
    if !numbers.has_digits() {
        return Choice::new(DataType::String);
    }
    let comma = !sample.open.has(Families::FLOAT);
    match numbers.fractional_type(context(sample, complete), comma) {
        Fractional::Type(data_type) => {
            let mut choice = Choice::new(data_type);
            choice.rules.decimal_comma = comma;
            choice
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
        } => {
            let mut choice = Choice::new(data_type);
            choice.rules.date_format = format;
            choice.order = dates.order;
            choice.notes.extend(has_offset.then_some(Note::Offsets));
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
        rules: ValueRules::default(),
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
    let was_number = misfit.was_open.has(Families::NUMBERS);
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let begins_with_zero = matches!(digits, [b'0', b'0'..=b'9', ..]);
    let is_plain = digits
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b','));
    if was_number && begins_with_zero && is_plain {
        return Some(Note::LeadingZeros { example });
    }
    if was_number && let Some(what) = decoration(text) {
        return Some(Note::Decorated { what, example });
    }
    let family = family_name(misfit.was_open);
    (misfit.before > 0).then_some(Note::Misfit {
        family,
        before: misfit.before,
        value: example,
    })
}

/// Says what a text has that is like a number but for it.
fn decoration(text: &[u8]) -> Option<&'static str> {
    let has_digit = text.iter().any(u8::is_ascii_digit);
    let has_word = text
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count()
        > 3;
    if !has_digit || has_word {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let is_separated = |byte: char| {
        let mut parts = text.trim_start_matches(['-', '+']).split(byte);
        let first = parts.next().unwrap_or_default();
        let is_group = |part: &str| {
            let digits = part.bytes().take_while(u8::is_ascii_digit);
            digits.count() == 3
        };
        (1..=3).contains(&first.len())
            && first.bytes().all(|byte| byte.is_ascii_digit())
            && text.contains(byte)
            && parts.all(is_group)
    };
    if text.ends_with(['%', '‰']) {
        Some("a percent sign")
    } else if text.contains(['$', '€', '£', '¥', '₹', '₽', '₩', '¢']) {
        Some("the sign of a currency")
    } else if text.starts_with('(') && text.ends_with(')') {
        Some("parentheses")
    } else if [',', '.', '\'', ' ', '_', '\u{a0}', '\u{202f}']
        .into_iter()
        .any(is_separated)
    {
        Some("separators of thousands")
    } else {
        None
    }
}

/// Returns what the values of the families are called, the narrowest first.
fn family_name(families: Families) -> &'static str {
    let names = [
        (Families::BOOL, "truth values"),
        (Families::INTEGER, "integers"),
        (Families::NUMBERS, "numbers"),
        (Families::DATE, "dates"),
        (Families::CLOCK, "times of day"),
        (Families::UUID, "UUIDs"),
        (Families::IPV4, "IPv4 addresses"),
    ];
    let name = names.into_iter().find(|(family, _)| families.has(*family));
    name.map_or("IPv6 addresses", |(_, name)| name)
}
