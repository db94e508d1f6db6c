//! What a service provider must check of an authentic message of logout, as one ordered list. SAML Profiles 4.4.4.
//!
//! [`Facts`] go in. Verification takes [`CHECKS`] in order up to the first failure; an explanation takes all of them. Identifiers are
//! compared as exact strings, times with the same clock skew in both directions.

use std::time::{Duration, SystemTime};

use crate::departure::{Departure, Departures};
use crate::error::{ConstraintError, LogoutError, Shown, StatusError};
use crate::report::{Compared, Outcome, Step};
use crate::saml::logout::{Body, Message};
use crate::time::to_the_millisecond;

/// Everything that the checks look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a, 'd> {
    pub(super) message: &'a Message<'d>,
    pub(super) issuer: &'a str,
    pub(super) departures: Departures,
    pub(super) slo_urls: &'a [String],
    /// The ID of the pending request, of which a response must be the answer.
    pub(super) request: &'a str,
    pub(super) now: SystemTime,
    pub(super) clock_skew: Duration,
}

/// One check.
pub(super) struct Check {
    pub(super) step: Step,
    pub(super) run: fn(&Facts<'_, '_>) -> Result<Outcome, LogoutError>,
    pub(super) compared: fn(&Facts<'_, '_>) -> Compared,
}

/// How old a request may be that does not say until when it is valid, as Auth0's do not: five minutes, which is what others write as
/// their NotOnOrAfter. A browser carries it over at once.
pub(super) const MAX_AGE: Duration = Duration::from_secs(300);

/// Every check, in the order in which a failure is reported: from whom, to whom, when, in answer to what, with what outcome.
#[rustfmt::skip] // a table
pub(super) const CHECKS: &[Check] = &[
    check("H4", "the Issuer is the identity provider", "SAML Profiles 4.4.4.1", issuer, |facts| compared(&[facts.issuer], facts.message.issuer.as_ref().map(|issuer| issuer.name.to_string()))),
    check("H5", "the message has a Destination", "SAML Bindings 3.5.5.2", destination_present, urls),
    check("H6", "the Destination is our single logout URL", "SAML Core 3.2.1", destination, urls),
    check("H7", "not issued in the future", "SAML Core 3.2.1", issued, |facts| compared(&[&format!("at most {}", to_the_millisecond(facts.now))], Some(to_the_millisecond(facts.message.issue_instant)))),
    check("H8", "the request has not expired, or was issued just now", "SAML Core 3.7.1", lifetime, lifetime_compared),
    check("H9", "the response answers the pending request", "SAML Core 3.2.2", answers, |facts| compared(&[facts.request], in_response_to(facts).map(str::to_owned))),
    check("H10", "the status is Success or PartialLogout", "SAML Core 3.7.3", status, |facts| Compared { expected: vec![StatusError::SUCCESS.to_owned(), PARTIAL_LOGOUT.to_owned()], received: codes(facts) }),
];

const fn check(
    id: &'static str,
    title: &'static str,
    section: &'static str,
    run: fn(&Facts<'_, '_>) -> Result<Outcome, LogoutError>,
    compared: fn(&Facts<'_, '_>) -> Compared,
) -> Check {
    Check { step: Step::new(id, title, section, &[]), run, compared }
}

/// Takes every check up to the first that fails.
pub(super) fn run(facts: &Facts<'_, '_>) -> Result<(), LogoutError> {
    CHECKS.iter().try_for_each(|check| (check.run)(facts).map(|_| ()))
}

/// Whether the identity provider says that it logged the user out, but not everywhere.
///
/// SAML Core 3.7.3.2 has the code at the second level; Auth0 writes it at the top.
pub(super) fn is_partial(status: &StatusError) -> bool {
    status.codes().any(|code| code == PARTIAL_LOGOUT)
}

/// Required here, unlike in other messages, and an entity ID: SAML Profiles 4.4.4.1 and 4.4.4.2.
fn issuer(facts: &Facts<'_, '_>) -> Result<Outcome, LogoutError> {
    let element = facts.message.kind.name();
    let Some(issuer) = &facts.message.issuer else {
        return Err(LogoutError::IssuerMissing { element, expected: facts.issuer.to_owned() });
    };
    match issuer.format {
        Some(format) if format != ConstraintError::ENTITY_FORMAT && !facts.departures.contains(Departure::IssuerFormat) => {
            Err(LogoutError::IssuerFormat { element, received: Shown::new(format) })
        }
        _ if issuer.name == facts.issuer => Ok(Outcome::Pass),
        _ => {
            let (expected, received) = (facts.issuer.to_owned(), Shown::new(&issuer.name));
            Err(LogoutError::IssuerMismatch { element, expected, received })
        }
    }
}

