//! The zones of the columns that one transfer reads or writes.
//!
//! `connections` fills it with what ClickHouse told of each zone, so that a time is the same in a file, in a filter
//! and in what ClickHouse prints. It asks nobody itself.

use std::{collections::HashMap, sync::Arc};

use super::Zone;
use crate::column::{DataType, Result};

/// Zones by name, and the name of the one that types without a zone have.
#[derive(Clone, Debug)]
pub struct Zones {
    server: String,
    known: HashMap<String, Arc<Zone>>,
}

impl Zones {
    /// `server` is the zone of types that name none.
    #[must_use]
    pub fn new(server: &str, known: HashMap<String, Arc<Zone>>) -> Self {
        Self {
            server: server.to_owned(),
            known,
        }
    }

    /// Without anything that ClickHouse told.
    #[must_use]
    pub fn bundled(server: &str) -> Self {
        Self::new(server, HashMap::new())
    }

    /// The name of the zone of types that name none.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The zone with a name; that of the server for none. One that ClickHouse was not asked about has the rules that
    /// come with this program.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownZone`](crate::column::Error::UnknownZone).
    pub fn get(&self, name: Option<&str>) -> Result<Arc<Zone>> {
        let name = name.unwrap_or(&self.server);
        match self.known.get(name) {
            Some(zone) => Ok(Arc::clone(zone)),
            None => Zone::named(name).map(Arc::new),
        }
    }
}

impl DataType {
    /// The zones that it names.
    #[must_use]
    pub fn zones(&self) -> Vec<&str> {
        match self.inner() {
            Self::DateTime(zone) | Self::DateTime64 { zone, .. } => {
                zone.as_deref().into_iter().collect()
            }
            Self::Array(value) => value.zones(),
            Self::Map(key, value) => [key.zones(), value.zones()].concat(),
            Self::Tuple(elements) => elements.iter().flat_map(|(_, part)| part.zones()).collect(),
            _ => Vec::new(),
        }
    }
}
