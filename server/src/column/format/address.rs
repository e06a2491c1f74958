//! UUIDs and IP addresses.
//!
//! [`super::Formatter`] calls it; it must never depend on the byte order of the machine.

use super::{digits::push_u64, line::Line};

/// Appends a UUID: two numbers of 64 bits, the upper half first, in small hexadecimal digits.
pub(super) fn push_uuid(out: &mut Line<'_>, value: [u8; 16]) {
    // Each half is stored with its last byte first.
    let order = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];
    for (index, from) in order.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        let byte = value.get(from).copied().unwrap_or(0);
        out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
}

/// Appends `a.b.c.d`; the value is a number stored with its last byte first.
pub(super) fn push_ipv4(out: &mut Line<'_>, value: [u8; 4]) {
    let [last, third, second, first] = value;
    push_dotted(out, [first, second, third, last]);
}

/// Appends an IPv6 address: the first of the longest runs of zeros left out, and the last four bytes
/// as IPv4 behind `::` and `::ffff:`.
pub(super) fn push_ipv6(out: &mut Line<'_>, value: [u8; 16]) {
    let (pairs, _) = value.as_chunks::<2>();
    let mut groups = [0_u16; 8];
    for (group, pair) in groups.iter_mut().zip(pairs) {
        *group = u16::from_be_bytes(*pair);
    }
    let zeros = longest_zeros(groups);
    if let [.., a, b, c, d] = value
        && (zeros == (0, 6) || zeros == (0, 5) && groups[5] == 0xffff)
    {
        out.extend_from_slice(if zeros == (0, 6) { b"::" } else { b"::ffff:" });
        push_dotted(out, [a, b, c, d]);
        return;
    }
    let (start, length) = zeros;
    if length < 2 {
        push_groups(out, &groups);
        return;
    }
    push_groups(out, groups.get(..start).unwrap_or_default());
    out.extend_from_slice(b"::");
    push_groups(out, groups.get(start + length..).unwrap_or_default());
}

/// Returns where the first of the longest runs of zeros begins and how long it is.
fn longest_zeros(groups: [u16; 8]) -> (usize, usize) {
    let mut longest = (0, 0);
    let mut length = 0;
    for (index, group) in groups.into_iter().enumerate() {
        length = if group == 0 { length + 1 } else { 0 };
        if length > longest.1 {
            longest = (index + 1 - length, length);
        }
    }
    longest
}

fn push_groups(out: &mut Line<'_>, groups: &[u16]) {
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        for shift in [12, 8, 4, 0] {
            let rest = group >> shift;
            if rest > 0 || shift == 0 {
                out.push(hex_digit((rest & 15) as u8));
            }
        }
    }
}

fn push_dotted(out: &mut Line<'_>, bytes: [u8; 4]) {
    for (index, byte) in bytes.into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        push_u64(out, byte.into());
    }
}

#[inline]
fn hex_digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'a' + value - 10
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv6Addr;

    use super::{super::line::text, push_ipv4, push_ipv6, push_uuid};

    #[test]
    fn a_uuid_has_its_halves_turned_round() {
        let value = [
            0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa,
            0x99, 0x88,
        ];
        let shown = text(|out| push_uuid(out, value));
        assert_eq!(shown, "00112233-4455-6677-8899-aabbccddeeff");
    }

    #[test]
    fn ipv4_is_stored_last_byte_first() {
        assert_eq!(text(|out| push_ipv4(out, [4, 30, 200, 1])), "1.200.30.4");
        assert_eq!(text(|out| push_ipv4(out, [0, 0, 0, 255])), "255.0.0.0");
    }

    #[test]
    fn ipv6_leaves_out_the_first_longest_run_of_zeros() {
        let cases = [
            "::",
            "::1",
            "1::",
            "0:0:1::",
            "::ffff:1.2.3.4",
            "::1.2.3.4",
            "2001:db8::1:0:0:1",
            "2001:db8:0:1:1:1:1:1",
            "1:0:2:3:4:5:6:7",
            "1::2:0:0:3:4",
            "fe80::a0b:c00:1",
            "::ffff:0:1:2",
            "::fffe:1:2",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ];
        for expected in cases {
            let address: Ipv6Addr = expected.parse().unwrap();
            assert_eq!(text(|out| push_ipv6(out, address.octets())), expected);
        }
    }
}
