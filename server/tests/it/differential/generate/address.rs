//! Random UUIDs and IP addresses.

use super::Random;

pub(super) fn uuid(random: &mut Random) -> String {
    let group = |random: &mut Random, count: usize| -> String {
        (0..count)
            .map(|_| random.pick(&["0", "1", "7", "9", "a", "b", "c", "d", "e", "f", "A", "F"]))
            .collect()
    };
    let hyphen = if random.one_in(4) { "" } else { "-" };
    let last = if random.one_in(8) {
        usize::try_from(random.within(10, 14)).unwrap()
    } else {
        12
    };
    let groups = [8, 4, 4, 4, last].map(|count| group(random, count));
    groups.join(hyphen)
}

pub(super) fn ipv4(random: &mut Random) -> String {
    let count = if random.one_in(8) {
        random.within(1, 6)
    } else {
        4
    };
    let parts: Vec<String> = (0..count)
        .map(|_| match random.within(0, 12) {
            0 => format!("0{}", random.within(0, 99)),
            1 => random.within(250, 300).to_string(),
            _ => random.within(0, 255).to_string(),
        })
        .collect();
    parts.join(".")
}

pub(super) fn ipv6(random: &mut Random) -> String {
    if random.one_in(6) {
        return ipv4(random);
    }
    let count = if random.one_in(8) {
        random.within(1, 9)
    } else {
        8
    };
    let mut parts: Vec<String> = (0..count)
        .map(|_| match random.within(0, 6) {
            0 => "0".to_owned(),
            1 => "0000".to_owned(),
            2 => format!("{:X}", random.within(0, 0xffff)),
            3 => format!("{:x}", random.within(0, 0x1_0fff)),
            _ => format!("{:x}", random.within(0, 0xffff)),
        })
        .collect();
    if random.one_in(6) && parts.len() > 2 {
        parts.truncate(6);
        parts.push(ipv4(random));
    }
    let mut address = parts.join(":");
    if random.one_in(2) {
        let from = usize::try_from(random.within(0, 7))
            .unwrap()
            .min(parts.len());
        let to = usize::try_from(random.within(0, 4)).unwrap();
        let (head, tail) = (
            parts[..from].join(":"),
            parts[(from + to).min(parts.len())..].join(":"),
        );
        address = format!("{head}::{tail}");
    }
    address
}
