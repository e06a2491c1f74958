//! Enum members: by name first, then by number.
//!
//! [`super::super::builder`] calls it; it must never fold case or trim.

use super::super::data_type::EnumDef;
use super::Reason;
use super::digits::load;
use super::int::parse_signed;

/// The members of an Enum, laid out for finding a number by its name.
#[derive(Clone, Debug)]
pub struct EnumTable {
    /// A power of two of places, at most half of them taken; a member stands at the first free place
    /// from the one of its hash on.
    places: Vec<Option<(Box<[u8]>, i16)>>,
    /// The numbers in order.
    numbers: Vec<i16>,
}

impl EnumTable {
    /// Lays out the members of `definition`.
    #[must_use]
    pub fn new(definition: &EnumDef) -> Self {
        let members = definition.members();
        let mut table = Self {
            places: vec![None; (members.len() * 2).next_power_of_two()],
            numbers: members.iter().map(|(_, number)| *number).collect(),
        };
        for (name, number) in members {
            let mut place = table.place_of(name.as_bytes());
            while table.places.get(place).is_some_and(Option::is_some) {
                place = table.after(place);
            }
            if let Some(free) = table.places.get_mut(place) {
                *free = Some((name.as_bytes().into(), *number));
            }
        }
        table
    }

    /// Returns the lowest number, which is the default value.
    #[must_use]
    pub fn first(&self) -> i16 {
        self.numbers.first().copied().unwrap_or(0)
    }

    fn place_of(&self, name: &[u8]) -> usize {
        let head = load(name.get(..8).unwrap_or(name));
        let tail = name.last_chunk::<8>().map_or(0, |tail| load(tail));
        let mixed = (head ^ tail.rotate_left(23) ^ name.len() as u64)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
        usize::try_from(mixed & 0xffff_ffff).unwrap_or(0) & (self.places.len() - 1)
    }

    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }
}

/// Finds the number of a member.
///
/// # Errors
///
/// [`Reason::UnknownEnum`].
#[inline]
pub fn parse_enum(bytes: &[u8], table: &EnumTable) -> Result<i16, Reason> {
    let mut place = table.place_of(bytes);
    while let Some(Some((name, number))) = table.places.get(place) {
        if **name == *bytes {
            return Ok(*number);
        }
        place = table.after(place);
    }
    let is_plain = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+');
    parse_signed(bytes)
        .ok()
        .filter(|_| bytes.iter().all(is_plain))
        .filter(|number| table.numbers.binary_search(number).is_ok())
        .ok_or(Reason::UnknownEnum)
}

#[cfg(test)]
mod tests {
    use super::{EnumDef, EnumTable, Reason, parse_enum};

    fn table(members: &[(&str, i16)]) -> EnumTable {
        let members = members
            .iter()
            .map(|(name, number)| ((*name).to_owned(), *number));
        EnumTable::new(&EnumDef::new(members.collect()))
    }

    #[test]
    fn names_are_found_exactly() {
        let table = table(&[
            ("", 0),
            ("a", -3),
            ("A", 4),
            ("no charge at all", 5),
            ("no charge at a1l", 6),
        ]);
        for (name, number) in [
            ("", 0),
            ("a", -3),
            ("A", 4),
            ("no charge at all", 5),
            ("no charge at a1l", 6),
        ] {
            assert_eq!(parse_enum(name.as_bytes(), &table), Ok(number), "{name}");
        }
        for name in ["b", " a", "a ", "no charge at al", "no charge"] {
            assert_eq!(
                parse_enum(name.as_bytes(), &table),
                Err(Reason::UnknownEnum),
                "{name}"
            );
        }
    }

    #[test]
    fn a_number_is_a_member_unless_it_is_a_name() {
        let table = table(&[("one", 1), ("two", 2), ("1", 7), ("min", i16::MIN)]);
        assert_eq!(parse_enum(b"1", &table), Ok(7));
        assert_eq!(parse_enum(b"2", &table), Ok(2));
        assert_eq!(parse_enum(b"-32768", &table), Ok(i16::MIN));
        for number in ["3", "-1", "32768", "99999999999"] {
            assert_eq!(
                parse_enum(number.as_bytes(), &table),
                Err(Reason::UnknownEnum),
                "{number}"
            );
        }
    }

    #[test]
    fn every_member_of_a_large_enum_is_found() {
        let names: Vec<String> = (0..2_000)
            .map(|number| format!("member {number}"))
            .collect();
        let members: Vec<(&str, i16)> = names.iter().map(String::as_str).zip(0..).collect();
        let table = table(&members);
        for (name, number) in members {
            assert_eq!(parse_enum(name.as_bytes(), &table), Ok(number), "{name}");
        }
    }
}
