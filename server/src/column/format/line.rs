//! The place that the texts of values are written to.
//!
//! [`super::lines`] makes one for each row, the functions of the types append to it. It must never take
//! more than it has room for: that is a fault of the program and ends it, as a number cut short would
//! be another number.
//!
//! How this works: texts are written into places of a fixed size, so that nothing has to grow and the
//! length can stay in a register while the digits of a value are made.

/// A text that grows.
#[derive(Debug)]
pub(super) struct Line<'a> {
    place: &'a mut [u8],
    length: usize,
}

impl<'a> Line<'a> {
    /// A text that is written to `place`, behind the `length` bytes that are there already.
    #[inline]
    pub(super) const fn new(place: &'a mut [u8], length: usize) -> Self {
        Self { place, length }
    }

    /// The bytes of the text so far.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// Appends a byte.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.place[self.length] = byte;
        self.length += 1;
    }

    /// Appends bytes.
    #[inline]
    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        self.place[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }

    /// Appends the first `length` bytes of an array; there must be room for all of it.
    #[inline]
    pub(super) fn push_front<const SIZE: usize>(&mut self, text: [u8; SIZE], length: usize) {
        self.place[self.length..self.length + SIZE].copy_from_slice(&text);
        self.length += length;
    }

    /// Appends bytes one by one.
    pub(super) fn extend(&mut self, bytes: impl IntoIterator<Item = u8>) {
        for byte in bytes {
            self.push(byte);
        }
    }
}

/// What is written to a line, for tests.
#[cfg(test)]
pub(super) fn text(push: impl FnOnce(&mut Line<'_>)) -> String {
    let mut place = [b'?'; super::plain::WIDE];
    let mut line = Line::new(&mut place, 0);
    push(&mut line);
    let length = line.len();
    String::from_utf8(place[..length].to_vec()).unwrap()
}
