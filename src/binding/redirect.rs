//! The HTTP Redirect binding: from the query of a URL to the bytes of a document, by way of its detached signature.
//!
//! SAML Bindings 3.4.4.1: the message is DEFLATE, then base64, then percent-encoded, and the signature covers the parameters in a
//! fixed order **as they were written**: the escapes of one sender are not those of another, so that the raw query goes in, and
//! nothing of it is decoded before the signature was verified over it. A compressed bomb has to be signed to be inflated.
//!
//! # Not supported
//!
//! Encodings other than DEFLATE, messages without signature, base64 with line breaks (3.4.4.1 forbids them).

use flate2::{Decompress, FlushDecompress, Status};

use super::post;
use crate::base64;
use crate::error::DecodeError;
use crate::limits::Limits;

/// A message of the HTTP Redirect binding whose detached signature a trusted key made.
///
/// It is as the identity provider wrote it, and that is all: what it says, to whom and when is still to be judged.
#[derive(Clone, PartialEq, Eq)]
pub struct RedirectMessage {
    parameter: RedirectParameter,
    xml: Vec<u8>,
    relay_state: Option<Vec<u8>>,
}

/// The parameter that a message of the HTTP Redirect binding travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectParameter {
    /// `SAMLRequest`: a LogoutRequest, for example.
    SamlRequest,
    /// `SAMLResponse`: a LogoutResponse, for example.
    SamlResponse,
}

impl RedirectParameter {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SamlRequest => REQUEST,
            Self::SamlResponse => RESPONSE,
        }
    }
}

impl RedirectMessage {
    /// Which parameter it was in.
    pub fn parameter(&self) -> RedirectParameter {
        self.parameter
    }

    /// The document.
    pub fn xml(&self) -> &[u8] {
        &self.xml
    }

    /// `RelayState`, percent-decoded; signed together with the message. `None` where the query has no such parameter.
    pub fn relay_state(&self) -> Option<&[u8]> {
        self.relay_state.as_deref()
    }
}

impl std::fmt::Debug for RedirectMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedirectMessage").field("parameter", &self.parameter).finish_non_exhaustive()
    }
}

const REQUEST: &str = "SAMLRequest";
const RESPONSE: &str = "SAMLResponse";
pub(super) const RELAY_STATE: &str = "RelayState";
pub(super) const SIGNATURE_METHOD: &str = "SigAlg";
pub(super) const SIGNATURE: &str = "Signature";
const ENCODING: &str = "SAMLEncoding";
const NAMES: [&str; 6] = [REQUEST, RESPONSE, RELAY_STATE, SIGNATURE_METHOD, SIGNATURE, ENCODING];
const DEFLATE: &[u8] = b"urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// The parameters of a signed query, each as it was written. Nothing is verified yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedQuery<'q> {
    parameter: RedirectParameter,
    message: &'q str,
    relay_state: Option<&'q str>,
    method: &'q str,
    signature: &'q str,
}

impl<'q> SignedQuery<'q> {
    /// Takes a raw query apart. Parameters that are none of the binding's are passed over: a URL may have had some before.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] where a parameter could be read in two ways, or the message is missing.
    pub(crate) fn read(query: &'q str, limits: &Limits) -> Result<Self, DecodeError> {
        let Query { parameter, message, relay_state, method, signature } = Query::read(query, limits)?;
        let method = method.ok_or(DecodeError::MissingParameter { names: &[SIGNATURE_METHOD] })?;
        let signature = signature.ok_or(DecodeError::MissingParameter { names: &[SIGNATURE] })?;
        Ok(Self { parameter, message, relay_state, method, signature })
    }

    /// The identifier of the signature method.
    pub(crate) fn method(&self) -> Result<String, DecodeError> {
        let identifier = percent_decode(SIGNATURE_METHOD, self.method)?;
        Ok(String::from_utf8_lossy(&identifier).into_owned())
    }

    pub(crate) fn value(&self) -> Result<Vec<u8>, DecodeError> {
        decode_base64(SIGNATURE, self.signature)
    }

