//! A message as signed XML, and a connection as a verifier.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use saml_verify::canonical::Algorithm;
use saml_verify::internals::sign;
use saml_verify::test_idp::TestIdp;
use saml_verify::time::format_rfc3339;
use saml_verify::{Departure, Expect, ExpiredCertificate, IdentityProvider, ServiceProvider, SignedPart, TrustedKeys, Verifier};

use super::generate::ACS;
use super::{
    Assertion, Condition, Conditions, Confirmation, Connection, Expected, Expired, Issuer, Key, Message, Provider, Required,
    Time, Value,
};
use crate::common::{read, read_text, testdata};

/// The identity providers' keys, read once.
pub(crate) struct Keys(Vec<(Key, TestIdp)>);

impl Keys {
    pub(crate) fn read() -> Self {
        let files = [
            (Key::One, "auth0/keys/idp-ec-p256.key", "auth0/keys/idp-ec-p256.pem"),
            (Key::Another, "signing/p256.pkcs8.pem", "signing/p256.cert.pem"),
            (Key::Edwards, "signing/ed25519.pkcs8.pem", "signing/ed25519.cert.pem"),
            (Key::Expired, "auth0/keys/idp-expired-rsa2048.key", "auth0/keys/idp-expired-rsa2048.pem"),
        ];
        let keys = files.map(|(key, private, certificate)| {
            let idp = TestIdp::with_key("", &read_text(&testdata(private)), &read(&testdata(certificate)));
            (key, idp.expect("a key and its certificate"))
        });
        Self(keys.into())
    }

    fn get(&self, key: Key) -> &TestIdp {
        &self.0.iter().find(|(known, _)| *known == key).expect("every key has been read").1
    }

    pub(crate) fn trusted(&self, key: Key) -> TrustedKeys {
        self.get(key).trusted_keys()
    }
}

pub(crate) fn time(time: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(time).expect("after 1970"))
}

fn text(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

fn attribute(name: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!(" {name}=\"{}\"", text(value)))
}

fn instant(name: &str, value: Option<Time>) -> String {
    attribute(name, value.map(|value| format_rfc3339(time(value))).as_deref())
}

/// Attributes that nobody asked for, whose local names and values are right.
fn decoys(prefix: Option<&str>, values: &[(&str, &str)]) -> String {
    let all = |prefix| values.iter().map(move |(name, value)| format!(" {prefix}:{name}=\"{value}\"")).collect();
    prefix.map_or_else(String::new, all)
}

/// The document, each part signed that is to be signed: the Assertion first.
pub(crate) fn document(message: &Message, keys: &Keys) -> String {
    let mut xml = format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:foreign=\"urn:foreign\" ID=\"_response\" Version=\"2.0\"{}{}{}{}>",
        instant("IssueInstant", Some(message.issue_instant)),
        attribute("Destination", message.destination.as_deref()),
        attribute("InResponseTo", message.in_response_to.as_deref()),
        decoys(message.decoys, &[("Destination", ACS), ("InResponseTo", "_q1"), ("Version", "1.1")]),
    );
    xml.push_str(&message.issuer.as_ref().map(issuer).unwrap_or_default());
    xml.push_str("<?R?><samlp:Status>");
    let (open, close): (Vec<_>, Vec<_>) =
        message.status.iter().map(|code| (format!("<samlp:StatusCode Value=\"{code}\">"), "</samlp:StatusCode>")).unzip();
    xml.push_str(&(open.concat() + &close.concat()));
    xml.push_str("</samlp:Status>");
    if let Some(one) = &message.assertion {
        xml.push_str(&assertion(one, message.decoys, "_assertion", "<?A?>"));
        if message.twice {
            xml.push_str(&assertion(one, message.decoys, "_another", ""));
        }
    }
    xml.push_str("</samlp:Response>");

    let of_assertion = message.assertion.as_ref().and_then(|assertion| assertion.signature);
    for (place, id, signature) in [("<?A?>", "_assertion", of_assertion), ("<?R?>", "_response", message.signature)] {
        let made = signature.map(|signature| {
            let plain = xml.replace("<?A?>", "").replace("<?R?>", "");
            sign(keys.get(signature.key), &plain, id, Algorithm::Exclusive10, "")
        });
        xml = xml.replacen(place, &made.unwrap_or_default(), 1);
    }
    // What is changed after it was signed says nothing else to its readers.
    for (id, signature) in [("_assertion", of_assertion), ("_response", message.signature)] {
        if signature.is_some_and(|signature| signature.broken) {
            xml = xml.replacen(&format!(" ID=\"{id}\""), &format!(" foreign:changed=\"\" ID=\"{id}\""), 1);
        }
    }
    xml
}

