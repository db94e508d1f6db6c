//! What must become of a message: the checks as the specifications and `docs/checks.md` word them, one after the other.
//!
//! Written to be read beside them, and not to be fast or short. Nothing of the crate is used here.

use super::{
    ASSERTIONS, Assertion, BEARER, Condition, Confirmation, Connection, Data, ENTITY, Expected, Expired, Issuer, Key, Message,
    Provider, Required, SECOND, SUCCESS, Signature, Statement, Time, Value,
};

/// What was found of one check: its number, the element where two have that check, and the outcome.
pub(crate) type Row = (&'static str, Option<&'static str>, Found);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Holds,
    Fails(&'static str),
    /// Nothing it could be applied to.
    Idle,
    /// An earlier failure left nothing to look at.
    Unknown,
}

use Found::{Fails, Holds, Idle};

#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    pub(crate) rows: Vec<Row>,
    /// Where nothing fails.
    pub(crate) login: Option<Accepted>,
}

/// What a login must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) issuer: String,
    pub(crate) user: String,
    pub(crate) in_response_to: Option<String>,
    pub(crate) address: Option<&'static str>,
    pub(crate) session_end: Option<Time>,
    pub(crate) one_time_use: bool,
    /// Until when a replay store remembers it.
    pub(crate) remembered_until: Time,
    pub(crate) signed: Vec<&'static str>,
    /// The instants that only the skew let through.
    pub(crate) skewed: Vec<&'static str>,
    /// One for each certificate that is outside its validity.
    pub(crate) certificates: usize,
}

impl Judgement {
    /// The code of the first failure.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        self.rows.iter().find_map(|row| match row.2 {
            Fails(code) => Some(code),
            _ => None,
        })
    }
}

