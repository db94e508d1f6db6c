//! A refused message, as a script and as a person see it.

use saml_verify::{ConstraintError, Error};
use serde::Serialize;

use crate::login::Caution;
use crate::terminal::{Screen, Tone};

/// Why a message was refused: what the library says, or what stood in the way of asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) stage: &'static str,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) section: &'static str,
    pub(crate) expected: Option<Values>,
    pub(crate) received: Option<Values>,
    pub(crate) remedy: String,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Values {
    One(String),
    Several(Vec<String>),
}

/// The object that `--json` prints.
#[derive(Serialize)]
pub(crate) struct Json<'a, C> {
    verdict: &'static str,
    stage: &'static str,
    code: &'static str,
    message: &'a str,
    expected: Option<&'a Values>,
    received: Option<&'a Values>,
    remedy: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [Caution],
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<C>,
}

impl Refusal {
    pub(crate) fn json<'a, C: Serialize>(&'a self, warnings: &'a [Caution], checks: Option<C>) -> Json<'a, C> {
        Json {
            verdict: "refused",
            stage: self.stage,
            code: self.code,
            message: &self.message,
            expected: self.expected.as_ref(),
            received: self.received.as_ref(),
            remedy: &self.remedy,
            warnings,
            checks,
        }
    }

    pub(crate) fn show(&self, screen: &mut Screen) {
        screen.headline(Tone::Bad, "REFUSED", &self.message);
        screen.line(Tone::Plain, "");
        screen.field("stage", self.stage);
        screen.field("code", self.code);
        for (side, value) in self.comparison() {
            screen.field(side, value);
        }
        screen.field("section", self.section);
        screen.field("remedy", &self.remedy);
    }

    /// Of a message judged at the system's time: one that was saved is too old by then.
    pub(crate) fn of_now(mut self) -> Self {
        if TOO_OLD.contains(&self.code) {
            self.remedy.push_str("; to look at a message that was saved, give the time of that message: `--now`");
        }
        self
    }

    /// Both sides, a value per line, with the side's name on its first.
    pub(crate) fn comparison(&self) -> impl Iterator<Item = (&'static str, &str)> {
        sides(&self.expected, &self.received)
    }
}

/// The codes of what was good once.
const TOO_OLD: [&str; 4] = ["expired", "session_expired", "authentication_too_old", "logout_request_too_old"];

pub(crate) fn sides<'a>(
    expected: &'a Option<Values>,
    received: &'a Option<Values>,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    [("expected", expected), ("received", received)].into_iter().flat_map(|(side, values)| {
        let labels = std::iter::once(side).chain(std::iter::repeat(""));
        labels.zip(values.iter().flat_map(Values::iter))
    })
}

/// Refusals of the way in which a message was handed over.
impl Refusal {
    pub(crate) fn too_long(limit: u64) -> Self {
        Self {
            expected: Some(Values::One(format!("at most {limit} bytes"))),
            ..Self::decode(
                "too_long",
                format!("the input is longer than {limit} bytes"),
                "limits",
                "hand over one message; no login that a verifier takes is this long",
            )
        }
    }

    pub(crate) fn not_text() -> Self {
        Self::decode(
            "not_utf8_text",
            "neither XML nor UTF-8 text",
            "SAML Bindings 3.5.4",
            "hand over the form field, the form body or the XML; save text as ASCII or UTF-8 (in PowerShell: `-Encoding ascii`)",
        )
    }

    pub(crate) fn missing_field(found: &[(String, String)]) -> Self {
        /// More names tell no more about what the text is.
        const MOST_NAMES: usize = 16;
        Self {
            expected: Some(Values::One("SAMLResponse".to_owned())),
            received: Some(Values::Several(found.iter().take(MOST_NAMES).map(|(name, _)| name.clone()).collect())),
            ..Self::decode(
                "missing_field",
                "the form or query has no field SAMLResponse",
                "SAML Bindings 3.5.4",
                "hand over what the identity provider made the browser post; SAMLRequest is a request, not its answer",
            )
        }
    }

