//! In what alone two identifiers differ that an administrator probably meant to be equal.
//!
//! Two identifiers go in; the smallest set of known differences that explains them comes out, as a hint for whoever reads the
//! error. Deliberately absent: any way in which this decides. Identifiers are compared as exact strings (SAML Core 1.3.1), and
//! only after that has failed does somebody ask why.

use std::fmt;

/// One kind of difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    TrailingSlash,
    LetterCase,
    WhiteSpace,
    Scheme,
    Port,
    Www,
    PercentEncoding,
    Query,
    SpnPrefix,
}

/// The differences between two identifiers, if these are all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    all: Vec<Difference>,
    /// The port that one of the two writes is the one that its scheme has anyway.
    default_port: bool,
}

impl Differences {
    /// Of the first pair that has a hint: ours, theirs.
    pub(super) fn of<'a>(ours: impl Iterator<Item = &'a str> + Clone, theirs: impl Iterator<Item = &'a str>) -> Self {
        let pairs = theirs.flat_map(|other| ours.clone().map(move |one| (one, other)));
        pairs.into_iter().find_map(|(one, other)| Self::between(one, other)).unwrap_or_default()
    }

    /// At most two: what differs in more ways was not meant to be equal.
    fn between(one: &str, other: &str) -> Option<Self> {
        let explains = |all: &[Difference]| without(one, all) == without(other, all);
        if one == other || !explains(&Difference::ALL) {
            return None;
        }
        let singles = Difference::ALL.into_iter().map(|difference| vec![difference]);
        let pairs = Difference::ALL.into_iter().enumerate().flat_map(|(place, first)| {
            Difference::ALL.into_iter().skip(place.saturating_add(1)).map(move |second| vec![first, second])
        });
        let all = singles.chain(pairs).find(|all| explains(all))?;
        let default_port = writes_default_port(one) != writes_default_port(other);
        Some(Self { all, default_port })
    }

    /// Whether what stands in front of the service can have made the difference.
    pub(super) fn are_those_of_a_proxy(&self) -> bool {
        use Difference::{Port, Scheme, Www};
        self.all.iter().any(|difference| matches!(difference, Scheme | Port | Www))
    }
}

/// The hint that follows a message; nothing where there is none.
impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.all.iter().map(|difference| difference.name(self.default_port)).collect();
        if names.is_empty() { Ok(()) } else { write!(f, " (they differ only by {})", names.join(" and ")) }
    }
}

impl Difference {
    /// In the order in which they are tried.
    const ALL: [Self; 9] = [
        Self::TrailingSlash,
        Self::LetterCase,
        Self::WhiteSpace,
        Self::Scheme,
        Self::Port,
        Self::Www,
        Self::PercentEncoding,
        Self::Query,
        Self::SpnPrefix,
    ];

    const fn name(self, default_port: bool) -> &'static str {
        match self {
            Self::TrailingSlash => "a trailing slash",
            Self::LetterCase => "letter case",
            Self::WhiteSpace => "white space",
            Self::Scheme => "the scheme",
            Self::Port if default_port => "the default port, which one writes and the other does not",
            Self::Port => "the port",
            Self::Www => "`www.`",
            Self::PercentEncoding => "percent-encoding",
            Self::Query => "the query",
            Self::SpnPrefix => "the prefix `spn:`, which Entra ID writes before an application's ID",
        }
    }
}

/// The identifier without what the differences are about.
fn without(value: &str, all: &[Difference]) -> String {
    let has = |difference| all.contains(&difference);
    let mut value = value.to_owned();
    if has(Difference::WhiteSpace) {
        value.retain(|character| !character.is_whitespace() && !matches!(character, '\u{200B}' | '\u{2060}' | '\u{FEFF}'));
    }
    if has(Difference::LetterCase) {
        value = value.to_lowercase();
    }
    if has(Difference::PercentEncoding) {
        value = percent_decoded(&value);
    }
    if has(Difference::SpnPrefix) {
        value = value.strip_prefix("spn:").map(str::to_owned).unwrap_or(value);
    }
    let (identifier, query) = value.split_once('?').unwrap_or((&value, ""));
    let identifier = if has(Difference::TrailingSlash) { identifier.trim_end_matches('/') } else { identifier };
    let query = if has(Difference::Query) || query.is_empty() { String::new() } else { format!("?{query}") };
    let Some((scheme, host, port, path)) = parts(identifier) else { return format!("{identifier}{query}") };
    let scheme = if has(Difference::Scheme) { "" } else { scheme };
    let host = if has(Difference::Www) { host.strip_prefix("www.").unwrap_or(host) } else { host };
    let port = if has(Difference::Port) { "" } else { port };
    format!("{scheme}://{host}{port}{path}{query}")
}

