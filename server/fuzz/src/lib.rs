//! What the fuzz targets share: how an input says which options to try.
//!
//! `make fuzz` runs every target; one by itself is `RUSTC_BOOTSTRAP=1 cargo fuzz run decoder` in
//! `server/`. An input begins with [`Choices::COUNT`] bytes that choose options, so that seeds can be
//! written by hand: a letter or digit each, mostly `a` for the usual. What follows is the file, the
//! block or the cells. A target must never depend on anything but its input.

/// The options that an input asks for.
#[derive(Debug, Clone)]
pub struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    /// How many bytes of an input choose options.
    pub const COUNT: usize = 12;

    /// The choices of an input and what follows them; nothing for an input that is too short.
    pub fn split(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (bytes, rest) = input.split_at_checked(Self::COUNT)?;
        Some((Self { bytes }, rest))
    }

    /// The next choice: 0 for `a`, 1 for `b`, and so on for every byte.
    pub fn next(&mut self) -> usize {
        let (&first, rest) = self.bytes.split_first().unwrap_or((&b'a', &[]));
        self.bytes = rest;
        usize::from(first.wrapping_sub(b'a'))
    }

    /// The next choice among some values, of which the first is the usual one.
    pub fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.next() % values.len()]
    }

    /// Whether the next choice is another one than the usual.
    pub fn flag(&mut self) -> bool {
        self.next() % 2 == 1
    }
}

/// The pieces of a file when it is pushed in chunks whose lengths repeat.
pub fn chunks<'a>(file: &'a [u8], lengths: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = file;
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        let length = (*lengths.next()?).clamp(1, rest.len().max(1));
        let (chunk, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(chunk)
    })
}
