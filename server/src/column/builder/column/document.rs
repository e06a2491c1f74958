//! Whether a text is a document that a JSON column takes, with every value as it is written.
//!
//! [`super::scalar`] asks before it keeps a text; the database makes the value of it. It must never let a
//! text pass of which ClickHouse would keep something else, or which it would refuse.
//!
//! How this works: the text is walked once. Each value has a path, the keys down to it with points between
//! them, as ClickHouse names it; each object within an array begins anew. The paths of an object are collected and
//! sorted, so that equal ones stand side by side. A path whose type the column names has its values read by a
//! column of that type, which is thrown away.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::super::super::data_type::{DataType, JsonType};
use super::super::super::error::Result;
use super::super::super::parse::Reason;
use super::super::super::parse::float::nearest_f64;
use super::super::super::parse::text::parse_text;
use super::super::super::zone::Zone;
use super::super::super::{Cell, ColumnSpec};
use super::ColumnBuilder;
use crate::json::{Fault, Syntax, Text, Value};

/// An empty object as it goes over the wire: its length, then its text.
pub(super) const EMPTY_DOCUMENT: &[u8] = b"\x02{}";

/// How deep a document may be nested, which is how deep the walk recurses.
const MAX_DEPTH: usize = 100;

/// The largest whole number up to which a float has all of them.
const FLOAT_WHOLE: u64 = 1 << 53;

/// What a text that the grammar does not have is.
const INVALID: fn(Fault) -> Reason = |_| Reason::InvalidDocument;

/// Before the path of an object, and before that of any other value: one may stand beside the other.
const OBJECT: u8 = 0;
const VALUE: u8 = 1;

/// Checks the documents of one column.
#[derive(Debug)]
pub(super) struct Documents {
    /// What reads the values of a path that has a type.
    typed: HashMap<Vec<u8>, ColumnBuilder>,
    /// The path at hand.
    path: Vec<u8>,
    /// The paths of the objects that are open, one after the other, and where each stands.
    paths: Vec<u8>,
    places: Vec<Range<usize>>,
    /// Texts with escapes.
    texts: Vec<u8>,
}

/// The numbers of an array, which get one type.
#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    has_float: bool,
    /// Whether a whole number is larger than those that floats have all of.
    has_large: bool,
}

impl Documents {
    /// Prepares for a type; `zone_of` finds the zone of a name, or that of the server.
    pub(super) fn new(
        json: &JsonType,
        zone_of: &mut impl FnMut(Option<&str>) -> Result<Arc<Zone>>,
    ) -> Result<Self> {
        // Of one type, however deep a JSON stands in others.
        let mut zone_of: &mut dyn FnMut(Option<&str>) -> Result<Arc<Zone>> = zone_of;
        let reader = |(path, data_type): &(String, DataType)| {
            let spec = ColumnSpec {
                name: path.clone(),
                data_type: data_type.clone(),
                has_default: false,
                empty_as_default: false,
                is_inferred: false,
            };
            let mut builder = ColumnBuilder::new(&spec, &mut zone_of)?;
            builder.read_json();
            Ok((path.clone().into_bytes(), builder))
        };
        Ok(Self {
            typed: json.typed().iter().map(reader).collect::<Result<_>>()?,
            path: Vec::new(),
            paths: Vec::new(),
            places: Vec::new(),
            texts: Vec::new(),
        })
    }

    /// Checks a text.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidUtf8`], [`Reason::InvalidDocument`], [`Reason::Overflow`] for a number that no type has,
    /// [`Reason::PrecisionLoss`] for one that would become a float beside others, and those of a path with a type.
    pub(super) fn check(&mut self, text: &[u8]) -> Result<(), Reason> {
        parse_text(text)?;
        self.path.clear();
        self.paths.clear();
        self.places.clear();
        let mut walk = Walk {
            documents: self,
            text,
            syntax: Syntax::new(text),
            depth: 0,
            is_in_array: false,
        };
        walk.object()?;
        match walk.syntax.peek() {
            None => Ok(()),
            Some(_) => Err(Reason::InvalidDocument),
        }
    }

    /// Notes the path at hand.
    fn note(&mut self, kind: u8) {
        let start = self.paths.len();
        self.paths.push(kind);
        self.paths.extend_from_slice(&self.path);
        self.places.push(start..self.paths.len());
    }

    /// Forgets the paths since there were `count`; says whether one stood there twice.
    fn has_twice(&mut self, count: usize) -> bool {
        let paths = &self.paths;
        let path = |place: &Range<usize>| paths.get(place.clone()).unwrap_or_default();
        let own = self.places.get_mut(count..).unwrap_or_default();
        let start = own.first().map_or(paths.len(), |first| first.start);
        own.sort_unstable_by(|left, right| path(left).cmp(path(right)));
        let mut pairs = own.windows(2);
        let has_twice =
            pairs.any(|pair| matches!(pair, [left, right] if path(left) == path(right)));
        self.places.truncate(count);
        self.paths.truncate(start);
        has_twice
    }
}

/// One document on its way through the grammar.
struct Walk<'a> {
    documents: &'a mut Documents,
    text: &'a [u8],
    syntax: Syntax<'a>,
    depth: usize,
    /// Whether the object at hand stands in an array, where no path has a type.
    is_in_array: bool,
}

