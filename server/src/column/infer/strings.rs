//! The strings of a JSON column, which are text whatever they look like.
//!
//! Only [`super`] uses it. It must never let a type that is no text take a string that would come back
//! in another form than it was written in.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::column::data_type::DataType;

/// What the strings of a column have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strings {
    /// How many there are, and how many values that are none.
    count: u64,
    others: u64,
    /// The form that all of them have.
    form: Form,
    /// Whether there is an object, or an array.
    pub(super) has_object: bool,
    pub(super) has_array: bool,
}

/// A form that a type writes its values in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// No string so far.
    Any,
    Date,
    /// With so many digits of a fraction.
    DateTime(usize),
    Uuid,
    IPv4,
    IPv6,
    /// None, or not always the same.
    Text,
}

impl Default for Strings {
    fn default() -> Self {
        Self {
            count: 0,
            others: 0,
            form: Form::Any,
            has_object: false,
            has_array: false,
        }
    }
}

impl Strings {
    /// Takes a string into account.
    pub(super) fn observe(&mut self, text: &[u8]) {
        self.count += 1;
        if self.form != Form::Text {
            let form = Form::of(text);
            let is_same = self.form == Form::Any || self.form == form;
            self.form = if is_same { form } else { Form::Text };
        }
    }

    /// Takes a value that is no string into account.
    pub(super) const fn observe_other(&mut self, text: &[u8]) {
        self.others += 1;
        self.has_object |= matches!(text, [b'{', ..]);
        self.has_array |= matches!(text, [b'[', ..]);
    }

    /// Whether a type gives every string back as it was written; true where there is none.
    pub(super) fn fit(&self, data_type: &DataType) -> bool {
        let is_written = match (self.form, data_type) {
            (Form::Any, _)
            | (Form::Date, DataType::Date | DataType::Date32)
            | (Form::DateTime(0), DataType::DateTime(_))
            | (Form::Uuid, DataType::Uuid)
            | (Form::IPv4, DataType::IPv4)
            | (Form::IPv6, DataType::IPv6) => true,
            (Form::DateTime(digits), DataType::DateTime64 { precision, .. }) => {
                usize::from(*precision) == digits
            }
            _ => false,
        };
        self.count == 0 || (is_written && self.others == 0)
    }
}

impl Form {
    fn of(text: &[u8]) -> Self {
        if is_shaped(text, b"0000-00-00") {
            return Self::Date;
        }
        if let Some((clock, fraction)) = text.split_at_checked(19)
            && is_shaped(clock, b"0000-00-00 00:00:00")
        {
            return match fraction.split_first() {
                None => Self::DateTime(0),
                Some((b'.', digits)) if digits.iter().all(u8::is_ascii_digit) => {
                    Self::DateTime(digits.len())
                }
                Some(_) => Self::Text,
            };
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return Self::Text;
        };
        let is_lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
        if text.len() == 36 && text.bytes().all(is_lower_hex) {
            return Self::Uuid;
        }
        if text
            .parse::<Ipv4Addr>()
            .is_ok_and(|ip| ip.to_string() == text)
        {
            return Self::IPv4;
        }
        // How addresses of version 4 are written within those of version 6 differs.
        if !text.contains('.')
            && text
                .parse::<Ipv6Addr>()
                .is_ok_and(|ip| ip.to_string() == text)
        {
            return Self::IPv6;
        }
        Self::Text
    }
}

/// Whether a text has digits where the pattern has zeros, and the same signs elsewhere.
fn is_shaped(text: &[u8], pattern: &[u8]) -> bool {
    let fits = |(byte, wanted): (&u8, &u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        sign => byte == sign,
    };
    text.len() == pattern.len() && text.iter().zip(pattern).all(fits)
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn only_the_form_that_is_written_counts() {
        let cases: &[(&str, Form)] = &[
            ("2024-02-30", Form::Date),
            ("2024-2-3", Form::Text),
            ("20240203", Form::Text),
            ("2024-02-03 04:05:06", Form::DateTime(0)),
            ("2024-02-03 04:05:06.789", Form::DateTime(3)),
            ("2024-02-03T04:05:06", Form::Text),
            ("2024-02-03 04:05:06Z", Form::Text),
            ("2024-02-03 04:05", Form::Text),
            ("61f0c404-5cb3-11e7-907b-a6006ad3dba0", Form::Uuid),
            ("61F0C404-5CB3-11E7-907B-A6006AD3DBA0", Form::Text),
            ("192.0.2.1", Form::IPv4),
            ("192.0.2.01", Form::Text),
            ("2001:db8::1", Form::IPv6),
            ("2001:DB8::1", Form::Text),
            ("2001:0db8::1", Form::Text),
            ("::ffff:1.2.3.4", Form::Text),
            ("1.10", Form::Text),
            ("", Form::Text),
        ];
        for (text, form) in cases {
            assert_eq!(Form::of(text.as_bytes()), *form, "{text}");
        }
    }
}