const EARLY: &str = "2000-01-01T00:00:00Z";
const LATE: &str = "2200-01-01T00:00:00Z";

fn issuer(issuer: &Issuer) -> String {
    format!("<saml:Issuer{}>{}</saml:Issuer>", attribute("Format", issuer.format), text(&issuer.name))
}

fn assertion(assertion: &Assertion, prefix: Option<&str>, id: &str, place: &str) -> String {
    let mut xml = format!(
        "<saml:Assertion Version=\"2.0\" ID=\"{id}\"{}>{}{place}",
        instant("IssueInstant", Some(assertion.issue_instant)),
        issuer(&assertion.issuer)
    );
    if let Some(subject) = &assertion.subject {
        xml.push_str("<saml:Subject>");
        if let Some(name) = &subject.name_id {
            write!(xml, "<saml:NameID>{}</saml:NameID>", text(name)).expect("a string takes all");
        }
        subject.confirmations.iter().for_each(|one| xml.push_str(&confirmation(one, prefix)));
        xml.push_str("</saml:Subject>");
    }
    xml.push_str(&assertion.conditions.as_ref().map(|one| conditions(one, prefix)).unwrap_or_default());
    for statement in &assertion.statements {
        let class = statement.class.map(|class| format!("<saml:AuthnContextClassRef>{class}</saml:AuthnContextClassRef>"));
        write!(
            xml,
            "<saml:AuthnStatement{}{}{}><saml:AuthnContext>{}</saml:AuthnContext></saml:AuthnStatement>",
            instant("AuthnInstant", Some(statement.instant)),
            instant("SessionNotOnOrAfter", statement.session_end),
            decoys(prefix, &[("AuthnInstant", LATE), ("SessionNotOnOrAfter", EARLY)]),
            class.unwrap_or_else(|| "<saml:AuthnContextDeclRef>urn:declared</saml:AuthnContextDeclRef>".to_owned())
        )
        .expect("a string takes all");
    }
    for (name, values) in &assertion.attributes {
        let values: String = values.iter().copied().map(value).collect();
        write!(
            xml,
            "<saml:AttributeStatement><saml:Attribute Name=\"{name}\">{values}</saml:Attribute></saml:AttributeStatement>"
        )
        .expect("a string takes all");
    }
    xml + "</saml:Assertion>"
}

fn confirmation(confirmation: &Confirmation, prefix: Option<&str>) -> String {
    let data = confirmation.data.as_ref().map(|data| {
        format!(
            "<saml:SubjectConfirmationData{}{}{}{}{}{}/>",
            instant("NotBefore", data.not_before),
            instant("NotOnOrAfter", data.not_on_or_after),
            attribute("Recipient", data.recipient.as_deref()),
            attribute("InResponseTo", data.in_response_to.as_deref()),
            attribute("Address", data.address),
            decoys(
                prefix,
                &[
                    ("Recipient", ACS),
                    ("InResponseTo", "_q1"),
                    ("NotOnOrAfter", LATE),
                    ("NotBefore", EARLY),
                    ("Address", "192.0.2.9")
                ]
            )
        )
    });
    format!(
        "<saml:SubjectConfirmation Method=\"{}\">{}</saml:SubjectConfirmation>",
        confirmation.method,
        data.unwrap_or_default()
    )
}

