//! The keys that are columns, and the record that is being read.
//!
//! Used by the decoder. It must never let a value of one record stand in the next.

use std::collections::HashMap;

use super::{
    error::{Expected, Fault, FaultKind, shown},
    syntax::{Syntax, Value},
};

/// The value of one key of the record at hand.
#[derive(Debug, Clone)]
struct Slot {
    value: Value,
    /// The number of the record that it belongs to.
    record: u64,
}

/// Finds keys and keeps their values for one record.
#[derive(Debug)]
pub(super) struct Keys {
    names: Vec<Box<[u8]>>,
    places: HashMap<Box<[u8]>, usize>,
    slots: Vec<Slot>,
    /// The number of the record at hand, from 1.
    record: u64,
    /// Texts of the record that do not stand in the line.
    texts: Vec<u8>,
}

impl Keys {
    pub(super) fn new(names: Vec<String>) -> Self {
        let names = names.into_iter().map(|name| name.into_bytes().into());
        let names: Vec<Box<[u8]>> = names.collect();
        let places = names.iter().cloned().zip(0..).collect();
        let empty = Slot {
            value: Value::Null,
            record: 0,
        };
        Self {
            slots: vec![empty; names.len()],
            places,
            names,
            record: 0,
            texts: Vec::new(),
        }
    }

    /// Reads a record; its values stay until the next one is read.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.record += 1;
        self.texts.clear();
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
            let key = key.get(line, &self.texts);
            let place = self.find(key, next);
            let duplicate = place.is_some_and(|place| self.has(place));
            let Some(place) = place.filter(|_| !duplicate) else {
                let key = shown(key);
                let kind = if duplicate {
                    FaultKind::DuplicateKey { key }
                } else {
                    FaultKind::UnknownKey { key }
                };
                return Err(Fault { offset, kind });
            };
            self.texts.truncate(mark);
            let value = syntax.value(&mut self.texts)?;
            if let Some(slot) = self.slots.get_mut(place) {
                slot.value = value;
                slot.record = self.record;
            }
            next = place + 1;
            if !syntax.more_keys()? {
                return Ok(());
            }
        }
    }

    /// The place of a key, which mostly is the one after the key before it.
    #[inline]
    fn find(&self, key: &[u8], next: usize) -> Option<usize> {
        if self.names.get(next).is_some_and(|name| **name == *key) {
            return Some(next);
        }
        self.places.get(key).copied()
    }

    fn has(&self, place: usize) -> bool {
        let slot = self.slots.get(place);
        slot.is_some_and(|slot| slot.record == self.record)
    }

    /// The values of the record in the order of the keys, and the texts that they refer to.
    ///
    /// A key that the record does not have is null.
    pub(super) fn values(&self) -> (impl Iterator<Item = &Value>, &[u8]) {
        let values = self.slots.iter().map(|slot| {
            if slot.record == self.record {
                &slot.value
            } else {
                &Value::Null
            }
        });
        (values, &self.texts)
    }
}