    /// What is signed: the parameters in their order, in the octets that arrived. SAML Bindings 3.4.4.1.
    pub(crate) fn signed_octets(&self) -> String {
        let relay_state = self.relay_state.map(|value| (RELAY_STATE, value));
        let message = (self.parameter.name(), self.message);
        let signed = [Some(message), relay_state, Some((SIGNATURE_METHOD, self.method))];
        let pairs: Vec<String> = signed.into_iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    /// The message, for whoever has verified the signature.
    pub(crate) fn decode(&self, limits: &Limits) -> Result<RedirectMessage, DecodeError> {
        let compressed = decode_base64(self.parameter.name(), self.message)?;
        Ok(RedirectMessage {
            parameter: self.parameter,
            xml: inflate(&compressed, limits.document_bytes)?,
            relay_state: self.relay_state.map(|value| percent_decode(RELAY_STATE, value)).transpose()?,
        })
    }
}

/// The message of a query that is neither compressed nor signed as the binding prescribes: base64 of XML, as it is posted. `None` for
/// every other query.
///
/// SAML Bindings 3.4.4 allows other encodings. Auth0's own package sends messages of logout so if it is told not to deflate, and signs
/// the element: it is the element's signature that has to hold, and nothing is inflated.
///
/// # Errors
///
/// A [`DecodeError`] where a parameter could be read in two ways.
pub(crate) fn undeflated(query: &str, parameter: RedirectParameter, limits: &Limits) -> Result<Option<String>, DecodeError> {
    let limit = post::text_limit(limits);
    if query.len() > limit {
        return Err(DecodeError::TooLong { limit });
    }
    let [request, response, _, method, signature, encoding] = parameters(query)?;
    let (message, other) = match parameter {
        RedirectParameter::SamlRequest => (request, response),
        RedirectParameter::SamlResponse => (response, request),
    };
    let Some(message) = message.filter(|_| other.is_none()) else { return Ok(None) };
    if method.or(signature).or(encoding).is_some() {
        return Ok(None);
    }
    let octets = decode_base64(parameter.name(), message)?;
    Ok((octets.first() == Some(&b'<')).then(|| base64::encode(&octets)))
}

/// The parameters of a query, signed or not, each as it was written.
#[derive(Clone, Copy, Debug)]
struct Query<'q> {
    parameter: RedirectParameter,
    message: &'q str,
    relay_state: Option<&'q str>,
    method: Option<&'q str>,
    signature: Option<&'q str>,
}

impl<'q> Query<'q> {
    fn read(query: &'q str, limits: &Limits) -> Result<Self, DecodeError> {
        let limit = post::text_limit(limits);
        if query.len() > limit {
            return Err(DecodeError::TooLong { limit });
        }
        let [request, response, relay_state, method, signature, encoding] = parameters(query)?;
        let (parameter, message) = match (request, response) {
            (Some(message), None) => (RedirectParameter::SamlRequest, message),
            (None, Some(message)) => (RedirectParameter::SamlResponse, message),
            (Some(_), Some(_)) => return Err(DecodeError::RequestAndResponse),
            (None, None) => return Err(DecodeError::MissingParameter { names: &[REQUEST, RESPONSE] }),
        };
        if let Some(encoding) = encoding
            && percent_decode(ENCODING, encoding)? != DEFLATE
        {
            return Err(DecodeError::UnknownEncoding);
        }
        Ok(Self { parameter, message, relay_state, method, signature })
    }
}

/// A request and its RelayState, signed or not, for the identity provider of tests: it answers whoever asks.
///
/// # Errors
///
/// A [`DecodeError`], as for a signed one.
#[cfg(feature = "test-idp")]
pub(crate) fn decode_request(query: &str, limits: &Limits) -> Result<(Vec<u8>, Option<Vec<u8>>), DecodeError> {
    let query = Query::read(query, limits)?;
    if query.parameter != RedirectParameter::SamlRequest {
        return Err(DecodeError::MissingParameter { names: &[REQUEST] });
    }
    let relay_state = query.relay_state.map(|value| percent_decode(RELAY_STATE, value)).transpose()?;
    Ok((inflate(&decode_base64(REQUEST, query.message)?, limits.document_bytes)?, relay_state))
}

