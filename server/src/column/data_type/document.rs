//! The type of a JSON column, with the paths whose types it names.
//!
//! [`super::parser`] makes it; whoever checks documents asks it.

use super::DataType;

/// A JSON type, such as `JSON` or `JSON(max_dynamic_paths=16, a.b UInt32, SKIP c)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonType {
    /// As ClickHouse writes it.
    text: String,
    typed: Vec<(String, DataType)>,
}

impl JsonType {
    pub(super) const fn new(text: String, typed: Vec<(String, DataType)>) -> Self {
        Self { text, typed }
    }

    /// Returns the type as ClickHouse writes it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the paths whose values have a type of their own: keys with points between them.
    #[must_use]
    pub fn typed(&self) -> &[(String, DataType)] {
        &self.typed
    }
}
