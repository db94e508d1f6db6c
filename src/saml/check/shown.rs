//! What an explanation shows of a check that passed: both sides of its comparison. Verification never comes here.

use std::time::SystemTime;

use super::{Circumstances, Facts, MOST_TOLD, data, session_end};
use crate::error::{ConstraintError, Shown};
use crate::report::Compared;
use crate::saml::assertion::ConfirmationData;
use crate::time::to_the_millisecond;

pub(super) fn nothing(_: &Facts<'_, '_>) -> Compared {
    Compared::default()
}

pub(super) fn response_issuer(circumstances: &Circumstances<'_, '_>) -> Compared {
    let issuer = circumstances.response.issuer.as_ref().map(|issuer| &*issuer.name);
    identifiers([circumstances.issuer], issuer)
}

pub(super) fn assertion_issuer(facts: &Facts<'_, '_>) -> Compared {
    identifiers([facts.circumstances.issuer], [&*facts.assertion.issuer.name])
}

pub(super) fn destination(circumstances: &Circumstances<'_, '_>) -> Compared {
    identifiers(strs(circumstances.acs_urls), circumstances.response.destination)
}

pub(super) fn methods(facts: &Facts<'_, '_>) -> Compared {
    identifiers([ConstraintError::BEARER], facts.assertion.confirmations.iter().map(|confirmation| confirmation.method))
}

pub(super) fn recipient(facts: &Facts<'_, '_>) -> Compared {
    identifiers(strs(facts.circumstances.acs_urls), confirmation(facts).and_then(|data| data.recipient))
}

pub(super) fn response_request(circumstances: &Circumstances<'_, '_>) -> Compared {
    identifiers(pending(circumstances), circumstances.response.in_response_to)
}

pub(super) fn request(facts: &Facts<'_, '_>) -> Compared {
    identifiers(pending(&facts.circumstances), confirmation(facts).and_then(|data| data.in_response_to))
}

pub(super) fn confirmation_lifetime(facts: &Facts<'_, '_>) -> Compared {
    let end = confirmation(facts).and_then(|data| data.not_on_or_after);
    times([later_than(&facts.circumstances)], end)
}

pub(super) fn conditions_window(facts: &Facts<'_, '_>) -> Compared {
    let conditions = &facts.assertion.conditions;
    let begin = conditions.not_before.map(|begin| (at_most(&facts.circumstances), begin));
    let end = conditions.not_on_or_after.map(|end| (later_than(&facts.circumstances), end));
    let (expected, received): (Vec<_>, Vec<_>) = begin.into_iter().chain(end).unzip();
    times(expected, received)
}

pub(super) fn response_issued(circumstances: &Circumstances<'_, '_>) -> Compared {
    times([at_most(circumstances)], [circumstances.response.issue_instant])
}

pub(super) fn assertion_issued(facts: &Facts<'_, '_>) -> Compared {
    times([at_most(&facts.circumstances)], [facts.assertion.issue_instant])
}

pub(super) fn audience(facts: &Facts<'_, '_>) -> Compared {
    let audiences = facts.assertion.conditions.audience_restrictions.iter().flatten();
    identifiers(strs(facts.circumstances.audiences), audiences.map(|audience| &**audience))
}

pub(super) fn authenticated(facts: &Facts<'_, '_>) -> Compared {
    times([], facts.assertion.authentications.iter().map(|authentication| authentication.instant))
}

pub(super) fn session(facts: &Facts<'_, '_>) -> Compared {
    times([later_than(&facts.circumstances)], session_end(&facts.assertion.authentications))
}

pub(super) fn authn_context(facts: &Facts<'_, '_>) -> Compared {
    let first = facts.assertion.authentications.first();
    identifiers(strs(facts.circumstances.authn_contexts), first.and_then(|first| first.context.as_deref()))
}

pub(super) fn authentication_age(facts: &Facts<'_, '_>) -> Compared {
    let Circumstances { now, max_authentication_age, .. } = &facts.circumstances;
    let limit = max_authentication_age.map(|age| format!("at most {} s before {}", age.as_secs(), to_the_millisecond(*now)));
    times(limit, facts.assertion.authentications.first().map(|first| first.instant))
}

/// The data of the confirmation, where there is one alone to be judged.
fn confirmation<'a, 'd>(facts: &'a Facts<'_, 'd>) -> Option<&'a ConfirmationData<'d>> {
    facts.bearers().next().and_then(|bearer| data(bearer).ok())
}

fn pending<'a>(circumstances: &'a Circumstances<'_, '_>) -> impl Iterator<Item = &'a str> {
    circumstances.expect.pending().iter().take(MOST_TOLD).copied()
}

fn strs(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().map(String::as_str)
}

fn identifiers<'a>(ours: impl IntoIterator<Item = &'a str>, theirs: impl IntoIterator<Item = &'a str>) -> Compared {
    let received = theirs.into_iter().take(MOST_TOLD).map(|value| Shown::new(value).as_str().to_owned());
    Compared { expected: ours.into_iter().map(str::to_owned).collect(), received: received.collect() }
}

fn times(ours: impl IntoIterator<Item = String>, theirs: impl IntoIterator<Item = SystemTime>) -> Compared {
    Compared {
        expected: ours.into_iter().collect(),
        received: theirs.into_iter().take(MOST_TOLD).map(to_the_millisecond).collect(),
    }
}

/// As the error of a failed check says it.
fn at_most(circumstances: &Circumstances<'_, '_>) -> String {
    ConstraintError::at_most(&to_the_millisecond(circumstances.now), circumstances.clock_skew)
}

fn later_than(circumstances: &Circumstances<'_, '_>) -> String {
    ConstraintError::later_than(&to_the_millisecond(circumstances.now), circumstances.clock_skew)
}