/// A message of the HTTP Redirect binding that nobody vouches for: its signature, if there is one, was not looked at.
#[cfg(feature = "inspect")]
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedRedirect {
    parameter: RedirectParameter,
    xml: Vec<u8>,
    relay_state: Option<Vec<u8>>,
    signature_method: Option<String>,
    has_signature: bool,
}

#[cfg(feature = "inspect")]
impl UnverifiedRedirect {
    /// Decodes the query of a redirect, as it was written, to look at it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], as [`IdentityProvider::verify_redirect`](crate::IdentityProvider::verify_redirect), but for the lack of a
    /// signature. What is inflated is bounded by [`Limits::document_bytes`].
    pub fn decode(query: &str, limits: &Limits) -> Result<Self, DecodeError> {
        let query = Query::read(query, limits)?;
        let octets = decode_base64(query.parameter.name(), query.message)?;
        let text = |(name, value)| percent_decode(name, value).map(|octets| String::from_utf8_lossy(&octets).into_owned());
        Ok(Self {
            parameter: query.parameter,
            // Some send XML as it is, see `undeflated`.
            xml: if octets.first() == Some(&b'<') { octets } else { inflate(&octets, limits.document_bytes)? },
            relay_state: query.relay_state.map(|value| percent_decode(RELAY_STATE, value)).transpose()?,
            signature_method: query.method.map(|value| text((SIGNATURE_METHOD, value))).transpose()?,
            has_signature: query.signature.is_some(),
        })
    }

    /// Which parameter it was in.
    pub fn parameter(&self) -> RedirectParameter {
        self.parameter
    }

    /// The document.
    pub fn xml(&self) -> &[u8] {
        &self.xml
    }

    /// `RelayState`, percent-decoded. `None` where the query has no such parameter.
    pub fn relay_state(&self) -> Option<&[u8]> {
        self.relay_state.as_deref()
    }

    /// `SigAlg`, percent-decoded: the method of the detached signature.
    pub fn signature_method(&self) -> Option<&str> {
        self.signature_method.as_deref()
    }

    /// Whether the query has the parameter `Signature`. It was not verified.
    pub fn has_signature(&self) -> bool {
        self.has_signature
    }
}

#[cfg(feature = "inspect")]
impl std::fmt::Debug for UnverifiedRedirect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnverifiedRedirect").field("parameter", &self.parameter).finish_non_exhaustive()
    }
}