pub(crate) fn judge(message: &Message, connection: &Connection) -> Judgement {
    let mut rows: Vec<Row> = Vec::new();
    // C8: more than one assertion is refused before anything is looked at.
    if message.twice && message.assertion.is_some() {
        rows.push(("C8", None, Fails("several_assertions")));
        return Judgement { rows, login: None };
    }
    let chosen = provider(message, connection);
    let choice = if connection.providers.len() == 1 { Idle } else { chosen.map_or(Fails("issuer_mismatch"), |_| Holds) };
    rows.push(("D16", None, choice));

    // D2: every signature there is must hold.
    let response = chosen.map(|provider| verified(message.signature, changed(message), provider));
    let response_signed = response == Some(Ok(true));
    rows.extend(response.and_then(Result::err).map(|(id, code)| (id, Some("Response"), Fails(code))));
    rows.push(("C6", None, status(message)));
    if message.status[0] == SUCCESS {
        rows.push(("C7", None, message.assertion.as_ref().map_or(Fails("no_assertion"), |_| Holds)));
    } else {
        rows.push(("C7", None, Idle));
    }
    let signature = |assertion: &Assertion| {
        let broken = assertion.signature.is_some_and(|signature| signature.broken);
        chosen.map(|provider| verified(assertion.signature, broken, provider))
    };
    let own = message.assertion.as_ref().and_then(signature);
    rows.extend(own.and_then(Result::err).map(|(id, code)| (id, Some("Assertion"), Fails(code))));
    let proven = match (response, own) {
        (Some(Ok(response)), Some(Ok(own))) => Some(proven(response, own, connection.required)),
        _ => None,
    };
    rows.push(("D1", None, proven.unwrap_or(Found::Unknown)));
    let signers = || {
        let of_response = message.signature.filter(|_| response == Some(Ok(true)));
        let of_assertion = message.assertion.as_ref().and_then(|one| one.signature).filter(|_| own == Some(Ok(true)));
        of_response.into_iter().chain(of_assertion).map(|signature| signature.key)
    };
    let mut outside: Vec<Key> = signers().filter(|key| !certificate_valid(*key, connection.now)).collect();
    let certificates = match proven {
        Some(Holds) if connection.expired == Expired::Refused && !outside.is_empty() => Fails("certificate_not_valid"),
        Some(Holds) => Holds,
        _ => Found::Unknown,
    };
    rows.push(("D18", None, certificates));

    let content = message.assertion.as_ref().map(|assertion| content(assertion));
    rows.extend(content.and_then(Result::err).map(|(id, element, code)| (id, element, Fails(code))));
    let assertion = message.assertion.as_ref().filter(|_| content == Some(Ok(())));
    let user = match (chosen, assertion) {
        (Some(provider), Some(assertion)) => Some(identity(assertion, provider)),
        _ => None,
    };
    if let Some(Err(code)) = user {
        rows.push(("E21", None, Fails(code)));
    }

    // What the Response says by itself is judged even where its assertion cannot be read; and without a provider by the rules of the first.
    let provider = chosen.unwrap_or(&connection.providers[0]);
    let of_assertion = |check: &dyn Fn(&Assertion) -> Found| assertion.map_or(Found::Unknown, check);
    if chosen.is_some() {
        rows.push(("C5", None, response_issuer(message, provider, response_signed)));
        rows.push(("E2", None, of_assertion(&|assertion| assertion_issuer(assertion, provider))));
    }
    rows.extend([
        ("A7", None, destination_present(message, response_signed)),
        ("C2", None, destination(message, connection)),
        ("E3", None, of_assertion(&bearer)),
        ("E4", None, of_assertion(&|assertion| single(assertion, |data| recipient(data, connection)))),
        ("C3", None, response_answers(message, connection)),
        ("C4", None, response_unsolicited(message, connection)),
        ("E6", None, of_assertion(&|assertion| single(assertion, |data| answers(data, message, connection)))),
        ("E5", None, of_assertion(&|assertion| single(assertion, |data| lifetime(data, connection, provider)))),
        ("E8", None, of_assertion(&|assertion| confirmations(assertion, message, connection, provider).0)),
        ("E9", None, of_assertion(&|assertion| window(assertion, connection))),
        ("C9", Some("Response"), issued(message.issue_instant, connection)),
        ("C9", Some("Assertion"), of_assertion(&|assertion| issued(assertion.issue_instant, connection))),
        ("E11", None, of_assertion(&|assertion| audience(assertion, connection))),
        ("E15", None, of_assertion(&known)),
        ("E16", None, of_assertion(&|one| if one.statements.is_empty() { Fails("no_authn_statement") } else { Holds })),
        ("E17", None, of_assertion(&|assertion| session(assertion, connection))),
        ("E18", None, of_assertion(&|assertion| class(assertion, connection))),
        ("E19", None, of_assertion(&|assertion| age(assertion, connection))),
    ]);
    let failed = rows.iter().any(|row| matches!(row.2, Fails(_)));
    let login = assertion.filter(|_| !failed).map(|assertion| {
        let data = confirmations(assertion, message, connection, provider).1.expect("a confirmation holds");
        outside.dedup();
        Accepted {
            issuer: assertion.issuer.name.clone(),
            user: user.and_then(Result::ok).expect("an identity").to_owned(),
            in_response_to: data.in_response_to.clone(),
            address: data.address,
            session_end: session_end(assertion),
            one_time_use: each(assertion).any(|condition| matches!(condition, Condition::OneTimeUse)),
            remembered_until: remembered_until(assertion),
            signed: [("Response", response), ("Assertion", own)]
                .into_iter()
                .filter_map(|(element, signed)| (signed == Some(Ok(true))).then_some(element))
                .collect(),
            skewed: skewed(message, assertion, data, connection),
            certificates: if connection.expired == Expired::Warned { outside.len() } else { 0 },
        }
    });
    Judgement { rows, login }
}

/// With several identity providers, the claimed Issuer says whose keys and rules count: that of the assertion, or else of the Response.
fn provider<'a>(message: &Message, connection: &'a Connection) -> Option<&'a Provider> {
    if let [only] = connection.providers.as_slice() {
        return Some(only);
    }
    let claimed = message.assertion.as_ref().map(|assertion| &assertion.issuer).or(message.issuer.as_ref())?;
    connection.providers.iter().find(|provider| provider.entity_id == claimed.name)
}

/// Whether the signed Response was changed: what is inside it counts.
fn changed(message: &Message) -> bool {
    let of_assertion = message.assertion.as_ref().and_then(|assertion| assertion.signature);
    [message.signature, of_assertion].into_iter().flatten().any(|signature| signature.broken)
}

/// D14, D15: whether there is a signature; or which check it fails.
fn verified(signature: Option<Signature>, changed: bool, provider: &Provider) -> Result<bool, (&'static str, &'static str)> {
    let Some(signature) = signature else { return Ok(false) };
    if !provider.keys.iter().any(|key| kind(*key) == kind(signature.key)) {
        return Err(("D14", "key_type_mismatch"));
    }
    if !provider.keys.contains(&signature.key) {
        return Err(("D15", "untrusted_key"));
    }
    if changed {
        return Err(("D15", "digest_mismatch"));
    }
    Ok(true)
}

