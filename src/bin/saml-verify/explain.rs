//! The table of all checks of one message, as a script and as a person see it.

use saml_verify::{Report, ReportOutcome, ReportRow};
use serde::Serialize;

use crate::refusal::{Refusal, Values};
use crate::terminal::{Screen, Tone};

/// One check, as `--json` prints it.
#[derive(Serialize)]
pub(crate) struct Row {
    id: &'static str,
    title: &'static str,
    section: &'static str,
    /// `pass`, `fail`, `not_applicable` or `not_reached`.
    outcome: &'static str,
    code: Option<&'static str>,
    message: Option<String>,
    expected: Option<Values>,
    received: Option<Values>,
    remedy: Option<String>,
}

/// The rows of a report. Of a message that never reached the library there is none.
pub(crate) fn rows(report: Option<&Report>) -> Vec<Row> {
    report.into_iter().flat_map(Report::rows).map(Row::from).collect()
}

impl From<&ReportRow> for Row {
    fn from(row: &ReportRow) -> Self {
        let refusal = refusal(row);
        let (expected, received) = refusal.as_ref().map_or((None, None), |one| (one.expected.clone(), one.received.clone()));
        Self {
            id: row.id,
            title: row.title,
            section: row.section,
            outcome: words(&row.outcome).0,
            code: refusal.as_ref().map(|refusal| refusal.code),
            message: refusal.as_ref().map(|refusal| refusal.message.clone()),
            expected,
            received,
            remedy: refusal.map(|refusal| refusal.remedy),
        }
    }
}

/// Shows the table, and under each failed check what was compared and what to do.
pub(crate) fn show(report: &Report, screen: &mut Screen) {
    screen.section("checks");
    let width = report.rows().iter().map(|row| row.title.chars().count()).max().unwrap_or(0);
    for row in report.rows() {
        let (_, word, tone) = words(&row.outcome);
        screen.row(tone, &format!("  {word:<11}"), &format!(" {:<4} {:<width$}  {}", row.id, row.title, row.section));
        if let Some(refusal) = refusal(row) {
            screen.detail("found", &refusal.message);
            refusal.comparison().for_each(|(side, value)| screen.detail(side, value));
            screen.detail("remedy", &refusal.remedy);
        }
    }
    if !report.rows().iter().any(|row| row.id == SIGNED && row.outcome == ReportOutcome::Pass) {
        screen.line(Tone::Warning, "  no trusted signature: what the other checks looked at may be forged");
    }
}

fn refusal(row: &ReportRow) -> Option<Refusal> {
    match &row.outcome {
        ReportOutcome::Fail(error) => Some(error.into()),
        _ => None,
    }
}

/// An outcome for scripts, and for people.
const fn words(outcome: &ReportOutcome) -> (&'static str, &'static str, Tone) {
    match outcome {
        ReportOutcome::Pass => ("pass", "pass", Tone::Good),
        ReportOutcome::Fail(_) => ("fail", "FAIL", Tone::Bad),
        ReportOutcome::NotApplicable => ("not_applicable", "n/a", Tone::Faint),
        _ => ("not_reached", "not reached", Tone::Faint),
    }
}

/// The check that passes once a trusted key signed what it must.
const SIGNED: &str = "D1";
