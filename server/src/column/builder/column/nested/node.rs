//! One type of a container type: a column of scalars, or the columns of another container.
//!
//! Only [`super::Nested`] uses it; it must never know whether a whole cell stands for NULL.

use std::sync::Arc;

use super::super::append::NullRule;
use super::super::scalar::Scalar;
use super::super::with_room;
use crate::column::Cell;
use crate::column::data_type::DataType;
use crate::column::error::Result;
use crate::column::parse::Reason;
use crate::column::parse::nested::{Cursor, Place, Token};
use crate::column::zone::Zone;
use crate::json::Syntax;

/// The values of one type, as columns.
#[derive(Debug)]
pub(super) enum Node {
    Leaf(Box<Leaf>),
    Array(Offsets, Box<Self>),
    Map(Offsets, Box<(Self, Self)>),
    /// Never without elements.
    Tuple(Vec<Element>),
}

/// A column of scalars.
#[derive(Debug)]
pub(super) struct Leaf {
    values: Scalar,
    is_nullable: bool,
    /// Whether values must stand in quotes ..
    is_text: bool,
    /// .. unless they are JSON.
    reads_json: bool,
}

/// An element of a Tuple.
#[derive(Debug)]
pub(super) struct Element {
    name: Option<String>,
    node: Node,
}

/// The number of elements up to the end of each row, in 8 bytes each.
#[derive(Debug, Default)]
pub(super) struct Offsets(Vec<u8>);

impl Offsets {
    /// Ends a row that has `count` elements.
    fn push(&mut self, count: u64) {
        let before = self
            .0
            .last_chunk()
            .map_or(0, |last| u64::from_le_bytes(*last));
        self.0.extend_from_slice(&(before + count).to_le_bytes());
    }

    fn take(&mut self) -> Vec<u8> {
        let next = Vec::with_capacity(with_room(self.0.len()));
        std::mem::replace(&mut self.0, next)
    }
}

impl Node {
    /// Lays a type out.
    pub(super) fn new(
        data_type: &DataType,
        zone_of: &mut impl FnMut(Option<&str>) -> Result<Arc<Zone>>,
    ) -> Result<Self> {
        Ok(match data_type {
            DataType::Array(value) => {
                Self::Array(Offsets::default(), Box::new(Self::new(value, zone_of)?))
            }
            DataType::Map(key, value) => {
                let pair = (Self::new(key, zone_of)?, Self::new(value, zone_of)?);
                Self::Map(Offsets::default(), Box::new(pair))
            }
            DataType::Tuple(elements) => {
                let mut element = |(name, data_type): &(Option<String>, _)| {
                    let node = Self::new(data_type, zone_of)?;
                    let name = name.clone();
                    Ok(Element { name, node })
                };
                Self::Tuple(elements.iter().map(&mut element).collect::<Result<_>>()?)
            }
            scalar => Self::Leaf(Box::new(Leaf::new(scalar, zone_of)?)),
        })
    }

    /// Takes the cells for values of JSON.
    pub(super) fn read_json(&mut self) {
        self.each_leaf(&mut |leaf| {
            leaf.reads_json = true;
            leaf.values.read_truths();
        });
    }

    /// Takes the nearest floats.
    pub(super) fn round(&mut self) {
        self.each_leaf(&mut |leaf| leaf.values.round());
    }

    fn each_leaf(&mut self, change: &mut impl FnMut(&mut Leaf)) {
        match self {
            Self::Leaf(leaf) => change(leaf),
            Self::Array(_, value) => value.each_leaf(change),
            Self::Map(_, pair) => {
                pair.0.each_leaf(change);
                pair.1.each_leaf(change);
            }
            Self::Tuple(elements) => {
                let nodes = elements.iter_mut().map(|element| &mut element.node);
                nodes.for_each(|node| node.each_leaf(change));
            }
        }
    }