fn conditions(conditions: &Conditions, prefix: Option<&str>) -> String {
    let each: String = conditions.each.iter().map(condition).collect();
    format!(
        "<saml:Conditions{}{}{}>{each}</saml:Conditions>",
        instant("NotBefore", conditions.not_before),
        instant("NotOnOrAfter", conditions.not_on_or_after),
        decoys(prefix, &[("NotBefore", EARLY), ("NotOnOrAfter", LATE)])
    )
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Audiences(audiences) => {
            let audiences: String = audiences.iter().map(|one| format!("<saml:Audience>{}</saml:Audience>", text(one))).collect();
            format!("<saml:AudienceRestriction>{audiences}</saml:AudienceRestriction>")
        }
        Condition::OneTimeUse => "<saml:OneTimeUse/>".to_owned(),
        Condition::ProxyRestriction => "<saml:ProxyRestriction Count=\"0\"/>".to_owned(),
        Condition::Unknown(markup) => (*markup).to_owned(),
    }
}

fn value(value: Value) -> String {
    match value {
        Value::Text(value) => format!("<saml:AttributeValue>{}</saml:AttributeValue>", text(value)),
        Value::Nil => "<saml:AttributeValue xsi:nil=\"true\"/>".to_owned(),
        Value::Element => "<saml:AttributeValue><foreign:value>ada</foreign:value></saml:AttributeValue>".to_owned(),
    }
}

pub(crate) fn verifier(connection: &Connection, keys: &Keys) -> Verifier {
    let mut sp = ServiceProvider::new(&connection.audiences[0], &connection.acs_urls[0]).expect("a service provider");
    for audience in &connection.audiences[1..] {
        sp = sp.also_accepting_audience(audience).expect("an audience");
    }
    for url in &connection.acs_urls[1..] {
        sp = sp.also_accepting_acs_url(url).expect("a URL");
    }
    let mut providers = connection.providers.iter().map(|provider| identity_provider(provider, keys));
    let mut verifier = Verifier::new(sp, providers.next().expect("at least one"));
    for provider in providers {
        verifier = verifier.with_identity_provider(provider).expect("another entity ID");
    }
    let duration = |time: Time| Duration::from_nanos(u64::try_from(time).expect("not negative"));
    verifier = verifier.clock_skew(duration(connection.skew)).expect("a skew within bounds");
    verifier = verifier.require_signed(match connection.required {
        Required::Either => SignedPart::Either,
        Required::Response => SignedPart::Response,
        Required::Assertion => SignedPart::Assertion,
        Required::Both => SignedPart::Both,
    });
    verifier = verifier.expired_certificate(match connection.expired {
        Expired::Ignored => ExpiredCertificate::Ignore,
        Expired::Warned => ExpiredCertificate::Warn,
        Expired::Refused => ExpiredCertificate::Refuse,
    });
    if !connection.classes.is_empty() {
        verifier = verifier.require_authn_context(connection.classes.iter().copied()).expect("at least one");
    }
    match connection.max_age {
        Some(age) => verifier.max_authentication_age(duration(age)),
        None => verifier,
    }
}

fn identity_provider(provider: &Provider, keys: &Keys) -> IdentityProvider {
    let trusted = provider.keys.iter().map(|key| keys.trusted(*key));
    let trusted = trusted.reduce(|all, more| all.and(more).expect("few keys")).expect("at least one");
    let mut made = IdentityProvider::new(&provider.entity_id, trusted).expect("an identity provider");
    for (allowed, departure) in [
        (provider.may_start_confirmations, Departure::ConfirmationNotBefore),
        (provider.may_format_issuer, Departure::IssuerFormat),
    ] {
        if allowed {
            made = made.allow(departure);
        }
    }
    match provider.identify_by {
        Some(name) => made.identify_by_attribute(name).expect("a name"),
        None => made,
    }
}

/// What a call expects, whose IDs borrow from the connection.
pub(crate) fn with_expect<T>(expected: &Expected, call: impl FnOnce(Expect<'_>) -> T) -> T {
    match expected {
        Expected::One(id) => call(Expect::AnswerTo(id)),
        Expected::Any(ids) => call(Expect::AnswerToAny(&ids.iter().map(String::as_str).collect::<Vec<_>>())),
        Expected::Unsolicited => call(Expect::Unsolicited),
    }
}
