//! Many connections behind one assertion consumer service: which one a message reaches, and whose word counts there.

#![cfg(all(feature = "registry", feature = "test-idp"))]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use saml_verify::test_idp::TestIdp;
use saml_verify::{
    AuthnRequest, ConfigError, DecodeError, Error, Expect, IdentityProvider, Limits, PendingRequests, Registry, ServiceProvider,
    Verifier,
};

const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";
const EXPECT: Expect<'static> = Expect::AnswerTo("_request");

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// A connection to an identity provider of that entity ID. All of them share one key.
fn connection(entity_id: &str) -> Verifier {
    let idp = IdentityProvider::new(entity_id, TestIdp::new(entity_id).trusted_keys()).unwrap();
    Verifier::new(ServiceProvider::new(SP, ACS).unwrap(), idp)
}

fn message(entity_id: &str) -> String {
    TestIdp::new(entity_id).response(SP, ACS, now()).in_response_to("_request").name_id("ada").to_form_field()
}

fn registry(customers: &[(&'static str, &str)]) -> Registry<&'static str> {
    let registry = Registry::default();
    registry.insert_all(customers.iter().map(|&(key, entity_id)| (key, connection(entity_id)))).unwrap();
    registry
}

/// Whose user logged in, or the code of the refusal with the Issuer.
fn customer(registry: &Registry<&'static str>, entity_id: &str) -> Result<&'static str, (&'static str, Vec<String>)> {
    let verified = registry.verify_post(&message(entity_id), EXPECT, now());
    verified.map_err(|error| (error.code(), error.received())).map(|(connection, verified)| {
        assert_eq!(verified.without_replay_protection().issuer(), entity_id);
        *connection.key()
    })
}

fn unknown(entity_id: &str) -> (&'static str, Vec<String>) {
    ("unknown_identity_provider", vec![entity_id.to_owned()])
}

#[test]
fn a_message_reaches_the_connection_that_it_names() {
    let registry = registry(&[("acme", "urn:acme"), ("globex", "urn:globex")]);
    assert_eq!(customer(&registry, "urn:acme"), Ok("acme"));
    assert_eq!(customer(&registry, "urn:globex"), Ok("globex"));
    assert_eq!(customer(&registry, "urn:initech"), Err(unknown("urn:initech")));
    assert_eq!(customer(&registry, "urn:acme/"), Err(unknown("urn:acme/")));
}

#[test]
fn an_unknown_identity_provider_is_named_with_what_to_do() {
    let error = registry(&[("acme", "urn:acme")]).verify_post(&message("urn:initech"), EXPECT, now()).unwrap_err();
    assert_eq!(
        (error.stage(), error.code(), error.section()),
        ("constraint", "unknown_identity_provider", "SAML Profiles 4.1.4.2")
    );
    assert_eq!(error.received(), ["urn:initech"]);
    assert_eq!(
        error.message(),
        "the message says it is from \"urn:initech\", and no connection is configured for that identity provider"
    );
    assert!(
        error.remedy().starts_with(
            "it says it is from \"urn:initech\": find out whether that is a customer's identity provider. If not, the message was sent to"
        ),
        "{}",
        error.remedy()
    );
}

/// Tenants of one product may share a key. Each still speaks for itself alone.
#[test]
fn customers_who_share_a_key_cannot_speak_for_each_other() {
    let registry = registry(&[("acme", "urn:acme"), ("globex", "urn:globex")]);
    // The envelope, which is not signed, names one customer; the assertion, which is, another.
    for (envelope, assertion) in [("urn:acme", "urn:globex"), ("urn:globex", "urn:acme")] {
        let xml = TestIdp::new(assertion).response(SP, ACS, now()).in_response_to("_request").to_xml();
        let forged = xml.replacen(&format!(">{assertion}<"), &format!(">{envelope}<"), 1);
        assert_ne!(xml, forged);
        let field = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, forged);
        let error = registry.verify_post(&field, EXPECT, now()).unwrap_err();
        assert_eq!((error.code(), error.received()), ("issuer_mismatch", vec![envelope.to_owned()]));
        assert!(registry.verify_post(&message(envelope), EXPECT, now()).is_ok());
    }
}

#[test]
fn an_entity_id_belongs_to_one_key() {
    let registry = registry(&[("acme", "urn:acme")]);
    let taken = ConfigError::DuplicateIdentityProvider { entity_id: "urn:acme".to_owned() };
    assert_eq!(registry.insert("globex", connection("urn:acme")).unwrap_err(), taken);
    assert!(registry.get("globex").is_none() && registry.len() == 1);
    // Under the same key it replaces what was there, which is handed back.
    let before = registry.insert("acme", connection("urn:acme")).unwrap();
    assert_eq!(before.map(|connection| *connection.key()), Some("acme"));
    assert!(registry.insert("globex", connection("urn:globex")).unwrap().is_none());
}

#[test]
fn of_many_all_are_added_or_none() {
    let registry = registry(&[("acme", "urn:acme")]);
    let two = [("globex", connection("urn:globex")), ("initech", connection("urn:acme"))];
    assert!(registry.insert_all(two).is_err());
    assert_eq!((registry.len(), customer(&registry, "urn:globex")), (1, Err(unknown("urn:globex"))));
    let two = [("globex", connection("urn:globex")), ("initech", connection("urn:initech"))];
    assert_eq!((registry.insert_all(two), registry.len()), (Ok(()), 3));
}

#[test]
fn a_replaced_connection_forgets_its_entity_ids() {
    let registry = registry(&[("acme", "urn:acme:old")]);
    registry.insert("acme", connection("urn:acme:new")).unwrap();
    assert_eq!(customer(&registry, "urn:acme:new"), Ok("acme"));
    assert_eq!(customer(&registry, "urn:acme:old"), Err(unknown("urn:acme:old")));
    assert_eq!(registry.remove("acme").map(|connection| *connection.key()), Some("acme"));
    assert_eq!(customer(&registry, "urn:acme:new"), Err(unknown("urn:acme:new")));
    assert!(registry.is_empty() && registry.remove("acme").is_none());
}

#[test]
fn every_identity_provider_of_a_connection_finds_it() {
    let second = IdentityProvider::new("urn:acme:2", TestIdp::new("urn:acme:2").trusted_keys()).unwrap();
    let registry = Registry::default();
    registry.insert("acme", connection("urn:acme").with_identity_provider(second).unwrap()).unwrap();
    assert_eq!((customer(&registry, "urn:acme"), customer(&registry, "urn:acme:2")), (Ok("acme"), Ok("acme")));
}

#[test]
fn the_limits_are_those_of_the_registry() {
    let field = message("urn:acme");
    let registry = Registry::new(Limits { document_bytes: 100, ..Limits::DEFAULT });
    registry.insert("acme", connection("urn:acme")).unwrap();
    assert!(matches!(registry.verify_post(&field, EXPECT, now()), Err(Error::Decode(DecodeError::TooLong { .. }))));
    let registry = Registry::new(Limits { document_bytes: field.len(), ..Limits::DEFAULT });
    registry.insert("acme", connection("urn:acme").limits(Limits { document_bytes: 100, ..Limits::DEFAULT })).unwrap();
    assert!(registry.verify_post(&field, EXPECT, now()).is_ok());
}

/// Writers lose nothing to each other, and readers see each connection whole while it is replaced.
#[test]
fn connections_change_while_messages_arrive() {
    let registry = Arc::new(Registry::default());
    registry.insert(0, connection("urn:0")).unwrap();
    let field = message("urn:0");
    std::thread::scope(|scope| {
        for writer in 1..=4 {
            let registry = Arc::clone(&registry);
            scope.spawn(move || {
                for step in 0..50 {
                    let key = writer * 100 + step;
                    registry.insert(key, connection(&format!("urn:{key}"))).unwrap();
                    registry.insert(0, connection("urn:0")).unwrap();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| (0..50).for_each(|_| assert_eq!(*registry.verify_post(&field, EXPECT, now()).unwrap().0.key(), 0)));
        }
    });
    assert_eq!(registry.len(), 201);
    assert!((1..=4).all(|writer| (0..50).all(|step| registry.by_entity_id(&format!("urn:{}", writer * 100 + step)).is_some())));
}

#[test]
fn connections_are_listed() {
    let registry = registry(&[("acme", "urn:acme"), ("globex", "urn:globex")]);
    let mut keys: Vec<_> = registry.connections().iter().map(|connection| *connection.key()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["acme", "globex"]);
    assert!(Registry::<String>::default().connections().is_empty());
}

/// What is open depends on whom the message names: requests that were sent to others, or too long ago, are not answered.
#[test]
fn an_answer_is_one_to_an_open_request_of_its_identity_provider() {
    let registry = Registry::default();
    for tenant in ["urn:acme", "urn:globex"] {
        let idp = IdentityProvider::new(tenant, TestIdp::new(tenant).trusted_keys()).unwrap();
        let idp = idp.single_sign_on_url("https://idp.example/sso").unwrap();
        registry.insert(tenant, Verifier::new(ServiceProvider::new(SP, ACS).unwrap(), idp)).unwrap();
    }
    let mut pending = PendingRequests::default();
    let mut start = |tenant: &str| {
        let connection = registry.get(tenant).unwrap();
        let login = AuthnRequest::of(connection.verifier()).unwrap().redirect(now()).unwrap();
        pending.add(login.pending.clone());
        login.pending.id().to_owned()
    };
    let [first, of_globex, second] = [start("urn:acme"), start("urn:globex"), start("urn:acme")];
    let answer = |tenant: &str, id: &str| TestIdp::new(tenant).response(SP, ACS, now()).in_response_to(id).to_form_field();
    let verify = |form_field: &str, now| {
        let verified = pending.verify_post(&registry, form_field, now);
        verified
            .map_err(|error| (error.code(), error.expected()))
            .map(|(connection, verified)| (*connection.key(), verified.without_replay_protection()))
    };
    for (tenant, id) in [("urn:acme", &first), ("urn:globex", &of_globex), ("urn:acme", &second)] {
        let (key, login) = verify(&answer(tenant, id), now()).unwrap();
        assert_eq!(key, tenant);
        let answered = pending.clone().take_answered(&login);
        assert_eq!(answered.as_ref().map(|request| request.id()), Some(id.as_str()));
    }
    let mismatch = |expected: &[&String]| Some(("in_response_to_mismatch", expected.iter().map(|id| (*id).clone()).collect()));
    assert_eq!(verify(&answer("urn:acme", &of_globex), now()).err(), mismatch(&[&first, &second]));
    assert_eq!(verify(&answer("urn:globex", &first), now()).err(), mismatch(&[&of_globex]));
    // The assertion is valid for an hour, the requests for half of one.
    let end = now() + AuthnRequest::DEFAULT_LIFETIME;
    assert!(verify(&answer("urn:acme", &first), end - Duration::from_nanos(1)).is_ok());
    assert_eq!(verify(&answer("urn:acme", &first), end).err(), mismatch(&[]));

    let unasked = TestIdp::new("urn:acme").response(SP, ACS, now()).to_form_field();
    assert_eq!(verify(&unasked, now()).err(), Some(("in_response_to_missing", vec![first, second])));
    assert_eq!(verify(&answer("urn:initech", "_1"), now()).err().map(|(code, _)| code), Some("unknown_identity_provider"));
}
