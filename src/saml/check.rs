//! What a service provider must check of a genuine login, as one ordered list.
//!
//! [`Facts`] go in: what the message says, what the connection expects, and the time. Verification takes [`CHECKS`] in order up to
//! the first failure; an explanation takes all of them. Nothing here looks at XML or at keys, and nothing can be switched off.
//!
//! Identifiers are compared as exact strings (SAML Core 1.3.1). Times get the same clock skew in both directions, and the upper
//! end of a window never belongs to it (SAML Core 2.5.1.2).

mod shown;

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::assertion::{Authentication, Confirmation, ConfirmationData, Content};
use super::name_id::Issuer;
use super::response::Envelope;
use crate::departure::{Departure, Departures};
use crate::error::{ConstraintError, Shown, UnconfirmedSubject};
use crate::report::{Compared, Outcome, Step};
use crate::time::to_the_millisecond;

/// Which request a Response must answer. There is no default: SAML Profiles 4.1.5 is a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect<'a> {
    /// The request with this ID is pending in the session of the browser that posted the Response.
    AnswerTo(&'a str),
    /// The requests with these IDs are pending in that session, as with two tabs: any of them.
    /// [`Login::in_response_to`](crate::Login::in_response_to) says which was answered.
    ///
    /// Hand over those of this browser's session alone: among the requests of all users, a login that somebody slipped into a
    /// foreign browser finds the one that it answers. No request is answered where the list is empty, and more than
    /// [`Expect::MAX_PENDING`] are refused.
    AnswerToAny(&'a [&'a str]),
    /// No request is pending: the login starts at the identity provider.
    ///
    /// Anybody can make a browser post such a login (login CSRF), so the service should treat it as a user's wish to log in,
    /// not as proof that the user at this browser had one.
    Unsolicited,
}

impl Expect<'_> {
    /// Most requests that one session can have pending: each tab that waits for a login has one.
    pub const MAX_PENDING: usize = 64;

    /// The IDs of the pending requests.
    fn pending(&self) -> &[&str] {
        match self {
            Self::AnswerTo(pending) => std::slice::from_ref(pending),
            Self::AnswerToAny(pending) => pending,
            Self::Unsolicited => &[],
        }
    }

    /// As an error tells them.
    fn shown(&self) -> Vec<Shown> {
        self.pending().iter().take(MOST_TOLD).map(|&pending| Shown::new(pending)).collect()
    }
}

/// Everything that the checks look at.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a, 'd> {
    pub(crate) circumstances: Circumstances<'a, 'd>,
    pub(crate) assertion: &'a Content<'d>,
}

/// What is known without the assertion: the Response, the connection, and the time.
#[derive(Clone, Debug)]
pub(crate) struct Circumstances<'a, 'd> {
    pub(crate) response: &'a Envelope<'d>,
    pub(crate) response_signed: bool,
    /// Whether the Response holds an EncryptedAssertion.
    pub(crate) encrypted: bool,
    pub(crate) issuer: &'a str,
    pub(crate) departures: Departures,
    pub(crate) audiences: &'a [String],
    pub(crate) acs_urls: &'a [String],
    pub(crate) expect: Expect<'a>,
    pub(crate) now: SystemTime,
    pub(crate) clock_skew: Duration,
    /// Empty: any.
    pub(crate) authn_contexts: &'a [String],
    pub(crate) max_authentication_age: Option<Duration>,
}

/// One check.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) step: Step,
    pub(crate) judge: Judge,
}

/// What a check looks at: the judgement, and what an explanation shows of a comparison that holds.
#[derive(Debug)]
pub(crate) enum Judge {
    /// The Response, whether or not its assertion can be read.
    Response {
        run: fn(&Circumstances<'_, '_>) -> Result<Outcome, ConstraintError>,
        values: fn(&Circumstances<'_, '_>) -> Compared,
    },
    /// The assertion.
    Assertion { run: fn(&Facts<'_, '_>) -> Result<Outcome, ConstraintError>, values: fn(&Facts<'_, '_>) -> Compared },
}

/// Every check, in the order in which a failure is reported: from whom, to whom, in answer to what, when, for whom, how.
#[rustfmt::skip] // a table
pub(crate) const CHECKS: &[Check] = &[
    response("C5", "the Issuer is the identity provider", "SAML Profiles 4.1.4.2", response_issuer, shown::response_issuer),
    assertion("E2", "the Issuer is the identity provider", "SAML Profiles 4.1.4.2", assertion_issuer, shown::assertion_issuer),
    response("A7", "a signed Response has a Destination", "SAML Bindings 3.5.5.2", destination_present, shown::destination),
    response("C2", "the Destination is our ACS URL", "SAML Core 3.2.2", destination, shown::destination),
    assertion("E3", "the subject has a bearer confirmation", "SAML Profiles 4.1.4.2", bearer_present, shown::methods),
    assertion("E4", "the Recipient is our ACS URL", "SAML Profiles 4.1.4.3", |facts| of_single(facts, recipient), shown::recipient),
    response("C3", "the Response answers the pending request", "SAML Core 3.2.2", response_answers, shown::response_request),
    response("C4", "an unsolicited Response answers no request", "SAML Profiles 4.1.5", response_unsolicited, shown::response_request),
    assertion("E6", "the confirmation answers the pending request, or none", "SAML Profiles 4.1.4.3", |facts| of_single(facts, request), shown::request),
    assertion("E5", "the confirmation has not expired", "SAML Profiles 4.1.4.3", |facts| of_single(facts, confirmation_lifetime), shown::confirmation_lifetime),
    assertion("E8", "of several confirmations, one holds by itself", "SAML Profiles 4.1.4.2", one_of_several, shown::nothing),
    assertion("E9", "now is within the Conditions", "SAML Core 2.5.1.2", conditions_window, shown::conditions_window),
    response("C9", "not issued in the future", "SAML Core 2.3.3", response_issued, shown::response_issued),
    assertion("C9", "not issued in the future", "SAML Core 2.3.3", assertion_issued, shown::assertion_issued),
    assertion("E11", "every audience restriction names us, and there is one", "SAML Core 2.5.1.4", audience, shown::audience),
    assertion("E15", "every condition is known", "SAML Core 2.5.1.1", known_conditions, shown::nothing),
    assertion("E16", "the assertion says that the user authenticated", "SAML Profiles 4.1.4.2", authenticated, shown::authenticated),
    assertion("E17", "the session has not ended", "SAML Profiles 4.1.4.3", session, shown::session),
    assertion("E18", "the user authenticated in an accepted way", "SAML Core 2.7.2.2", authn_context, shown::authn_context),
    assertion("E19", "the user authenticated recently enough", "connection policy", authentication_age, shown::authentication_age),
];

const fn response(
    id: &'static str,
    title: &'static str,
    section: &'static str,
    run: fn(&Circumstances<'_, '_>) -> Result<Outcome, ConstraintError>,
    values: fn(&Circumstances<'_, '_>) -> Compared,
) -> Check {
    Check { step: Step::new(id, title, section, &[]).of("Response"), judge: Judge::Response { run, values } }
}

const fn assertion(
    id: &'static str,
    title: &'static str,
    section: &'static str,
    run: fn(&Facts<'_, '_>) -> Result<Outcome, ConstraintError>,
    values: fn(&Facts<'_, '_>) -> Compared,
) -> Check {
    Check { step: Step::new(id, title, section, &[]).of("Assertion"), judge: Judge::Assertion { run, values } }
}

impl Check {
    fn run(&self, facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
        match self.judge {
            Judge::Response { run, .. } => run(&facts.circumstances),
            Judge::Assertion { run, .. } => run(facts),
        }
    }

    /// Whether it asks for one identity provider by name.
    pub(crate) fn is_on_issuer(&self) -> bool {
        matches!(self.step.id, "C5" | "E2")
    }
}

/// What only a message that passed every check has. [`run`] alone makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confirmed<'d> {
    /// The request that the confirmation answers.
    pub(crate) in_response_to: Option<&'d str>,
    /// The network address that the confirmation names.
    pub(crate) address: Option<&'d str>,
    /// The window of the confirmation.
    pub(crate) window: (Option<SystemTime>, Option<SystemTime>),
    /// The first instant at which no verifier accepts the assertion any more, whatever skew it allows.
    pub(crate) expires_at: SystemTime,
}

