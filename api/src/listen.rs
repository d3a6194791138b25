//! Where the API may listen, and which `Host` it accepts while it has no authentication.
//! Without authentication, the API must not be reachable from another machine or by DNS rebinding.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::HOST;

use crate::status::ApiError;

/// Why an address to listen on was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ListenError {
    /// Other machines could reach it.
    #[error(
        "{address} can be reached from other machines, but the API has no authentication yet: listen on 127.0.0.1 or [::1] and put an authenticating proxy or a `kubectl` tunnel in front of it"
    )]
    NotLoopback {
        /// The refused address.
        address: SocketAddr,
    },
}

/// Accepts loopback addresses only.
///
/// # Errors
/// [`ListenError::NotLoopback`] for every other address, the unspecified ones (`0.0.0.0`, `[::]`) included.
pub fn check_listen(address: SocketAddr) -> Result<(), ListenError> {
    if is_loopback(address.ip()) {
        Ok(())
    } else {
        Err(ListenError::NotLoopback { address })
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6
            .to_ipv4_mapped()
            .map_or(v6.is_loopback(), |v4| v4.is_loopback()),
    }
}

/// Refuses a `Host` that is not this machine. A web page can make its own name resolve to 127.0.0.1 and then
/// send requests to the API as its origin (DNS rebinding), but the browser still sends the name of that page.
pub(crate) fn check_host(headers: &HeaderMap, authority: Option<&str>) -> Result<(), ApiError> {
    let host = match headers.get(HOST) {
        Some(value) => value.to_str().unwrap_or_default(),
        None => authority.unwrap_or_default(),
    };
    if is_local_host(host) {
        Ok(())
    } else {
        Err(ApiError::ForeignHost(format!(
            "the Host header {host:?} does not name this machine: use localhost, 127.0.0.1 or [::1]"
        )))
    }
}

fn is_local_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((inside, port)) if is_port(port) => {
                return inside.parse().is_ok_and(is_loopback);
            }
            _ => return false,
        },
        None => match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            Some(_) => return false,
            None => host,
        },
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_loopback)
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_listened_on() {
        for good in [
            "127.0.0.1:8080",
            "127.8.9.1:1",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert_eq!(check_listen(good.parse().unwrap()), Ok(()), "{good}");
        }
        for bad in [
            "0.0.0.0:8080",
            "[::]:8080",
            "10.0.0.1:80",
            "169.254.1.1:80",
            "[fe80::1]:80",
        ] {
            assert!(check_listen(bad.parse().unwrap()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_of_another_name_is_refused() {
        for good in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "[::1]:8080",
            "[::1]",
        ] {
            assert!(is_local_host(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "localhost.evil.example:8080",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[fe80::1]:80",
            "[::1]x",
            "::1",
            "localhost:80a",
        ] {
            assert!(!is_local_host(bad), "{bad}");
        }
    }
}
