//! The address that a call comes from, behind proxies.
//!
//! `access` asks. Anybody can write a header: what stands in it counts as far as proxies that the configuration trusts
//! have written it, which is from its end.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// The addresses of those that a call has come through, the nearest one last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Who has called, where `peer` is at the other end of the connection: the last one that is no trusted proxy. Where
/// one of them has written no address, it is that proxy.
pub(super) fn address(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let mut caller = peer.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let written = values.flat_map(|value| {
        let text = value.to_str().unwrap_or_default();
        text.rsplit(',').map(str::trim)
    });
    for text in written {
        if !is_trusted(caller) {
            break;
        }
        let Some(before) = parse(text) else { break };
        caller = before;
    }
    caller
}

/// An address, as proxies write it: some with the port.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse();
    let address = address.or_else(|_| {
        text.parse()
            .map(|with_port: std::net::SocketAddr| with_port.ip())
    });
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{FORWARDED_FOR, address};

    fn caller(values: &[&str], peer: &str) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8", "2001:db8::/32"].map(|network| network.parse().unwrap());
        address(&headers, peer.parse().unwrap(), &trusted).to_string()
    }

    #[test]
    fn only_what_trusted_proxies_have_written_counts() {
        for (values, peer, expected) in [
            (&["7.7.7.7"][..], "9.9.9.9", "9.9.9.9"),
            (&["7.7.7.7"], "10.0.0.1", "7.7.7.7"),
            (&["7.7.7.7"], "::ffff:10.0.0.1", "7.7.7.7"),
            (&["1.1.1.1, 7.7.7.7"], "10.0.0.1", "7.7.7.7"),
            (&["1.1.1.1, 7.7.7.7, 10.0.0.2"], "10.0.0.1", "7.7.7.7"),
            (&["1.1.1.1", "7.7.7.7 ,10.0.0.2"], "10.0.0.1", "7.7.7.7"),
            (&["7.7.7.7:4711"], "10.0.0.1", "7.7.7.7"),
            (
                &["[2001:db8:1::7]:80, [2001:db8::1]"],
                "10.0.0.1",
                "2001:db8:1::7",
            ),
            (&["2a00::7, 2001:db8::1"], "10.0.0.1", "2a00::7"),
            (&["7.7.7.7, unknown"], "10.0.0.1", "10.0.0.1"),
            (&["7.7.7.7, unknown, 10.0.0.2"], "10.0.0.1", "10.0.0.2"),
            (&[""], "10.0.0.1", "10.0.0.1"),
            (&[], "10.0.0.1", "10.0.0.1"),
            (&["10.0.0.3"], "10.0.0.1", "10.0.0.3"),
        ] {
            assert_eq!(caller(values, peer), expected, "{values:?} {peer}");
        }
    }
}
