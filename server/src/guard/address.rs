//! Where a request came from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header::FORWARDED};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client. Each proxy adds on the right whom it was asked by, so the hops are
/// walked from there, and only as long as it is a proxy of the host that says so: whatever
/// stands further left could be made up (RFC 7239 §8.1).
#[must_use]
pub fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    if !is_proxy(client, proxies) {
        return client;
    }
    for hop in hops(headers).into_iter().rev() {
        // What a proxy does not name, it vouches for itself.
        let Some(address) = hop else { break };
        client = address;
        if !is_proxy(client, proxies) {
            break;
        }
    }
    client
}

/// Whether an address is that of a proxy of the host.
#[must_use]
pub fn is_proxy(address: IpAddr, proxies: &[IpNet]) -> bool {
    let address = address.to_canonical();
    proxies.iter().any(|network| network.contains(&address))
}

/// What IPv6 networks give to one customer is counted as one address.
#[must_use]
pub fn customer(address: IpAddr) -> IpAddr {
    prefix(address, 64)
}

/// The network that an address is in, for what is counted more coarsely; none with IPv4, where
/// addresses are few.
#[must_use]
pub fn network(address: IpAddr) -> Option<IpAddr> {
    address.is_ipv6().then(|| prefix(address, 48))
}

fn prefix(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits))))
        }
        address => address,
    }
}

/// The hops of a request, from left to right, those of `Forwarded` (RFC 7239) if it is there;
/// `None` for one that does not give its address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name: &HeaderName| -> Vec<String> {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(|value| value.trim().to_owned()).collect()
    };
    let forwarded = values(&FORWARDED);
    if forwarded.is_empty() {
        return values(&X_FORWARDED_FOR).iter().map(|hop| node(hop)).collect();
    }
    let for_pair = |element: &String| {
        element.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then(|| node(value.trim()))?
        })
    };
    forwarded.iter().map(for_pair).collect()
}

/// An address, with or without a port, quotes and brackets.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn from(peer: &str, headers: &[(&'static str, &'static str)]) -> IpAddr {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let proxies = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        client(ip(peer), &map, &proxies)
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let forged = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")];
        assert_eq!(from("203.0.113.9", &forged), ip("203.0.113.9"));
        assert_eq!(from("::ffff:203.0.113.9", &forged), ip("203.0.113.9"));
    }

    #[test]
    fn a_proxy_says_whom_it_was_asked_by() {
        for (name, value) in [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "192.0.2.1, 203.0.113.9"),
            ("x-forwarded-for", "192.0.2.1, 203.0.113.9, 10.1.1.1"),
            ("x-forwarded-for", "203.0.113.9:4711"),
            ("forwarded", "for=203.0.113.9"),
            ("forwarded", "for=192.0.2.1, proto=https;For=\"203.0.113.9:4711\";by=10.0.0.1"),
        ] {
            assert_eq!(from("10.0.0.1", &[(name, value)]), ip("203.0.113.9"), "{name}: {value}");
        }
        let split = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(from("10.0.0.1", &split), ip("203.0.113.9"));
        let six = [("forwarded", "for=\"[2001:db8::17]:4711\"")];
        assert_eq!(from("fd00::1", &six), ip("2001:db8::17"));
    }

    #[test]
    fn what_is_no_address_ends_with_the_proxy() {
        for value in ["unknown", "_hidden", "", "203.0.113.9.1", "192.0.2.1, unknown"] {
            let said = HeaderValue::from_static(value);
            let headers = HeaderMap::from_iter([(X_FORWARDED_FOR, said)]);
            let proxies = ["10.0.0.0/8".parse().unwrap()];
            assert_eq!(client(ip("10.0.0.1"), &headers, &proxies), ip("10.0.0.1"), "{value}");
        }
        assert_eq!(from("10.0.0.1", &[]), ip("10.0.0.1"));
    }

    #[test]
    fn ipv6_counts_by_customer_and_network() {
        let address = ip("2001:db8:1:2:3:4:5:6");
        assert_eq!(customer(address), ip("2001:db8:1:2::"));
        assert_eq!(network(address), Some(ip("2001:db8:1::")));
        assert_eq!((customer(ip("192.0.2.1")), network(ip("192.0.2.1"))), (ip("192.0.2.1"), None));
    }
}
