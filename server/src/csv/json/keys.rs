//! The keys that are fields, and the record that is being read.
//!
//! Used by the decoder. It must never let a value of one record stand in the next.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::error::Error;
use crate::csv::Limits;
use crate::json::{Expected, Fault, FaultKind, Syntax, Text, Value, shown};

/// The keys that are the fields of a record.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct JsonKeys {
    /// The names of the fields, in their order, none of them twice.
    pub names: Vec<String>,
    /// The keys whose objects are taken apart: with `a`, the field `a.b` is the value of `b` in the object of `a`. An
    /// object within is named by its path. An array of objects gives each field an array, as ClickHouse's
    /// Nested has it.
    pub opened: Vec<String>,
    /// How many of the last names no record had so far; [`JsonDecoder::met`](super::JsonDecoder::met) says of which
    /// of them one comes.
    pub unmet: usize,
    /// Whether other keys are passed over. Default: a record with one is at fault.
    pub skips_unknown: bool,
}

impl JsonKeys {
    /// Adds the keys that are new.
    ///
    /// # Errors
    ///
    /// There are more than a record may have fields.
    pub fn add(&mut self, keys: impl Iterator<Item = String>) -> Result<(), Error> {
        let limit = Limits::default().max_fields;
        let mut known: HashSet<_> = self.names.iter().cloned().collect();
        for key in keys {
            if !known.insert(key.clone()) {
                continue;
            }
            if self.names.len() == limit {
                return Err(Error::TooManyKeys { limit });
            }
            self.names.push(key);
        }
        Ok(())
    }
}

impl From<Vec<String>> for JsonKeys {
    fn from(names: Vec<String>) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }
}

/// The value of one field of the record at hand.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    value: SlotValue,
    /// The number of the record that it belongs to.
    record: u64,
}

/// What a field gets.
#[derive(Debug, Clone)]
pub(super) enum SlotValue {
    Own(Value),
    /// An array that was put together, in the buffer of texts.
    Array(Range<usize>),
}

/// What a key stands for.
#[derive(Debug, Clone, Copy)]
enum Place {
    Field(usize),
    Opened(usize),
}

/// The keys of an object that is taken apart.
#[derive(Debug, Default)]
struct Opened {
    places: HashMap<Box<[u8]>, Place>,
    /// The number of the last record that has it.
    record: u64,
    /// The fields within, and the arrays that are put together for them.
    arrays: Vec<(usize, Vec<u8>)>,
}

/// Finds keys and keeps their values for one record.
#[derive(Debug)]
pub(super) struct Keys {
    names: Vec<Box<[u8]>>,
    places: HashMap<Box<[u8]>, Place>,
    opened: Vec<Opened>,
    skips_unknown: bool,
    /// Of the last fields, whether a record had them.
    met: Vec<bool>,
    slots: Vec<Slot>,
    /// The objects of the record that were taken apart.
    seen: Vec<usize>,
    /// The number of the record at hand, from 1.
    record: u64,
    /// Texts of the record that do not stand in the line.
    texts: Vec<u8>,
}

impl Keys {
    pub(super) fn new(keys: &JsonKeys) -> Self {
        let empty = Slot {
            value: SlotValue::Own(Value::Null),
            record: 0,
        };
        let mut places = HashMap::new();
        let mut opened: Vec<Opened> = keys.opened.iter().map(|_| Opened::default()).collect();
        for (index, path) in keys.opened.iter().enumerate() {
            let (key, parent) = match parent_of(path, &keys.opened) {
                Some((key, parent)) => (key, opened.get_mut(parent)),
                None => (path.as_str(), None),
            };
            let map = parent.map_or(&mut places, |parent| &mut parent.places);
            map.insert(bytes_of(key), Place::Opened(index));
        }
        for (index, name) in keys.names.iter().enumerate() {
            let mut path = name.as_str();
            // `a.b.c` is `c` in the object `a.b`, and `b.c` in `a`.
            while let Some((parent, _)) = path.rsplit_once('.') {
                path = parent;
                let place = keys.opened.iter().position(|opened| opened == path);
                let Some(opened) = place.and_then(|place| opened.get_mut(place)) else {
                    continue;
                };
                let key = name.get(path.len() + 1..).unwrap_or_default();
                opened.places.insert(bytes_of(key), Place::Field(index));
                opened.arrays.push((index, Vec::new()));
            }
            places.insert(bytes_of(name), Place::Field(index));
        }
        Self {
            slots: vec![empty; keys.names.len()],
            names: keys.names.iter().map(|name| bytes_of(name)).collect(),
            places,
            opened,
            skips_unknown: keys.skips_unknown,
            met: vec![false; keys.unmet],
            seen: Vec::new(),
            record: 0,
            texts: Vec::new(),
        }
    }