/// Scheme, host, port with its colon, and path, if it is a URL.
fn parts(url: &str) -> Option<(&str, &str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let colon = authority.rfind(':').filter(|colon| is_port(authority.get(*colon..).unwrap_or_default()));
    let (host, port) = authority.split_at(colon.unwrap_or(authority.len()));
    Some((scheme, host, port, path))
}

/// A colon and digits, but for those at the end of an IPv6 address.
fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn writes_default_port(url: &str) -> bool {
    parts(url).is_some_and(|(scheme, _, port, _)| matches!((scheme, port), ("https", ":443") | ("http", ":80")))
}

/// `%41` as `A`; only what stands for ASCII.
fn percent_decoded(value: &str) -> String {
    let mut pieces = value.split('%');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii) {
            Some(octet) => {
                decoded.push(char::from(octet));
                decoded.push_str(piece.get(2..).unwrap_or_default());
            }
            None => {
                decoded.push('%');
                decoded.push_str(piece);
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(one: &str, other: &str) -> String {
        let differences = |one, other| Differences::of([one].into_iter(), [other].into_iter());
        let hint = differences(one, other).to_string();
        assert_eq!(hint, differences(other, one).to_string(), "{one} {other}");
        hint
    }

    #[test]
    fn near_misses_are_named() {
        const PORT: &str = "the default port, which one writes and the other does not";
        for (one, other, difference) in [
            ("https://a.example/acs", "https://a.example/acs/", "a trailing slash"),
            ("https://a.example", "https://a.example/", "a trailing slash"),
            ("https://a.example/acs?x", "https://a.example/acs/?x", "a trailing slash"),
            ("https://a.example/acs", "https://A.example/ACS", "letter case"),
            ("https://a.example/acs", " https://a.example/acs", "white space"),
            ("https://a.example/acs", "https://a.example/\u{200B}acs", "white space"),
            ("https://a.example/acs", "http://a.example/acs", "the scheme"),
            ("https://a.example/acs", "https://a.example:443/acs", PORT),
            ("http://a.example/acs", "http://a.example:80/acs", PORT),
            ("https://a.example", "https://a.example:443", PORT),
            ("https://[2001:db8::1]/acs", "https://[2001:db8::1]:443/acs", PORT),
            ("https://a.example/acs", "https://a.example:8443/acs", "the port"),
            ("https://a.example/acs", "https://a.example:80/acs", "the port"),
            ("https://a.example/acs", "https://www.a.example/acs", "`www.`"),
            ("https://a.example/a~cs", "https://a.example/a%7Ecs", "percent-encoding"),
            ("https://a.example/a%2fcs", "https://a.example/a%2Fcs", "letter case"),
            ("https://a.example/acs", "https://a.example/acs?idp=7", "the query"),
            ("https://a.example/acs", "http://a.example/acs/", "a trailing slash and the scheme"),
            ("https://a.example/acs", "http://a.example:443/acs", "the scheme and the port"),
            ("https://a.example/acs", "http://a.example:80/acs", &format!("the scheme and {PORT}")),
            ("urn:acme:portal", "urn:acme:Portal", "letter case"),
            ("7c1d9e20", "spn:7c1d9e20", "the prefix `spn:`, which Entra ID writes before an application's ID"),
        ] {
            assert_eq!(hint(one, other), format!(" (they differ only by {difference})"), "{one} {other}");
        }
    }

    #[test]
    fn what_was_not_meant_to_be_equal_gets_no_hint() {
        for (one, other) in [
            ("https://a.example/acs", "https://b.example/acs"),
            ("https://a.example/acs", "https://a.example/acs/old"),
            ("https://a.example/acs", "https://a.example.evil/acs"),
            ("https://a.example/acs", "https://a.example:443@evil/acs"),
            ("https://a.example/acs", "http://www.a.example:80/ACS/"),
            ("https://a.example/acs", "https://a.example/acs"),
            ("https://a.example/acs", ""),
            ("urn:acme:443", "urn:acme"),
            ("http:80", "http"),
            ("a%", "a%zz"),
            ("", "x"),
        ] {
            assert_eq!(hint(one, other), "", "{one} {other}");
        }
    }

    #[test]
    fn any_pair_of_several_gives_the_hint() {
        let differences = Differences::of(["urn:a", "urn:b"].into_iter(), ["urn:x", "urn:b/"].into_iter());
        assert_eq!(differences.to_string(), " (they differ only by a trailing slash)");
        assert!(!differences.are_those_of_a_proxy());
        for (other, proxy) in [("http://a", true), ("https://a:8443", true), ("https://www.a", true), ("https://A", false)] {
            assert_eq!(Differences::of(["https://a"].into_iter(), [other].into_iter()).are_those_of_a_proxy(), proxy, "{other}");
        }
    }
}
