//! What kind of network an address belongs to.
//!
//! `guard` asks for each address that a host has. From the registries of special addresses of IANA (RFC
//! 6890 and its updates); what is not known to be public must not be called so.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use ipnet::IpNet;

/// What kind of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anybody can reach it.
    Public,
    /// Reachable from where the server stands only, or not meant to be connected to; and how it is
    /// called.
    Internal(&'static str),
    /// Where clouds tell a machine its secrets.
    Metadata(&'static str),
}

const METADATA: &str = "the metadata service of a cloud";

const METADATA_ADDRESSES: [IpAddr; 5] = [
    // AWS, Azure, Google, DigitalOcean; AWS tasks; AWS over IPv6; Alibaba; Oracle.
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

const NETWORKS: [(&str, &str); 29] = [
    ("0.0.0.0/8", "an address of this machine"),
    ("127.0.0.0/8", "a loopback address"),
    ("10.0.0.0/8", "a private address"),
    ("172.16.0.0/12", "a private address"),
    ("192.168.0.0/16", "a private address"),
    ("100.64.0.0/10", "an address shared behind a carrier"),
    ("169.254.0.0/16", "a link-local address"),
    ("192.0.0.0/24", "an address for protocols"),
    ("192.0.2.0/24", "an address for documentation"),
    ("198.51.100.0/24", "an address for documentation"),
    ("203.0.113.0/24", "an address for documentation"),
    ("192.88.99.0/24", "an address of a retired relay"),
    ("198.18.0.0/15", "an address for benchmarks"),
    ("224.0.0.0/4", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
    ("::/128", "an address of this machine"),
    ("::1/128", "a loopback address"),
    ("::/96", "an IPv4 address in a retired form"),
    ("64:ff9b:1::/48", "an address translated to a private one"),
    ("100::/64", "an address that discards"),
    ("2001::/23", "an address for protocols"),
    ("2001:db8::/32", "an address for documentation"),
    ("3fff::/20", "an address for documentation"),
    ("5f00::/16", "an address for segment routing"),
    ("fc00::/7", "a unique local address"),
    ("fe80::/10", "a link-local address"),
    ("fec0::/10", "a site-local address"),
    ("ff00::/8", "a multicast address"),
    ("::ffff:0:0:0/96", "an address translated from IPv4"),
];

static SPECIAL: LazyLock<Vec<(IpNet, &'static str)>> = LazyLock::new(|| {
    let parse = |(network, name): (&str, &'static str)| Some((network.parse().ok()?, name));
    NETWORKS.into_iter().filter_map(parse).collect()
});

impl Kind {
    pub(super) fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        if METADATA_ADDRESSES.contains(&address) {
            return Self::Metadata(METADATA);
        }
        if let Some(network) = special_network(address) {
            return Self::Internal(network.1);
        }
        match address {
            IpAddr::V6(address) => embedded(address).map_or(Self::Public, Self::of),
            IpAddr::V4(_) => Self::Public,
        }
    }
}

/// The special network that an address belongs to.
pub(super) fn special_network(address: IpAddr) -> Option<&'static (IpNet, &'static str)> {
    SPECIAL
        .iter()
        .find(|(network, _)| network.contains(&address))
}

/// The IPv4 address that a gateway would send a packet to: NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<IpAddr> {
    let [a, b, c, d, .., g, h] = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b, c, d) {
        (0x64, 0xff9b, 0, 0) => Some(of(g, h)),
        (0x2002, high, low, _) => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, NETWORKS, SPECIAL};

    #[test]
    fn every_network_is_read() {
        assert_eq!(SPECIAL.len(), NETWORKS.len());
    }

    #[test]
    fn addresses_are_of_their_kind() {
        let kind = |text: &str| Kind::of(text.parse().unwrap());
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(kind(public), Kind::Public, "{public}");
        }
        for internal in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.1.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "203.0.113.1",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0:127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "100::1",
        ] {
            assert!(
                matches!(kind(internal), Kind::Internal(_)),
                "{internal} {:?}",
                kind(internal)
            );
        }
        for metadata in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(matches!(kind(metadata), Kind::Metadata(_)), "{metadata}");
        }
    }
}