/// The raw values of the binding's parameters, in the order of [`NAMES`].
///
/// Twice the same, or one whose name is written with escapes or in other case: two readers would see two queries. Anything else is
/// another parameter, and says nothing.
fn parameters(query: &str) -> Result<[Option<&str>; NAMES.len()], DecodeError> {
    let mut found = [None; NAMES.len()];
    for pair in query.split('&') {
        let (raw, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = percent_decode("", raw).unwrap_or_else(|_| raw.as_bytes().to_vec());
        let decoded = String::from_utf8_lossy(&decoded);
        for (name, slot) in NAMES.into_iter().zip(&mut found).filter(|(name, _)| is_in_any_case(&decoded, name)) {
            if decoded != name {
                return Err(DecodeError::NameInOtherCase { name });
            }
            if raw != name {
                return Err(DecodeError::EscapedName { name });
            }
            if slot.replace(value).is_some() {
                return Err(DecodeError::DuplicateParameter { name });
            }
        }
    }
    Ok(found)
}

/// By Unicode's rule and not by that of ASCII alone: to some readers `\u{17f}` is an `s`.
fn is_in_any_case(text: &str, name: &str) -> bool {
    text.chars().flat_map(char::to_uppercase).eq(name.chars().flat_map(char::to_uppercase))
}

/// Decodes the raw value of the parameter `name` as forms do: `%` and two hexadecimal digits, `+` for a space.
fn percent_decode(name: &'static str, raw: &str) -> Result<Vec<u8>, DecodeError> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [first, behind @ ..] = rest {
        let (octet, behind) = match (first, behind) {
            (b'%', [high, low, behind @ ..]) => (hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low), behind),
            (b'%', _) => (None, behind),
            (b'+', _) => (Some(b' '), behind),
            (octet, _) => (Some(*octet), behind),
        };
        let offset = raw.len().saturating_sub(rest.len());
        decoded.push(octet.ok_or(DecodeError::InvalidEscape { name, offset })?);
        rest = behind;
    }
    Ok(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The octets of a base64 value: without white space, which 3.4.4.1 has removed.
fn decode_base64(name: &'static str, raw: &str) -> Result<Vec<u8>, DecodeError> {
    let text = percent_decode(name, raw)?;
    let text = String::from_utf8_lossy(&text);
    if let Some(offset) = text.find([' ', '\t', '\r', '\n']) {
        return Err(DecodeError::WhiteSpace { name, offset });
    }
    Ok(base64::decode_whitespace(&text)?)
}

/// Inflates one whole DEFLATE stream of at most `limit` bytes. RFC 1951.
///
/// What is inflated grows with what comes out and stops one byte behind the limit, whatever the stream promises.
fn inflate(compressed: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    let mut stream = Decompress::new(false);
    let mut xml = Vec::new();
    let mut rest = compressed;
    loop {
        let room = xml.len().max(4096).min(limit.saturating_add(1).saturating_sub(xml.len()));
        xml.reserve_exact(room);
        let before = (rest.len(), xml.len());
        let status = stream.decompress_vec(rest, &mut xml, FlushDecompress::None).map_err(|_| DecodeError::NotDeflate)?;
        let consumed = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        rest = compressed.get(consumed..).unwrap_or_default();
        match status {
            _ if xml.len() > limit => return Err(DecodeError::InflatedTooLong { limit }),
            Status::StreamEnd if rest.is_empty() => return Ok(xml),
            Status::StreamEnd => return Err(DecodeError::DataAfterDeflate { bytes: rest.len() }),
            Status::Ok | Status::BufError if before == (rest.len(), xml.len()) => return Err(DecodeError::DeflateCut),
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compress;

    use super::*;

    const LIMITS: Limits = Limits { document_bytes: 10_000, ..Limits::DEFAULT };

    fn read(query: &str) -> Result<SignedQuery<'_>, DecodeError> {
        SignedQuery::read(query, &LIMITS)
    }

    fn compressed(octets: &[u8]) -> Vec<u8> {
        compress(octets, false)
    }

    fn compress(octets: &[u8], zlib_header: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len() + 64);
        let mut stream = Compress::new(flate2::Compression::default(), zlib_header);
        let end = stream.compress_vec(octets, &mut out, flate2::FlushCompress::Finish);
        assert_eq!(end.unwrap(), Status::StreamEnd);
        out
    }

    #[test]
    fn what_is_not_deflated_is_taken_up_to_the_limit() {
        let limit = post::text_limit(&LIMITS);
        let message = Ok(Some("PGEvPg==".to_owned()));
        let too_long = || Err(DecodeError::TooLong { limit });
        for (length, outcome) in [(40, message.clone()), (limit, message), (limit + 1, too_long()), (2 * limit, too_long())] {
            let query = format!("{:x<length$}", "SAMLRequest=PGEvPg%3D%3D&x=");
            assert_eq!(undeflated(&query, RedirectParameter::SamlRequest, &LIMITS), outcome, "{length}");
        }
    }

    #[test]
    fn the_octets_that_are_signed_are_those_that_arrived() {
        for (query, signed) in [
            ("SAMLRequest=fZ%2b&SigAlg=urn%3aa&Signature=QQ%3D%3d", "SAMLRequest=fZ%2b&SigAlg=urn%3aa"),
            ("SAMLRequest=fZ%2B&SigAlg=urn:a&Signature=QQ%3D%3d", "SAMLRequest=fZ%2B&SigAlg=urn:a"),
            ("SAMLResponse=a&RelayState=b+c&SigAlg=d&Signature=e", "SAMLResponse=a&RelayState=b+c&SigAlg=d"),
            ("Signature=e&SigAlg=d&x=y&RelayState=&SAMLResponse=a&", "SAMLResponse=a&RelayState=&SigAlg=d"),
            ("t=1&sign=2&SAMLRequest=a=b&SigAlg&Signature", "SAMLRequest=a=b&SigAlg="),
        ] {
            assert_eq!(read(query).map(|query| query.signed_octets()), Ok(signed.to_owned()), "{query}");
        }
    }

    #[test]
    fn a_query_that_can_be_read_in_two_ways_is_refused() {
        let neither = DecodeError::MissingParameter { names: &[REQUEST, RESPONSE] };
        for (query, error) in [
            ("", neither),
            ("?SAMLRequest=a&SigAlg=b&Signature=c", neither),
            ("SAMLRequests=a&SigAlg=b&Signature=c", neither),
            ("samlrequest=a&SigAlg=b&Signature=c", DecodeError::NameInOtherCase { name: REQUEST }),
            ("SAMLRequest=a&SigAlg=b&Signature=c&%53IGNATURE=c", DecodeError::NameInOtherCase { name: SIGNATURE }),
            ("SAMLRequest=a&SigAlg=b&Signature=c&%C5%BFigAlg", DecodeError::NameInOtherCase { name: SIGNATURE_METHOD }),
            ("SAMLRequest=a&Signature=c", DecodeError::MissingParameter { names: &[SIGNATURE_METHOD] }),
            ("SAMLRequest=a&SigAlg=b", DecodeError::MissingParameter { names: &[SIGNATURE] }),
            ("SAMLRequest=a&SAMLResponse=a&SigAlg=b&Signature=c", DecodeError::RequestAndResponse),
            ("SAMLRequest=a&SAMLRequest=a&SigAlg=b&Signature=c", DecodeError::DuplicateParameter { name: REQUEST }),
            ("SAMLRequest=a&SigAlg=b&Signature=c&SigAlg=b", DecodeError::DuplicateParameter { name: SIGNATURE_METHOD }),
            ("SAMLRequest=a&Signature&SigAlg=b&Signature=c", DecodeError::DuplicateParameter { name: SIGNATURE }),
            ("SAMLRequest=a&SigAlg=b&Signature=c&RelayState=&RelayState=", DecodeError::DuplicateParameter { name: RELAY_STATE }),
            ("SAMLRequest=a&SigAlg=b&Signature=c&%53AMLResponse=a", DecodeError::EscapedName { name: RESPONSE }),
            ("SAMLRequest=a&SigAlg=b&Signature=c&Relay%53tate=a", DecodeError::EscapedName { name: RELAY_STATE }),
            ("SAMLRequest=a&SigAlg=b&Signature=c&SAMLEncoding=urn:x", DecodeError::UnknownEncoding),
            ("SAMLRequest=a&SigAlg=b&Signature=c&SAMLEncoding=%4", DecodeError::InvalidEscape { name: ENCODING, offset: 0 }),
        ] {
            assert_eq!(read(query).err(), Some(error), "{query}");
        }
        let encoding = "urn%3Aoasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
        let query = format!("SAMLRequest=a&%zz=&SigAlg=b&Signature=c&SAMLEncoding={encoding}&%53=");
        assert_eq!(read(&query).map(|query| query.message), Ok("a"));
    }

    #[test]
    fn a_query_has_a_longest_length() {
        let query = |length: usize| format!("SAMLRequest={}&SigAlg=b&Signature=c", "a".repeat(length - 33));
        let limit = post::text_limit(&LIMITS);
        assert_eq!(read(&query(limit)).map(|query| query.parameter), Ok(RedirectParameter::SamlRequest));
        assert_eq!(read(&query(limit + 1)).err(), Some(DecodeError::TooLong { limit }));
    }

    #[test]
    fn escapes_are_decoded_once_and_none_is_repaired() {
        let invalid = |offset| Err(DecodeError::InvalidEscape { name: SIGNATURE, offset });
        for (raw, expected) in [
            ("", Ok(&b""[..])),
            ("a%2Bb%2b+%00%fF", Ok(&b"a+b+ \0\xFF"[..])),
            ("%252B", Ok(b"%2B")),
            ("a%", invalid(1)),
            ("%20%2", invalid(3)),
            ("%zz", invalid(0)),
            ("%2z%20", invalid(0)),
            ("%+2", invalid(0)),
        ] {
            assert_eq!(percent_decode(SIGNATURE, raw).as_deref(), expected.as_ref().map(|octets| *octets), "{raw}");
        }
    }

    #[test]
    fn base64_has_no_white_space() {
        let white_space = |offset| Err(DecodeError::WhiteSpace { name: SIGNATURE, offset });
        for (raw, expected) in [
            ("QUJD", Ok(b"ABC".to_vec())),
            ("%2b%2F%2b/", Ok(vec![0xFB, 0xFF, 0xBF])),
            ("+/+/", white_space(0)),
            ("QUJD%0A", white_space(4)),
            ("QU%0DJD", white_space(2)),
            ("QUJ%20D", white_space(3)),
            ("Q%09UJD", white_space(1)),
            ("QU-D", Err(DecodeError::UrlSafeAlphabet { offset: 2 })),
            ("QQ", Err(DecodeError::MissingPadding)),
            ("QU%ffD", Err(DecodeError::InvalidCharacter { offset: 2, character: '\u{FFFD}' })),
        ] {
            assert_eq!(decode_base64(SIGNATURE, raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_stream_is_inflated_whole_and_ends_where_the_message_ends() {
        let long: Vec<u8> = (0..10_000_u32).flat_map(|n| (n * n).to_le_bytes()).take(10_000).collect();
        for octets in [&b""[..], b"<a/>", &[b' '; 10_000], &long] {
            let stream = compressed(octets);
            assert_eq!(inflate(&stream, 10_000).as_deref(), Ok(octets));
            for cut in [0, 1, stream.len() / 2, stream.len() - 1] {
                assert_eq!(inflate(&stream[..cut], 10_000), Err(DecodeError::DeflateCut), "{cut} of {}", stream.len());
            }
            let more = [&stream, &b"\0"[..]].concat();
            assert_eq!(inflate(&more, 10_000), Err(DecodeError::DataAfterDeflate { bytes: 1 }));
        }
        assert_eq!(inflate(b"<samlp:LogoutRequest/>", 10_000), Err(DecodeError::NotDeflate));
        assert_eq!(inflate(&compress(b"<samlp:LogoutRequest/>", true), 10_000), Err(DecodeError::NotDeflate));
    }

    #[test]
    fn a_bomb_is_inflated_up_to_the_limit() {
        for (length, expected) in [(9_999, Ok(9_999)), (10_000, Ok(10_000)), (10_001, Err(())), (50_000_000, Err(()))] {
            let inflated = inflate(&compressed(&vec![b' '; length]), 10_000).map(|xml| xml.len());
            assert_eq!(inflated, expected.map_err(|()| DecodeError::InflatedTooLong { limit: 10_000 }), "{length}");
        }
        assert_eq!(inflate(&compressed(b""), 0).as_deref(), Ok(&b""[..]));
        assert_eq!(inflate(&compressed(b"a"), 0), Err(DecodeError::InflatedTooLong { limit: 0 }));
    }

    #[test]
    fn debug_shows_the_parameter_and_nothing_personal() {
        let message = RedirectMessage {
            parameter: RedirectParameter::SamlRequest,
            xml: b"personal".to_vec(),
            relay_state: Some(b"personal".to_vec()),
        };
        assert_eq!(format!("{message:?}"), "RedirectMessage { parameter: SamlRequest, .. }");
    }
}
