//! Messages and connections with every part near an edge.
//!
//! A number goes in; the same message and connection come out each time. A message begins as one that the connection accepts, every
//! instant just inside its bound or well inside; then nothing or a few parts are put elsewhere, mostly just outside.

use std::cell::Cell;

use super::{
    ASSERTIONS, Assertion, BEARER, Condition, Conditions, Confirmation, Connection, Data, ENTITY, Expected, Expired, Issuer, Key,
    MILLISECOND, Message, Provider, Required, SECOND, SUCCESS, Signature, Statement, Subject, Time, Value,
};

/// The message and the connection of that number.
pub(crate) fn case(number: u64) -> (Message, Connection) {
    let random = Random(Cell::new(number));
    let mut connection = connection(&random);
    let mut message = right(&random, &connection);
    let changes = random.pick(&[0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 4, 6]);
    for _ in 0..changes {
        change(&random, &mut message, &mut connection);
    }
    (message, connection)
}

/// SplitMix64.
struct Random(Cell<u64>);

impl Random {
    fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mut mixed = self.0.get();
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).expect("small")).expect("small")
    }

    fn once_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Clone>(&self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn maybe<T>(&self, value: T) -> Option<T> {
        (!self.once_in(3)).then_some(value)
    }
}

const AUDIENCE: &str = "https://sp.example/metadata";
const OTHER_AUDIENCE: &str = "urn:example:sp";
pub(crate) const ACS: &str = "https://sp.example/acs";
const OTHER_ACS: &str = "https://sp.example:8443/acs";
const IDP: &str = "https://idp.example/saml";
/// The entity ID of the second identity provider differs by as little as can be.
const ALMOST: [&str; 4] =
    ["https://idp.example/saml/", "https://idp.example/SAML", "http://idp.example/saml", "https://idp.\u{435}xample/saml"];
const CLASSES: [&str; 3] = [
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:password",
];
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const METHODS: [&str; 4] = [
    "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches",
    "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
    "urn:oasis:names:tc:SAML:1.0:cm:bearer",
    "urn:oasis:names:tc:SAML:2.0:cm:Bearer",
];
const IDENTIFIERS: [&str; 2] = ["urn:oasis:names:tc:SAML:attribute:subject-id", "role"];
const UNKNOWN: [&str; 4] = [
    "<saml:Condition xsi:type=\"foreign:OnTuesdays\"/>",
    "<foreign:OneTimeUse/>",
    "<foreign:AudienceRestriction><saml:Audience>https://sp.example/metadata</saml:Audience></foreign:AudienceRestriction>",
    "<saml:OnTuesdays/>",
];
const ALL_KEYS: [Key; 4] = [Key::One, Key::Another, Key::Edwards, Key::Expired];

/// From when until when the certificate of a key is valid.
pub(crate) fn validity(key: Key) -> (Time, Time) {
    let (from, until) = match key {
        Key::One => (1_795_471_682, 2_227_471_682),
        Key::Another | Key::Edwards => (1_795_743_845, 4_949_343_845),
        Key::Expired => (1_262_304_000, 1_694_217_600),
    };
    (from * SECOND, until * SECOND)
}

