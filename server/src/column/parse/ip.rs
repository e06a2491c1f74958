//! IP addresses: four numbers with points, or groups with colons.
//!
//! [`super::super::builder`] calls it; it must never take leading zeros in an IPv4 address, a port or a zone.

use core::net::Ipv6Addr;

use super::Reason;

/// Reads an IPv4 address; the first number is in the highest byte.
///
/// # Errors
///
/// [`Reason::InvalidIp`].
#[inline]
pub fn parse_ipv4(bytes: &[u8]) -> Result<u32, Reason> {
    let mut address = 0_u32;
    let mut octet_count = 0;
    for part in bytes.split(|byte| *byte == b'.') {
        octet_count += 1;
        address = (address << 8) | octet(part).ok_or(Reason::InvalidIp)?;
    }
    if octet_count == 4 {
        Ok(address)
    } else {
        Err(Reason::InvalidIp)
    }
}

/// Reads an IPv6 address in network order. An IPv4 address becomes `::ffff:a.b.c.d`.
///
/// # Errors
///
/// [`Reason::InvalidIp`].
pub fn parse_ipv6(bytes: &[u8]) -> Result<[u8; 16], Reason> {
    if let Ok(address) = parse_ipv4(bytes) {
        return Ok(core::net::Ipv4Addr::from(address).to_ipv6_mapped().octets());
    }
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse::<Ipv6Addr>().ok())
        .map(|address| address.octets())
        .ok_or(Reason::InvalidIp)
}

/// Reads a number from 0 to 255 without leading zeros.
#[inline]
fn octet(part: &[u8]) -> Option<u32> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    match *part {
        [one] => digit(one),
        [ten @ b'1'..=b'9', one] => Some(digit(ten)? * 10 + digit(one)?),
        [hundred @ (b'1' | b'2'), ten, one] => {
            Some(digit(hundred)? * 100 + digit(ten)? * 10 + digit(one)?)
                .filter(|value| *value <= 255)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Ipv6Addr, Reason, parse_ipv4, parse_ipv6};

    #[test]
    fn four_numbers_are_an_address() {
        assert_eq!(parse_ipv4(b"0.0.0.0"), Ok(0));
        assert_eq!(parse_ipv4(b"1.2.3.4"), Ok(0x0102_0304));
        assert_eq!(parse_ipv4(b"255.255.255.255"), Ok(u32::MAX));
        assert_eq!(parse_ipv4(b"192.168.10.99"), Ok(0xc0a8_0a63));
    }

    #[test]
    fn other_texts_are_not_ipv4_addresses() {
        for text in [
            "",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.256",
            "01.2.3.4",
            "1.2.3.04",
            "1.2.3.004",
            "1..2.3",
            "1.2.3.",
            ".1.2.3",
            "1.2.3.4 ",
            " 1.2.3.4",
            "1.2.3.a",
            "1.2.3.-4",
            "1.2.3.4/24",
            "300.1.1.1",
            "16909060",
        ] {
            assert_eq!(
                parse_ipv4(text.as_bytes()),
                Err(Reason::InvalidIp),
                "{text}"
            );
        }
    }

    #[test]
    fn groups_are_an_address_and_so_are_four_numbers() {
        for (text, expected) in [
            ("::", "::"),
            ("::1", "0:0:0:0:0:0:0:1"),
            ("2001:DB8::ff00:42:8329", "2001:db8:0:0:0:ff00:42:8329"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1.2.3.4", "::ffff:1.2.3.4"),
        ] {
            let expected = expected.parse::<Ipv6Addr>().unwrap().octets();
            assert_eq!(parse_ipv6(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_ipv6_addresses() {
        for text in [
            "",
            ":",
            ":::",
            "1::2::3",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4::5:6:7:8",
            "12345::",
            "g::",
            "fe80::1%eth0",
            "[::1]",
            "::1 ",
            "::1.2.3",
            "::01.2.3.4",
            "01.2.3.4",
            "::1/64",
        ] {
            assert_eq!(
                parse_ipv6(text.as_bytes()),
                Err(Reason::InvalidIp),
                "{text}"
            );
        }
    }
}
