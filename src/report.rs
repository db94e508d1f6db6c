//! Explanations: every check of a message with its outcome, also after a failure. A report can never become a login.
//!
//! A stage of the verification is a list of [`Step`]s, and its one result tells them apart: the step that owns the code of the
//! error failed, those before it passed, those behind it were not reached.

use crate::error::Error;

/// What every check says of one message.
///
/// For administrators: it continues past a signature that does not verify, so what it says of the assertion may be forged.
#[derive(Clone, Debug)]
pub struct Report {
    rows: Vec<ReportRow>,
    refusal: Option<Error>,
}

/// One check.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct ReportRow {
    /// Its number in the list of checks.
    pub id: &'static str,
    /// `Response` or `Assertion`, where both have such a check.
    pub element: Option<&'static str>,
    /// What it demands.
    pub title: &'static str,
    /// The section that prescribes it; of a failed check, the one that was violated.
    pub section: &'static str,
    /// What it found.
    pub outcome: ReportOutcome,
    /// What is accepted, where something was compared; also of a check that passed.
    pub expected: Vec<String>,
    /// What the message says, where something was compared; also of a check that passed.
    pub received: Vec<String>,
}

/// What a check found.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// It holds.
    Pass,
    /// It fails: [`Error::message`] and [`Error::remedy`] tell the rest.
    Fail(Error),
    /// The message has nothing that it could be applied to, or the connection does not ask for it.
    NotApplicable,
    /// An earlier failure left nothing to check.
    NotReached,
}

/// What a check found that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    NotApplicable,
}

/// What a row is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) id: &'static str,
    pub(crate) element: Option<&'static str>,
    pub(crate) title: &'static str,
    pub(crate) section: &'static str,
    /// The causes of failure that it owns among those of its stage.
    pub(crate) codes: &'static [&'static str],
    /// Its stage looks at it from beginning to end, together with others: it has passed only where the whole stage has.
    pub(crate) throughout: bool,
}

/// Both sides of a comparison: what is accepted, and what the message says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) expected: Vec<String>,
    pub(crate) received: Vec<String>,
}

impl Step {
    pub(crate) const fn new(
        id: &'static str,
        title: &'static str,
        section: &'static str,
        codes: &'static [&'static str],
    ) -> Self {
        Self { id, element: None, title, section, codes, throughout: false }
    }

    pub(crate) const fn of(self, element: &'static str) -> Self {
        Self { element: Some(element), ..self }
    }

    pub(crate) const fn throughout(self) -> Self {
        Self { throughout: true, ..self }
    }

    fn is_about(&self, row: &ReportRow) -> bool {
        (row.id, row.element, row.title) == (self.id, self.element, self.title)
    }
}

impl Report {
    /// The checks, in the order in which verification takes them.
    pub fn rows(&self) -> &[ReportRow] {
        &self.rows
    }

    /// The error with which verification refuses the message: the first failure. None if it accepts it.
    pub fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }

    /// A report on which nothing was reached yet.
    pub(crate) fn of(steps: impl Iterator<Item = Step>) -> Self {
        let row = |Step { id, element, title, section, .. }| ReportRow {
            id,
            element,
            title,
            section,
            outcome: ReportOutcome::NotReached,
            expected: Vec::new(),
            received: Vec::new(),
        };
        Self { rows: steps.map(row).collect(), refusal: None }
    }

    /// Records a stage that passed or failed, and hands on what it made.
    pub(crate) fn stage<T, E: Into<Error>>(&mut self, steps: &[Step], result: Result<T, E>) -> Option<T> {
        match result {
            Ok(made) => {
                self.record_all(steps, &ReportOutcome::Pass);
                Some(made)
            }
            Err(error) => {
                self.fail(steps, error.into());
                None
            }
        }
    }

    /// Records a stage that may have had nothing to do.
    pub(crate) fn optional_stage<T, E: Into<Error>>(
        &mut self,
        steps: &[Step],
        result: Result<Option<T>, E>,
    ) -> Option<Option<T>> {
        let idle = matches!(result, Ok(None));
        let made = self.stage(steps, result);
        if idle {
            self.record_all(steps, &ReportOutcome::NotApplicable);
        }
        made
    }

    pub(crate) fn record_all(&mut self, steps: &[Step], outcome: &ReportOutcome) {
        for step in steps {
            self.record(step, outcome.clone(), Compared::default());
        }
    }

    /// Records one check with what it compared; a failure brings its own.
    pub(crate) fn record(&mut self, step: &Step, outcome: ReportOutcome, compared: Compared) {
        let Some(row) = self.rows.iter_mut().find(|row| step.is_about(row)) else { return };
        if let ReportOutcome::Fail(error) = &outcome {
            (row.section, row.expected, row.received) = (error.section(), error.expected(), error.received());
            self.refusal.get_or_insert_with(|| error.clone());
        } else {
            (row.expected, row.received) = (compared.expected, compared.received);
        }
        row.outcome = outcome;
    }

    /// Records what one check found, with what it compared where that holds.
    pub(crate) fn check<E: Into<Error>>(&mut self, step: &Step, outcome: Result<Outcome, E>, compared: Compared) {
        match outcome {
            Ok(Outcome::Pass) => self.record(step, ReportOutcome::Pass, compared),
            Ok(Outcome::NotApplicable) => self.record(step, ReportOutcome::NotApplicable, Compared::default()),
            Err(error) => self.record(step, ReportOutcome::Fail(error.into()), Compared::default()),
        }
    }

    fn fail(&mut self, steps: &[Step], error: Error) {
        let owner = steps.iter().position(|step| step.codes.contains(&cause(&error))).unwrap_or(0);
        let (before, from) = steps.split_at(owner);
        for step in before.iter().filter(|step| !step.throughout) {
            self.record(step, ReportOutcome::Pass, Compared::default());
        }
        if let Some(failed) = from.first() {
            self.record(failed, ReportOutcome::Fail(error), Compared::default());
        }
    }
}

/// The code of an error, told more finely where a check of its own is behind it: SHA-1 that no departure allows.
pub(crate) fn cause(error: &Error) -> &'static str {
    use crate::error::{AlgorithmRefusal, AlgorithmRole, SignatureError};
    match error {
        Error::Signature(SignatureError::Algorithm { role, refusal: AlgorithmRefusal::NotEnabled(_), .. }) => match role {
            AlgorithmRole::Signature => "sha1_signature",
            AlgorithmRole::Digest => "sha1_digest",
            AlgorithmRole::Canonicalization | AlgorithmRole::Transform => error.code(),
        },
        _ => error.code(),
    }
}
