//! Lines as an editor counts them: LF, CR LF and a lone CR each end one, whatever quotes say.
//!
//! Used by the decoder for where the table begins and ends, and by `account`. It must never keep a byte.

use memchr::memchr2_iter;

/// Counts the line ends of bytes that arrive in pieces.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineCounter {
    /// Line ends so far, CR LF counted once.
    ends: u64,
    /// Whether the last byte is CR.
    after_return: bool,
    /// Whether bytes follow the last line end.
    in_line: bool,
}

impl LineCounter {
    /// Line ends so far.
    pub(super) const fn ends(&self) -> u64 {
        self.ends
    }

    /// Lines so far; bytes after the last line end are one too.
    pub(super) const fn lines(&self) -> u64 {
        self.ends + self.in_line as u64
    }

    /// Takes bytes in up to and including the line end that makes `ends` of them, and says how many.
    ///
    /// The LF of a CR LF is taken in too when it is there, and counts for nothing when it comes
    /// later.
    pub(super) fn take_until(&mut self, bytes: &[u8], ends: u64) -> usize {
        let mut taken = 0;
        if self.ends < ends {
            taken = bytes.len();
            for at in memchr2_iter(b'\n', b'\r', bytes) {
                let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                let follows = before.map_or(self.after_return, |&before| before == b'\r');
                self.ends += u64::from(!(follows && bytes.get(at) == Some(&b'\n')));
                if self.ends == ends {
                    taken = at + 1;
                    break;
                }
            }
            self.note(bytes.get(..taken).unwrap_or_default());
        }
        if let (true, true, Some(next)) = (self.ends >= ends, self.after_return, bytes.get(taken)) {
            self.after_return = false;
            taken += usize::from(*next == b'\n');
        }
        taken
    }

    /// Takes all bytes in.
    pub(super) fn take_all(&mut self, bytes: &[u8]) {
        self.take_until(bytes, u64::MAX);
    }

    /// Remembers how the bytes end.
    fn note(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.after_return = *last == b'\r';
            self.in_line = !matches!(last, b'\r' | b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LineCounter;

    #[test]
    fn each_kind_of_line_end_counts_once() {
        for (text, ends, lines) in [
            ("", 0, 0),
            ("a", 0, 1),
            ("a\n", 1, 1),
            ("a\r\nb\rc\n\r\n\n\rd", 6, 7),
            ("\"a\nb\"", 1, 2),
        ] {
            for length in 1..4 {
                let mut counter = LineCounter::default();
                for chunk in text.as_bytes().chunks(length) {
                    counter.take_all(chunk);
                }
                assert_eq!((counter.ends(), counter.lines()), (ends, lines), "{text:?}");
            }
        }
    }

    #[test]
    fn taking_stops_after_the_line_end() {
        for (text, ends, expected) in [
            ("a\nb\nc", 1, 2),
            ("a\r\nb\r\nc", 1, 3),
            ("a\rb", 1, 2),
            ("a\r\n\n", 2, 4),
            ("a\nb", 2, 3),
            ("a", 0, 0),
        ] {
            let text = text.as_bytes();
            assert_eq!(LineCounter::default().take_until(text, ends), expected);
            let mut counter = LineCounter::default();
            let mut taken = 0;
            for chunk in text.chunks(1) {
                taken += counter.take_until(chunk, ends);
            }
            assert_eq!(taken, expected, "{}", text.escape_ascii());
        }
    }
}
