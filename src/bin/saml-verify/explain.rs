//! The table of all checks of one message, as a script and as a person see it.

use saml_verify::{Report, ReportOutcome, ReportRow};
use serde::Serialize;

use crate::refusal::{Refusal, Values, sides};
use crate::terminal::{Screen, Tone};

/// One check, as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    id: &'static str,
    element: Option<&'static str>,
    title: &'static str,
    section: &'static str,
    outcome: Outcome,
    code: Option<&'static str>,
    message: Option<String>,
    expected: Option<Values>,
    received: Option<Values>,
    remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Pass,
    Fail,
    NotApplicable,
    NotReached,
}

/// The rows of a report.
pub(crate) fn rows(report: &Report) -> Vec<Row> {
    report.rows().iter().map(Row::from).collect()
}

/// The rows of a message that never reached the library, given those of a report on any posted message.
pub(crate) fn rows_of_refused_input(refusal: &Refusal, report: &Report) -> Vec<Row> {
    let mut rows: Vec<Row> = std::iter::once(ARRIVAL).chain(report.rows().iter().map(Row::unreached)).collect();
    let owner = match refusal.code {
        "too_long" => "A5",
        "not_utf8_text" => "A2",
        _ => ARRIVAL.id,
    };
    if let Some(failed) = rows.iter_mut().find(|row| row.id == owner) {
        failed.fail(refusal);
    }
    rows
}

/// What the program checks before it asks the library.
const ARRIVAL: Row = Row {
    id: "A1",
    element: None,
    title: "a login by POST, in one field SAMLResponse",
    section: "SAML Bindings 3.5.4",
    outcome: Outcome::NotReached,
    code: None,
    message: None,
    expected: None,
    received: None,
    remedy: None,
};

impl Row {
    fn unreached(row: &ReportRow) -> Self {
        Self { id: row.id, element: row.element, title: row.title, section: row.section, ..ARRIVAL }
    }

    fn fail(&mut self, refusal: &Refusal) {
        let Refusal { code, message, section, expected, received, remedy, .. } = refusal.clone();
        (self.outcome, self.section, self.code, self.message) = (Outcome::Fail, section, Some(code), Some(message));
        (self.expected, self.received, self.remedy) = (expected, received, Some(remedy));
    }
}

impl From<&ReportRow> for Row {
    fn from(row: &ReportRow) -> Self {
        let mut made = Self::unreached(row);
        match &row.outcome {
            ReportOutcome::Fail(error) => made.fail(&error.into()),
            ReportOutcome::Pass => {
                made.outcome = Outcome::Pass;
                made.expected = Values::new(row.expected.clone(), false);
                made.received = Values::new(row.received.clone(), LISTS.contains(&row.id));
            }
            ReportOutcome::NotApplicable => made.outcome = Outcome::NotApplicable,
            _ => {}
        }
        made
    }
}

/// Shows the table, and under each check what was compared, and what to do if it failed.
pub(crate) fn show(rows: &[Row], screen: &mut Screen) {
    screen.section("checks");
    let width = rows.iter().map(|row| row.label().chars().count()).max().unwrap_or(0);
    for row in rows {
        let (word, tone) = row.outcome.words();
        screen.row(tone, &format!("  {word:<11}"), &format!(" {:<4} {:<width$}  {}", row.id, row.label(), row.section));
        row.message.iter().for_each(|message| screen.detail("found", message));
        sides(&row.expected, &row.received).for_each(|(side, value)| screen.detail(side, value));
        row.remedy.iter().for_each(|remedy| screen.detail("remedy", remedy));
    }
    if !rows.iter().any(|row| row.id == SIGNED && row.outcome == Outcome::Pass) {
        screen.line(Tone::Warning, "  no trusted signature: what the other checks looked at may be forged");
    }
}

impl Row {
    fn label(&self) -> String {
        self.element.map_or_else(|| self.title.to_owned(), |element| format!("{element}: {}", self.title))
    }
}

impl Outcome {
    const fn words(self) -> (&'static str, Tone) {
        match self {
            Self::Pass => ("pass", Tone::Good),
            Self::Fail => ("FAIL", Tone::Bad),
            Self::NotApplicable => ("n/a", Tone::Faint),
            Self::NotReached => ("not reached", Tone::Faint),
        }
    }
}

/// The check that passes once a trusted key signed what it must.
const SIGNED: &str = "D1";
/// Checks of which messages have any number of values, so that a script finds a list even if it has one item.
const LISTS: [&str; 2] = ["E3", "E11"];
