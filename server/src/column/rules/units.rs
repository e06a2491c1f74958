//! What stands around a number: the sign of a currency or its code, a percent sign, parentheses or a minus behind
//! it for what is below zero.
//!
//! `rewriter` and `infer` call it; it must never know whether two units are the same.

/// Signs and short names of currencies that have no code of three letters, the longer ones first.
const SIGNS: [&str; 26] = [
    "US$", "AU$", "CA$", "NZ$", "HK$", "MX$", "R$", "A$", "C$", "S$", "$", "£", "¥", "¢", "zł",
    "Kč", "Ft", "lei", "лв.", "лв", "руб.", "Rs.", "Rs", "kr.", "kr", "Fr.",
];

/// The codes of ISO 4217 in use.
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP \
    BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
    GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT \
    LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR \
    PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL \
    THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL";

/// A percent sign.
pub const PERCENT: &[u8] = b"%";

/// A number and what stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount<'t> {
    /// Whether it is below zero, by whatever mark.
    pub is_negative: bool,
    /// The unit as it is written; empty for none.
    pub unit: &'t [u8],
    /// The number without its sign.
    pub number: &'t [u8],
}

impl<'t> Amount<'t> {
    /// Takes a text apart; None when there is no number, more than one unit or more than one sign.
    #[must_use]
    pub fn split(text: &'t [u8]) -> Option<Self> {
        let mut amount = Self {
            is_negative: false,
            unit: &[],
            number: trim(text),
        };
        let mut has_sign = false;
        loop {
            let before = amount.number;
            if !has_sign && let Some((is_negative, rest)) = without_sign(before) {
                has_sign = true;
                amount.is_negative = is_negative;
                amount.number = trim(rest);
            }
            if amount.unit.is_empty()
                && let Some((unit, rest)) = without_unit(amount.number)
            {
                amount.unit = unit;
                amount.number = trim(rest);
            }
            if amount.number.len() == before.len() {
                break;
            }
        }
        let begins = matches!(
            amount.number,
            [b'0'..=b'9', ..] | [b'.' | b',', b'0'..=b'9', ..]
        );
        let ends = matches!(amount.number, [.., b'0'..=b'9' | b'.' | b',']);
        (begins && ends).then_some(amount)
    }
}

/// Splits off one mark of a sign: whether it is that of a number below zero, and what is left.
fn without_sign(text: &[u8]) -> Option<(bool, &[u8])> {
    match text {
        [b'-', rest @ ..] | [b'(', rest @ .., b')'] | [0xe2, 0x88, 0x92, rest @ ..] => {
            Some((true, rest))
        }
        [b'+', rest @ ..] => Some((false, rest)),
        [rest @ .., b'-'] => Some((true, rest)),
        _ => None,
    }
}

/// Splits off one unit, before or behind the number.
fn without_unit(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let before = unit_at_start(text).map(|length| text.split_at_checked(length));
    let behind = || {
        let length = unit_at_end(text)?;
        let (rest, unit) = text.split_at_checked(text.len() - length)?;
        Some((unit, rest))
    };
    before.flatten().or_else(behind)
}

fn unit_at_start(text: &[u8]) -> Option<usize> {
    let code = text.get(..3).filter(|code| is_code(code));
    let mut signs = SIGNS.iter();
    let mut sign = || signs.find(|sign| text.starts_with(sign.as_bytes()));
    let length = match code {
        Some(code) => code.len(),
        None => match sign() {
            Some(sign) => sign.len(),
            None => currency_sign(text.get(..3)?)?,
        },
    };
    // A word that only begins like a unit is none.
    let next = text.get(length)?;
    (!next.is_ascii_alphabetic()).then_some(length)
}

fn unit_at_end(text: &[u8]) -> Option<usize> {
    if text.ends_with(PERCENT) {
        return Some(1);
    }
    let code = text
        .len()
        .checked_sub(3)
        .and_then(|start| text.get(start..));
    let mut signs = SIGNS.iter();
    let length = match code.filter(|code| is_code(code)) {
        Some(code) => code.len(),
        None => match signs.find(|sign| text.ends_with(sign.as_bytes())) {
            Some(sign) => sign.len(),
            None => currency_sign(code?)?,
        },
    };
    let before = text
        .len()
        .checked_sub(length + 1)
        .and_then(|place| text.get(place))?;
    (!before.is_ascii_alphabetic()).then_some(length)
}

fn is_code(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_uppercase) && CODES.split(' ').any(|code| code.as_bytes() == text)
}

/// Returns the bytes of a sign of Unicode's block of currencies, U+20A0 to U+20CF.
fn currency_sign(text: &[u8]) -> Option<usize> {
    matches!(text, [0xe2, 0x82, 0xa0..=0xbf] | [0xe2, 0x83, 0x80..=0x8f]).then_some(3)
}

/// Returns a text without blanks around it, broken or not.
fn trim(text: &[u8]) -> &[u8] {
    let mut text = text;
    loop {
        text = match text {
            [b' ' | b'\t', rest @ ..]
            | [rest @ .., b' ' | b'\t']
            | [0xc2, 0xa0, rest @ ..]
            | [rest @ .., 0xc2, 0xa0]
            | [0xe2, 0x80, 0xaf | 0x89, rest @ ..]
            | [rest @ .., 0xe2, 0x80, 0xaf | 0x89] => rest,
            _ => return text,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    fn split(text: &str) -> Option<(bool, &str, &str)> {
        let shown = |bytes| std::str::from_utf8(bytes).unwrap();
        Amount::split(text.as_bytes())
            .map(|amount| (amount.is_negative, shown(amount.unit), shown(amount.number)))
    }

    #[test]
    fn one_unit_and_one_sign_stand_anywhere() {
        for (text, is_negative, unit, number) in [
            ("12.5", false, "", "12.5"),
            ("-3", true, "", "3"),
            ("$100.50", false, "$", "100.50"),
            ("-$5", true, "$", "5"),
            ("$-5", true, "$", "5"),
            ("($1,234.50)", true, "$", "1,234.50"),
            ("$(5)", true, "$", "5"),
            ("(5) €", true, "€", "5"),
            ("90€", false, "€", "90"),
            ("90 €-", true, "€", "90"),
            ("5-", true, "", "5"),
            ("\u{2212}5", true, "", "5"),
            ("12,5\u{a0}%", false, "%", "12,5"),
            ("70.00 CHF", false, "CHF", "70.00"),
            ("CHF 70", false, "CHF", "70"),
            ("EUR5", false, "EUR", "5"),
            ("US$5", false, "US$", "5"),
            ("5 zł", false, "zł", "5"),
            ("₹ 1,00,000", false, "₹", "1,00,000"),
            ("+5%", false, "%", "5"),
            ("$.50", false, "$", ".50"),
        ] {
            assert_eq!(split(text), Some((is_negative, unit, number)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_amount() {
        for text in [
            "", "$", "%", "()", "--5", "(-5)", "-5-", "$5€", "$$5", "EUR5%", "ABC 5", "usd 5",
            "5 USDX", "krona 5", "five", "NaN", "-", "A5",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