    pub(crate) fn duplicate_field() -> Self {
        Self::decode(
            "duplicate_field",
            "the form has the field SAMLResponse more than once",
            "SAML Bindings 3.5.4",
            "hand over one message: of several, programs differ in which one they read",
        )
    }

    pub(crate) fn field_name() -> Self {
        Self::decode(
            "field_name",
            "the name of the form field stands in front of its value, which is not encoded as a form encodes it",
            "SAML Bindings 3.5.4",
            "hand over the value alone, without `SAMLResponse=`, or the form body as it was posted, where `+` is written `%2B`",
        )
    }

    pub(crate) fn redirect_binding() -> Self {
        Self::decode(
            "redirect_binding",
            "a message of the redirect binding, which never carries a login",
            "SAML Profiles 4.1.2",
            "let the identity provider answer by POST, and hand over the form field or the form body; if this is a form body, say \
             so with `--input form`",
        )
    }

    /// Of a form, a query or a URL in which there is no message of logout, or more than one.
    pub(crate) fn not_one_logout_message(found: usize) -> Self {
        Self {
            expected: Some(Values::One("SAMLRequest or SAMLResponse".to_owned())),
            ..Self::decode(
                if found == 0 { "missing_field" } else { "duplicate_field" },
                format!("the form or query has {found} fields SAMLRequest or SAMLResponse, not one"),
                "SAML Bindings 3.5.4",
                "hand over what the identity provider made the browser send: one message, in the form body, the query or the URL",
            )
        }
    }

    fn decode(code: &'static str, message: impl Into<String>, section: &'static str, remedy: &str) -> Self {
        let (message, remedy) = (message.into(), remedy.to_owned());
        Self { stage: "decode", code, message, section, expected: None, received: None, remedy }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        Self {
            stage: error.stage(),
            code: error.code(),
            message: error.message(),
            section: error.section(),
            expected: Values::new(error.expected(), false),
            received: Values::new(error.received(), lists(error)),
            remedy: error.remedy(),
        }
    }
}

/// Whether messages have any number of what was compared, so that a script finds a list even if it has one item.
fn lists(error: &Error) -> bool {
    use ConstraintError::{AudienceMismatch, NoBearerConfirmation, Unconfirmed};
    matches!(error, Error::Constraint(AudienceMismatch { .. } | NoBearerConfirmation { .. } | Unconfirmed { .. }))
}

impl Values {
    pub(crate) fn new(values: Vec<String>, list: bool) -> Option<Self> {
        match <[String; 1]>::try_from(values) {
            Ok([value]) if !list => Some(Self::One(value)),
            Ok(value) => Some(Self::Several(value.into())),
            Err(values) if values.is_empty() && !list => None,
            Err(values) => Some(Self::Several(values)),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_nothing_text_or_a_list() {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        for (given, list, json) in [
            (values(&[]), false, "null"),
            (values(&["a"]), false, "\"a\""),
            (values(&["a", "b"]), false, "[\"a\",\"b\"]"),
            (values(&[]), true, "[]"),
            (values(&["a"]), true, "[\"a\"]"),
        ] {
            assert_eq!(serde_json::to_string(&Values::new(given, list)).unwrap(), json);
        }
    }

    #[test]
    fn what_is_too_old_by_now_may_have_been_saved() {
        let refusal = |code| Refusal { code, ..Refusal::decode("x", "x", "x", "do this") };
        for (code, advised) in [("expired", true), ("session_expired", true), ("not_yet_valid", false), ("empty", false)] {
            assert_eq!(refusal(code).of_now().remedy.contains("`--now`"), advised, "{code}");
            assert!(refusal(code).of_now().remedy.starts_with("do this"));
        }
    }

    #[test]
    fn the_stage_is_not_said_twice() {
        let refusal = Refusal::from(Error::from(saml_verify::DecodeError::Empty));
        assert_eq!((refusal.stage, refusal.code, refusal.message.as_str()), ("decode", "empty", "the message is empty"));
    }
}
