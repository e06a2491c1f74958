//! The values of a `LowCardinality(String)`, Nullable or not: each text once, and a number for each row.
//!
//! [`super::ColumnBuilder`] appends to it; it must never keep the text of a row that was thrown away.
//!
//! How this works: ClickHouse makes a dictionary of such a column anyway, and has less to do with one that
//! is there already. Most cells hold a text that the block has had before: they are found by their hash,
//! and neither checked nor copied.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::append::{Instead, NullRule};
use super::{BadCell, with_room};
use crate::column::Cell;
use crate::column::parse::{Reason, text::parse_text};
use crate::column::wire::put_varint;

/// How many bytes stand before the values: three numbers.
const HEAD_BYTES: usize = 24;

/// The version of the form: `SharedDictionariesWithAdditionalKeys` in `SerializationLowCardinality`.
const VERSION: u64 = 1;

/// Says that the block brings its own texts, which replace those of the block before.
const OWN_KEYS: u64 = 0x600;

/// Where a text stands among all texts.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// Its length as a varint stands before.
    start: usize,
    end: usize,
}

/// Values that are numbers of texts.
#[derive(Debug)]
pub(super) struct Dictionary {
    rule: NullRule,
    /// Whether texts need not be UTF-8.
    keeps_bytes: bool,
    /// The number of each text by its hash; the first one of a Nullable column is NULL and is not here.
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    keys: Vec<Key>,
    /// All texts as they are sent.
    texts: Vec<u8>,
    /// The number of each row.
    rows: Vec<u32>,
}

impl Dictionary {
    pub(super) fn new(rule: NullRule) -> Self {
        let mut dictionary = Self {
            rule,
            keeps_bytes: false,
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            keys: Vec::new(),
            texts: Vec::new(),
            rows: Vec::new(),
        };
        dictionary.clear();
        dictionary
    }

    /// Takes texts that are not UTF-8.
    pub(super) const fn keep_bytes(&mut self) {
        self.keeps_bytes = true;
    }

    pub(super) const fn row_count(&self) -> usize {
        self.rows.len()
    }

    pub(super) const fn byte_count(&self) -> usize {
        match self.rows.len() {
            0 => 0,
            row_count => self.texts.len() + row_count * self.width(),
        }
    }

    /// Appends a value for each cell; see [`super::ColumnBuilder::append`].
    pub(super) fn append<'a>(
        &mut self,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> Result<(), BadCell> {
        self.rows.reserve(cells.size_hint().0);
        for (row, cell) in cells.enumerate() {
            let number = self
                .number(cell)
                .map_err(|reason| BadCell { row, reason })?;
            self.rows.push(number);
        }
        Ok(())
    }

    /// Appends what [`Dictionary::restore`] needs to come back to these rows.
    pub(super) fn save(&self, lengths: &mut Vec<usize>) {
        lengths.extend([self.rows.len(), self.keys.len()]);
    }

    /// Throws the rows away that have been appended since [`Dictionary::save`], and their texts.
    pub(super) fn restore(&mut self, lengths: &mut impl Iterator<Item = usize>) {
        if let (Some(row_count), Some(key_count)) = (lengths.next(), lengths.next()) {
            self.rows.truncate(row_count);
            if self.keys.len() > key_count {
                self.numbers.retain(|number| (*number as usize) < key_count);
                self.keys.truncate(key_count);
                self.texts
                    .truncate(self.keys.last().map_or(0, |key| key.end));
            }
        }
    }

    /// Takes the values out as parts of a column, and makes room for some more than as many again.
    pub(super) fn take(&mut self, parts: &mut Vec<Vec<u8>>) {
        if !self.rows.is_empty() {
            let mut head = Vec::with_capacity(HEAD_BYTES);
            let width_code = u64::from(self.width().trailing_zeros());
            for number in [VERSION, OWN_KEYS | width_code, self.keys.len() as u64] {
                head.extend_from_slice(&number.to_le_bytes());
            }
            let room = with_room(self.texts.len());
            let texts = std::mem::replace(&mut self.texts, Vec::with_capacity(room));
            parts.extend([head, texts, self.numbers_of_rows()]);
        }
        self.clear();
    }

    /// Throws the values away.
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.keys.clear();
        self.texts.clear();
        self.rows.clear();
        if self.rule == NullRule::Null {
            self.add(b"");
        }
    }

    /// Returns the number of a cell's text, which is new or was there before.
    #[inline]
    fn number(&mut self, cell: Cell<'_>) -> Result<u32, Reason> {
        if !self.rule.is_no_text(cell) {
            return self.find_or_add(cell.bytes);
        }
        match self.rule.instead()? {
            Instead::Null => Ok(0),
            Instead::Default => self.find_or_add(b""),
        }
    }

    #[inline]
    fn find_or_add(&mut self, text: &[u8]) -> Result<u32, Reason> {
        let hash = self.hasher.hash_one(text);
        let same = |number: &u32| self.text(*number) == text;
        match self.numbers.find(hash, same) {
            Some(number) => Ok(*number),
            None if self.keeps_bytes => Ok(self.add_new(text, hash)),
            None => Ok(self.add_new(parse_text(text)?, hash)),
        }
    }

    #[cold]
    fn add_new(&mut self, text: &[u8], hash: u64) -> u32 {
        let number = self.add(text);
        let Self {
            hasher,
            keys,
            texts,
            numbers,
            ..
        } = self;
        let hash_of = |number: &u32| hasher.hash_one(text_of(keys, texts, *number));
        numbers.insert_unique(hash, number, hash_of);
        number
    }

    /// Adds a text behind the others.
    fn add(&mut self, text: &[u8]) -> u32 {
        put_varint(&mut self.texts, text.len() as u64);
        let start = self.texts.len();
        self.texts.extend_from_slice(text);
        let number = self.keys.len();
        self.keys.push(Key {
            start,
            end: self.texts.len(),
        });
        // A block has fewer rows than fit into 32 bits, and a text has a row.
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    #[inline]
    fn text(&self, number: u32) -> &[u8] {
        text_of(&self.keys, &self.texts, number)
    }

    /// The bytes of one number: the fewest that hold all of them.
    const fn width(&self) -> usize {
        match self.keys.len() {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        }
    }

    /// The numbers of all rows as they are sent.
    fn numbers_of_rows(&self) -> Vec<u8> {
        let width = self.width();
        let mut bytes = Vec::with_capacity(8 + self.rows.len() * width);
        bytes.extend_from_slice(&(self.rows.len() as u64).to_le_bytes());
        let numbers = self.rows.iter().map(|number| number.to_le_bytes());
        match width {
            1 => bytes.extend(numbers.map(|[low, ..]| low)),
            2 => bytes.extend(numbers.flat_map(|[low, high, ..]| [low, high])),
            _ => bytes.extend(numbers.flatten()),
        }
        bytes
    }
}

fn text_of<'t>(keys: &[Key], texts: &'t [u8], number: u32) -> &'t [u8] {
    let key = keys.get(number as usize);
    key.and_then(|key| texts.get(key.start..key.end))
        .unwrap_or_default()
}
