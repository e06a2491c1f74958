//! What the cells of one column say of the cell above them.
//!
//! `header` calls it. It must never look at more than the rows it is given.

use std::collections::HashMap;

use super::super::cell::{Family, Kind, kind};
use super::super::cut::{Row, Table};
use super::super::words::has_name_word;
use super::MAX_COLUMNS;

/// The cells of one column below a possible header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body<'a> {
    /// Cells of each family, `Nothing` left out.
    families: [usize; 6],
    /// Cells that are neither empty nor a word for it.
    total: usize,
    /// How often each text stands there.
    texts: HashMap<&'a [u8], usize>,
    shortest: usize,
    longest: usize,
    /// Cells of several words, in lower case, in capitals, starting with one capital.
    phrases: usize,
    lower: usize,
    capitals: usize,
    title: usize,
}

impl<'a> Body<'a> {
    /// The columns of some rows.
    pub(crate) fn of_rows<'r>(table: &Table<'a>, rows: impl Iterator<Item = &'r Row>) -> Vec<Self> {
        let mut bodies: Vec<Self> = Vec::new();
        for row in rows {
            for (at, field) in table.fields(row).iter().take(MAX_COLUMNS).enumerate() {
                if bodies.len() <= at {
                    bodies.push(Self::default());
                }
                if let Some(body) = bodies.get_mut(at) {
                    body.add(table.text(field));
                }
            }
        }
        bodies
    }

    fn add(&mut self, cell: &'a [u8]) {
        let text = cell.trim_ascii();
        let kind = kind(text);
        let Some(slot) = slot(kind.family()) else {
            return;
        };
        self.families[slot] += 1;
        self.shortest = if self.total == 0 {
            text.len()
        } else {
            self.shortest.min(text.len())
        };
        self.longest = self.longest.max(text.len());
        self.total += 1;
        *self.texts.entry(text).or_default() += 1;
        self.phrases += usize::from(kind == Kind::Text);
        match letter_case(text) {
            Case::Lower => self.lower += 1,
            Case::Capitals => self.capitals += 1,
            Case::Title => self.title += 1,
            Case::None => {}
        }
    }

    /// The usual family and whether (nearly) all cells are of it.
    fn usual(&self) -> Option<Family> {
        const FAMILIES: [Family; 6] = [
            Family::Number,
            Family::Moment,
            Family::Bool,
            Family::Link,
            Family::Code,
            Family::Text,
        ];
        let most = self
            .families
            .iter()
            .zip(FAMILIES)
            .max_by_key(|(count, _)| **count)?;
        (self.total > 0 && most.0 * 10 >= self.total * 8).then_some(most.1)
    }

    /// Whether no cell has a value.
    pub(super) const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Whether most of the cells are of a family; a small number may be a truth value too.
    pub(super) fn is_mostly(&self, family: Family) -> bool {
        let own = slot(family).map_or(0, |slot| self.families[slot]);
        let numbers = if family == Family::Bool {
            self.families[0]
        } else {
            0
        };
        (own + numbers) * 10 >= self.total * 8
    }

    /// Whether the cells are numbers, dates and the like.
    pub(crate) fn is_of_values(&self) -> bool {
        self.usual().is_some_and(Family::is_value)
    }

    /// Whether `value`, a year or a count above this column, is not one of its own values.
    pub(crate) fn is_unlike_series(&self, value: i64, is_year: bool) -> bool {
        if !self.is_of_values() {
            return false;
        }
        let own = self
            .texts
            .keys()
            .filter_map(|text| std::str::from_utf8(text).ok()?.parse::<i64>().ok());
        let close = if is_year {
            own.filter(|own| own.abs_diff(value) <= 50).count()
        } else {
            own.filter(|own| *own == value).count()
        };
        close * 5 <= self.texts.len()
    }

    /// How much the column counts: what stands above values is (nearly) beyond doubt.
    pub(crate) fn weight(&self) -> f64 {
        match (self.is_of_values(), self.total) {
            (true, 3..) => 3.0,
            (true, _) => 2.0,
            (false, _) => 1.0,
        }
    }

    /// Above 0: `cell` names this column; below: it belongs to it. None: nothing to say.
    ///
    /// `in_series` says that numbers of the first row make up a series, as years.
    pub(crate) fn evidence(&self, cell: &[u8], in_series: bool) -> Option<f64> {
        let text = cell.trim_ascii();
        let kind = kind(text);
        let head = kind.family();
        if self.total == 0 {
            return match kind {
                Kind::Word | Kind::Text if has_name_word(text) => Some(0.6),
                Kind::Word => Some(0.3),
                _ => None,
            };
        }
        if kind == Kind::Empty {
            return None;
        }
        if in_series && head == Family::Number && self.is_of_values() {
            return Some(0.8);
        }
        let usual = self.usual();
        match (usual, head) {
            (_, Family::Nothing) => Some(-0.4),
            (Some(body), head) if body.is_value() => Some(self.below_values(body, head, text)),
            (_, Family::Number | Family::Moment | Family::Link | Family::Bool) => Some(-0.5),
            _ => Some(self.below_texts(text, kind)),
        }
    }

    fn below_values(&self, body: Family, head: Family, text: &[u8]) -> f64 {
        if body == head {
            return -1.0;
        }
        match head {
            Family::Text if text.len() <= 80 => 1.0,
            Family::Text => 0.5,
            Family::Code => 0.8,
            Family::Moment | Family::Number if self.total >= 3 => 0.3,
            _ => 0.0,
        }
    }

    fn below_texts(&self, text: &[u8], kind: Kind) -> f64 {
        let mut evidence =
            self.novelty(text) + self.length_evidence(text) + self.case_evidence(text);
        let has_digit = text.iter().any(u8::is_ascii_digit);
        let codes = self.families[4] * 10 >= self.total * 7;
        evidence += match (codes, has_digit) {
            (true, false) => 0.6,
            (true, true) => -0.4,
            (false, _) => 0.0,
        };
        if self.phrases * 10 >= self.total * 6 && kind != Kind::Text {
            evidence += 0.35;
        }
        if text.len() > 60 || text.ends_with(b".") {
            evidence -= 0.4;
        }
        if has_name_word(text) {
            evidence += 0.6;
        }
        evidence.clamp(-1.0, 1.2)
    }

    /// Texts that come again and again are a closed set; what is not in it stands outside.
    fn novelty(&self, text: &[u8]) -> f64 {
        if self.texts.contains_key(text) {
            return -0.8;
        }
        let once = self.texts.values().filter(|count| **count == 1).count();
        if self.total < 4 {
            return 0.0;
        }
        let is_new = share(once, self.total);
        0.7 * (1.0 - 2.0 * is_new).max(0.0)
    }

    fn length_evidence(&self, text: &[u8]) -> f64 {
        if self.total < 4 {
            return 0.0;
        }
        let is_outside = text.len() < self.shortest || text.len() > self.longest;
        match (self.shortest == self.longest, is_outside) {
            (true, true) => 0.6,
            (true, false) => -0.3,
            (false, true) if self.total >= 8 => 0.25,
            (false, _) => 0.0,
        }
    }

    fn case_evidence(&self, text: &[u8]) -> f64 {
        let same = match letter_case(text) {
            Case::Lower => self.lower,
            Case::Capitals => self.capitals,
            Case::Title => self.title,
            Case::None => return 0.0,
        };
        let alike = share(same, self.total);
        if alike <= 0.1 {
            0.45
        } else if alike >= 0.9 && self.total >= 4 {
            -0.15
        } else {
            0.0
        }
    }
}

const fn slot(family: Family) -> Option<usize> {
    match family {
        Family::Nothing => None,
        Family::Number => Some(0),
        Family::Moment => Some(1),
        Family::Bool => Some(2),
        Family::Link => Some(3),
        Family::Code => Some(4),
        Family::Text => Some(5),
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows of a sample")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    Capitals,
    Title,
    /// It has no letters of ASCII.
    None,
}

fn letter_case(text: &[u8]) -> Case {
    let has_lower = text.iter().any(u8::is_ascii_lowercase);
    let has_upper = text.iter().any(u8::is_ascii_uppercase);
    match (has_lower, has_upper) {
        (true, false) => Case::Lower,
        (false, true) => Case::Capitals,
        (true, true) => Case::Title,
        (false, false) => Case::None,
    }
}