impl Walk<'_> {
    /// An object whose paths begin here.
    fn object(&mut self) -> Result<(), Reason> {
        let count = self.documents.places.len();
        self.members(false)?;
        match self.documents.has_twice(count) {
            true => Err(Reason::InvalidDocument),
            false => Ok(()),
        }
    }

    /// The keys of an object and their values; `is_nested` says that its own path stands before theirs.
    fn members(&mut self, is_nested: bool) -> Result<(), Reason> {
        self.enter(b'{')?;
        let prefix = self.documents.path.len();
        let mut goes_on = !self.syntax.skip(b'}');
        while goes_on {
            self.documents.texts.clear();
            let key = self.syntax.key(&mut self.documents.texts);
            let key = key.map_err(INVALID)?;
            if is_nested {
                self.documents.path.push(b'.');
            }
            let key = key.get(self.text, &self.documents.texts);
            self.documents.path.extend_from_slice(key);
            self.member()?;
            self.documents.path.truncate(prefix);
            goes_on = self.syntax.more_keys().map_err(INVALID)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// The value of the path at hand.
    fn member(&mut self) -> Result<(), Reason> {
        let is_typed = !self.is_in_array && self.documents.typed.contains_key(&self.documents.path);
        if is_typed {
            self.documents.note(VALUE);
            return self.typed();
        }
        match self.syntax.peek() {
            Some(b'{') => {
                self.documents.note(OBJECT);
                self.members(true)
            }
            Some(b'[') => {
                self.documents.note(VALUE);
                self.array().and_then(Numbers::check)
            }
            _ => {
                self.documents.note(VALUE);
                self.scalar().map(drop)
            }
        }
    }

    /// A value that has to fit a type.
    fn typed(&mut self) -> Result<(), Reason> {
        let documents = &mut *self.documents;
        documents.texts.clear();
        let value = self.syntax.value(&mut documents.texts).map_err(INVALID)?;
        let bytes = |range: &Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        let cell = match &value {
            Value::Null => Cell::plain(b"\\N"),
            Value::Raw(range) => Cell::plain(bytes(range)),
            Value::Text(Text::Plain(range)) => Cell::quoted(bytes(range)),
            Value::Text(Text::Written(range)) => {
                Cell::quoted(documents.texts.get(range.clone()).unwrap_or_default())
            }
        };
        let Some(builder) = documents.typed.get_mut(&documents.path) else {
            return Err(Reason::InvalidDocument);
        };
        let outcome = builder.append(std::iter::once(cell));
        builder.clear();
        outcome.map_err(|bad| bad.reason)
    }

    fn array(&mut self) -> Result<Numbers, Reason> {
        self.enter(b'[')?;
        let mut numbers = Numbers::default();
        let mut goes_on = !self.syntax.skip(b']');
        while goes_on {
            match self.syntax.peek() {
                Some(b'{') => self.element()?,
                Some(b'[') => numbers = numbers.and(self.array()?),
                _ => numbers = numbers.and(self.scalar()?),
            }
            goes_on = self.syntax.more_elements().map_err(INVALID)?;
        }
        self.depth -= 1;
        Ok(numbers)
    }

    /// An object in an array: its paths are its own.
    fn element(&mut self) -> Result<(), Reason> {
        let path = std::mem::take(&mut self.documents.path);
        let was_in_array = std::mem::replace(&mut self.is_in_array, true);
        let outcome = self.object();
        self.is_in_array = was_in_array;
        self.documents.path = path;
        outcome
    }

    fn scalar(&mut self) -> Result<Numbers, Reason> {
        self.documents.texts.clear();
        let value = self.syntax.value(&mut self.documents.texts);
        let Value::Raw(range) = value.map_err(INVALID)? else {
            return Ok(Numbers::default());
        };
        match self.text.get(range).unwrap_or_default() {
            b"true" | b"false" => Ok(Numbers::default()),
            number => Numbers::of(number),
        }
    }

    /// Passes over the beginning of an object or array.
    fn enter(&mut self, opening: u8) -> Result<(), Reason> {
        self.depth += 1;
        match self.depth <= MAX_DEPTH && self.syntax.skip(opening) {
            true => Ok(()),
            false => Err(Reason::InvalidDocument),
        }
    }
}

impl Numbers {
    fn of(number: &[u8]) -> Result<Self, Reason> {
        let is_whole = number
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'-');
        if !is_whole {
            nearest_f64(number).map_err(|_| Reason::Overflow)?;
            return Ok(Self {
                has_float: true,
                has_large: false,
            });
        }
        let text = std::str::from_utf8(number).unwrap_or_default();
        let magnitude = match text.parse::<i64>() {
            Ok(value) => value.unsigned_abs(),
            Err(_) => text.parse::<u64>().map_err(|_| Reason::Overflow)?,
        };
        Ok(Self {
            has_float: false,
            has_large: magnitude > FLOAT_WHOLE,
        })
    }

    const fn and(self, other: Self) -> Self {
        Self {
            has_float: self.has_float || other.has_float,
            has_large: self.has_large || other.has_large,
        }
    }

    /// Beside a float all numbers of an array become floats.
    const fn check(self) -> Result<(), Reason> {
        match self.has_float && self.has_large {
            true => Err(Reason::PrecisionLoss),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
