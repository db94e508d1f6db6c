//! A message as somebody has it: read, bounded, and recognised.
//!
//! In goes a file or standard input; out comes a [`Message`] in one of the two forms that the library takes. Base64 is decoded by
//! the library alone, so that a verdict on a posted text is the one that a service would reach.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use saml_verify::inspect::UnverifiedRedirect;
use saml_verify::{Error, Limits, decode_post};

use crate::exit::Failure;
use crate::form::{fields, query_of};
use crate::refusal::Refusal;
use crate::terminal;

/// Where a message comes from.
#[derive(Args)]
pub(crate) struct Source {
    /// The message; `-` or nothing: standard input
    file: Option<PathBuf>,
    /// What it holds; recognised by itself if this is left out
    #[arg(long, value_enum, value_name = "FORM")]
    input: Option<Shape>,
}

/// The forms in which messages are handed around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// An XML document
    Xml,
    /// The value of the form field, base64, with or without line breaks
    Post,
    /// A urlencoded form body: SAMLResponse=…&RelayState=…
    Form,
    /// The query of a redirect, or a URL with one
    Query,
}

/// A message on its way to the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A document.
    Xml(Vec<u8>),
    /// The value of the form field, not decoded.
    Post(String),
}

/// Any message of any binding, for whoever only looks at it.
pub(crate) struct Received {
    /// How it was handed over, as `--input` calls it.
    pub(crate) form: &'static str,
    pub(crate) xml: Vec<u8>,
    pub(crate) relay_state: Option<String>,
    /// What the query said beside the message.
    pub(crate) redirect: Option<UnverifiedRedirect>,
}

impl Source {
    /// The file, as it was named.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref().filter(|file| !is_standard_input(file))
    }

    /// What it was said to hold, as `--input` calls it.
    pub(crate) fn stated(&self) -> Option<&'static str> {
        self.input.map(Shape::name)
    }

    /// Reads any message, requests included, from any binding.
    ///
    /// # Errors
    ///
    /// As [`Source::read`].
    pub(crate) fn receive(&self, limits: &Limits) -> Result<Result<Received, Box<Refusal>>, Failure> {
        Ok(match self.bytes(limits)? {
            Ok(bytes) => Received::new(bytes, self.input, limits),
            Err(refusal) => Err(refusal),
        })
    }

    pub(crate) fn is_standard_input(&self) -> bool {
        self.file.as_deref().is_none_or(is_standard_input)
    }

    /// Reads the message, and tells what it is.
    ///
    /// # Errors
    ///
    /// [`Failure`] where it cannot be read, and within that a [`Refusal`] where no message can be got out of it.
    pub(crate) fn read(&self, limits: &Limits) -> Result<Result<Message, Box<Refusal>>, Failure> {
        Ok(match self.bytes(limits)? {
            Ok(bytes) => Message::new(bytes, self.input),
            Err(refusal) => Err(refusal),
        })
    }

    /// As [`Source::read`], for messages of logout, which may come by redirect.
    ///
    /// # Errors
    ///
    /// As [`Source::read`].
    pub(crate) fn read_logout(&self, limits: &Limits) -> Result<Result<LogoutMessage, Box<Refusal>>, Failure> {
        Ok(match self.bytes(limits)? {
            Ok(bytes) => LogoutMessage::new(bytes, self.input),
            Err(refusal) => Err(refusal),
        })
    }

    fn bytes(&self, limits: &Limits) -> Result<Result<Vec<u8>, Box<Refusal>>, Failure> {
        let longest = u64::try_from(limits.document_bytes).unwrap_or(u64::MAX).saturating_mul(TEXT_OF_A_BYTE);
        Ok(read(self.file.as_deref(), longest)?.ok_or_else(|| Refusal::too_long(longest).into()))
    }
}

impl Shape {
    const fn name(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Post => "post",
            Self::Form => "form",
            Self::Query => "query",
        }
    }
}

