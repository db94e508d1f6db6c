//! `application/x-www-form-urlencoded`: the fields of a form body or of a query.

/// The fields in order, names and values decoded. WHATWG URL section 5.1.
///
/// Nothing is repaired: an escape that is none stays as it is, for whoever reads the value to complain about.
pub(crate) fn fields(text: &str) -> Vec<(String, String)> {
    let pair = |field: &str| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        (decode(name), decode(value))
    };
    text.split('&').filter(|field| !field.is_empty()).map(pair).collect()
}

/// What is behind the `?` of a URL and before its fragment; the whole text if there is no `?`.
pub(crate) fn query_of(url: &str) -> &str {
    let query = url.split_once('?').map_or(url, |(_, query)| query);
    // `SigAlg` has a `#` of its own, which is escaped until somebody decodes the URL as a whole.
    query.split_once('#').filter(|(_, behind)| !behind.contains("&Signature=")).map_or(query, |(query, _)| query)
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let (byte, behind) = match rest {
            [b'+', ..] => (b' ', behind),
            [b'%', high, low, behind @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, behind),
                _ => (b'%', rest.get(1..).unwrap_or_default()),
            },
            _ => (*first, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_once() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (text, expected) in [
            ("SAMLResponse=PGEv%2BPg%3D%3d&RelayState=", vec![field("SAMLResponse", "PGEv+Pg=="), field("RelayState", "")]),
            ("a=b+c%20d&&e", vec![field("a", "b c d"), field("e", "")]),
            ("a=%252B", vec![field("a", "%2B")]),
            ("a=%2&b=%zz%", vec![field("a", "%2"), field("b", "%zz%")]),
            ("a=b=c&a=d", vec![field("a", "b=c"), field("a", "d")]),
            ("%61=%ff", vec![field("a", "\u{FFFD}")]),
            ("", vec![]),
        ] {
            assert_eq!(fields(text), expected, "{text}");
        }
    }

    #[test]
    fn a_query_has_no_url_around_it() {
        for (url, query) in [
            ("https://sp.example/acs?a=b&c=d#e", "a=b&c=d"),
            ("?a=b", "a=b"),
            ("a=b", "a=b"),
            ("https://sp.example/acs?a=b?c", "a=b?c"),
            ("https://sp.example/slo?SigAlg=urn:a#b&Signature=c", "SigAlg=urn:a#b&Signature=c"),
            ("https://sp.example/slo?SigAlg=urn:a%23b&Signature=c#d&e", "SigAlg=urn:a%23b&Signature=c"),
        ] {
            assert_eq!(query_of(url), query);
        }
    }
}