    /// Reads one value and appends it. When it fails, part of the value may have been appended.
    pub(super) fn read(&mut self, text: &mut Cursor<'_>, place: Place) -> Result<(), Reason> {
        match self {
            Self::Leaf(leaf) => leaf.read(text, place),
            Self::Array(offsets, value) => {
                refuse_null(text)?;
                text.take(b'[')?;
                let mut count = 0;
                let mut goes_on = !text.take_if(b']');
                while goes_on {
                    value.read(text, Place::Element)?;
                    count += 1;
                    goes_on = text.take_comma(b']')?;
                }
                offsets.push(count);
                Ok(())
            }
            Self::Map(offsets, pair) => {
                refuse_null(text)?;
                text.take(b'{')?;
                let (key, value) = pair.as_mut();
                let mut count = 0;
                let mut goes_on = !text.take_if(b'}');
                while goes_on {
                    key.read(text, Place::Key)?;
                    text.take(b':')?;
                    value.read(text, Place::Value)?;
                    count += 1;
                    goes_on = text.take_comma(b'}')?;
                }
                offsets.push(count);
                Ok(())
            }
            Self::Tuple(elements) => {
                refuse_null(text)?;
                match text.peek() {
                    Some(b'{') => read_object(elements, text),
                    Some(b'[') => read_list(elements, text, b'[', b']'),
                    _ => read_list(elements, text, b'(', b')'),
                }
            }
        }
    }

    /// Appends NULL or the default value.
    pub(super) fn push_default(&mut self) {
        match self {
            Self::Leaf(leaf) => leaf.values.push_default(),
            Self::Array(offsets, _) | Self::Map(offsets, _) => offsets.push(0),
            Self::Tuple(elements) => {
                for element in elements {
                    element.node.push_default();
                }
            }
        }
    }

    pub(super) fn byte_count(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.values.byte_count(),
            Self::Array(offsets, value) => offsets.0.len() + value.byte_count(),
            Self::Map(offsets, pair) => offsets.0.len() + pair.0.byte_count() + pair.1.byte_count(),
            Self::Tuple(elements) => elements.iter().map(|e| e.node.byte_count()).sum(),
        }
    }

    /// Appends what [`Node::restore`] needs to come back to these rows.
    pub(super) fn save(&self, lengths: &mut Vec<usize>) {
        match self {
            Self::Leaf(leaf) => leaf.values.save(lengths),
            Self::Array(offsets, value) => {
                lengths.push(offsets.0.len());
                value.save(lengths);
            }
            Self::Map(offsets, pair) => {
                lengths.push(offsets.0.len());
                pair.0.save(lengths);
                pair.1.save(lengths);
            }
            Self::Tuple(elements) => {
                for element in elements {
                    element.node.save(lengths);
                }
            }
        }
    }

    /// Throws away what has been appended since [`Node::save`].
    pub(super) fn restore(&mut self, lengths: &mut impl Iterator<Item = usize>) {
        match self {
            Self::Leaf(leaf) => leaf.values.restore(lengths),
            Self::Array(offsets, value) => {
                offsets.0.truncate(lengths.next().unwrap_or(0));
                value.restore(lengths);
            }
            Self::Map(offsets, pair) => {
                offsets.0.truncate(lengths.next().unwrap_or(0));
                pair.0.restore(lengths);
                pair.1.restore(lengths);
            }
            Self::Tuple(elements) => {
                for element in elements {
                    element.node.restore(lengths);
                }
            }
        }
    }

    /// Takes the values out in the order of the wire, and makes room for as many again.
    pub(super) fn take(&mut self, parts: &mut Vec<Vec<u8>>) {
        match self {
            Self::Leaf(leaf) => leaf.values.take(parts),
            Self::Array(offsets, value) => {
                parts.push(offsets.take());
                value.take(parts);
            }
            Self::Map(offsets, pair) => {
                parts.push(offsets.take());
                pair.0.take(parts);
                pair.1.take(parts);
            }
            Self::Tuple(elements) => {
                for element in elements {
                    element.node.take(parts);
                }
            }
        }
    }

    /// Throws the values away.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Leaf(leaf) => leaf.values.clear(),
            Self::Array(offsets, value) => {
                offsets.0.clear();
                value.clear();
            }
            Self::Map(offsets, pair) => {
                offsets.0.clear();
                pair.0.clear();
                pair.1.clear();
            }
            Self::Tuple(elements) => {
                for element in elements {
                    element.node.clear();
                }
            }
        }
    }

    /// Whether there is a NULL for what is left out.
    const fn is_nullable(&self) -> bool {
        matches!(self, Self::Leaf(leaf) if leaf.is_nullable)
    }
}