impl Received {
    fn new(bytes: Vec<u8>, shape: Option<Shape>, limits: &Limits) -> Result<Self, Box<Refusal>> {
        let recognised = shape.is_none();
        let shape = shape.unwrap_or_else(|| recognise(&bytes));
        let refused = |error| Box::new(Refusal::from(Error::from(error)));
        let plain = |xml| Self { form: shape.name(), xml, relay_state: None, redirect: None };
        if shape == Shape::Xml {
            return Ok(plain(bytes));
        }
        let text = String::from_utf8(bytes).map_err(|_| Refusal::not_text())?;
        let text = if recognised { without_file_marks(&text) } else { &text };
        if shape == Shape::Query {
            let redirect = UnverifiedRedirect::decode(query_of(text), limits).map_err(refused)?;
            let relay_state = redirect.relay_state().map(|octets| String::from_utf8_lossy(octets).into_owned());
            return Ok(Self { relay_state, xml: redirect.xml().to_vec(), redirect: Some(redirect), form: shape.name() });
        }
        let (message, relay_state) = match shape {
            Shape::Form => (any_message_of(text)?, value_of(text, "RelayState")),
            _ => (text.to_owned(), None),
        };
        let xml = decode_post(&message, limits).map_err(refused)?;
        Ok(Self { relay_state, ..plain(xml) })
    }
}

/// The field of a form that holds a message, answer or request.
fn any_message_of(body: &str) -> Result<String, Box<Refusal>> {
    match (value_of(body, "SAMLResponse"), value_of(body, "SAMLRequest")) {
        (None, Some(request)) => Ok(request),
        _ => form_field(body),
    }
}

fn value_of(body: &str, name: &str) -> Option<String> {
    fields(body).into_iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

/// What a file holds, and in which shape if it is no document.
enum Content {
    Xml(Vec<u8>),
    Text(Shape, String),
}

impl Content {
    fn new(bytes: Vec<u8>, shape: Option<Shape>) -> Result<Self, Box<Refusal>> {
        let recognised = shape.is_none();
        let shape = shape.unwrap_or_else(|| recognise(&bytes));
        if shape == Shape::Xml {
            return Ok(Self::Xml(bytes));
        }
        let text = String::from_utf8(bytes).map_err(|_| Refusal::not_text())?;
        let text = if recognised { without_file_marks(&text).to_owned() } else { text };
        Ok(Self::Text(shape, text))
    }
}

/// A message of logout on its way to the library.
pub(crate) enum LogoutMessage {
    /// A document.
    Xml(Vec<u8>),
    /// The value of the form field, not decoded.
    Post(String),
    /// The raw query of a redirect.
    Redirect(String),
}

impl LogoutMessage {
    fn new(bytes: Vec<u8>, shape: Option<Shape>) -> Result<Self, Box<Refusal>> {
        let (shape, text) = match Content::new(bytes, shape)? {
            Content::Xml(document) => return Ok(Self::Xml(document)),
            Content::Text(shape, text) => (shape, text),
        };
        match shape {
            // A file ends with a line end, and a query never does.
            Shape::Query => Ok(Self::Redirect(query_of(without_file_marks(&text)).to_owned())),
            Shape::Form => logout_field(&text).map(Self::Post),
            Shape::Xml | Shape::Post => Ok(Self::Post(text)),
        }
    }
}

fn logout_field(body: &str) -> Result<String, Box<Refusal>> {
    let fields = fields(body);
    let is_message = |name: &str| ["SAMLRequest", "SAMLResponse"].contains(&name);
    let values: Vec<&String> = fields.iter().filter(|(name, _)| is_message(name)).map(|(_, value)| value).collect();
    match values.as_slice() {
        [value] => Ok((*value).clone()),
        others => Err(Refusal::not_one_logout_message(others.len()).into()),
    }
}

impl Message {
    fn new(bytes: Vec<u8>, shape: Option<Shape>) -> Result<Self, Box<Refusal>> {
        let (shape, text) = match Content::new(bytes, shape)? {
            Content::Xml(document) => return Ok(Self::Xml(document)),
            Content::Text(shape, text) => (shape, text),
        };
        match shape {
            Shape::Form => form_field(&text).map(Self::Post),
            Shape::Query => Err(redirected(&text).into()),
            Shape::Xml | Shape::Post => Ok(Self::Post(text)),
        }
    }

    /// The bytes of the document, for commands that only look at it.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] with which the library refuses to decode the text.
    pub(crate) fn into_xml(self, limits: &Limits) -> Result<Vec<u8>, Box<Refusal>> {
        let text = match self {
            Self::Xml(bytes) => return Ok(bytes),
            Self::Post(text) => text,
        };
        decode_post(&text, limits).map_err(|error| Refusal::from(Error::from(error)).into())
    }
}

/// The content of a file or of standard input; `None` if it is longer than `limit`.
pub(crate) fn read(file: Option<&Path>, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
    match file.filter(|path| !is_standard_input(path)) {
        None => {
            if io::stdin().is_terminal() {
                terminal::diagnose("note: reading standard input; end it with Ctrl-D");
            }
            bounded(io::stdin().lock(), limit).map_err(|error| Failure::unreadable("standard input", error))
        }
        Some(path) => {
            let content = File::open(path).and_then(|file| bounded(file, limit));
            content.map_err(|error| Failure::unreadable(path.display(), error))
        }
    }
}

pub(crate) fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

fn bounded(from: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= limit);
    Ok(fits.then_some(bytes))
}