fn connection(random: &Random) -> Connection {
    let strict = Provider {
        entity_id: IDP.to_owned(),
        keys: keys(random),
        may_start_confirmations: false,
        may_format_issuer: false,
        identify_by: random.once_in(5).then(|| random.pick(&IDENTIFIERS)),
    };
    let lax = Provider {
        entity_id: random.pick(&ALMOST).to_owned(),
        keys: if random.once_in(2) { strict.keys.clone() } else { keys(random) },
        may_start_confirmations: !random.once_in(4),
        may_format_issuer: !random.once_in(4),
        identify_by: random.once_in(5).then(|| random.pick(&IDENTIFIERS)),
    };
    let providers = match random.below(6) {
        0 => vec![strict],
        1 => vec![lax],
        2 | 3 => vec![strict, lax],
        _ => vec![lax, strict],
    };
    let several = |random: &Random, one: &str, other: &str| match random.below(3) {
        0 => vec![one.to_owned()],
        1 => vec![one.to_owned(), other.to_owned()],
        _ => vec![other.to_owned(), one.to_owned()],
    };
    let expect = match random.below(4) {
        0 => Expected::Unsolicited,
        1 => Expected::Any((1..=1 + random.below(3)).map(|number| format!("_q{number}")).collect()),
        _ => Expected::One("_q1".to_owned()),
    };
    // Mostly some day in 2027; else at an end of the validity of a certificate.
    let now = match random.below(5) {
        0 => {
            let (from, until) = validity(random.pick(&ALL_KEYS));
            random.pick(&[from, until]) + step(random)
        }
        _ => 1_804_000_000 * SECOND + random.pick(&[0, 1, 500 * MILLISECOND, 999 * MILLISECOND]),
    };
    Connection {
        providers,
        audiences: several(random, AUDIENCE, OTHER_AUDIENCE),
        acs_urls: several(random, ACS, OTHER_ACS),
        expect,
        now,
        skew: random.pick(&[0, SECOND, 180 * SECOND, 300 * SECOND]),
        required: random.pick(&[Required::Either, Required::Either, Required::Response, Required::Assertion, Required::Both]),
        classes: random.pick(&[vec![], vec![], vec![CLASSES[0]], vec![CLASSES[0], CLASSES[1]]]),
        max_age: random.pick(&[None, None, Some(0), Some(3600 * SECOND)]),
        expired: random.pick(&[Expired::Ignored, Expired::Warned, Expired::Warned, Expired::Refused]),
    }
}

fn keys(random: &Random) -> Vec<Key> {
    let first = random.pick(&[Key::One, Key::One, Key::One, Key::Another, Key::Edwards, Key::Expired]);
    let more = random.pick(&ALL_KEYS);
    if random.once_in(2) || first == more { vec![first] } else { vec![first, more] }
}

fn step(random: &Random) -> Time {
    random.pick(&[-MILLISECOND, -1, 0, 1, MILLISECOND])
}

/// An instant that must not lie in the future, and does not.
fn begun(random: &Random, connection: &Connection) -> Time {
    let bound = connection.now + connection.skew;
    random
        .pick(&[bound, bound - 1, bound - MILLISECOND, connection.now, connection.now + 1, connection.now - 60 * SECOND])
        .min(bound)
}

/// An instant that must not lie in the past, and does not.
fn to_come(random: &Random, connection: &Connection) -> Time {
    let bound = connection.now - connection.skew;
    random
        .pick(&[bound + 1, bound + MILLISECOND, connection.now, connection.now + 1, connection.now + 3600 * SECOND])
        .max(bound + 1)
}

/// Any instant at an edge, on either side of it.
fn edge(random: &Random, connection: &Connection) -> Time {
    let skew = random.pick(&[0, connection.skew, -connection.skew, 180 * SECOND, -180 * SECOND]);
    connection.now + skew + step(random)
}

