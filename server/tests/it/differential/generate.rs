//! Random cells for each type: mostly of the right form, near the ends of the range, often beyond.

mod address;
mod time;

use sluice_server::column::DataType;

use address::{ipv4, ipv6, uuid};
use time::{date, date_time, time};

/// Numbers that are the same in every run.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` up to and with `high`.
    fn within(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low) + 1;
        low.wrapping_add((self.next() % width).cast_signed())
    }

    pub(super) fn one_in(&mut self, count: i64) -> bool {
        self.within(1, count) == 1
    }

    fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        let last = i64::try_from(choices.len()).unwrap() - 1;
        choices[usize::try_from(self.within(0, last)).unwrap()]
    }

    fn digits(&mut self, low: i64, high: i64) -> String {
        let count = self.within(low, high);
        (0..count).map(|_| self.digit()).collect()
    }

    fn digit(&mut self) -> char {
        char::from(b"0123456789"[usize::try_from(self.within(0, 9)).unwrap()])
    }

    /// Puts in, takes out or changes one byte.
    pub(super) fn damage(&mut self, text: &mut Vec<u8>) {
        let place = usize::try_from(self.within(0, i64::try_from(text.len()).unwrap())).unwrap();
        let byte = *self.pick(&[
            &b' ', &b'0', &b'9', &b'-', &b'+', &b'.', &b':', &b'/', &b'e', &b'a', &b'\'', &b'"',
            &b'[', &b']', &b',', &b'Z', &b'T', &b'{', &b')', &b'\\', &0, &0xff, &b'x', &b'\t',
            &b'_',
        ]);
        match self.within(0, 2) {
            0 => text.insert(place, byte),
            1 if place < text.len() => drop(text.remove(place)),
            _ if place < text.len() => text[place] = byte,
            _ => text.push(byte),
        }
    }
}

/// A cell for a type.
pub(super) fn value(data_type: &DataType, random: &mut Random) -> Vec<u8> {
    if data_type.is_nullable() && random.one_in(10) {
        return random.pick(&["", "\\N", "NULL", "null"]).into();
    }
    match data_type.inner() {
        DataType::String | DataType::FixedString(_) => text(random),
        other => plain(other, random).into_bytes(),
    }
}

fn plain(data_type: &DataType, random: &mut Random) -> String {
    match data_type.inner() {
        DataType::Int8 | DataType::UInt8 => integer(random, 1),
        DataType::Int16 | DataType::UInt16 => integer(random, 2),
        DataType::Int32 | DataType::UInt32 => integer(random, 4),
        DataType::Int64 | DataType::UInt64 => integer(random, 8),
        DataType::Int128 | DataType::UInt128 => integer(random, 16),
        DataType::Int256 | DataType::UInt256 => integer(random, 32),
        DataType::Float32 => float(
            random,
            &[
                "3.4028234663852886e38",
                "3.40282357e38",
                "1.17549435e-38",
                "1e-45",
            ],
            45,
        ),
        DataType::Float64 => float(
            random,
            &[
                "1.7976931348623157e308",
                "1.7976931348623159e308",
                "2.2250738585072014e-308",
                "5e-324",
            ],
            330,
        ),
        DataType::BFloat16 => float(
            random,
            &["3.3895313892515355e38", "3.39617752923046e38", "9.1835e-41"],
            45,
        ),
        DataType::Decimal { precision, scale } => {
            decimal(random, (*precision).into(), (*scale).into())
        }
        DataType::Bool => truth(random),
        DataType::Uuid => uuid(random),
        DataType::IPv4 => ipv4(random),
        DataType::IPv6 => ipv6(random),
        DataType::Date | DataType::Date32 => date(random),
        DataType::DateTime(_) | DataType::DateTime64 { .. } => date_time(random),
        DataType::Time | DataType::Time64(_) => time(random),
        DataType::Enum8(members) | DataType::Enum16(members) => {
            let (name, number) = &members.members()[usize::try_from(random.within(0, 1)).unwrap()];
            match random.within(0, 3) {
                0 => number.to_string(),
                1 => name.to_uppercase(),
                2 => random.within(-400, 400).to_string(),
                _ => name.clone(),
            }
        }
        DataType::Array(value) => list(random, '[', ']', |random| element(value, random)),
        DataType::Map(key, value) => list(random, '{', '}', |random| {
            format!(
                "{}{}{}",
                element(key, random),
                random.pick(&[":", " : ", ":"]),
                element(value, random)
            )
        }),
        DataType::Tuple(elements) => {
            let values: Vec<String> = elements
                .iter()
                .map(|(_, value)| element(value, random))
                .collect();
            format!("({})", values.join(random.pick(&[",", ", ", " ,"])))
        }
        _ => String::from_utf8_lossy(&text(random)).into_owned(),
    }
}

fn list(
    random: &mut Random,
    open: char,
    close: char,
    element: impl Fn(&mut Random) -> String,
) -> String {
    let count = random.within(0, 4);
    let elements: Vec<String> = (0..count).map(|_| element(random)).collect();
    format!(
        "{open}{}{close}",
        elements.join(random.pick(&[",", ", ", " , "]))
    )
}

