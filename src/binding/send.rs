//! Sending: from a message of ours to what a browser is given, by redirect and by POST.
//!
//! In goes a document, where it goes and what travels with it; out comes a URL or a page. The message was written and, for POST,
//! signed before; the signature of a redirect is over the query and made here. Nothing is sent: that is the service's answer.
//!
//! # Not supported
//!
//! The artifact binding, and encodings of a redirect other than DEFLATE.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::redirect::{RELAY_STATE, RedirectParameter, SIGNATURE, SIGNATURE_METHOD};
use crate::base64;
use crate::crypto::SigningKey;

/// The URL that carries a message by redirect. SAML Bindings 3.4.4.1.
///
/// The query of `location` stays, in front. The signature is over the parameters in the order of the binding, in exactly the
/// octets of the URL. `None` where the key cannot sign.
pub(crate) fn redirect_url(
    location: &str,
    parameter: RedirectParameter,
    xml: &str,
    relay_state: Option<&str>,
    key: Option<&SigningKey>,
) -> Option<String> {
    let mut query = format!("{}={}", parameter.name(), percent_encode(&base64::encode(&deflate(xml.as_bytes())?)));
    // 3.4.4.1: where there is no RelayState, the parameter is left out, also of what is signed.
    if let Some(relay_state) = relay_state {
        query = format!("{query}&{RELAY_STATE}={}", percent_encode(relay_state));
    }
    if let Some(key) = key {
        query = format!("{query}&{SIGNATURE_METHOD}={}", percent_encode(key.algorithm().uri()));
        let value = base64::encode(&key.sign(query.as_bytes())?);
        query = format!("{query}&{SIGNATURE}={}", percent_encode(&value));
    }
    Some(with_query(location, &query))
}

/// A URL with more parameters behind those that it has.
pub(crate) fn with_query(url: &str, query: &str) -> String {
    let separator = match url {
        url if url.ends_with(['?', '&']) => "",
        url if url.contains('?') => "&",
        _ => "?",
    };
    format!("{url}{separator}{query}")
}

/// UTF-8 in percent-encoding: bare are letters, digits and `-_.!~*'()`, the unreserved characters of RFC 2396; a space is `%20`,
/// and hexadecimal digits are upper case.
///
/// Some identity providers, Auth0 among them, decode the query and encode it again before they verify its signature. This is
/// the encoding of `encodeURIComponent`, which they use. One character has no safe form: browsers write `'` as `%27`.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// One raw DEFLATE stream. RFC 1951.
fn deflate(octets: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).ok()?;
    encoder.finish().ok()
}

/// A page that posts a message as soon as it is shown. SAML Bindings 3.5.4.
///
/// Send it as it is, with [`PostPage::headers`]. It works under its own Content-Security-Policy, which allows one script by its
/// nonce and nothing else; without JavaScript its button posts the message.
#[derive(Clone, PartialEq, Eq)]
pub struct PostPage {
    html: String,
    content_security_policy: String,
}

impl PostPage {
    /// `nonce` has been checked to consist of characters of base64, and `location` to be an absolute URL.
    pub(crate) fn new(
        title: &'static str,
        location: &str,
        parameter: RedirectParameter,
        xml: &str,
        relay_state: Option<&str>,
        nonce: &str,
    ) -> Self {
        let message = hidden_field(parameter.name(), &base64::encode(xml.as_bytes()));
        let relay_state = relay_state.map(|value| hidden_field(RELAY_STATE, value)).unwrap_or_default();
        let action = escape_html(location);
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n<body>\n\
             <form method=\"post\" action=\"{action}\">\n{message}{relay_state}\
             <noscript><p>JavaScript is off. Press the button to go on.</p></noscript>\n\
             <button type=\"submit\">Continue</button>\n</form>\n\
             <script nonce=\"{nonce}\">document.forms[0].submit();</script>\n</body>\n</html>\n"
        );
        Self { html, content_security_policy: policy(location, nonce) }
    }

    /// The page: HTML in UTF-8.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The value of the header `Content-Security-Policy` that fits the page: it names the nonce of its script.
    ///
    /// `form-action` names the origin that the form goes to and every other `https` one, for browsers apply it to the redirects
    /// that follow, too, and an identity provider may hand the user on to another. Where the form goes to plain `http`, on the machine
    /// of a developer, it names every `http` origin as well.
    pub fn content_security_policy(&self) -> &str {
        &self.content_security_policy
    }

    /// The headers to answer with. SAML Bindings 3.5.5.1: no cache keeps the page.
    pub fn headers(&self) -> [(&'static str, &str); 4] {
        headers(&self.content_security_policy)
    }
}

