//! Joining `xml:base` values: Canonical XML 1.1 section 2.4 and its appendix, on top of RFC 3986 section 5.2.
//!
//! Differs from RFC 3986 where the appendix does: a relative base is allowed and keeps its leading `../`, and consecutive
//! slashes are one.

/// The reference as it stands below the base.
pub(super) fn join(base: &str, reference: &str) -> String {
    let base = Reference::parse(base);
    let reference = Reference::parse(reference);
    let (scheme, authority, path, query);
    if reference.scheme.is_some() {
        (scheme, authority) = (reference.scheme, reference.authority);
        (path, query) = (remove_dot_segments(reference.path), reference.query);
    } else if reference.authority.is_some() {
        (scheme, authority) = (base.scheme, reference.authority);
        (path, query) = (remove_dot_segments(reference.path), reference.query);
    } else {
        (scheme, authority) = (base.scheme, base.authority);
        if reference.path.is_empty() {
            (path, query) = (remove_dot_segments(base.path), reference.query.or(base.query));
        } else if reference.path.starts_with('/') {
            (path, query) = (remove_dot_segments(reference.path), reference.query);
        } else {
            (path, query) = (remove_dot_segments(&merge(&base, reference.path)), reference.query);
        }
    }
    // The fragment is no part of a base: appendix A.
    let scheme = scheme.map_or(String::new(), |scheme| format!("{scheme}:"));
    let authority = authority.map_or(String::new(), |authority| format!("//{authority}"));
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{scheme}{authority}{path}{query}")
}

/// The parts of a URI reference, RFC 3986 appendix B.
struct Reference<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn parse(text: &'a str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let (scheme, rest) = match text.find([':', '/', '?']) {
            Some(at) if at > 0 && text.get(at..).is_some_and(|rest| rest.starts_with(':')) => {
                (text.get(..at), text.get(at + 1..).unwrap_or_default())
            }
            _ => (None, text),
        };
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (authority, rest) = rest.split_at(end);
                (Some(authority), rest)
            }
            None => (None, rest),
        };
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        Self { scheme, authority, path, query }
    }
}

/// RFC 3986 section 5.2.3; a trailing `..` of the base counts as a directory.
fn merge(base: &Reference<'_>, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    let directory = match base.path.rsplit_once('/') {
        _ if base.path == ".." || base.path.ends_with("/..") => format!("{}/", base.path),
        Some((directory, _)) => format!("{directory}/"),
        None => String::new(),
    };
    format!("{directory}{path}")
}

/// RFC 3986 section 5.2.4, as the appendix changes it.
fn remove_dot_segments(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
    let mut directory = path.ends_with('/');
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => directory |= last,
            ".." => {
                directory |= last;
                match kept.last() {
                    Some(&above) if above != ".." => {
                        kept.pop();
                    }
                    _ if absolute => {}
                    _ => kept.push(".."),
                }
            }
            _ => kept.push(segment),
        }
    }
    let mut joined = kept.join("/");
    if directory && !joined.is_empty() {
        joined.push('/');
    }
    if absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn references_join_as_the_appendix_says() {
        for (base, reference, joined) in [
            ("http://www.example.com/a/b", "c", "http://www.example.com/a/c"),
            ("http://www.example.com", "c", "http://www.example.com/c"),
            ("http://www.example.com/a/", "../c", "http://www.example.com/c"),
            ("a/", "../../c", "../c"),
            // What leads above the base stays, however often.
            ("a/", "../../../c", "../../c"),
            ("a/b/", ".", "a/b/"),
            // Nothing in front of the colon is no scheme.
            ("http://a/b", ":c", "http://a/:c"),
            ("..", "c", "../c"),
            ("a/b", "..", ""),
            ("a/b/c", "..", "a/"),
            ("a", "/b//c", "/b/c"),
            ("a", "c", "c"),
            ("http://a/b", "../../c", "http://a/c"),
            ("http://a/b?q#f", "", "http://a/b?q"),
            ("a", "http://x/y", "http://x/y"),
            ("http://a/b", "//h/p", "http://h/p"),
            ("a/b", "?q", "a/b?q"),
        ] {
            assert_eq!(join(base, reference), joined, "{base} {reference}");
        }
    }
}