fn kind(key: Key) -> &'static str {
    match key {
        Key::One | Key::Another => "P-256",
        Key::Edwards => "Ed25519",
        Key::Expired => "RSA",
    }
}

/// C6: Success at the top level, whatever is below it.
fn status(message: &Message) -> Found {
    if message.status[0] == SUCCESS { Holds } else { Fails("status_not_success") }
}

/// D1, D3.
fn proven(response: bool, assertion: bool, required: Required) -> Found {
    if !response && !assertion {
        return Fails("unsigned");
    }
    let enough = match required {
        Required::Either => true,
        Required::Response => response,
        Required::Assertion => assertion,
        Required::Both => response && assertion,
    };
    if enough { Holds } else { Fails("required_signature_missing") }
}

/// D18. RFC 5280 section 4.1.2.5: both ends belong to the validity.
fn certificate_valid(key: Key, now: Time) -> bool {
    let (from, until) = super::generate::validity(key);
    from <= now && now <= until
}

/// What is wrong with an assertion whoever reads it.
fn content(assertion: &Assertion) -> Result<(), (&'static str, Option<&'static str>, &'static str)> {
    // Profiles 4.1.4.2: somebody has to log in.
    if assertion.subject.is_none() {
        return Err(("B11", Some("Assertion"), "missing_element"));
    }
    // E21.
    let name_id = assertion.subject.as_ref().and_then(|subject| subject.name_id.as_deref());
    if name_id.is_some_and(|name| name.trim().is_empty()) {
        return Err(("E21", None, "empty_name_id"));
    }
    // E13, E14: at most one of each. Core 2.5.1.5 and 2.5.1.6.
    let one_time_use = each(assertion).filter(|condition| matches!(condition, Condition::OneTimeUse)).count();
    let proxy_restrictions = each(assertion).filter(|condition| matches!(condition, Condition::ProxyRestriction)).count();
    if one_time_use > 1 || proxy_restrictions > 1 {
        return Err(("B11", Some("Assertion"), "repeated_element"));
    }
    Ok(())
}

fn each(assertion: &Assertion) -> impl Iterator<Item = &Condition> {
    assertion.conditions.iter().flat_map(|conditions| &conditions.each)
}

/// E21: the NameID, or the one text value of the attribute that identifies users.
fn identity<'a>(assertion: &'a Assertion, provider: &Provider) -> Result<&'a str, &'static str> {
    let Some(name) = provider.identify_by else {
        return assertion.subject.as_ref().and_then(|subject| subject.name_id.as_deref()).ok_or("missing_element");
    };
    let of_name = assertion.attributes.iter().filter(|(attribute, _)| *attribute == name);
    let values: Vec<Value> = of_name.flat_map(|(_, values)| values.iter().copied()).collect();
    match values.as_slice() {
        [] => Err("identifier_missing"),
        [Value::Text(text)] if text.trim().is_empty() => Err("identifier_blank"),
        [Value::Text(text)] => Ok(text),
        [_] => Err("identifier_not_text"),
        _ => Err("identifier_ambiguous"),
    }
}

/// C5: required of a signed Response; how it is named first, then the name.
fn response_issuer(message: &Message, provider: &Provider, signed: bool) -> Found {
    let Some(issuer) = &message.issuer else {
        return if signed { Fails("issuer_missing") } else { Idle };
    };
    let usual = [None, Some(ENTITY), Some(ASSERTIONS)].contains(&issuer.format);
    if !usual && !provider.may_format_issuer {
        return Fails("issuer_format");
    }
    if issuer.name == provider.entity_id { Holds } else { Fails("issuer_mismatch") }
}

/// E2.
fn assertion_issuer(assertion: &Assertion, provider: &Provider) -> Found {
    let Issuer { name, format } = &assertion.issuer;
    if ![None, Some(ENTITY)].contains(format) {
        return Fails("issuer_format");
    }
    if *name == provider.entity_id { Holds } else { Fails("issuer_mismatch") }
}

/// A7.
fn destination_present(message: &Message, signed: bool) -> Found {
    match (&message.destination, signed) {
        (_, false) => Idle,
        (Some(_), true) => Holds,
        (None, true) => Fails("destination_missing"),
    }
}

/// C2.
fn destination(message: &Message, connection: &Connection) -> Found {
    match &message.destination {
        None => Idle,
        Some(url) if connection.acs_urls.contains(url) => Holds,
        Some(_) => Fails("destination_mismatch"),
    }
}

fn bearers(assertion: &Assertion) -> Vec<&Confirmation> {
    let subject = assertion.subject.iter();
    subject.flat_map(|subject| &subject.confirmations).filter(|confirmation| confirmation.method == BEARER).collect()
}