/// The largest clock skew that can be allowed: more would make expiry meaningless. SAML2Int SDP-G01.
pub(crate) const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);

/// What some products write as the Format of an Issuer.
const ASSERTION_NAMESPACE: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// Of what a message may say any number of times, so much is told: by then somebody has read enough.
const MOST_TOLD: usize = 16;

/// Takes every check, in order.
///
/// # Errors
///
/// The first failure.
pub(crate) fn run<'d>(facts: &Facts<'_, 'd>) -> Result<Confirmed<'d>, ConstraintError> {
    for check in CHECKS {
        check.run(facts)?;
    }
    let confirming = facts.confirming().ok_or(ConstraintError::NoBearerConfirmation { received: Vec::new() })?;
    Ok(Confirmed {
        in_response_to: confirming.in_response_to,
        address: confirming.address,
        window: (confirming.not_before, confirming.not_on_or_after),
        expires_at: facts.expires_at(),
    })
}

/// An instant that was accepted because of the clock skew alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skewed {
    pub(crate) name: &'static str,
    pub(crate) instant: SystemTime,
}

/// Of a login that passed every check, what would have refused it if no clock skew were allowed.
pub(crate) fn skewed(facts: &Facts<'_, '_>, confirmed: &Confirmed<'_>) -> Vec<Skewed> {
    let Facts { circumstances: Circumstances { response, now, .. }, assertion } = facts;
    let (not_before, not_on_or_after) = confirmed.window;
    let begins = [
        ("IssueInstant of the Response", Some(response.issue_instant)),
        ("IssueInstant of the Assertion", Some(assertion.issue_instant)),
        ("NotBefore of the SubjectConfirmationData", not_before),
        ("NotBefore of the Conditions", assertion.conditions.not_before),
    ];
    let ends = [
        ("NotOnOrAfter of the SubjectConfirmationData", not_on_or_after),
        ("NotOnOrAfter of the Conditions", assertion.conditions.not_on_or_after),
        ("SessionNotOnOrAfter of the AuthnStatement", session_end(&assertion.authentications)),
    ];
    let ahead = begins.into_iter().filter(|(_, begin)| begin.is_some_and(|begin| begin > *now));
    let behind = ends.into_iter().filter(|(_, end)| end.is_some_and(|end| end <= *now));
    ahead.chain(behind).filter_map(|(name, instant)| Some(Skewed { name, instant: instant? })).collect()
}

impl<'d> Facts<'_, 'd> {
    fn bearers(&self) -> impl Iterator<Item = &Confirmation<'d>> {
        self.assertion.confirmations.iter().filter(|confirmation| confirmation.method == ConstraintError::BEARER)
    }

    /// The first confirmation that holds by itself. SAML Profiles 4.1.4.2.
    fn confirming(&self) -> Option<&ConfirmationData<'d>> {
        self.bearers().find(|bearer| confirms(self, bearer).is_ok()).and_then(|bearer| bearer.data.as_ref())
    }

    /// Any bearer confirmation may yet be presented, so the one that ends last counts; the Conditions bound them all.
    fn expires_at(&self) -> SystemTime {
        let confirmed = self.bearers().filter_map(|bearer| bearer.data.as_ref()?.not_on_or_after).max();
        let end = confirmed.into_iter().chain(self.assertion.conditions.not_on_or_after).min().unwrap_or(self.circumstances.now);
        // Verifiers that share a store may allow different skews.
        end.checked_add(MAX_CLOCK_SKEW).unwrap_or(end)
    }
}

impl Circumstances<'_, '_> {
    fn has_begun(&self, instant: SystemTime) -> bool {
        instant.checked_sub(self.clock_skew).is_none_or(|begin| begin <= self.now)
    }

    fn has_ended(&self, instant: SystemTime) -> bool {
        instant.checked_add(self.clock_skew).is_none_or(|end| end <= self.now)
    }
}

fn response_issuer(circumstances: &Circumstances<'_, '_>) -> Result<Outcome, ConstraintError> {
    match &circumstances.response.issuer {
        Some(issuer) => {
            response_issuer_format(issuer.format, circumstances.departures)?;
            is_identity_provider(circumstances, "Response", issuer)
        }
        None if circumstances.response_signed || circumstances.encrypted => {
            Err(ConstraintError::IssuerMissing { expected: circumstances.issuer.to_owned() })
        }
        None => Ok(Outcome::NotApplicable),
    }
}

fn assertion_issuer(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    match facts.assertion.issuer.format {
        None | Some(ConstraintError::ENTITY_FORMAT) => {
            is_identity_provider(&facts.circumstances, "Assertion", &facts.assertion.issuer)
        }
        Some(format) => Err(ConstraintError::IssuerFormat { element: "Assertion", received: Shown::new(format) }),
    }
}

/// Of the Response's Issuer.
///
/// Laxer than SAML Profiles 4.1.4.2: some products write the namespace of assertions there, which names no format at all and so
/// says nothing else than no Format.
fn response_issuer_format(format: Option<&str>, departures: Departures) -> Result<(), ConstraintError> {
    match format {
        None | Some(ConstraintError::ENTITY_FORMAT | ASSERTION_NAMESPACE) => Ok(()),
        Some(_) if departures.contains(Departure::IssuerFormat) => Ok(()),
        Some(format) => Err(ConstraintError::IssuerFormat { element: "Response", received: Shown::new(format) }),
    }
}

fn is_identity_provider(
    circumstances: &Circumstances<'_, '_>,
    element: &'static str,
    issuer: &Issuer<'_>,
) -> Result<Outcome, ConstraintError> {
    if issuer.name == circumstances.issuer {
        return Ok(Outcome::Pass);
    }
    Err(ConstraintError::IssuerMismatch {
        element,
        expected: vec![circumstances.issuer.to_owned()],
        received: Shown::new(&issuer.name),
    })
}

fn destination_present(circumstances: &Circumstances<'_, '_>) -> Result<Outcome, ConstraintError> {
    match circumstances.response.destination {
        None if circumstances.response_signed => {
            Err(ConstraintError::DestinationMissing { expected: circumstances.acs_urls.to_vec() })
        }
        Some(_) if circumstances.response_signed => Ok(Outcome::Pass),
        _ => Ok(Outcome::NotApplicable),
    }
}

/// Checked where the Response is not signed, too: an honest one never names another endpoint.
fn destination(circumstances: &Circumstances<'_, '_>) -> Result<Outcome, ConstraintError> {
    match circumstances.response.destination {
        None => Ok(Outcome::NotApplicable),
        Some(destination) if names(circumstances.acs_urls, destination) => Ok(Outcome::Pass),
        Some(destination) => Err(ConstraintError::DestinationMismatch {
            expected: circumstances.acs_urls.to_vec(),
            received: Shown::new(destination),
        }),
    }
}

/// The Response's own InResponseTo is often unsigned: it can only refuse. The confirmation's decides.
fn response_answers(circumstances: &Circumstances<'_, '_>) -> Result<Outcome, ConstraintError> {
    match (&circumstances.expect, circumstances.response.in_response_to) {
        (Expect::Unsolicited, _) | (_, None) => Ok(Outcome::NotApplicable),
        (Expect::AnswerTo(pending), Some(received)) if is_same(pending, received) => Ok(Outcome::Pass),
        (expect, Some(received)) => answers("Response", expect, received).map(|()| Outcome::Pass),
    }
}

fn response_unsolicited(circumstances: &Circumstances<'_, '_>) -> Result<Outcome, ConstraintError> {
    match (circumstances.expect, circumstances.response.in_response_to) {
        (Expect::AnswerTo(_) | Expect::AnswerToAny(_), _) => Ok(Outcome::NotApplicable),
        (Expect::Unsolicited, None) => Ok(Outcome::Pass),
        (Expect::Unsolicited, Some(received)) => {
            Err(ConstraintError::UnexpectedInResponseTo { element: "Response", received: Shown::new(received) })
        }
    }
}

