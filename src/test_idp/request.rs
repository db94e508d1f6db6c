//! A request that the identity provider of tests received.

use crate::binding::redirect::decode_request;
use crate::error::{Error, Shown, StructureError};
use crate::limits::Limits;
use crate::xml::{Document, Namespace, View};

const ELEMENT: &str = "AuthnRequest";

/// An AuthnRequest as it came by redirect: what an answer to it needs. SAML Core 3.4.1, Bindings 3.4.
///
/// A signature is not verified, nor does it have to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRequest {
    id: String,
    issuer: String,
    acs_url: String,
    relay_state: Option<String>,
}

impl TestRequest {
    /// Reads the raw query of a URL, what is between `?` and `#`.
    ///
    /// # Errors
    ///
    /// An [`Error`] of the decode, the XML or the structure stage.
    pub fn from_query(query: &str) -> Result<Self, Error> {
        let (xml, relay_state) = decode_request(query, &Limits::DEFAULT)?;
        let document = Document::parse_message(&xml, &Limits::DEFAULT)?;
        let root = document.root();
        if !root.is(Namespace::Protocol, ELEMENT) {
            let received = Shown::new(root.qualified_name());
            return Err(StructureError::UnexpectedRoot { expected: ELEMENT, received }.into());
        }
        let [id, acs_url] = root.attributes(["ID", "AssertionConsumerServiceURL"]);
        let missing = |attribute| StructureError::MissingAttribute { element: ELEMENT, attribute };
        let issuer = root.elements().next().transpose()?.filter(|first| first.is(Namespace::Assertion, "Issuer"));
        Ok(Self {
            id: id.ok_or(missing("ID"))?.to_owned(),
            issuer: issuer.map(View::text).transpose()?.unwrap_or_default().into_owned(),
            acs_url: acs_url.ok_or(missing("AssertionConsumerServiceURL"))?.to_owned(),
            relay_state: relay_state.map(|value| String::from_utf8_lossy(&value).into_owned()),
        })
    }

    /// Its ID, which the answer names.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The entity ID of the service that asks; empty where it does not say.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where the service wants its answer. An identity provider that is none of a test sends it only to URLs that it was told before.
    pub fn acs_url(&self) -> &str {
        &self.acs_url
    }

    /// What goes back with the answer.
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }
}