/// E3.
fn bearer(assertion: &Assertion) -> Found {
    if bearers(assertion).is_empty() { Fails("no_bearer_confirmation") } else { Holds }
}

/// Of one bearer confirmation each of its checks is told by itself; of several, all of them together (E8).
fn single(assertion: &Assertion, check: impl Fn(&Data) -> Found) -> Found {
    match bearers(assertion).as_slice() {
        [only] => only.data.as_ref().map_or(Fails("confirmation_data_missing"), check),
        _ => Idle,
    }
}

/// E8, and the first confirmation that holds.
fn confirmations<'a>(
    assertion: &'a Assertion,
    message: &Message,
    connection: &Connection,
    provider: &Provider,
) -> (Found, Option<&'a Data>) {
    let holds = |data: &Data| {
        let checks = [recipient(data, connection), answers(data, message, connection), lifetime(data, connection, provider)];
        checks == [Holds, Holds, Holds]
    };
    let bearers = bearers(assertion);
    let first = bearers.iter().filter_map(|confirmation| confirmation.data.as_ref()).find(|data| holds(data));
    match (bearers.len(), first) {
        (0 | 1, first) => (Idle, first),
        (_, Some(first)) => (Holds, Some(first)),
        (_, None) => (Fails("unconfirmed"), None),
    }
}

/// E4.
fn recipient(data: &Data, connection: &Connection) -> Found {
    match &data.recipient {
        None => Fails("recipient_missing"),
        Some(url) if connection.acs_urls.contains(url) => Holds,
        Some(_) => Fails("recipient_mismatch"),
    }
}

/// The IDs of the pending requests; none of them is empty.
fn pending(expect: &Expected) -> Vec<&str> {
    let all: Vec<&str> = match expect {
        Expected::One(id) => vec![id],
        Expected::Any(ids) => ids.iter().map(String::as_str).collect(),
        Expected::Unsolicited => Vec::new(),
    };
    all.into_iter().filter(|id| !id.is_empty()).collect()
}

fn is_pending(id: &str, expect: &Expected) -> Found {
    match expect {
        Expected::Any(ids) if ids.len() > 64 => Fails("too_many_pending_requests"),
        expect if pending(expect).contains(&id) => Holds,
        _ => Fails("in_response_to_mismatch"),
    }
}

/// C3.
fn response_answers(message: &Message, connection: &Connection) -> Found {
    match (&connection.expect, &message.in_response_to) {
        (Expected::Unsolicited, _) | (_, None) => Idle,
        (expect, Some(id)) => is_pending(id, expect),
    }
}

/// C4.
fn response_unsolicited(message: &Message, connection: &Connection) -> Found {
    match (&connection.expect, &message.in_response_to) {
        (Expected::Unsolicited, None) => Holds,
        (Expected::Unsolicited, Some(_)) => Fails("unexpected_in_response_to"),
        _ => Idle,
    }
}

/// E6: the signed copy decides; of several pending requests both copies mean the same one.
fn answers(data: &Data, message: &Message, connection: &Connection) -> Found {
    let found = match (&connection.expect, &data.in_response_to) {
        (Expected::Unsolicited, None) => Holds,
        (Expected::Unsolicited, Some(_)) => Fails("unexpected_in_response_to"),
        (_, None) => Fails("in_response_to_missing"),
        (expect, Some(id)) => is_pending(id, expect),
    };
    let several = matches!(connection.expect, Expected::Any(_));
    match (&message.in_response_to, &data.in_response_to) {
        (Some(response), Some(own)) if several && found == Holds && response != own => Fails("in_response_to_contradiction"),
        _ => found,
    }
}

/// E5: no start unless that is allowed, and an end; now is between the two. Core 2.4.1.2.
fn lifetime(data: &Data, connection: &Connection, provider: &Provider) -> Found {
    match (data.not_before, data.not_on_or_after) {
        (Some(_), _) if !provider.may_start_confirmations => Fails("confirmation_not_before"),
        (Some(start), _) if !begun(start, connection) => Fails("not_yet_valid"),
        (_, None) => Fails("confirmation_expiry_missing"),
        (_, Some(end)) if ended(end, connection) => Fails("expired"),
        _ => Holds,
    }
}

fn begun(instant: Time, connection: &Connection) -> bool {
    instant <= connection.now + connection.skew
}

fn ended(instant: Time, connection: &Connection) -> bool {
    instant <= connection.now - connection.skew
}