fn destination_present(facts: &Facts<'_, '_>) -> Result<Outcome, LogoutError> {
    match facts.message.destination {
        Some(_) => Ok(Outcome::Pass),
        None => Err(LogoutError::DestinationMissing { element: facts.message.kind.name(), expected: facts.slo_urls.to_vec() }),
    }
}

fn destination(facts: &Facts<'_, '_>) -> Result<Outcome, LogoutError> {
    match facts.message.destination {
        None => Ok(Outcome::NotApplicable),
        Some(destination) if facts.slo_urls.iter().any(|url| url == destination) => Ok(Outcome::Pass),
        Some(destination) => {
            let (expected, received) = (facts.slo_urls.to_vec(), Shown::new(destination));
            Err(LogoutError::DestinationMismatch { expected, received })
        }
    }
}

fn issued(facts: &Facts<'_, '_>) -> Result<Outcome, LogoutError> {
    let instant = facts.message.issue_instant;
    if instant.checked_sub(facts.clock_skew).is_none_or(|begin| begin <= facts.now) {
        return Ok(Outcome::Pass);
    }
    Err(LogoutError::issued_in_future(facts.message.kind.name(), instant, facts.now, facts.clock_skew))
}

/// SAML Core 3.7.1: NotOnOrAfter is optional. A request without it could be replayed for ever, so its age is bounded.
fn lifetime(facts: &Facts<'_, '_>) -> Result<Outcome, LogoutError> {
    let Body::Request { not_on_or_after, .. } = facts.message.body else { return Ok(Outcome::NotApplicable) };
    if let Some(end) = not_on_or_after {
        let has_ended = end.checked_add(facts.clock_skew).is_none_or(|end| end <= facts.now);
        return if has_ended { Err(LogoutError::expired(end, facts.now, facts.clock_skew)) } else { Ok(Outcome::Pass) };
    }
    let maximum = MAX_AGE.saturating_add(facts.clock_skew);
    match facts.now.duration_since(facts.message.issue_instant) {
        Ok(age) if age >= maximum => Err(LogoutError::too_old(facts.message.issue_instant, facts.now, maximum)),
        _ => Ok(Outcome::Pass),
    }
}

fn answers(facts: &Facts<'_, '_>) -> Result<Outcome, LogoutError> {
    let Body::Response { in_response_to, .. } = facts.message.body else { return Ok(Outcome::NotApplicable) };
    match in_response_to {
        // An empty ID is that of no request.
        Some(request) if request == facts.request && !request.is_empty() => Ok(Outcome::Pass),
        received => {
            let (expected, received) = (Shown::new(facts.request), received.map(Shown::new));
            Err(LogoutError::InResponseToMismatch { expected, received })
        }
    }
}

fn status(facts: &Facts<'_, '_>) -> Result<Outcome, LogoutError> {
    match &facts.message.body {
        Body::Request { .. } => Ok(Outcome::NotApplicable),
        Body::Response { status, .. } if status.code.as_str() == StatusError::SUCCESS || is_partial(status) => Ok(Outcome::Pass),
        Body::Response { status, .. } => Err(LogoutError::Failed(status.clone())),
    }
}

fn urls(facts: &Facts<'_, '_>) -> Compared {
    Compared { expected: facts.slo_urls.to_vec(), received: facts.message.destination.map(str::to_owned).into_iter().collect() }
}

fn lifetime_compared(facts: &Facts<'_, '_>) -> Compared {
    let now = to_the_millisecond(facts.now);
    match facts.message.body {
        Body::Request { not_on_or_after: Some(end), .. } => {
            compared(&[&format!("later than {now}")], Some(to_the_millisecond(end)))
        }
        _ => {
            let maximum = MAX_AGE.saturating_add(facts.clock_skew).as_secs();
            compared(&[&format!("less than {maximum} s before {now}")], Some(to_the_millisecond(facts.message.issue_instant)))
        }
    }
}

fn in_response_to<'d>(facts: &Facts<'_, 'd>) -> Option<&'d str> {
    match facts.message.body {
        Body::Response { in_response_to, .. } => in_response_to,
        Body::Request { .. } => None,
    }
}

fn codes(facts: &Facts<'_, '_>) -> Vec<String> {
    match &facts.message.body {
        Body::Response { status, .. } => status.codes().map(str::to_owned).collect(),
        Body::Request { .. } => Vec::new(),
    }
}

fn compared(expected: &[&str], received: Option<String>) -> Compared {
    Compared { expected: expected.iter().map(|&text| text.to_owned()).collect(), received: received.into_iter().collect() }
}

pub(super) const PARTIAL_LOGOUT: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