/// A message that the connection accepts, if it accepts any; the pending request that it answers may be any of several.
fn right(random: &Random, connection: &Connection) -> Message {
    let provider = random.pick(&connection.providers);
    let key = random.pick(&provider.keys);
    let signature = Some(Signature { key, broken: false });
    let (of_response, of_assertion) = match connection.required {
        Required::Either if random.once_in(3) => (signature, None),
        Required::Either if random.once_in(2) => (signature, signature),
        Required::Either => (None, signature),
        Required::Response => (signature, signature.filter(|_| random.once_in(2))),
        Required::Assertion => (signature.filter(|_| random.once_in(2)), signature),
        Required::Both => (signature, signature),
    };
    let of_response = of_response.map(|signature| Signature { key: random.pick(&provider.keys), ..signature });
    let request = match &connection.expect {
        Expected::One(id) => Some(id.clone()),
        Expected::Any(ids) => Some(random.pick(ids)),
        Expected::Unsolicited => None,
    };
    let formats = if provider.may_format_issuer { [Some(UNSPECIFIED), Some(ASSERTIONS)] } else { [None, Some(ASSERTIONS)] };
    let format = random.pick(&[None, None, Some(ENTITY), formats[0], formats[1]]);
    let issuer = Issuer { name: provider.entity_id.clone(), format };
    let (start, end) = (begun(random, connection), to_come(random, connection));
    let audiences = random.pick(&connection.audiences);
    let mut each = vec![Condition::Audiences(vec![audiences])];
    if random.once_in(3) {
        each.push(Condition::Audiences(vec![OTHER_AUDIENCE.to_uppercase(), random.pick(&connection.audiences)]));
    }
    if random.once_in(3) {
        each.insert(random.below(each.len() + 1), Condition::OneTimeUse);
    }
    if random.once_in(3) {
        each.insert(random.below(each.len() + 1), Condition::ProxyRestriction);
    }
    let mut attributes = vec![("role", vec![Value::Text("admin")]), ("mail", vec![Value::Text("ada@example.com"), Value::Nil])];
    if provider.identify_by == Some(IDENTIFIERS[0]) {
        attributes.insert(random.below(3), (IDENTIFIERS[0], vec![Value::Text("ada@idp.example")]));
    }
    let mut confirmations = vec![confirmation(random, connection, request.clone(), provider.may_start_confirmations)];
    while random.once_in(4) {
        let other = random.pick(&METHODS);
        let one = Confirmation { method: other, data: confirmations[0].data.clone().filter(|_| random.once_in(2)) };
        confirmations.insert(random.below(confirmations.len() + 1), one);
    }
    let mut statements = vec![statement(random, connection)];
    while random.once_in(4) {
        statements.push(statement(random, connection));
    }
    Message {
        signature: of_response,
        issuer: if of_response.is_some() { Some(issuer) } else { random.maybe(issuer) },
        destination: if of_response.is_some() { Some(random.pick(&connection.acs_urls)) } else { random.maybe(ACS.to_owned()) },
        in_response_to: request.and_then(|request| random.maybe(request)),
        issue_instant: begun(random, connection),
        status: if random.once_in(8) { vec![SUCCESS, "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"] } else { vec![SUCCESS] },
        assertion: Some(Assertion {
            signature: of_assertion,
            issuer: Issuer { name: provider.entity_id, format: random.pick(&[None, None, Some(ENTITY)]) },
            issue_instant: begun(random, connection),
            subject: Some(Subject { name_id: Some("ada@example.com".to_owned()), confirmations }),
            conditions: Some(Conditions {
                not_before: random.maybe(start.min(end - 1)),
                not_on_or_after: random.maybe(end),
                each,
            }),
            statements,
            attributes,
        }),
        twice: false,
        decoys: random.pick(&[None, None, Some("saml"), Some("foreign")]),
    }
}

fn confirmation(random: &Random, connection: &Connection, request: Option<String>, may_start: bool) -> Confirmation {
    let end = to_come(random, connection);
    let start = begun(random, connection).min(end - 1);
    Confirmation {
        method: BEARER,
        data: Some(Data {
            not_before: (may_start && random.once_in(2)).then_some(start),
            not_on_or_after: Some(end),
            recipient: Some(random.pick(&connection.acs_urls)),
            in_response_to: request,
            address: random.pick(&[None, Some("192.0.2.1"), Some("2001:db8::1")]),
        }),
    }
}

fn statement(random: &Random, connection: &Connection) -> Statement {
    let oldest = connection.now - connection.max_age.unwrap_or(7200 * SECOND) - connection.skew;
    let class = if connection.classes.is_empty() { CLASSES[2] } else { random.pick(&connection.classes) };
    let end = to_come(random, connection);
    Statement {
        instant: random.pick(&[oldest, oldest + 1, oldest + MILLISECOND, connection.now]),
        session_end: random.maybe(end),
        class: if connection.classes.is_empty() { random.maybe(class) } else { Some(class) },
    }
}

/// Almost one of the names that are compared, or one of them.
fn almost(random: &Random, name: &str) -> String {
    match random.below(9) {
        0 => format!("{name}/"),
        1 => name.trim_end_matches('/').to_owned(),
        2 => name.to_uppercase(),
        3 => name.replacen("https", "http", 1),
        4 => format!(" {name}"),
        5 => format!("{name} "),
        6 => format!("{name} {name}"),
        7 => name.replace('e', "\u{435}"),
        _ => random.pick(&[AUDIENCE, OTHER_AUDIENCE, ACS, OTHER_ACS, IDP, ALMOST[0], ALMOST[1]]).to_owned(),
    }
}

fn request(random: &Random) -> Option<String> {
    let ids = ["_q1", "_q2", "_q3", "", " ", "_Q1", " _q1", "_q1 ", "_q", "_q11"];
    random.maybe(random.pick(&ids).to_owned())
}