/// E9, E10. Core 2.5.1.2: the start belongs to the window, the end does not. It is inverted where even the skew leaves nothing of it.
fn window(assertion: &Assertion, connection: &Connection) -> Found {
    let (start, end) = assertion.conditions.as_ref().map_or((None, None), |one| (one.not_before, one.not_on_or_after));
    match (start, end) {
        (None, None) => Idle,
        (Some(start), Some(end)) if start - connection.skew >= end + connection.skew => Fails("inverted_window"),
        (Some(start), _) if !begun(start, connection) => Fails("not_yet_valid"),
        (_, Some(end)) if ended(end, connection) => Fails("expired"),
        _ => Holds,
    }
}

/// C9.
fn issued(instant: Time, connection: &Connection) -> Found {
    if begun(instant, connection) { Holds } else { Fails("issued_in_future") }
}

/// E11: there is a restriction, and in each there is one of us.
fn audience(assertion: &Assertion, connection: &Connection) -> Found {
    let mut restrictions = 0;
    for condition in each(assertion) {
        if let Condition::Audiences(audiences) = condition {
            restrictions += 1;
            if !audiences.iter().any(|audience| connection.audiences.contains(audience)) {
                return Fails("audience_mismatch");
            }
        }
    }
    if restrictions > 0 { Holds } else { Fails("audience_missing") }
}

/// E15.
fn known(assertion: &Assertion) -> Found {
    if each(assertion).any(|condition| matches!(condition, Condition::Unknown(_))) { Fails("unknown_condition") } else { Holds }
}

/// The soonest of the ends of all statements: whichever the service goes by, none of them is over.
fn session_end(assertion: &Assertion) -> Option<Time> {
    assertion.statements.iter().filter_map(|statement| statement.session_end).min()
}

/// E17.
fn session(assertion: &Assertion, connection: &Connection) -> Found {
    match session_end(assertion) {
        None => Idle,
        Some(end) if ended(end, connection) => Fails("session_expired"),
        Some(_) => Holds,
    }
}

/// The statement that a login tells of.
fn told(assertion: &Assertion) -> Option<&Statement> {
    assertion.statements.first()
}

/// E18.
fn class(assertion: &Assertion, connection: &Connection) -> Found {
    if connection.classes.is_empty() {
        return Idle;
    }
    let class = told(assertion).and_then(|statement| statement.class);
    if class.is_some_and(|class| connection.classes.contains(&class)) { Holds } else { Fails("authn_context_mismatch") }
}

/// E19.
fn age(assertion: &Assertion, connection: &Connection) -> Found {
    match (connection.max_age, told(assertion)) {
        (None, _) | (_, None) => Idle,
        (Some(max_age), Some(statement)) if connection.now - statement.instant <= max_age + connection.skew => Holds,
        _ => Fails("authentication_too_old"),
    }
}

/// E20: until nobody accepts it any more, whichever of its confirmations is presented and whatever skew is allowed, up to 300 s.
fn remembered_until(assertion: &Assertion) -> Time {
    let ends = bearers(assertion).into_iter().filter_map(|confirmation| confirmation.data.as_ref()?.not_on_or_after);
    let confirmed = ends.max().expect("a confirmation that holds has an end");
    let conditions = assertion.conditions.as_ref().and_then(|conditions| conditions.not_on_or_after);
    conditions.map_or(confirmed, |end| end.min(confirmed)) + 300 * SECOND
}

/// E10: what would not hold without the skew. How long ago the user authenticated tells nothing of the clocks.
fn skewed(message: &Message, assertion: &Assertion, data: &Data, connection: &Connection) -> Vec<&'static str> {
    let early = |instant: Time| instant > connection.now;
    let late = |instant: Time| instant <= connection.now;
    let conditions = assertion.conditions.as_ref();
    let mut names = Vec::new();
    let mut tell = |told: bool, name| names.extend(told.then_some(name));
    tell(early(message.issue_instant), "IssueInstant of the Response");
    tell(early(assertion.issue_instant), "IssueInstant of the Assertion");
    tell(data.not_before.is_some_and(early), "NotBefore of the SubjectConfirmationData");
    tell(data.not_on_or_after.is_some_and(late), "NotOnOrAfter of the SubjectConfirmationData");
    tell(conditions.is_some_and(|one| one.not_before.is_some_and(early)), "NotBefore of the Conditions");
    tell(conditions.is_some_and(|one| one.not_on_or_after.is_some_and(late)), "NotOnOrAfter of the Conditions");
    tell(session_end(assertion).is_some_and(late), "SessionNotOnOrAfter of the AuthnStatement");
    names.sort_unstable();
    names
}
