//! URLs that are configured: where browsers are sent, and where they post. Checked once, and never taken apart again.

/// What is wrong with a URL as an address of SAML messages.
///
/// It must be absolute, in ASCII, without user information and fragment, and of `https`; plain `http` is for the machine of a
/// developer (SAML2Int SDP-SP09). `plain_http` is what is wrong with it elsewhere, if anything is.
pub(crate) fn fault(url: &str, plain_http: Option<&'static str>) -> Option<&'static str> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("it has white space, control characters or characters outside ASCII");
    }
    if url.contains(['#', '\\']) {
        return Some("it has a fragment or a backslash");
    }
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let bad_port = port.is_some_and(|port| port.parse::<u16>().is_err());
    match scheme {
        "https" | "http" if bad_port || !is_host(host) => Some("its host or port is not valid"),
        "https" => None,
        "http" if is_loopback(host) => None,
        "http" => plain_http,
        _ => Some("it is not an absolute https URL, with the scheme in lower case"),
    }
}

/// A name, an IPv4 address, or an IPv6 address in brackets: RFC 3986 section 3.2.2, without escapes and sub-delimiters, which
/// would mean something else in a Content-Security-Policy.
fn is_host(host: &str) -> bool {
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    let is_ipv6 = |address: &str| address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => !address.is_empty() && is_ipv6(address),
        None => !host.is_empty() && is_name(host),
    }
}

/// RFC 6761 section 6.3: names below `localhost` lead to the machine itself.
fn is_loopback(host: &str) -> bool {
    let below_localhost = || host.strip_suffix(".localhost").is_some_and(|name| name.split('.').all(|label| !label.is_empty()));
    ["localhost", "127.0.0.1", "[::1]"].contains(&host) || below_localhost()
}

/// The names of the parameters in a URL's query, as they are written.
fn parameters(url: &str) -> impl Iterator<Item = &str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
}

/// What is wrong with a URL to which requests are sent: a parameter of the binding in it would be there twice.
pub(super) fn destination_fault(url: &str) -> Option<&'static str> {
    const BINDING: [&str; 6] = ["SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding"];
    fault(url, Some("it is not https")).or_else(|| {
        let taken = parameters(url).any(|name| BINDING.contains(&name));
        taken.then_some("its query has a parameter that a request brings along")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_no_character_that_means_something_elsewhere() {
        for (url, accepted) in [
            ("https://acme.us.auth0.com/samlp/X", true),
            ("https://acme_1.example/", true),
            ("https://[2001:db8::1]:8443/", true),
            ("https://a;script-src/", false),
            ("https://a,b/", false),
            ("https://a'b/", false),
            ("https://a*b/", false),
            ("https://%61/", false),
            ("https://[]/", false),
            ("https://[::1/", false),
            ("https://::1]/", false),
            ("https://[x]/", false),
            ("https://a:b:1/", false),
        ] {
            assert_eq!(fault(url, None), if accepted { None } else { Some("its host or port is not valid") }, "{url}");
        }
    }

    #[test]
    fn a_destination_has_no_parameter_of_the_binding() {
        for (query, accepted) in [
            ("", true),
            ("?connection=google&organization=org_1", true),
            ("?samlrequest=a&XRelayState=b&x=SAMLRequest", true),
            ("/SAMLRequest=a", true),
            ("?SAMLRequest=a", false),
            ("?a=b&RelayState", false),
            ("?a=b&SigAlg=&c=d", false),
        ] {
            let url = format!("https://idp.example/sso{query}");
            let expected = if accepted { None } else { Some("its query has a parameter that a request brings along") };
            assert_eq!(destination_fault(&url), expected, "{url}");
        }
        assert_eq!(destination_fault("http://idp.example/sso"), Some("it is not https"));
    }
}