/// An empty ID is that of no request: a caller that lost it must not be answered by a message that has none.
fn is_same(pending: &str, received: &str) -> bool {
    pending == received && !pending.is_empty()
}

#[inline(never)]
fn answers(element: &'static str, expect: &Expect<'_>, received: &str) -> Result<(), ConstraintError> {
    let pending = expect.pending();
    if pending.len() > Expect::MAX_PENDING {
        return Err(ConstraintError::TooManyPendingRequests { count: pending.len(), maximum: Expect::MAX_PENDING });
    }
    if pending.iter().any(|pending| is_same(pending, received)) {
        return Ok(());
    }
    Err(ConstraintError::InResponseToMismatch { element, expected: expect.shown(), received: Shown::new(received) })
}

fn response_issued(circumstances: &Circumstances<'_, '_>) -> Result<Outcome, ConstraintError> {
    issued(circumstances, "Response", circumstances.response.issue_instant)
}

fn assertion_issued(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    issued(&facts.circumstances, "Assertion", facts.assertion.issue_instant)
}

/// Not in the future; how old a message may be is for its windows to say.
fn issued(circumstances: &Circumstances<'_, '_>, element: &'static str, instant: SystemTime) -> Result<Outcome, ConstraintError> {
    if circumstances.has_begun(instant) {
        return Ok(Outcome::Pass);
    }
    Err(ConstraintError::issued_in_future(element, instant, circumstances.now, circumstances.clock_skew))
}

/// Confirmations of other methods are never treated as bearer ones.
fn bearer_present(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    if facts.bearers().next().is_some() {
        return Ok(Outcome::Pass);
    }
    let methods = facts.assertion.confirmations.iter().map(|confirmation| Shown::new(confirmation.method));
    Err(ConstraintError::NoBearerConfirmation { received: methods.take(MOST_TOLD).collect() })
}