/// Puts one part elsewhere.
fn change(random: &Random, message: &mut Message, connection: &mut Connection) {
    match random.below(12) {
        0 => return change_connection(random, connection),
        1..5 => return change_response(random, message, connection),
        _ => {}
    }
    let Some(assertion) = &mut message.assertion else { return };
    match random.below(4) {
        0 => change_subject(random, assertion, connection),
        1 => change_conditions(random, assertion, connection),
        2 => change_statements(random, assertion, connection),
        _ => change_assertion(random, assertion, connection),
    }
}

fn change_connection(random: &Random, connection: &mut Connection) {
    match random.below(7) {
        0 => {
            let ids = random.pick(&[vec![], vec![""], vec!["", "_q1"], vec!["_q2", "_q1"], vec!["_q1"; 64], vec!["_q1"; 65]]);
            connection.expect = Expected::Any(ids.into_iter().map(str::to_owned).collect());
        }
        1 => connection.expect = Expected::One(random.pick(&["", "_q1", "_q2", "_Q1"]).to_owned()),
        2 => connection.expect = Expected::Unsolicited,
        3 => connection.skew = random.pick(&[0, SECOND, 180 * SECOND, 300 * SECOND]),
        4 => connection.now += step(random),
        5 => connection.providers.reverse(),
        _ => {
            for provider in &mut connection.providers {
                provider.may_start_confirmations ^= true;
                provider.may_format_issuer ^= true;
            }
        }
    }
}

fn signature(random: &Random, now: Option<Signature>) -> Option<Signature> {
    match (random.below(4), now) {
        (0, _) => None,
        (1, Some(signature)) => Some(Signature { broken: true, ..signature }),
        _ => Some(Signature { key: random.pick(&ALL_KEYS), broken: false }),
    }
}

fn change_response(random: &Random, message: &mut Message, connection: &Connection) {
    match random.below(13) {
        0 => message.signature = signature(random, message.signature),
        1 => message.destination = None,
        2 => message.destination = Some(random.pick(&connection.acs_urls)),
        3 => message.destination = Some(random.pick(&["".to_owned(), almost(random, ACS), almost(random, ACS)])),
        4..7 => message.in_response_to = request(random),
        7 => message.issue_instant = edge(random, connection),
        8 => message.issuer = None,
        9 => {
            let name = random.pick(&[IDP.to_owned(), almost(random, IDP), almost(random, IDP)]);
            let format = message.issuer.as_ref().and_then(|issuer| issuer.format);
            message.issuer = Some(Issuer { name, format });
        }
        10 => {
            if let Some(issuer) = &mut message.issuer {
                issuer.format = format(random);
            }
        }
        11 => match random.below(4) {
            0 => message.assertion = None,
            1 => message.twice = true,
            _ => message.status = vec!["urn:oasis:names:tc:SAML:2.0:status:Responder", SUCCESS],
        },
        _ => {
            message.status = vec![random.pick(&["urn:oasis:names:tc:SAML:2.0:status:success", "Success"])];
            message.assertion = message.assertion.take().filter(|_| random.once_in(2));
        }
    }
}

fn format(random: &Random) -> Option<&'static str> {
    random.pick(&[
        None,
        Some(ENTITY),
        Some(ASSERTIONS),
        Some(UNSPECIFIED),
        Some(""),
        Some("urn:oasis:names:tc:SAML:2.0:nameid-format:Entity"),
    ])
}

fn change_assertion(random: &Random, assertion: &mut Assertion, connection: &Connection) {
    match random.below(7) {
        0 => assertion.signature = signature(random, assertion.signature),
        1 => assertion.issuer.name = random.pick(&[IDP.to_owned(), almost(random, IDP), almost(random, IDP)]),
        2 => assertion.issuer.format = format(random),
        3 | 4 => assertion.issue_instant = edge(random, connection),
        _ => {
            let values = random.pick(&[
                vec![],
                vec![Value::Nil],
                vec![Value::Element],
                vec![Value::Text("")],
                vec![Value::Text(" \t")],
                vec![Value::Text("eve@example.com")],
                vec![Value::Text("ada"), Value::Text("ada")],
                vec![Value::Text("ada"), Value::Nil],
            ]);
            let in_use: Vec<_> = connection.providers.iter().filter_map(|provider| provider.identify_by).collect();
            let name = random.pick(if in_use.is_empty() { &IDENTIFIERS } else { &in_use });
            match random.below(3) {
                0 => assertion.attributes.push((name, values)),
                1 => assertion.attributes.retain(|(one, _)| *one != name),
                _ => {
                    assertion.attributes.retain(|(one, _)| *one != name);
                    assertion.attributes.push((name, values));
                }
            }
        }
    }
}

