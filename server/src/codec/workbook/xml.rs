//! XML, node by node, with names that have no prefix.
//!
//! Used by the families. It must never hold more than one node, nor follow a file into any depth.

use std::borrow::Cow;

use quick_xml::{
    Reader, XmlVersion, escape::resolve_xml_entity, events::BytesStart, events::Event,
};

use super::archive::{Part, bad, io_error};
use crate::codec::{Error, Result};

/// The deepest that elements stand in each other: more than any workbook has.
const MAX_DEPTH: usize = 128;

/// A part of the archive that is read as XML.
#[derive(Debug)]
pub(super) struct Xml {
    reader: Reader<Part>,
    buffer: Vec<u8>,
    part: String,
    depth: usize,
}

/// One step through a document. An element without content is opened and closed.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Open(Element<'a>),
    Close,
    Text(Cow<'a, str>),
    Other,
    End,
}

/// The beginning of an element.
#[derive(Debug)]
pub(super) struct Element<'a> {
    start: BytesStart<'a>,
}

impl Element<'_> {
    /// Its name without a prefix.
    pub(super) fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// The prefix of its name.
    pub(super) fn prefix(&self) -> &str {
        let name = self.start.name().into_inner();
        name.split_once(':').map_or("", |(prefix, _)| prefix)
    }

    /// An attribute, by its name without a prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.start.attributes();
        let found = attributes
            .with_checks(false)
            .filter_map(Result::ok)
            .find(|attribute| attribute.key.local_name().into_inner() == name)?;
        let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(value.into_owned())
    }

    /// An attribute, by its name with its prefix.
    pub(super) fn prefixed_attribute(&self, name: &str) -> Option<String> {
        let found = self.start.try_get_attribute(name).ok().flatten()?;
        let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(value.into_owned())
    }

    /// A number that is an attribute; one that is too large is the greatest.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// Whether an attribute says yes.
    pub(super) fn is_set(&self, name: &str) -> bool {
        let value = self.attribute(name);
        matches!(value.as_deref(), Some("1" | "true" | "on"))
    }
}

impl Xml {
    pub(super) fn new(part: &str, source: Part) -> Self {
        let mut reader = Reader::from_reader(source);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            part: part.to_owned(),
            depth: 0,
        }
    }

    /// The error of a document that does not hold what it should.
    pub(super) fn bad(&self, reason: &'static str) -> Error {
        bad(&self.part, reason)
    }

    pub(super) fn next(&mut self) -> Result<Node<'_>> {
        self.buffer.clear();
        self.reader.get_mut().start_node();
        let event = self.reader.read_event_into(&mut self.buffer);
        let event = event.map_err(|error| match error {
            quick_xml::Error::Io(error) => io_error(&self.part, &error),
            _ => bad(&self.part, "it is no XML"),
        })?;
        Ok(match event {
            Event::Start(start) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(bad(&self.part, "its elements stand too deep in each other"));
                }
                Node::Open(Element { start })
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Node::Close
            }
            Event::Text(text) => Node::Text(text.xml10_content()),
            Event::CData(text) => Node::Text(text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref();
                let character =
                    character.map_err(|_| bad(&self.part, "a character in it is none"))?;
                match (character, resolve_xml_entity(&reference)) {
                    (Some(character), _) => Node::Text(character.to_string().into()),
                    (None, Some(text)) => Node::Text(text.into()),
                    (None, None) => return Err(bad(&self.part, "an entity in it is not known")),
                }
            }
            Event::Eof if self.depth > 0 => return Err(bad(&self.part, "it ends too early")),
            Event::Eof => Node::End,
            Event::Empty(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => Node::Other,
        })
    }

    /// Passes over the rest of the element that was opened last.
    pub(super) fn skip(&mut self) -> Result<()> {
        let mut open = 1;
        while open > 0 {
            match self.next()? {
                Node::Open(_) => open += 1,
                Node::Close => open -= 1,
                Node::End => return Err(self.bad("it ends too early")),
                Node::Text(_) | Node::Other => {}
            }
        }
        Ok(())
    }
}