/// A rule on a bearer confirmation.
type Rule = fn(&Facts<'_, '_>, &ConfirmationData<'_>) -> Result<(), ConstraintError>;

/// Judges the only bearer confirmation. Several are judged together, by [`one_of_several`].
fn of_single(facts: &Facts<'_, '_>, rule: Rule) -> Result<Outcome, ConstraintError> {
    let mut bearers = facts.bearers();
    match (bearers.next(), bearers.next()) {
        (Some(bearer), None) => rule(facts, data(bearer)?).map(|()| Outcome::Pass),
        _ => Ok(Outcome::NotApplicable),
    }
}

/// One confirmation that passes every rule is enough, and a bad one does not spoil the others (SAML Profiles 4.1.4.2, errata);
/// two that are half right do not add up.
fn one_of_several(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    if facts.bearers().nth(1).is_none() {
        return Ok(Outcome::NotApplicable);
    }
    if facts.confirming().is_some() {
        return Ok(Outcome::Pass);
    }
    let unconfirmed =
        |(position, bearer): (usize, _)| confirms(facts, bearer).err().map(|reason| UnconfirmedSubject { position, reason });
    Err(ConstraintError::Unconfirmed {
        confirmations: (1..).zip(facts.bearers()).filter_map(unconfirmed).take(MOST_TOLD).collect(),
    })
}

fn confirms(facts: &Facts<'_, '_>, bearer: &Confirmation<'_>) -> Result<(), ConstraintError> {
    let data = data(bearer)?;
    recipient(facts, data)?;
    request(facts, data)?;
    confirmation_lifetime(facts, data)
}

fn data<'a, 'd>(bearer: &'a Confirmation<'d>) -> Result<&'a ConfirmationData<'d>, ConstraintError> {
    bearer.data.as_ref().ok_or(ConstraintError::ConfirmationDataMissing)
}

fn recipient(facts: &Facts<'_, '_>, data: &ConfirmationData<'_>) -> Result<(), ConstraintError> {
    let expected = || facts.circumstances.acs_urls.to_vec();
    match data.recipient {
        None => Err(ConstraintError::RecipientMissing { expected: expected() }),
        Some(recipient) if names(facts.circumstances.acs_urls, recipient) => Ok(()),
        Some(recipient) => Err(ConstraintError::RecipientMismatch { expected: expected(), received: Shown::new(recipient) }),
    }
}

/// A pending request must be answered: a stolen or unsolicited login does not do (login CSRF).
fn request(facts: &Facts<'_, '_>, data: &ConfirmationData<'_>) -> Result<(), ConstraintError> {
    match (&facts.circumstances.expect, data.in_response_to) {
        (Expect::AnswerTo(pending), Some(received)) if is_same(pending, received) => Ok(()),
        (Expect::Unsolicited, None) => Ok(()),
        (expect, received) => answered_otherwise(expect, received, facts.circumstances.response.in_response_to),
    }
}

/// Judges what is not the plain case: one of several requests, or a refusal.
#[inline(never)]
fn answered_otherwise(expect: &Expect<'_>, received: Option<&str>, of_response: Option<&str>) -> Result<(), ConstraintError> {
    const ELEMENT: &str = "SubjectConfirmationData";
    match (expect, received) {
        (Expect::Unsolicited, None) => Ok(()),
        (Expect::Unsolicited, Some(received)) => {
            Err(ConstraintError::UnexpectedInResponseTo { element: ELEMENT, received: Shown::new(received) })
        }
        (_, None) => {
            Err(ConstraintError::InResponseToMissing { expected: expect.shown(), response: of_response.map(Shown::new) })
        }
        (Expect::AnswerTo(_), Some(received)) => answers(ELEMENT, expect, received),
        (Expect::AnswerToAny(_), Some(received)) => {
            answers(ELEMENT, expect, received)?;
            same_request(of_response, received)
        }
    }
}

/// Of several pending requests a message answers one.
fn same_request(response: Option<&str>, confirmation: &str) -> Result<(), ConstraintError> {
    match response {
        Some(response) if response != confirmation => Err(ConstraintError::InResponseToContradiction {
            response: Shown::new(response),
            confirmation: Shown::new(confirmation),
        }),
        _ => Ok(()),
    }
}

fn confirmation_lifetime(facts: &Facts<'_, '_>, data: &ConfirmationData<'_>) -> Result<(), ConstraintError> {
    const ELEMENT: &str = "SubjectConfirmationData";
    let Circumstances { now, clock_skew, departures, .. } = facts.circumstances;
    match data.not_before {
        None => {}
        Some(begin) if !departures.contains(Departure::ConfirmationNotBefore) => {
            return Err(ConstraintError::ConfirmationNotBefore { received: to_the_millisecond(begin) });
        }
        Some(begin) if !facts.circumstances.has_begun(begin) => {
            return Err(ConstraintError::not_yet_valid(ELEMENT, begin, now, clock_skew));
        }
        Some(_) => {}
    }
    let end = data.not_on_or_after.ok_or(ConstraintError::ConfirmationExpiryMissing)?;
    if facts.circumstances.has_ended(end) {
        return Err(ConstraintError::expired(ELEMENT, end, now, clock_skew));
    }
    Ok(())
}

fn conditions_window(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    let window = (facts.assertion.conditions.not_before, facts.assertion.conditions.not_on_or_after);
    if window == (None, None) {
        return Ok(Outcome::NotApplicable);
    }
    // Two clocks wrote the two ends if one corrected the other: the skew that each instant gets may close the gap.
    if let (Some(begin), Some(end)) = window
        && begin.checked_sub(facts.circumstances.clock_skew) >= end.checked_add(facts.circumstances.clock_skew)
    {
        return Err(ConstraintError::InvertedWindow {
            not_before: to_the_millisecond(begin),
            not_on_or_after: to_the_millisecond(end),
        });
    }
    match window {
        (Some(begin), _) if !facts.circumstances.has_begun(begin) => {
            Err(ConstraintError::not_yet_valid("Conditions", begin, facts.circumstances.now, facts.circumstances.clock_skew))
        }
        (_, Some(end)) if facts.circumstances.has_ended(end) => {
            Err(ConstraintError::expired("Conditions", end, facts.circumstances.now, facts.circumstances.clock_skew))
        }
        _ => Ok(Outcome::Pass),
    }
}

/// Every restriction must hold, and one holds if any of its audiences is ours.
fn audience(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    let restrictions = &facts.assertion.conditions.audience_restrictions;
    if restrictions.is_empty() {
        return Err(ConstraintError::AudienceMissing { expected: facts.circumstances.audiences.to_vec() });
    }
    let names_us = |audiences: &[Cow<'_, str>]| audiences.iter().any(|audience| names(facts.circumstances.audiences, audience));
    match restrictions.iter().position(|audiences| !names_us(audiences)) {
        None => Ok(Outcome::Pass),
        Some(failed) => Err(foreign_audience(facts, failed)),
    }
}

/// What is wrong with the restriction at that place, from 0.
fn foreign_audience(facts: &Facts<'_, '_>, failed: usize) -> ConstraintError {
    let restrictions = &facts.assertion.conditions.audience_restrictions;
    let (of_failed, of_others): (Vec<_>, Vec<_>) = restrictions.iter().enumerate().partition(|(place, _)| *place == failed);
    let told = |restrictions: Vec<(usize, &Vec<Cow<'_, str>>)>| {
        let audiences = restrictions.into_iter().flat_map(|(_, audiences)| audiences);
        audiences.map(|audience| Shown::new(audience)).take(MOST_TOLD).collect()
    };
    ConstraintError::AudienceMismatch {
        expected: facts.circumstances.audiences.to_vec(),
        received: told(of_failed),
        position: failed.saturating_add(1),
        count: restrictions.len(),
        others: told(of_others),
    }
}

/// Whether the assertion is valid cannot be told where it has a condition that is not understood.
fn known_conditions(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    match facts.assertion.conditions.unknown {
        None => Ok(Outcome::Pass),
        Some(condition) => Err(ConstraintError::UnknownCondition { condition: Shown::new(condition) }),
    }
}

fn authenticated(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    if facts.assertion.authentications.is_empty() { Err(ConstraintError::NoAuthnStatement) } else { Ok(Outcome::Pass) }
}

/// The earliest end of all statements counts.
fn session(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    match session_end(&facts.assertion.authentications) {
        None => Ok(Outcome::NotApplicable),
        Some(end) if facts.circumstances.has_ended(end) => {
            Err(ConstraintError::session_expired(end, facts.circumstances.now, facts.circumstances.clock_skew))
        }
        Some(_) => Ok(Outcome::Pass),
    }
}

/// When the local session must end at the latest.
pub(crate) fn session_end(authentications: &[Authentication<'_>]) -> Option<SystemTime> {
    authentications.iter().filter_map(|authentication| authentication.session_not_on_or_after).min()
}

/// The first statement counts: it is the one that the login shows.
fn authn_context(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    let context = facts.assertion.authentications.first().and_then(|first| first.context.as_deref());
    match context {
        _ if facts.circumstances.authn_contexts.is_empty() => Ok(Outcome::NotApplicable),
        Some(context) if names(facts.circumstances.authn_contexts, context) => Ok(Outcome::Pass),
        received => Err(ConstraintError::AuthnContextMismatch {
            expected: facts.circumstances.authn_contexts.to_vec(),
            received: received.map(Shown::new),
        }),
    }
}

/// The first statement counts: it is the one that the login shows.
fn authentication_age(facts: &Facts<'_, '_>) -> Result<Outcome, ConstraintError> {
    let (Some(maximum_age), Some(first)) = (facts.circumstances.max_authentication_age, facts.assertion.authentications.first())
    else {
        return Ok(Outcome::NotApplicable);
    };
    let until = first.instant.checked_add(maximum_age).and_then(|until| until.checked_add(facts.circumstances.clock_skew));
    if until.is_some_and(|until| until < facts.circumstances.now) {
        return Err(ConstraintError::authentication_too_old(first.instant, facts.circumstances.now, maximum_age));
    }
    Ok(Outcome::Pass)
}

fn names(ours: &[String], theirs: &str) -> bool {
    ours.iter().any(|one| one == theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::assertion::Conditions;
    use crate::saml::attributes::Attributes;
    use crate::saml::name_id::NameId;
    use crate::time::parse_rfc3339;

    const ACS: &str = "https://sp.example/acs";
    const OTHER_ACS: &str = "https://sp.example/acs/old";
    const NEITHER: &str = "https://sp.example/acs/";

    /// What [`Facts`] borrow.
    struct Sample {
        response: Envelope<'static>,
        response_signed: bool,
        encrypted: bool,
        departures: Departures,
        assertion: Content<'static>,
        expect: Expect<'static>,
        now: SystemTime,
        clock_skew: Duration,
        authn_contexts: Vec<String>,
        max_authentication_age: Option<Duration>,
    }

    impl Sample {
        /// An accepted login: issued at 10:00, valid until 11:00, now 10:30; no clock skew.
        fn new() -> Self {
            let issuer = Issuer { name: "urn:idp".into(), format: None };
            Self {
                response: Envelope {
                    id: "_r",
                    issue_instant: at("10:00:00"),
                    destination: Some(ACS),
                    in_response_to: Some("_q"),
                    issuer: Some(issuer.clone()),
                },
                response_signed: false,
                encrypted: false,
                departures: Departures::default(),
                assertion: Content {
                    id: "_a",
                    issue_instant: at("10:00:00"),
                    issuer,
                    name_id: Some(NameId::new("auth0|1")),
                    confirmations: vec![bearer()],
                    conditions: Conditions {
                        not_before: Some(at("10:00:00")),
                        not_on_or_after: Some(at("11:00:00")),
                        audience_restrictions: vec![vec!["urn:sp".into()]],
                        ..Conditions::default()
                    },
                    authentications: vec![Authentication {
                        instant: at("10:00:00"),
                        session_index: None,
                        session_not_on_or_after: None,
                        context: Some("urn:password".into()),
                    }],
                    attributes: Attributes::default(),
                    encrypted_attributes: 0,
                },
                expect: Expect::AnswerTo("_q"),
                now: at("10:30:00"),
                clock_skew: Duration::ZERO,
                authn_contexts: Vec::new(),
                max_authentication_age: None,
            }
        }

        /// The outcome of the check with that ID.
        fn outcome(&self, id: &str) -> Result<Outcome, ConstraintError> {
            let mut checks = CHECKS.iter().filter(|check| check.step.id == id);
            self.judge(|facts| checks.try_fold(Outcome::Pass, |_, check| check.run(facts)))
        }

        /// The outcome of all checks.
        fn verdict(&self) -> Result<(), ConstraintError> {
            self.judge(|facts| run(facts).map(|_| ()))
        }

        fn judge<T>(&self, judge: impl FnOnce(&Facts<'_, 'static>) -> T) -> T {
            self.judge_expecting(self.expect, judge)
        }

        fn judge_expecting<T>(&self, expect: Expect<'_>, judge: impl FnOnce(&Facts<'_, 'static>) -> T) -> T {
            let circumstances = Circumstances {
                response: &self.response,
                response_signed: self.response_signed,
                encrypted: self.encrypted,
                issuer: "urn:idp",
                departures: self.departures,
                audiences: &["urn:sp".to_owned(), "urn:sp:old".to_owned()],
                acs_urls: &acs_urls(),
                expect,
                now: self.now,
                clock_skew: self.clock_skew,
                authn_contexts: &self.authn_contexts,
                max_authentication_age: self.max_authentication_age,
            };
            judge(&Facts { circumstances, assertion: &self.assertion })
        }

        fn data(&mut self) -> &mut ConfirmationData<'static> {
            self.assertion.confirmations[0].data.as_mut().unwrap()
        }

        fn audiences(&mut self, restrictions: &[&[&'static str]]) {
            let restriction = |audiences: &&[&'static str]| audiences.iter().map(|&audience| audience.into()).collect();
            self.assertion.conditions.audience_restrictions = restrictions.iter().map(restriction).collect();
        }

        fn allow(&mut self, departure: Departure) {
            self.departures = self.departures.with(departure);
        }

        fn response_format(&mut self, format: &'static str) {
            self.response.issuer.as_mut().unwrap().format = Some(format);
        }

        fn unsolicited(&mut self) {
            self.expect = Expect::Unsolicited;
            self.response.in_response_to = None;
            self.data().in_response_to = None;
        }
    }

    fn bearer() -> Confirmation<'static> {
        let data = ConfirmationData {
            not_before: None,
            not_on_or_after: Some(at("11:00:00")),
            recipient: Some(ACS),
            in_response_to: Some("_q"),
            address: None,
        };
        Confirmation { method: ConstraintError::BEARER, data: Some(data) }
    }

    fn at(time: &str) -> SystemTime {
        parse_rfc3339(&format!("2025-03-03T{time}Z")).unwrap()
    }

    fn shown_at(time: &str) -> String {
        format!("2025-03-03T{time}.000Z")
    }

    fn acs_urls() -> Vec<String> {
        vec![ACS.to_owned(), OTHER_ACS.to_owned()]
    }

    fn audiences() -> Vec<String> {
        vec!["urn:sp".to_owned(), "urn:sp:old".to_owned()]
    }

    type Change = fn(&mut Sample);

    /// Each change breaks one check, which is then the one that refuses.
    fn refused(id: &str, cases: Vec<(Change, ConstraintError)>) {
        let owners = CHECKS.iter().filter(|check| check.step.id == id);
        let sections: Vec<_> = cases.iter().map(|(_, error)| crate::Error::from(error.clone()).section()).collect();
        assert!(owners.into_iter().all(|check| sections.contains(&check.step.section)), "{id} {sections:?}");
        refused_alike(id, cases);
    }

    /// The check with that ID refuses each change, and so do all of them together.
    fn refused_alike(id: &str, cases: Vec<(Change, ConstraintError)>) {
        for (number, (change, error)) in cases.into_iter().enumerate() {
            let mut sample = Sample::new();
            change(&mut sample);
            assert_eq!(sample.outcome(id), Err(error.clone()), "{id} {number}");
            assert_eq!(sample.verdict(), Err(error), "{id} {number}");
        }
    }

    /// Each change is accepted, with this outcome of the check.
    fn accepted(id: &str, cases: &[(Change, Outcome)]) {
        for (number, (change, outcome)) in cases.iter().enumerate() {
            let mut sample = Sample::new();
            change(&mut sample);
            assert_eq!(sample.outcome(id), Ok(*outcome), "{id} {number}");
            assert_eq!(sample.verdict(), Ok(()), "{id} {number}");
        }
    }

    #[test]
    fn every_check_has_its_own_id_and_element() {
        let mut names: Vec<_> = CHECKS.iter().map(|check| (check.step.id, check.step.element)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
    }

    #[test]
    fn c5_response_issuer() {
        accepted(
            "C5",
            &[
                (|_| {}, Outcome::Pass),
                (|sample| sample.response.issuer = None, Outcome::NotApplicable),
                (|sample| sample.response.issuer.as_mut().unwrap().format = Some(ConstraintError::ENTITY_FORMAT), Outcome::Pass),
            ],
        );
        let received = |name| ConstraintError::IssuerMismatch {
            element: "Response",
            expected: vec!["urn:idp".to_owned()],
            received: Shown::new(name),
        };
        refused(
            "C5",
            vec![
                (|sample| sample.response.issuer.as_mut().unwrap().name = "urn:IDP".into(), received("urn:IDP")),
                (|sample| sample.response.issuer.as_mut().unwrap().name = "".into(), received("")),
                (
                    |sample| (sample.response_signed, sample.response.issuer) = (true, None),
                    ConstraintError::IssuerMissing { expected: "urn:idp".to_owned() },
                ),
                (
                    |sample| (sample.encrypted, sample.response.issuer) = (true, None),
                    ConstraintError::IssuerMissing { expected: "urn:idp".to_owned() },
                ),
                (
                    |sample| sample.response.issuer.as_mut().unwrap().format = Some("urn:mail"),
                    ConstraintError::IssuerFormat { element: "Response", received: Shown::new("urn:mail") },
                ),
            ],
        );
    }

    #[test]
    fn e2_assertion_issuer() {
        accepted(
            "E2",
            &[
                (|_| {}, Outcome::Pass),
                (|sample| sample.assertion.issuer.format = Some(ConstraintError::ENTITY_FORMAT), Outcome::Pass),
            ],
        );
        let received = |name| ConstraintError::IssuerMismatch {
            element: "Assertion",
            expected: vec!["urn:idp".to_owned()],
            received: Shown::new(name),
        };
        refused(
            "E2",
            vec![
                (|sample| sample.assertion.issuer.name = "urn:idp2".into(), received("urn:idp2")),
                (|sample| sample.assertion.issuer.name = "urn:idp ".into(), received("urn:idp ")),
                (
                    |sample| sample.assertion.issuer.format = Some(""),
                    ConstraintError::IssuerFormat { element: "Assertion", received: Shown::new("") },
                ),
            ],
        );
    }

    #[test]
    fn the_issuer_format_departure_is_about_the_response_alone() {
        const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
        accepted(
            "C5",
            &[
                (|sample| sample.response_format(ASSERTION_NAMESPACE), Outcome::Pass),
                (
                    |sample| {
                        sample.allow(Departure::IssuerFormat);
                        sample.response_format(UNSPECIFIED);
                    },
                    Outcome::Pass,
                ),
            ],
        );
        let format = |element, format| ConstraintError::IssuerFormat { element, received: Shown::new(format) };
        refused(
            "C5",
            vec![
                (|sample| sample.response_format(UNSPECIFIED), format("Response", UNSPECIFIED)),
                (
                    |sample| sample.response_format("urn:oasis:names:tc:SAML:2.0:assertion "),
                    format("Response", "urn:oasis:names:tc:SAML:2.0:assertion "),
                ),
                // The name still counts, and whether there is one.
                (
                    |sample| {
                        sample.allow(Departure::IssuerFormat);
                        sample.response_format(UNSPECIFIED);
                        sample.response.issuer.as_mut().unwrap().name = "urn:other".into();
                    },
                    ConstraintError::IssuerMismatch {
                        element: "Response",
                        expected: vec!["urn:idp".to_owned()],
                        received: Shown::new("urn:other"),
                    },
                ),
                (
                    |sample| {
                        sample.allow(Departure::IssuerFormat);
                        (sample.response_signed, sample.response.issuer) = (true, None);
                    },
                    ConstraintError::IssuerMissing { expected: "urn:idp".to_owned() },
                ),
            ],
        );
        refused_alike(
            "E2",
            vec![
                (
                    |sample| {
                        sample.allow(Departure::IssuerFormat);
                        sample.assertion.issuer.format = Some(UNSPECIFIED);
                    },
                    format("Assertion", UNSPECIFIED),
                ),
                (|sample| sample.assertion.issuer.format = Some(ASSERTION_NAMESPACE), format("Assertion", ASSERTION_NAMESPACE)),
            ],
        );
    }

    #[test]
    fn the_confirmation_not_before_departure_opens_a_window_and_nothing_else() {
        fn begins(sample: &mut Sample, time: &str) {
            sample.allow(Departure::ConfirmationNotBefore);
            sample.data().not_before = Some(at(time));
        }
        accepted(
            "E5",
            &[
                (|sample| begins(sample, "10:30:00"), Outcome::Pass),
                (
                    |sample| {
                        sample.clock_skew = Duration::from_secs(60);
                        begins(sample, "10:31:00");
                    },
                    Outcome::Pass,
                ),
            ],
        );
        let element = "SubjectConfirmationData";
        let early = |begin, skew| ConstraintError::not_yet_valid(element, at(begin), at("10:30:00"), Duration::from_secs(skew));
        let expired = ConstraintError::expired(element, at("10:30:00"), at("10:30:00"), Duration::ZERO);
        let cases: Vec<(Change, ConstraintError)> = vec![
            (|sample| begins(sample, "10:30:01"), early("10:30:01", 0)),
            (
                |sample| {
                    sample.clock_skew = Duration::from_secs(60);
                    begins(sample, "10:31:01");
                },
                early("10:31:01", 60),
            ),
            (
                |sample| {
                    begins(sample, "10:00:00");
                    sample.data().not_on_or_after = Some(at("10:30:00"));
                },
                expired,
            ),
            (
                |sample| {
                    begins(sample, "10:00:00");
                    sample.data().not_on_or_after = None;
                },
                ConstraintError::ConfirmationExpiryMissing,
            ),
            // The departure of another rule does not do.
            (
                |sample| {
                    sample.allow(Departure::IssuerFormat);
                    sample.data().not_before = Some(at("10:00:00"));
                },
                ConstraintError::ConfirmationNotBefore { received: shown_at("10:00:00") },
            ),
        ];
        refused_alike("E5", cases);
    }

    #[test]
    fn a7_and_c2_destination() {
        let missing: Change = |sample| sample.response.destination = None;
        accepted("A7", &[(|_| {}, Outcome::NotApplicable), (|sample| sample.response_signed = true, Outcome::Pass)]);
        accepted("A7", &[(missing, Outcome::NotApplicable)]);
        accepted("C2", &[(|_| {}, Outcome::Pass), (missing, Outcome::NotApplicable)]);
        accepted("C2", &[(|sample| sample.response.destination = Some(OTHER_ACS), Outcome::Pass)]);
        refused(
            "A7",
            vec![(
                |sample| (sample.response_signed, sample.response.destination) = (true, None),
                ConstraintError::DestinationMissing { expected: acs_urls() },
            )],
        );
        let mismatch = |url| ConstraintError::DestinationMismatch { expected: acs_urls(), received: Shown::new(url) };
        refused(
            "C2",
            vec![
                (|sample| sample.response.destination = Some(NEITHER), mismatch(NEITHER)),
                (|sample| sample.response.destination = Some(""), mismatch("")),
            ],
        );
    }

    #[test]
    fn e3_bearer_confirmation() {
        accepted(
            "E3",
            &[
                (|_| {}, Outcome::Pass),
                (|sample| sample.assertion.confirmations.insert(0, Confirmation { method: "urn:x", data: None }), Outcome::Pass),
            ],
        );
        let none = |methods: &[&str]| ConstraintError::NoBearerConfirmation {
            received: methods.iter().map(|&method| Shown::new(method)).collect(),
        };
        refused(
            "E3",
            vec![
                (|sample| sample.assertion.confirmations.clear(), none(&[])),
                (|sample| sample.assertion.confirmations[0].method = "urn:holder-of-key", none(&["urn:holder-of-key"])),
                (
                    |sample| sample.assertion.confirmations[0].method = "URN:oasis:names:tc:SAML:2.0:cm:bearer",
                    none(&["URN:oasis:names:tc:SAML:2.0:cm:bearer"]),
                ),
            ],
        );
    }

    #[test]
    fn e4_recipient() {
        accepted("E4", &[(|_| {}, Outcome::Pass), (|sample| sample.data().recipient = Some(OTHER_ACS), Outcome::Pass)]);
        let mismatch = |url| ConstraintError::RecipientMismatch { expected: acs_urls(), received: Shown::new(url) };
        refused(
            "E4",
            vec![
                (|sample| sample.data().recipient = Some(NEITHER), mismatch(NEITHER)),
                (|sample| sample.data().recipient = Some(""), mismatch("")),
                (|sample| sample.data().recipient = None, ConstraintError::RecipientMissing { expected: acs_urls() }),
                (|sample| sample.assertion.confirmations[0].data = None, ConstraintError::ConfirmationDataMissing),
            ],
        );
    }

    #[test]
    fn c3_c4_and_e6_pending_request() {
        let mismatch = |element, expected, received| ConstraintError::InResponseToMismatch {
            element,
            expected: vec![Shown::new(expected)],
            received: Shown::new(received),
        };
        let unexpected = |element| ConstraintError::UnexpectedInResponseTo { element, received: Shown::new("_q") };
        accepted("C3", &[(|_| {}, Outcome::Pass), (|sample| sample.response.in_response_to = None, Outcome::NotApplicable)]);
        accepted("C3", &[(Sample::unsolicited, Outcome::NotApplicable)]);
        accepted("C4", &[(|_| {}, Outcome::NotApplicable), (Sample::unsolicited, Outcome::Pass)]);
        accepted("E6", &[(|_| {}, Outcome::Pass), (Sample::unsolicited, Outcome::Pass)]);
        refused(
            "C3",
            vec![
                (|sample| sample.response.in_response_to = Some("_other"), mismatch("Response", "_q", "_other")),
                (|sample| sample.response.in_response_to = Some(""), mismatch("Response", "_q", "")),
                (|sample| sample.response.in_response_to = Some("_q _p"), mismatch("Response", "_q", "_q _p")),
            ],
        );
        refused(
            "C4",
            vec![(
                |sample| {
                    sample.unsolicited();
                    sample.response.in_response_to = Some("_q");
                },
                unexpected("Response"),
            )],
        );
        refused(
            "E6",
            vec![
                (|sample| sample.data().in_response_to = Some("_other"), mismatch("SubjectConfirmationData", "_q", "_other")),
                (
                    |sample| sample.data().in_response_to = None,
                    ConstraintError::InResponseToMissing { expected: vec![Shown::new("_q")], response: Some(Shown::new("_q")) },
                ),
                (
                    |sample| {
                        sample.data().in_response_to = None;
                        sample.response.in_response_to = None;
                    },
                    ConstraintError::InResponseToMissing { expected: vec![Shown::new("_q")], response: None },
                ),
                (
                    |sample| {
                        sample.unsolicited();
                        sample.data().in_response_to = Some("_q");
                    },
                    unexpected("SubjectConfirmationData"),
                ),
                (
                    |sample| {
                        sample.unsolicited();
                        sample.expect = Expect::AnswerTo("");
                        sample.data().in_response_to = Some("");
                    },
                    mismatch("SubjectConfirmationData", "", ""),
                ),
            ],
        );
    }

    #[test]
    fn any_of_several_pending_requests_is_answered_and_said() {
        for (pending, response, confirmation) in [
            (&["_q"][..], Some("_q"), "_q"),
            (&["_p", "_q"], Some("_q"), "_q"),
            (&["_q", "_p", "_q"], Some("_p"), "_p"),
            (&["", "_q"], None, "_q"),
            (&[""; Expect::MAX_PENDING].map(|_| "_x"), None, "_x"),
        ] {
            let mut sample = Sample::new();
            sample.response.in_response_to = response;
            sample.data().in_response_to = Some(confirmation);
            let confirmed = sample.judge_expecting(Expect::AnswerToAny(pending), run).unwrap();
            assert_eq!(confirmed.in_response_to, Some(confirmation), "{pending:?}");
        }
    }

    #[test]
    fn no_other_request_than_those_pending_is_answered() {
        let shown = |values: &[&str]| values.iter().copied().map(Shown::new).collect::<Vec<_>>();
        let mismatch = |element, pending: &[&str], received| ConstraintError::InResponseToMismatch {
            element,
            expected: shown(pending),
            received: Shown::new(received),
        };
        let missing = |pending: &[&str], response: Option<&str>| ConstraintError::InResponseToMissing {
            expected: shown(pending),
            response: response.map(Shown::new),
        };
        let many = [""; Expect::MAX_PENDING + 1].map(|_| "_q");
        for (pending, response, confirmation, error) in [
            (&[][..], Some("_q"), Some("_q"), mismatch("Response", &[], "_q")),
            (&[], None, Some("_q"), mismatch("SubjectConfirmationData", &[], "_q")),
            (&[], None, None, missing(&[], None)),
            (&["", ""], None, None, missing(&["", ""], None)),
            (&["", ""], Some(""), Some(""), mismatch("Response", &["", ""], "")),
            (&[""], None, Some(""), mismatch("SubjectConfirmationData", &[""], "")),
            (&["_q", "_p"], Some("_x"), Some("_q"), mismatch("Response", &["_q", "_p"], "_x")),
            (&["_q", "_p"], None, Some("_q _p"), mismatch("SubjectConfirmationData", &["_q", "_p"], "_q _p")),
            (&["_q", "_p"], Some("_q"), None, missing(&["_q", "_p"], Some("_q"))),
            (
                &["_q", "_p"],
                Some("_q"),
                Some("_p"),
                ConstraintError::InResponseToContradiction { response: Shown::new("_q"), confirmation: Shown::new("_p") },
            ),
            (
                &many,
                Some("_q"),
                Some("_q"),
                ConstraintError::TooManyPendingRequests { count: Expect::MAX_PENDING + 1, maximum: Expect::MAX_PENDING },
            ),
        ] {
            let mut sample = Sample::new();
            sample.response.in_response_to = response;
            sample.data().in_response_to = confirmation;
            let verdict = sample.judge_expecting(Expect::AnswerToAny(pending), |facts| run(facts).map(|_| ()));
            assert_eq!(verdict, Err(error), "{pending:?} {response:?} {confirmation:?}");
        }
    }

    #[test]
    fn c9_issue_instants() {
        accepted(
            "C9",
            &[
                (|sample| sample.response.issue_instant = sample.now, Outcome::Pass),
                (
                    |sample| {
                        sample.clock_skew = Duration::from_secs(60);
                        sample.assertion.issue_instant = at("10:31:00");
                    },
                    Outcome::Pass,
                ),
            ],
        );
        let future = |element, instant, skew| {
            ConstraintError::issued_in_future(element, at(instant), at("10:30:00"), Duration::from_secs(skew))
        };
        refused(
            "C9",
            vec![
                (|sample| sample.response.issue_instant = at("10:30:01"), future("Response", "10:30:01", 0)),
                (
                    |sample| {
                        sample.clock_skew = Duration::from_secs(60);
                        sample.assertion.issue_instant = at("10:31:01");
                    },
                    future("Assertion", "10:31:01", 60),
                ),
            ],
        );
    }

    /// The upper end never belongs to a window, with or without skew.
    #[test]
    fn e5_and_e9_boundaries() {
        for (now, skew, outcome) in [
            ("09:59:59", 0, "not_yet_valid"),
            ("10:00:00", 0, "ok"),
            ("09:58:59", 60, "not_yet_valid"),
            ("09:59:00", 60, "ok"),
            ("10:59:59", 0, "ok"),
            ("11:00:00", 0, "expired"),
            ("11:00:59", 60, "ok"),
            ("11:01:00", 60, "expired"),
        ] {
            for id in ["E5", "E9"] {
                let mut sample = Sample::new();
                (sample.now, sample.clock_skew) = (at(now), Duration::from_secs(skew));
                let code = sample.outcome(id).map_or_else(|error| crate::Error::from(error).code(), |_| "ok");
                let expected = if id == "E5" && outcome == "not_yet_valid" { "ok" } else { outcome };
                assert_eq!(code, expected, "{id} {now} {skew}");
            }
        }
    }

    #[test]
    fn e5_confirmation_lifetime() {
        accepted(
            "E5",
            &[(|_| {}, Outcome::Pass), (|sample| sample.data().not_on_or_after = Some(at("10:30:01")), Outcome::Pass)],
        );
        refused(
            "E5",
            vec![
                (
                    |sample| sample.data().not_on_or_after = Some(at("10:30:00")),
                    ConstraintError::expired("SubjectConfirmationData", at("10:30:00"), at("10:30:00"), Duration::ZERO),
                ),
                (|sample| sample.data().not_on_or_after = None, ConstraintError::ConfirmationExpiryMissing),
                (
                    |sample| sample.data().not_before = Some(at("10:00:00")),
                    ConstraintError::ConfirmationNotBefore { received: shown_at("10:00:00") },
                ),
            ],
        );
    }

    #[test]
    fn e8_several_confirmations() {
        accepted(
            "E8",
            &[
                (|_| {}, Outcome::NotApplicable),
                (
                    |sample| {
                        sample.data().recipient = Some(NEITHER);
                        sample.assertion.confirmations.insert(1, Confirmation { method: ConstraintError::BEARER, data: None });
                        sample.assertion.confirmations.push(bearer());
                    },
                    Outcome::Pass,
                ),
            ],
        );
        let because = |reasons: [ConstraintError; 2]| ConstraintError::Unconfirmed {
            confirmations: (1..).zip(reasons).map(|(position, reason)| UnconfirmedSubject { position, reason }).collect(),
        };
        refused(
            "E8",
            vec![
                (
                    |sample| {
                        sample.data().recipient = Some(NEITHER);
                        sample.assertion.confirmations.push(bearer());
                        sample.assertion.confirmations[1].data.as_mut().unwrap().not_on_or_after = Some(at("09:00:00"));
                    },
                    because([
                        ConstraintError::RecipientMismatch { expected: acs_urls(), received: Shown::new(NEITHER) },
                        ConstraintError::expired("SubjectConfirmationData", at("09:00:00"), at("10:30:00"), Duration::ZERO),
                    ]),
                ),
                (
                    |sample| {
                        sample.data().in_response_to = None;
                        sample.assertion.confirmations.push(Confirmation { method: ConstraintError::BEARER, data: None });
                    },
                    because([
                        ConstraintError::InResponseToMissing {
                            expected: vec![Shown::new("_q")],
                            response: Some(Shown::new("_q")),
                        },
                        ConstraintError::ConfirmationDataMissing,
                    ]),
                ),
            ],
        );
    }

    #[test]
    fn e9_conditions_window() {
        accepted(
            "E9",
            &[
                (|sample| sample.assertion.conditions.not_before = None, Outcome::Pass),
                (|sample| sample.assertion.conditions.not_on_or_after = None, Outcome::Pass),
                (
                    |sample| {
                        sample.assertion.conditions.not_before = None;
                        sample.assertion.conditions.not_on_or_after = None;
                    },
                    Outcome::NotApplicable,
                ),
                (
                    |sample| {
                        sample.clock_skew = Duration::from_secs(300);
                        sample.assertion.conditions.not_before = Some(at("10:35:00"));
                        sample.assertion.conditions.not_on_or_after = Some(at("10:25:01"));
                    },
                    Outcome::Pass,
                ),
            ],
        );
        let inverted =
            |begin, end| ConstraintError::InvertedWindow { not_before: shown_at(begin), not_on_or_after: shown_at(end) };
        refused(
            "E9",
            vec![
                (
                    |sample| sample.assertion.conditions.not_before = Some(at("10:30:01")),
                    ConstraintError::not_yet_valid("Conditions", at("10:30:01"), at("10:30:00"), Duration::ZERO),
                ),
                (
                    |sample| sample.assertion.conditions.not_on_or_after = Some(at("10:30:00")),
                    ConstraintError::expired("Conditions", at("10:30:00"), at("10:30:00"), Duration::ZERO),
                ),
                (
                    |sample| {
                        sample.clock_skew = Duration::from_secs(300);
                        sample.assertion.conditions.not_before = Some(at("10:35:00"));
                        sample.assertion.conditions.not_on_or_after = Some(at("10:25:00"));
                    },
                    inverted("10:35:00", "10:25:00"),
                ),
                (
                    |sample| {
                        sample.assertion.conditions.not_before = Some(at("10:30:00"));
                        sample.assertion.conditions.not_on_or_after = Some(at("10:30:00"));
                    },
                    inverted("10:30:00", "10:30:00"),
                ),
            ],
        );
    }

    #[test]
    fn e11_audience() {
        accepted(
            "E11",
            &[
                (|_| {}, Outcome::Pass),
                (|sample| sample.audiences(&[&["urn:x", "urn:sp:old"]]), Outcome::Pass),
                (|sample| sample.audiences(&[&["urn:sp"], &["urn:sp:old", "urn:x"]]), Outcome::Pass),
            ],
        );
        let shown = |values: &[&str]| values.iter().copied().map(Shown::new).collect();
        let mismatch_of = |received, position, count, others| ConstraintError::AudienceMismatch {
            expected: audiences(),
            received: shown(received),
            position,
            count,
            others: shown(others),
        };
        let mismatch = |received| mismatch_of(received, 1, 1, &[]);
        refused(
            "E11",
            vec![
                (|sample| sample.audiences(&[]), ConstraintError::AudienceMissing { expected: audiences() }),
                (|sample| sample.audiences(&[&[]]), mismatch(&[])),
                (|sample| sample.audiences(&[&[""]]), mismatch(&[""])),
                (|sample| sample.audiences(&[&["urn:sp/"]]), mismatch(&["urn:sp/"])),
                (|sample| sample.audiences(&[&["urn:sp urn:x"]]), mismatch(&["urn:sp urn:x"])),
                (
                    |sample| sample.audiences(&[&["urn:sp"], &["urn:x", "urn:y"]]),
                    mismatch_of(&["urn:x", "urn:y"], 2, 2, &["urn:sp"]),
                ),
                (|sample| sample.audiences(&[&["urn:x"], &["urn:sp"]]), mismatch_of(&["urn:x"], 1, 2, &["urn:sp"])),
                (|sample| sample.audiences(&[&["urn:sp"], &[], &["urn:x"]]), mismatch_of(&[], 2, 3, &["urn:sp", "urn:x"])),
            ],
        );
    }

    #[test]
    fn e15_and_e16_conditions_and_statements() {
        accepted("E15", &[(|sample| sample.assertion.conditions.one_time_use = true, Outcome::Pass)]);
        accepted("E16", &[(|_| {}, Outcome::Pass)]);
        refused(
            "E15",
            vec![(
                |sample| sample.assertion.conditions.unknown = Some("e:OnlyOnTuesdays"),
                ConstraintError::UnknownCondition { condition: Shown::new("e:OnlyOnTuesdays") },
            )],
        );
        refused("E16", vec![(|sample| sample.assertion.authentications.clear(), ConstraintError::NoAuthnStatement)]);
    }

    #[test]
    fn e17_session() {
        fn end(sample: &mut Sample, time: &str) {
            sample.assertion.authentications[0].session_not_on_or_after = Some(at(time));
        }
        accepted("E17", &[(|_| {}, Outcome::NotApplicable), (|sample| end(sample, "10:30:01"), Outcome::Pass)]);
        let expired = || ConstraintError::session_expired(at("10:30:00"), at("10:30:00"), Duration::ZERO);
        refused(
            "E17",
            vec![
                (|sample| end(sample, "10:30:00"), expired()),
                (
                    |sample| {
                        let second = sample.assertion.authentications[0].clone();
                        end(sample, "10:30:00");
                        sample.assertion.authentications.insert(0, second);
                    },
                    expired(),
                ),
            ],
        );
    }

    #[test]
    fn e18_authn_context() {
        accepted(
            "E18",
            &[
                (|_| {}, Outcome::NotApplicable),
                (|sample| sample.authn_contexts = vec!["urn:x".to_owned(), "urn:password".to_owned()], Outcome::Pass),
            ],
        );
        let mismatch = |received: Option<&str>| ConstraintError::AuthnContextMismatch {
            expected: vec!["urn:mfa".to_owned()],
            received: received.map(Shown::new),
        };
        refused(
            "E18",
            vec![
                (|sample| sample.authn_contexts = vec!["urn:mfa".to_owned()], mismatch(Some("urn:password"))),
                (
                    |sample| {
                        sample.authn_contexts = vec!["urn:mfa".to_owned()];
                        sample.assertion.authentications[0].context = None;
                    },
                    mismatch(None),
                ),
            ],
        );
    }

    #[test]
    fn e19_authentication_age() {
        accepted(
            "E19",
            &[
                (|_| {}, Outcome::NotApplicable),
                (|sample| sample.max_authentication_age = Some(Duration::from_secs(1800)), Outcome::Pass),
                (|sample| sample.max_authentication_age = Some(Duration::MAX), Outcome::Pass),
            ],
        );
        refused(
            "E19",
            vec![(
                |sample| sample.max_authentication_age = Some(Duration::from_secs(1799)),
                ConstraintError::authentication_too_old(at("10:00:00"), at("10:30:00"), Duration::from_secs(1799)),
            )],
        );
    }

    /// Without skew each of these is refused, which the boundaries above show; with it each is told.
    #[test]
    fn what_the_clock_skew_alone_lets_in_is_told() {
        const SECOND: Duration = Duration::from_secs(1);
        let names = |sample: &Sample| {
            let names = |facts: &Facts<'_, 'static>| skewed(facts, &run(facts).unwrap()).iter().map(|one| one.name).collect();
            sample.judge::<Vec<_>>(names)
        };
        assert_eq!(names(&Sample::new()), [""; 0]);
        let cases: [(Change, Change, &str); 7] = [
            (
                |sample| sample.response.issue_instant = sample.now,
                |sample| sample.response.issue_instant = sample.now + SECOND,
                "IssueInstant of the Response",
            ),
            (
                |sample| sample.assertion.issue_instant = sample.now,
                |sample| sample.assertion.issue_instant = sample.now + SECOND,
                "IssueInstant of the Assertion",
            ),
            (
                |sample| sample.data().not_before = Some(at("10:30:00")),
                |sample| sample.data().not_before = Some(at("10:30:01")),
                "NotBefore of the SubjectConfirmationData",
            ),
            (
                |sample| sample.assertion.conditions.not_before = Some(at("10:30:00")),
                |sample| sample.assertion.conditions.not_before = Some(at("10:30:01")),
                "NotBefore of the Conditions",
            ),
            (
                |sample| sample.data().not_on_or_after = Some(at("10:30:01")),
                |sample| sample.data().not_on_or_after = Some(at("10:30:00")),
                "NotOnOrAfter of the SubjectConfirmationData",
            ),
            (
                |sample| sample.assertion.conditions.not_on_or_after = Some(at("10:30:01")),
                |sample| sample.assertion.conditions.not_on_or_after = Some(at("10:30:00")),
                "NotOnOrAfter of the Conditions",
            ),
            (
                |sample| sample.assertion.authentications[0].session_not_on_or_after = Some(at("10:30:01")),
                |sample| sample.assertion.authentications[0].session_not_on_or_after = Some(at("10:30:00")),
                "SessionNotOnOrAfter of the AuthnStatement",
            ),
        ];
        for (within, outside, name) in cases {
            let changed = |change: Change, skew: Duration| {
                let mut sample = Sample::new();
                sample.allow(Departure::ConfirmationNotBefore);
                sample.clock_skew = skew;
                change(&mut sample);
                sample
            };
            assert_eq!(names(&changed(within, SECOND)), [""; 0], "{name}");
            assert_eq!(names(&changed(outside, SECOND)), [name]);
            assert!(changed(outside, Duration::ZERO).verdict().is_err(), "{name}");
        }
    }

    #[test]
    fn a_failure_is_reported_in_the_order_of_the_list() {
        let mut sample = Sample::new();
        sample.audiences(&[]);
        sample.data().recipient = None;
        assert_eq!(sample.verdict(), Err(ConstraintError::RecipientMissing { expected: acs_urls() }));
    }

    /// A store must remember the assertion for as long as any of its confirmations can be presented, to whatever verifier.
    #[test]
    fn expiry_covers_every_confirmation_within_the_conditions() {
        for (confirmed, second, conditions, skew, expected) in [
            ("11:00:00", None, Some("11:00:00"), 0, "11:05:00"),
            ("10:40:00", None, Some("11:00:00"), 0, "10:45:00"),
            ("11:30:00", None, Some("11:00:00"), 60, "11:05:00"),
            ("10:40:00", Some("10:50:00"), Some("11:00:00"), 0, "10:55:00"),
            ("10:40:00", None, None, 180, "10:45:00"),
        ] {
            let mut sample = Sample::new();
            sample.data().not_on_or_after = Some(at(confirmed));
            if let Some(second) = second {
                sample.assertion.confirmations.push(bearer());
                sample.assertion.confirmations[1].data.as_mut().unwrap().not_on_or_after = Some(at(second));
            }
            sample.assertion.conditions.not_on_or_after = conditions.map(at);
            sample.clock_skew = Duration::from_secs(skew);
            let confirmed = sample.judge(run).unwrap();
            assert_eq!(confirmed.expires_at, at(expected));
            assert_eq!(confirmed.in_response_to, Some("_q"));
        }
    }
}