fn change_subject(random: &Random, assertion: &mut Assertion, connection: &Connection) {
    let Some(subject) = &mut assertion.subject else { return };
    match random.below(10) {
        0 if random.once_in(4) => {
            assertion.subject = None;
            return;
        }
        0 => subject.name_id = random.pick(&[None, Some("".to_owned()), Some(" \n".to_owned())]),
        1 => subject.confirmations.truncate(random.below(2)),
        // One more bearer confirmation, half right: a part of it is put elsewhere, in it or in the other one.
        2..5 => {
            let may_start = random.once_in(3);
            let id = request(random);
            let one = if random.once_in(2) { subject.confirmations.first().cloned() } else { None };
            let one = one.unwrap_or_else(|| confirmation(random, connection, id, may_start));
            subject.confirmations.insert(random.below(subject.confirmations.len() + 1), one);
        }
        _ => {}
    }
    let count = subject.confirmations.len();
    if count == 0 {
        return;
    }
    let place = random.below(count);
    let confirmation = &mut subject.confirmations[place];
    match random.below(12) {
        0 => confirmation.method = random.pick(&METHODS),
        1 => confirmation.data = None,
        choice => {
            let Some(data) = &mut confirmation.data else { return };
            match choice {
                2 => data.recipient = None,
                3 | 4 => data.recipient = Some(random.pick(&["".to_owned(), almost(random, ACS), OTHER_ACS.to_owned()])),
                5 | 6 => data.in_response_to = request(random),
                7 => data.not_on_or_after = None,
                8 | 9 => data.not_on_or_after = Some(edge(random, connection)),
                10 => data.not_before = Some(edge(random, connection)),
                _ => {
                    // At one instant, or the wrong way round, but for the skew.
                    data.not_before = Some(connection.now + step(random));
                    data.not_on_or_after = Some(connection.now + step(random));
                }
            }
        }
    }
}

fn change_conditions(random: &Random, assertion: &mut Assertion, connection: &Connection) {
    let Some(conditions) = &mut assertion.conditions else { return };
    let each = &mut conditions.each;
    let place = random.below(each.len() + 1);
    match random.below(11) {
        0 if random.once_in(4) => assertion.conditions = None,
        0 => each.clear(),
        1 => each.insert(place, Condition::Audiences(Vec::new())),
        2 | 3 => each.insert(place, Condition::Audiences(vec![almost(random, AUDIENCE)])),
        4 => each.insert(place, Condition::Audiences(vec![almost(random, AUDIENCE), random.pick(&connection.audiences)])),
        5 => each.insert(place, random.pick(&[Condition::OneTimeUse, Condition::ProxyRestriction])),
        6 => each.insert(place, Condition::Unknown(random.pick(&UNKNOWN))),
        7 => conditions.not_before = Some(edge(random, connection)),
        8 | 9 => conditions.not_on_or_after = Some(edge(random, connection)),
        _ => {
            conditions.not_before = Some(connection.now + step(random));
            conditions.not_on_or_after = Some(connection.now + step(random));
        }
    }
}

fn change_statements(random: &Random, assertion: &mut Assertion, connection: &Connection) {
    let statements = &mut assertion.statements;
    if random.once_in(6) {
        statements.clear();
        return;
    }
    if random.once_in(3) {
        let one = statement(random, connection);
        statements.insert(random.below(statements.len() + 1), one);
    }
    let count = statements.len();
    if count == 0 {
        return;
    }
    let place = random.below(count);
    let statement = &mut statements[place];
    match random.below(3) {
        0 => statement.session_end = random.pick(&[None, Some(edge(random, connection))]),
        1 => {
            let oldest = connection.now - connection.max_age.unwrap_or_default() - connection.skew;
            statement.instant = random.pick(&[oldest, oldest + connection.skew, connection.now + 3600 * SECOND]) + step(random);
        }
        _ => statement.class = random.pick(&[None, Some(CLASSES[0]), Some(CLASSES[1]), Some(CLASSES[2])]),
    }
}