impl Leaf {
    fn new(
        data_type: &DataType,
        zone_of: &mut impl FnMut(Option<&str>) -> Result<Arc<Zone>>,
    ) -> Result<Self> {
        let is_nullable = data_type.is_nullable();
        let rule = if is_nullable {
            NullRule::Null
        } else {
            NullRule::Refuse
        };
        Ok(Self {
            values: Scalar::new(data_type, rule, zone_of)?,
            is_nullable,
            reads_json: matches!(data_type.inner(), DataType::Json(_)),
            is_text: matches!(
                data_type.inner(),
                DataType::String
                    | DataType::FixedString(_)
                    | DataType::Json(_)
                    | DataType::Other(_)
            ),
        })
    }

    fn read(&mut self, text: &mut Cursor<'_>, place: Place) -> Result<(), Reason> {
        let may_be_json = self.is_text && self.reads_json && place != Place::Key;
        let token = if may_be_json && matches!(text.peek(), Some(b'{' | b'[')) {
            Token::Plain(text.take_json()?)
        } else {
            text.take_scalar(place)?
        };
        let cell = match token {
            Token::Null if self.is_nullable => {
                self.values.push_default();
                return Ok(());
            }
            Token::Null => return Err(Reason::NullNotAllowed),
            Token::Plain(bytes) if may_be_json && is_json(bytes) => Cell::quoted(bytes),
            Token::Plain(_) if self.is_text => return Err(Reason::InvalidNested),
            Token::Plain(bytes @ (b"true" | b"false")) => Cell::plain(bytes),
            // NULL has a form of its own here: an empty text is a text.
            Token::Plain(bytes) | Token::Quoted(bytes) => Cell::quoted(bytes),
        };
        let result = self.values.append(std::iter::once(cell));
        result.map_err(|bad| bad.reason)
    }
}

/// Returns whether a text is one value of JSON, which as a text is what it is written as.
fn is_json(text: &[u8]) -> bool {
    let mut syntax = Syntax::new(text);
    syntax.value(&mut Vec::new()).is_ok() && syntax.peek().is_none()
}

/// Says that a container takes no NULL, if NULL is what stands there.
fn refuse_null(text: &mut Cursor<'_>) -> Result<(), Reason> {
    if text.is_at_null() {
        return Err(Reason::NullNotAllowed);
    }
    Ok(())
}

/// Reads `(1,'a')` or `[1,"a"]`. The only element may have a comma behind it, as in `(1,)`.
fn read_list(
    elements: &mut [Element],
    text: &mut Cursor<'_>,
    opening: u8,
    closing: u8,
) -> Result<(), Reason> {
    text.take(opening)?;
    let count = elements.len();
    for (index, element) in elements.iter_mut().enumerate() {
        element.node.read(text, Place::Element)?;
        if index + 1 < count || (count == 1 && opening == b'(' && text.peek() == Some(b',')) {
            text.take(b',')?;
        }
    }
    text.take(closing)
}

/// Reads `{"a":1,"b":"text"}`: every name at most once and in any order; one that is left out is NULL.
fn read_object(elements: &mut [Element], text: &mut Cursor<'_>) -> Result<(), Reason> {
    text.take(b'{')?;
    let mut is_read = vec![false; elements.len()];
    let mut goes_on = !text.take_if(b'}');
    while goes_on {
        let name = text.take_name()?;
        let is_named = |element: &Element| element.name.as_deref().map(str::as_bytes) == Some(name);
        let index = elements.iter().position(is_named);
        let found = index.and_then(|index| elements.get_mut(index).zip(is_read.get_mut(index)));
        let (element, is_read) = found
            .filter(|(_, is_read)| !**is_read)
            .ok_or(Reason::InvalidNested)?;
        *is_read = true;
        text.take(b':')?;
        element.node.read(text, Place::Value)?;
        goes_on = text.take_comma(b'}')?;
    }
    for (element, is_read) in elements.iter_mut().zip(is_read) {
        if !is_read && !element.node.is_nullable() {
            return Err(Reason::InvalidNested);
        }
        if !is_read {
            element.node.push_default();
        }
    }
    Ok(())
}