fn headers(content_security_policy: &str) -> [(&'static str, &str); 4] {
    [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", content_security_policy),
        ("cache-control", "no-cache, no-store"),
        ("pragma", "no-cache"),
    ]
}

/// A page that leads on to a URL as soon as it is shown.
pub(crate) fn onward_page(title: &'static str, url: &str) -> String {
    let url = escape_html(url);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta http-equiv=\"refresh\" content=\"0; url={url}\">\n</head>\n<body>\n<a href=\"{url}\">Continue</a>\n</body>\n</html>\n"
    )
}

/// The headers of that page, which runs no script and has no form.
pub(crate) fn onward_headers() -> [(&'static str, &'static str); 4] {
    headers("default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
}

/// The message may name a user.
impl std::fmt::Debug for PostPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostPage").field("content_security_policy", &self.content_security_policy).finish_non_exhaustive()
    }
}

fn hidden_field(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape_html(value))
}

fn policy(location: &str, nonce: &str) -> String {
    let origin = origin(location);
    let schemes = if origin.starts_with("http:") { "http: https:" } else { "https:" };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; form-action {origin} {schemes}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Scheme, host and port of an absolute URL.
fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |colon| colon.saturating_add(3));
    let length = url.get(authority..).and_then(|rest| rest.find(['/', '?']));
    length.and_then(|length| url.get(..authority.saturating_add(length))).unwrap_or(url)
}

/// For text and for attribute values in either kind of quotes.
fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_encoded_as_encode_uri_component_does() {
        for (text, encoded) in [
            ("", ""),
            ("AZaz09-_.!~*'()", "AZaz09-_.!~*'()"),
            (" +%&=\"<>", "%20%2B%25%26%3D%22%3C%3E"),
            ("/:?#[]@$,;", "%2F%3A%3F%23%5B%5D%40%24%2C%3B"),
            ("`{}|\\^", "%60%7B%7D%7C%5C%5E"),
            ("é\u{1F600}\u{7F}", "%C3%A9%F0%9F%98%80%7F"),
        ] {
            assert_eq!(percent_encode(text), encoded);
        }
    }

    #[test]
    fn a_query_goes_behind_the_one_that_is_there() {
        for (url, expected) in [
            ("https://a/b", "https://a/b?q=1"),
            ("https://a/b?", "https://a/b?q=1"),
            ("https://a/b?c", "https://a/b?c&q=1"),
            ("https://a/b?c=d&", "https://a/b?c=d&q=1"),
        ] {
            assert_eq!(with_query(url, "q=1"), expected);
        }
    }

    #[test]
    fn an_origin_ends_with_its_port() {
        for (url, expected) in [
            ("https://a.example", "https://a.example"),
            ("https://a.example/b/c?d", "https://a.example"),
            ("https://a.example?d=/", "https://a.example"),
            ("http://[::1]:3000/b", "http://[::1]:3000"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }

    #[test]
    fn plain_http_may_follow_plain_http_alone() {
        for (location, allowed) in [
            ("https://a.example/b", "form-action https://a.example https:; "),
            ("http://localhost:3000/b", "form-action http://localhost:3000 http: https:; "),
        ] {
            let policy = policy(location, "nonce");
            assert!(policy.contains(allowed), "{policy}");
        }
    }
}
