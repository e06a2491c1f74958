//! What the name of a column says about its values.
//!
//! Only [`super`] uses it. A name must never decide a type alone: it tips the balance where the values
//! leave it open.

/// Last words of the names of codes made of digits.
const CODES: [&str; 26] = [
    "zip",
    "zipcode",
    "postal",
    "postcode",
    "postalcode",
    "plz",
    "phone",
    "telephone",
    "tel",
    "fax",
    "msisdn",
    "iban",
    "isbn",
    "issn",
    "ean",
    "upc",
    "gtin",
    "barcode",
    "ssn",
    "fips",
    "imei",
    "imsi",
    "iccid",
    "siret",
    "siren",
    "cardnumber",
];
/// Words behind such a word that leave it the name of a code.
const CODE_ENDS: [&str; 6] = ["code", "number", "num", "no", "nr", "digits"];
/// Words of the names of amounts of money.
const MONEY: [&str; 26] = [
    "price",
    "amount",
    "cost",
    "fee",
    "tax",
    "salary",
    "wage",
    "revenue",
    "balance",
    "payment",
    "usd",
    "eur",
    "gbp",
    "chf",
    "fare",
    "tip",
    "tips",
    "subtotal",
    "budget",
    "income",
    "discount",
    "profit",
    "toll",
    "surcharge",
    "debit",
    "credit",
];
/// Words of the names of dates.
const DATES: [&str; 9] = [
    "date",
    "day",
    "dt",
    "datum",
    "fecha",
    "datetime",
    "timestamp",
    "dob",
    "birthday",
];
/// Words of the names of times of day.
const CLOCKS: [&str; 10] = [
    "time",
    "hour",
    "clock",
    "start",
    "end",
    "open",
    "close",
    "departure",
    "arrival",
    "uhrzeit",
];

/// What a name hints at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) is_code: bool,
    pub(super) is_money: bool,
    pub(super) is_date: bool,
    pub(super) is_clock: bool,
    pub(super) is_id: bool,
}

impl Hints {
    pub(super) fn of(name: &[u8]) -> Self {
        let words = words(name);
        let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        let mut from_end = words.iter().rev().map(String::as_str);
        let last = from_end.next().unwrap_or_default();
        let before = from_end.next().unwrap_or_default();
        let is_code_end = CODE_ENDS.contains(&last);
        Self {
            is_code: CODES.contains(&last)
                || is_code_end && (CODES.contains(&before) || before == "card"),
            is_money: has(&MONEY),
            is_date: has(&DATES),
            is_clock: has(&CLOCKS),
            is_id: matches!(last, "id" | "rowid" | "pk"),
        }
    }
}

/// Splits a name at everything that is no letter, and where a capital follows a small letter; in
/// lower case.
fn words(name: &[u8]) -> Vec<String> {
    /// Longer names say nothing.
    const LONGEST: usize = 128;
    let mut words = vec![String::new()];
    let mut was_small = false;
    for byte in name.iter().take(LONGEST) {
        let starts_word = !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() && was_small;
        was_small = byte.is_ascii_lowercase();
        if starts_word {
            words.push(String::new());
        }
        if byte.is_ascii_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::Hints;

    #[test]
    fn names_hint_by_whole_words() {
        let of = |name: &str| Hints::of(name.as_bytes());
        for name in [
            "zip",
            "Zip Code",
            "ship_zip",
            "PhoneNumber",
            "phone_no",
            "ISBN",
            "card_number",
            "ean13",
        ] {
            assert!(of(name).is_code, "{name}");
        }
        for name in [
            "zip_count",
            "zipper",
            "phones_sold",
            "card_type",
            "number",
            "isbnx",
            "",
        ] {
            assert!(!of(name).is_code, "{name}");
        }
        assert!(
            of("unitPrice").is_money
                && of("total_amount_usd").is_money
                && !of("priceless").is_money
        );
        assert!(of("order_id").is_id && of("userId").is_id && of("ID").is_id && !of("paid").is_id);
        assert!(of("birth date").is_date && of("start_time").is_clock && !of("update").is_date);
    }
}
