//! ClickHouse's Native format: a block as the bytes that an INSERT takes over HTTP.
//!
//! [`super::builder`] calls it, `transfer` hands the result to the connection; it must never copy the
//! values of a column.
//!
//! How this works: a block is the number of columns and of rows, then for each column its name, its
//! type and its values. Numbers of things and lengths of texts are varints. Values are little-endian
//! and stand one after the other; those of a Nullable column have a byte each before them all, 1 for
//! NULL. An Array is the number of elements up to the end of each row in 8 bytes each, then all
//! elements as one column; a Map is an Array of Tuples of two; a Tuple is its elements, each as a column. A
//! LowCardinality of texts is three numbers (version, form, count of texts), its texts, the count of rows, and
//! the number of each row's text.
//! (This is the layout of client revision 0, which HTTP uses: nothing stands between type and values.)

use bytes::Bytes;

/// A block as it is sent: the bytes of all chunks one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedBlock {
    /// The rows of the block.
    pub row_count: usize,
    /// The bytes, in the order in which they are sent; no chunk is empty.
    pub chunks: Vec<Bytes>,
}

impl EncodedBlock {
    /// Makes a block of columns that have been encoded.
    pub(super) fn new(row_count: usize, columns: Vec<EncodedColumn>) -> Self {
        let mut start = Vec::new();
        put_varint(&mut start, columns.len() as u64);
        put_varint(&mut start, row_count as u64);
        let part_count: usize = columns.iter().map(|column| 1 + column.parts.len()).sum();
        let mut chunks = Vec::with_capacity(1 + part_count);
        chunks.push(Bytes::from(start));
        for column in columns {
            let parts = column.parts.into_iter().filter(|part| !part.is_empty());
            chunks.push(column.header);
            chunks.extend(parts.map(Bytes::from));
        }
        Self { row_count, chunks }
    }

    /// Returns the bytes of the whole block.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.chunks.iter().map(Bytes::len).sum()
    }

    /// Returns the CRC-32C of the bytes of the whole block.
    #[must_use]
    pub fn crc32c(&self) -> u32 {
        let chunks = self.chunks.iter();
        chunks.fold(0, |sum, chunk| crc32c::crc32c_append(sum, chunk))
    }
}

/// The parts of a column.
#[derive(Debug)]
pub(super) struct EncodedColumn {
    /// See [`column_header`].
    pub(super) header: Bytes,
    /// Marks of NULLs, numbers of elements and values, in the order in which they are sent; some may
    /// be empty.
    pub(super) parts: Vec<Vec<u8>>,
}

/// Encodes the name and the type of a column.
pub(super) fn column_header(name: &str, wire_type: &str) -> Bytes {
    let mut header = Vec::with_capacity(name.len() + wire_type.len() + 4);
    for text in [name, wire_type] {
        put_varint(&mut header, text.len() as u64);
        header.extend_from_slice(text.as_bytes());
    }
    Bytes::from(header)
}

/// Appends an integer in groups of seven bits, the lowest first; the top bit says that more follow.
#[inline]
pub(super) fn put_varint(target: &mut Vec<u8>, value: u64) {
    let mut rest = value;
    while let Some(low) = u8::try_from(rest & 0x7f).ok().filter(|_| rest > 0x7f) {
        target.push(low | 0x80);
        rest >>= 7;
    }
    target.extend(u8::try_from(rest));
}

#[cfg(test)]
mod tests {
    use super::{EncodedBlock, EncodedColumn, column_header, put_varint};

    #[test]
    fn varints_have_seven_bits_in_a_byte() {
        for (value, expected) in [
            (0, &[0_u8] as &[u8]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 1]),
            (
                u64::MAX,
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            ),
        ] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(bytes, expected, "{value}");
        }
    }

    #[test]
    fn a_block_is_counts_then_header_nulls_and_values_of_each_column() {
        let column = |name, wire_type, nulls, values| EncodedColumn {
            header: column_header(name, wire_type),
            parts: vec![nulls, values],
        };
        let block = EncodedBlock::new(
            2,
            vec![
                column("a", "Nullable(UInt8)", vec![0, 1], vec![7, 0]),
                column("b", "String", Vec::new(), vec![1, b'x', 0]),
            ],
        );
        let expected = b"\x02\x02\x01a\x0fNullable(UInt8)\x00\x01\x07\x00\x01b\x06String\x01x\x00";
        assert_eq!(block.chunks.concat(), expected);
        assert_eq!(block.byte_count(), expected.len());
    }
}