    /// Reads a record; its values stay until the next one is read.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.record += 1;
        self.texts.clear();
        self.seen.clear();
        let mut syntax = Syntax::new(line);
        if !syntax.skip(b'{') {
            return Err(syntax.expected(Expected::Object));
        }
        if !syntax.skip(b'}') {
            self.read_members(line, &mut syntax)?;
        }
        match syntax.peek() {
            None => Ok(()),
            Some(_) => Err(syntax.fault(FaultKind::TrailingText)),
        }
    }

    fn read_members(&mut self, line: &[u8], syntax: &mut Syntax<'_>) -> Result<(), Fault> {
        let mut next = 0;
        loop {
            syntax.peek();
            let offset = syntax.offset();
            let mark = self.texts.len();
            let key = syntax.key(&mut self.texts)?;
            let place = self.find(key.get(line, &self.texts), next);
            if let Some(Place::Field(place)) = place
                && !self.has(place)
            {
                self.texts.truncate(mark);
                let value = syntax.value(&mut self.texts)?;
                self.set(place, SlotValue::Own(value));
                next = place + 1;
            } else {
                self.read_odd(line, syntax, (key, offset, mark), place)?;
            }
            if !syntax.more_keys()? {
                return Ok(());
            }
        }
    }

    /// A key that is no field, or has one already; it stands at `offset`, and texts before it end at `mark`.
    fn read_odd(
        &mut self,
        line: &[u8],
        syntax: &mut Syntax<'_>,
        (key, offset, mark): (Text, usize, usize),
        place: Option<Place>,
    ) -> Result<(), Fault> {
        let key = key.get(line, &self.texts);
        let kind = match place {
            Some(Place::Opened(index)) if !self.has_opened(index) => {
                self.texts.truncate(mark);
                return self.read_opened(line, syntax, index);
            }
            Some(_) => FaultKind::DuplicateKey { key: shown(key) },
            None if self.skips_unknown => {
                syntax.value(&mut self.texts)?;
                self.texts.truncate(mark);
                return Ok(());
            }
            None => FaultKind::UnknownKey { key: shown(key) },
        };
        Err(Fault { offset, kind })
    }

    /// The value of a key that is taken apart.
    fn read_opened(
        &mut self,
        line: &[u8],
        syntax: &mut Syntax<'_>,
        index: usize,
    ) -> Result<(), Fault> {
        if let Some(opened) = self.opened.get_mut(index) {
            opened.record = self.record;
            self.seen.push(index);
        }
        match syntax.peek() {
            Some(b'{') => self.read_object(line, syntax, index),
            Some(b'[') => self.read_array(line, syntax, index),
            Some(b'n') => syntax.value(&mut self.texts).map(drop),
            _ => Err(syntax.expected(Expected::Object)),
        }
    }

    /// An object whose keys are fields.
    fn read_object(
        &mut self,
        line: &[u8],
        syntax: &mut Syntax<'_>,
        index: usize,
    ) -> Result<(), Fault> {
        syntax.skip(b'{');
        let mut goes_on = !syntax.skip(b'}');
        while goes_on {
            syntax.peek();
            let offset = syntax.offset();
            let mark = self.texts.len();
            let key = syntax.key(&mut self.texts)?;
            let place = self.find_within(index, key.get(line, &self.texts));
            match place {
                Some(Place::Field(place)) if !self.has(place) => {
                    self.texts.truncate(mark);
                    let value = syntax.value(&mut self.texts)?;
                    self.set(place, SlotValue::Own(value));
                }
                place => self.read_odd(line, syntax, (key, offset, mark), place)?,
            }
            goes_on = syntax.more_keys()?;
        }
        Ok(())
    }

    /// An array of objects whose keys are fields: each gets the array of its values.
    fn read_array(
        &mut self,
        line: &[u8],
        syntax: &mut Syntax<'_>,
        index: usize,
    ) -> Result<(), Fault> {
        let opened = self.opened.get_mut(index);
        let mut arrays = opened
            .map(|opened| std::mem::take(&mut opened.arrays))
            .unwrap_or_default();
        for (_, array) in &mut arrays {
            array.clear();
        }
        let outcome = self.read_elements(line, syntax, index, &mut arrays);
        for (field, array) in &arrays {
            let start = self.texts.len();
            self.texts.push(b'[');
            self.texts.extend_from_slice(array);
            self.texts.push(b']');
            self.set(*field, SlotValue::Array(start..self.texts.len()));
        }
        if let Some(opened) = self.opened.get_mut(index) {
            opened.arrays = arrays;
        }
        outcome
    }

    fn read_elements(
        &mut self,
        line: &[u8],
        syntax: &mut Syntax<'_>,
        index: usize,
        arrays: &mut [(usize, Vec<u8>)],
    ) -> Result<(), Fault> {
        if let Some((field, _)) = arrays.iter().find(|(field, _)| self.has(*field)) {
            let key = self
                .names
                .get(*field)
                .map(|name| shown(name))
                .unwrap_or_default();
            return Err(syntax.fault(FaultKind::DuplicateKey { key }));
        }
        syntax.skip(b'[');
        let mut goes_on = !syntax.skip(b']');
        while goes_on {
            if syntax.peek() != Some(b'{') {
                return Err(syntax.expected(Expected::Object));
            }
            let seen = self.seen.len();
            self.read_object(line, syntax, index)?;
            // The next element may have the same objects.
            for index in self.seen.drain(seen..) {
                if let Some(opened) = self.opened.get_mut(index) {
                    opened.record = 0;
                }
            }
            for (field, array) in &mut *arrays {
                if !array.is_empty() {
                    array.push(b',');
                }
                self.take_json(line, *field, array);
            }
            goes_on = syntax.more_elements()?;
        }
        Ok(())
    }

    /// Writes the value of a field as JSON, and takes it away.
    fn take_json(&mut self, line: &[u8], field: usize, output: &mut Vec<u8>) {
        let Some(slot) = self
            .slots
            .get_mut(field)
            .filter(|slot| slot.record == self.record)
        else {
            output.extend_from_slice(b"null");
            return;
        };
        slot.record = 0;
        match &slot.value {
            SlotValue::Own(Value::Null) => output.extend_from_slice(b"null"),
            SlotValue::Own(Value::Raw(range)) => {
                output.extend_from_slice(line.get(range.clone()).unwrap_or_default());
            }
            SlotValue::Own(Value::Text(text)) => {
                super::encoder::push_string(output, text.get(line, &self.texts));
            }
            SlotValue::Array(range) => {
                output.extend_from_slice(self.texts.get(range.clone()).unwrap_or_default());
            }
        }
    }

    /// The place of a key, which mostly is the one after the key before it.
    #[inline]
    fn find(&self, key: &[u8], next: usize) -> Option<Place> {
        if self.names.get(next).is_some_and(|name| **name == *key) {
            return Some(Place::Field(next));
        }
        self.places.get(key).copied()
    }

    fn find_within(&self, index: usize, key: &[u8]) -> Option<Place> {
        self.opened.get(index)?.places.get(key).copied()
    }

    fn set(&mut self, place: usize, value: SlotValue) {
        if let Some(slot) = self.slots.get_mut(place) {
            slot.value = value;
            slot.record = self.record;
        }
        let met_from = self.names.len() - self.met.len();
        if place >= met_from
            && let Some(met) = self.met.get_mut(place - met_from)
        {
            *met = true;
        }
    }

    /// The last fields, of which it was not known whether they come, that have come.
    pub(super) fn met(&self) -> impl Iterator<Item = usize> {
        let met_from = self.names.len() - self.met.len();
        let met = self.met.iter().enumerate().filter(|(_, met)| **met);
        met.map(move |(place, _)| met_from + place)
    }

    fn has(&self, place: usize) -> bool {
        let slot = self.slots.get(place);
        slot.is_some_and(|slot| slot.record == self.record)
    }

    fn has_opened(&self, index: usize) -> bool {
        let opened = self.opened.get(index);
        opened.is_some_and(|opened| opened.record == self.record)
    }

    /// The values of the record in the order of the fields, and the texts that they refer to.
    ///
    /// A key that the record does not have is null.
    pub(super) fn values(&self) -> (impl Iterator<Item = &SlotValue>, &[u8]) {
        let values = self.slots.iter().map(|slot| {
            if slot.record == self.record {
                &slot.value
            } else {
                &SlotValue::Own(Value::Null)
            }
        });
        (values, &self.texts)
    }
}

fn bytes_of(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

/// The key of an opened object within the one that holds it, and the place of that one.
fn parent_of<'a>(path: &'a str, opened: &[String]) -> Option<(&'a str, usize)> {
    let mut end = path.len();
    while let Some(point) = path.get(..end)?.rfind('.') {
        end = point;
        let parent = path.get(..point)?;
        if let Some(place) = opened.iter().position(|other| other == parent) {
            return Some((path.get(point + 1..)?, place));
        }
    }
    None
}