/// A value inside a container.
fn element(data_type: &DataType, random: &mut Random) -> String {
    if random.one_in(12) || data_type.is_nullable() && random.one_in(4) {
        return random.pick(&["NULL", "null", "NULL"]).to_owned();
    }
    let quote = *random.pick(&[&'\'', &'\'', &'\'', &'"']);
    match data_type.inner() {
        DataType::String => {
            let text = random.pick(&[
                "", "a", "it's", "NULL", "a,b", "]", "}", ")", "żó", "a\\b", "x\ny", "\"", ":",
            ]);
            quoted(text, quote)
        }
        DataType::Date if random.one_in(5) => date(random),
        DataType::Date => quoted(&date(random), quote),
        DataType::Bool => random
            .pick(&["true", "false", "1", "0", "'true'"])
            .to_owned(),
        DataType::Int32 | DataType::UInt8 => integer(random, 1),
        inner => plain(inner, random),
    }
}

fn quoted(text: &str, quote: char) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    format!(
        "{quote}{}{quote}",
        text.replace(quote, &format!("\\{quote}"))
    )
}

/// An integer of at most somewhat more than `width` bytes.
fn integer(random: &mut Random, width: u32) -> String {
    let bits = width * 8;
    let digits = match random.within(0, 9) {
        // 2 to the power of the bits, or of one less, and what is close to it.
        0..=3 => near_power_of_two(
            bits - u32::try_from(random.within(0, 1)).unwrap(),
            random.within(-2, 2),
        ),
        _ => random.digits(1, i64::from(bits) * 3 / 10 + 2),
    };
    let sign = random.pick(&["", "", "", "-", "-", "+"]);
    let zeros = if random.one_in(8) { "000" } else { "" };
    let end = if random.one_in(12) {
        random.pick(&[".0", ".5", "e2", ".", " ", ",000"])
    } else {
        ""
    };
    format!("{sign}{zeros}{digits}{end}")
}

/// 2 to the power of `exponent`, and `off` more.
fn near_power_of_two(exponent: u32, off: i64) -> String {
    let mut digits = vec![1_u8];
    for _ in 0..exponent {
        let mut carry = 0;
        for digit in &mut digits {
            let value = *digit * 2 + carry;
            *digit = value % 10;
            carry = value / 10;
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    // A power of two from 2^7 on never ends in 0 or 1, 8 or 9 is rare enough to let it be.
    digits[0] = u8::try_from((i64::from(digits[0]) + off).clamp(0, 9)).unwrap();
    digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

fn float(random: &mut Random, ends: &[&str], exponents: i64) -> String {
    let sign = random.pick(&["", "", "-", "+"]);
    let number = match random.within(0, 9) {
        0 => random.pick(ends).to_owned(),
        1 => random
            .pick(&[
                "inf", "INF", "nan", "NaN", "Infinity", "1.#INF", "-", "1e", "0", "0.0",
            ])
            .to_owned(),
        2..=4 => format!("{}.{}", random.digits(0, 20), random.digits(0, 20)),
        5 => random.digits(1, 25),
        _ => format!(
            "{}.{}e{}",
            random.digits(1, 3),
            random.digits(1, 18),
            random.within(-exponents, exponents)
        ),
    };
    format!("{sign}{number}")
}

fn decimal(random: &mut Random, precision: i64, scale: i64) -> String {
    let sign = random.pick(&["", "", "-", "-", "+"]);
    let whole = precision - scale;
    let number = match random.within(0, 9) {
        0 => format!(
            "{}.{}",
            "9".repeat(usize::try_from(whole).unwrap()),
            "9".repeat(usize::try_from(scale).unwrap())
        ),
        1 => format!("1{}", "0".repeat(usize::try_from(whole).unwrap())),
        2 => format!(
            "{}.{}e{}",
            random.digits(0, whole),
            random.digits(0, scale),
            random.within(-4, 4)
        ),
        3 => format!(
            "{}.{}{}",
            random.digits(0, whole),
            random.digits(scale, scale),
            random.pick(&["0", "000", "1", "5", "001"])
        ),
        _ => format!(
            "{}.{}",
            random.digits(0, whole + 1),
            random.digits(0, scale + 1)
        ),
    };
    format!("{sign}{number}")
}

fn truth(random: &mut Random) -> String {
    let word = random.pick(&[
        "true", "false", "yes", "no", "t", "f", "y", "n", "on", "off", "1", "0", "enable",
        "disabled", "wahr", "10", "00",
    ]);
    let cased = |character: char| match random.within(0, 2) {
        0 => character.to_ascii_uppercase(),
        _ => character,
    };
    word.chars().map(cased).collect()
}

fn text(random: &mut Random) -> Vec<u8> {
    let parts: [&[u8]; 22] = [
        b"a",
        b"b",
        b" ",
        b"  ",
        b"\t",
        b"\n",
        b"\r\n",
        b",",
        b"\"",
        b"'",
        b"\\",
        b"\\N",
        b"\\n",
        b"\0",
        b"\xff",
        b"\xc3",
        "ż".as_bytes(),
        "日".as_bytes(),
        "😀".as_bytes(),
        b"0",
        b"NULL",
        b";",
    ];
    let count = random.within(0, 5);
    (0..count)
        .flat_map(|_| random.pick(&parts).to_vec())
        .collect()
}
