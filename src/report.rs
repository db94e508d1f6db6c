//! Explanations: every check of a message with its outcome, also after a failure. A report can never become a login.

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
    /// Its name in the list of checks.
    pub id: &'static str,
    /// What it demands.
    pub title: &'static str,
    /// The section that prescribes it.
    pub section: &'static str,
    /// What it found.
    pub outcome: ReportOutcome,
}

/// What a check found.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// It holds.
    Pass,
    /// It fails: [`Error::expected`], [`Error::received`] and [`Error::remedy`] tell the rest.
    Fail(Error),
    /// The message has nothing that it could be applied to, or the connection does not ask for it.
    NotApplicable,
    /// An earlier failure left nothing to check.
    NotReached,
}

/// What a row is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) section: &'static str,
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
        let row = |Step { id, title, section }| ReportRow { id, title, section, outcome: ReportOutcome::NotReached };
        Self { rows: steps.map(row).collect(), refusal: None }
    }

    /// Records a step that passed or failed, and hands on what it made.
    pub(crate) fn step<T, E: Into<Error>>(&mut self, step: Step, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(made) => {
                self.record(step, ReportOutcome::Pass);
                Some(made)
            }
            Err(error) => {
                self.record(step, ReportOutcome::Fail(error.into()));
                None
            }
        }
    }

    /// Records a step that may have had nothing to do.
    pub(crate) fn optional_step<T, E: Into<Error>>(&mut self, step: Step, result: Result<Option<T>, E>) -> Option<Option<T>> {
        let idle = matches!(result, Ok(None));
        let made = self.step(step, result);
        if idle {
            self.record(step, ReportOutcome::NotApplicable);
        }
        made
    }

    pub(crate) fn record(&mut self, step: Step, outcome: ReportOutcome) {
        if let (None, ReportOutcome::Fail(error)) = (&self.refusal, &outcome) {
            self.refusal = Some(error.clone());
        }
        if let Some(row) = self.rows.iter_mut().find(|row| row.title == step.title) {
            row.outcome = outcome;
        }
    }
}
