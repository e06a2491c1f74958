//! Delimiters of more than one byte: `||`, `::`, `|~|`.
//!
//! `candidates` calls it for each symbol that stands in enough lines. It must never take a run of
//! empty fields for a delimiter.

/// Symbols that such delimiters are made of; some only of themselves.
const PARTS: &[u8] = b"|~^:;#&!,\t*@$%";
const JOINED_PARTS: usize = 10;
/// The longest run that is a delimiter.
const MAX_REPEATS: usize = 4;
/// Places of the symbol that are looked at.
const MAX_PLACES: usize = 5_000;

/// The longer delimiters that (nearly) every place of `byte` is part of.
pub(super) fn around(text: &[u8], byte: u8) -> Vec<Vec<u8>> {
    if !PARTS.contains(&byte) {
        return Vec::new();
    }
    let runs = Runs::of(text, byte);
    let repeated = runs.repeats().map(|repeats| vec![byte; repeats]);
    let joined = repeated.is_none().then(|| joined(text, byte)).flatten();
    repeated.into_iter().chain(joined).collect()
}

/// How often a byte stands so many times in a row.
struct Runs {
    all: usize,
    /// Runs of exactly so many.
    exact: [usize; MAX_REPEATS + 1],
    /// Runs of so many, or of several times that.
    multiple: [usize; MAX_REPEATS + 1],
}

impl Runs {
    fn of(text: &[u8], byte: u8) -> Self {
        let mut runs = Self {
            all: 0,
            exact: [0; MAX_REPEATS + 1],
            multiple: [0; MAX_REPEATS + 1],
        };
        for run in text.chunk_by(|left, right| left == right) {
            if run.first() != Some(&byte) {
                continue;
            }
            let counts = runs.exact.iter_mut().zip(&mut runs.multiple).enumerate();
            for (repeats, (exact, multiple)) in counts.skip(1) {
                *exact += usize::from(run.len() == repeats);
                *multiple += usize::from(run.len().is_multiple_of(repeats));
            }
            runs.all += 1;
            if runs.all == MAX_PLACES {
                break;
            }
        }
        runs
    }

    /// How many of the byte make up the delimiter, when it is more than one.
    fn repeats(&self) -> Option<usize> {
        (2..=MAX_REPEATS).rev().find(|&repeats| {
            let count = |counts: &[usize]| counts.get(repeats).copied().unwrap_or(0) * 100;
            let is_usual = count(&self.multiple) >= self.all * 70;
            self.all > 1 && is_usual && count(&self.exact) >= self.all * 50
        })
    }
}

/// The byte with other symbols around it, when they are always the same.
fn joined(text: &[u8], byte: u8) -> Option<Vec<u8>> {
    let (mut before, mut after) = ([0_usize; 256], [0_usize; 256]);
    let mut all = 0_usize;
    for (at, _) in text
        .iter()
        .enumerate()
        .filter(|(_, found)| **found == byte)
        .take(MAX_PLACES)
    {
        all += 1;
        if let Some(left) = at.checked_sub(1).and_then(|at| text.get(at)) {
            before[usize::from(*left)] += 1;
        }
        if let Some(right) = text.get(at + 1) {
            after[usize::from(*right)] += 1;
        }
    }
    let always = |counts: &[usize; 256]| {
        let parts = PARTS
            .iter()
            .take(JOINED_PARTS)
            .filter(|part| **part != byte);
        parts
            .copied()
            .find(|part| counts[usize::from(*part)] * 100 >= all * 85)
    };
    let (left, right) = (always(&before), always(&after));
    if all < 2 || (left.is_none() && right.is_none()) {
        return None;
    }
    Some(left.into_iter().chain([byte]).chain(right).collect())
}