/// XML starts with `<`, in whatever encoding; forms and queries name their fields; everything else is taken as posted.
fn recognise(bytes: &[u8]) -> Shape {
    if let [0xFF, 0xFE, b'<', 0, ..] | [0xFE, 0xFF, 0, b'<', ..] | [b'<', 0, ..] | [0, b'<', ..] = bytes {
        return Shape::Xml;
    }
    let text = String::from_utf8_lossy(bytes);
    let text = without_file_marks(&text);
    if text.starts_with('<') {
        return Shape::Xml;
    }
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    let fields = fields(query_of(text));
    let has = |names: [&str; 2]| fields.iter().any(|(name, _)| names.contains(&name.as_str()));
    match has(["SAMLResponse", "SAMLRequest"]) {
        _ if is_url => Shape::Query,
        true if text.contains('?') || has(["SigAlg", "Signature"]) => Shape::Query,
        true => Shape::Form,
        false => Shape::Post,
    }
}

/// Less the byte order mark and the line ends that files have and messages have not.
fn without_file_marks(text: &str) -> &str {
    text.trim_start_matches('\u{FEFF}').trim()
}

fn form_field(body: &str) -> Result<String, Box<Refusal>> {
    let fields = fields(body);
    let mut values = fields.iter().filter(|(name, _)| name == "SAMLResponse").map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(_), None) if is_written_by_hand(body) => Err(Refusal::field_name().into()),
        (Some(value), None) => Ok(value.clone()),
        (Some(_), Some(_)) => Err(Refusal::duplicate_field().into()),
        (None, _) => Err(Refusal::missing_field(&fields).into()),
    }
}

/// Whether the value stands there as it is, with a `+` in it that a form would write as `%2B`.
fn is_written_by_hand(body: &str) -> bool {
    let value = body.split('&').find_map(|field| field.strip_prefix("SAMLResponse="));
    value.is_some_and(|value| value.contains('+') && !value.contains('%'))
}

/// SAML Profiles 4.1.2: a login never travels by redirect, so that none is looked for in it.
fn redirected(text: &str) -> Refusal {
    let fields = fields(query_of(text));
    if fields.iter().any(|(name, _)| name == "SAMLResponse") {
        return Refusal::redirect_binding();
    }
    Refusal::missing_field(&fields)
}

