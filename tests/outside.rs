//! What else is compared with vectors from outside: messages of live tenants, and a catalogue of threats.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::outside::tests_from_outside;
use common::threats::rows;
use common::values::compare;
use common::{cases, conclude, read, read_text, text};
use saml_verify::time::parse_rfc3339;
use saml_verify::{Departure, Expect, IdentityProvider, ServiceProvider, TrustedKeys, Verifier};

tests_from_outside! {
    "auth0/real" => real_messages_of_live_tenants_verify,
    "." => the_table_has_the_ids_of_the_catalogue,
}

fn real_messages_of_live_tenants_verify(folder: &Path) {
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for case in cases(folder).iter().filter(|case| text(case, "kind") == "response") {
        looked_at += 1;
        let keys = TrustedKeys::from_pem(read(&folder.join(text(case, "idp_cert")))).expect("a certificate");
        let sp = ServiceProvider::new(text(case, "sp_entity_id"), text(case, "acs_url")).expect("a service provider");
        let idp = IdentityProvider::new(text(case, "idp_entity_id"), keys)
            .expect("an identity provider")
            .allow(Departure::Sha1SignatureForLegacyUseOnly)
            .allow(Departure::Sha1DigestForLegacyUseOnly);
        let message = read_text(&folder.join(text(case, "b64")));
        let outcome =
            Verifier::new(sp, idp).verify_post(&message, Expect::Unsolicited, parse_rfc3339(text(case, "now")).expect("a time"));
        let outcome = outcome.map(|verified| verified.without_replay_protection());
        if let Err(complaint) = outcome.map_err(|error| error.to_string()).and_then(|login| compare(case, &login)) {
            wrong.push(format!("{}: {complaint}", case["id"]));
        }
    }
    conclude("auth0 real", looked_at, &wrong);
}

fn the_table_has_the_ids_of_the_catalogue(folder: &Path) {
    let ours: BTreeSet<String> = rows(include_str!("THREATS.md")).into_iter().map(|row| row.id).collect();
    let missing: Vec<String> =
        rows(&read_text(&folder.join("THREATS.md"))).into_iter().map(|row| row.id).filter(|id| !ours.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