/// The longest posted text that the library takes has 1.75 characters for each byte of the document; with every character of it
/// percent-encoded, three times that.
const TEXT_OF_A_BYTE: u64 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(fields: &[&str]) -> Box<Refusal> {
        let fields: Vec<_> = fields.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        Refusal::missing_field(&fields).into()
    }

    #[test]
    fn messages_are_recognised_by_how_they_start_and_what_they_name() {
        for (text, shape) in [
            ("<samlp:Response/>", Shape::Xml),
            ("\u{FEFF}\r\n <a SAMLResponse=\"\"/>", Shape::Xml),
            ("<\0a\0/\0>\0", Shape::Xml),
            ("PHNhbWxwOlJlc3BvbnNlLz4=", Shape::Post),
            ("PHNhbWxw\r\nOlJl\r\n", Shape::Post),
            ("PHNhbWxwOlJlc3BvbnNlLz4%3D", Shape::Post),
            ("", Shape::Post),
            ("junk", Shape::Post),
            ("SAMLResponse=PHNh&RelayState=", Shape::Form),
            ("RelayState=x%3Fy&SAMLResponse=PHNh", Shape::Form),
            ("\nSAMLRequest=PHNh", Shape::Form),
            ("XSAMLResponse=PHNh", Shape::Post),
            ("SAMLResponse=fZFB&SigAlg=a&Signature=b", Shape::Query),
            ("?SAMLResponse=fZFB", Shape::Query),
            ("/acs?SAMLResponse=fZFB", Shape::Query),
            ("https://sp.example/acs?SAMLResponse=fZFB", Shape::Query),
            ("https://sp.example/acs", Shape::Query),
        ] {
            assert_eq!(recognise(text.as_bytes()), shape, "{text}");
        }
    }

    #[test]
    fn a_stated_shape_is_not_second_guessed() {
        let new = |text: &str, shape| Message::new(text.as_bytes().to_vec(), Some(shape));
        assert_eq!(new("<a/>", Shape::Post), Ok(Message::Post("<a/>".to_owned())));
        assert_eq!(new("\u{FEFF}PGEv\n", Shape::Post), Ok(Message::Post("\u{FEFF}PGEv\n".to_owned())));
        assert_eq!(new("PGEvPg==", Shape::Xml), Ok(Message::Xml(b"PGEvPg==".to_vec())));
        assert_eq!(new("PGEvPg==", Shape::Form), Err(missing(&["PGEvPg"])));
        assert_eq!(new("SAMLResponse=PGEvPg%3D%3D", Shape::Query), Err(Refusal::redirect_binding().into()));
        assert_eq!(new("SAMLResponse=PGEvPg%3D%3D", Shape::Form), Ok(Message::Post("PGEvPg==".to_owned())));
    }

    #[test]
    fn a_form_has_one_message() {
        let new = |text: &[u8]| Message::new(text.to_vec(), None);
        assert_eq!(new(b"SAMLResponse=a&SAMLResponse=a"), Err(Refusal::duplicate_field().into()));
        assert_eq!(new(b"SAMLRequest=a&RelayState=b"), Err(missing(&["SAMLRequest", "RelayState"])));
        assert_eq!(new(b"SAMLResponse=a&RelayState=b\n"), Ok(Message::Post("a".to_owned())));
        assert_eq!(new(b"SAMLResponse=a+b=="), Err(Refusal::field_name().into()));
        assert_eq!(new(b"RelayState=a+b&SAMLResponse=a%2Bb"), Ok(Message::Post("a+b".to_owned())));
        assert_eq!(new(b"\xFF\xFEP\0G\0"), Err(Refusal::not_text().into()));
    }

    #[test]
    fn reading_ends_at_the_limit() {
        assert_eq!(bounded(&b"abc"[..], 3).unwrap(), Some(b"abc".to_vec()));
        assert_eq!(bounded(&b"abcd"[..], 3).unwrap(), None);
        assert_eq!(bounded(io::repeat(b'a'), 3).unwrap(), None);
    }

    #[test]
    fn posted_text_becomes_a_document_as_the_library_decodes_it() {
        let xml = |text: &str| Message::Post(text.to_owned()).into_xml(&Limits::DEFAULT);
        assert_eq!(xml("PGEv\r\nPg=="), Ok(b"<a/>".to_vec()));
        assert_eq!(xml("PGEvPg").unwrap_err().code, "missing_padding");
        assert_eq!(Message::Xml(b"<a".to_vec()).into_xml(&Limits::DEFAULT), Ok(b"<a".to_vec()));
    }
}
