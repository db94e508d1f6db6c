//! The table of all checks of one message, as a script and as a person see it.

use saml_verify::{ConstraintError, Error, Report, ReportOutcome, ReportRow};
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

/// What every check said of a message.
pub(crate) struct Table {
    rows: Vec<Row>,
    /// Only the checks that failed are asked for.
    failures_alone: bool,
}

impl Table {
    pub(crate) fn new(rows: Vec<Row>, failures_alone: bool) -> Self {
        Self { rows, failures_alone }
    }

    fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.outcome == Outcome::Fail)
    }
}

/// The checks that were asked for, as a list.
impl Serialize for Table {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.failures_alone { serializer.collect_seq(self.failures()) } else { serializer.collect_seq(&self.rows) }
    }
}

/// The rows of a report on a message that was judged at the system's time, or at a given one.
pub(crate) fn rows(report: &Report, at_given_time: bool) -> Vec<Row> {
    report.rows().iter().map(|row| Row::of(row, at_given_time)).collect()
}

/// The requests that the message says it answers. Nobody vouches for that.
pub(crate) fn claimed_requests(report: &Report) -> Vec<String> {
    let compared = report.rows().iter().filter(|row| REQUEST.contains(&row.id)).flat_map(|row| row.received.clone());
    let several = report.rows().iter().filter_map(|row| match &row.outcome {
        ReportOutcome::Fail(Error::Constraint(ConstraintError::Unconfirmed { confirmations })) => Some(confirmations),
        _ => None,
    });
    let of_several = several.flatten().filter_map(|one| match &one.reason {
        ConstraintError::InResponseToMismatch { received, .. } => Some(received.as_str().to_owned()),
        _ => None,
    });
    let mut requests: Vec<String> = compared.chain(of_several).filter(|request| !request.is_empty()).collect();
    requests.sort_unstable();
    requests.dedup();
    requests
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

impl Row {
    fn of(row: &ReportRow, at_given_time: bool) -> Self {
        let mut made = Self::unreached(row);
        match &row.outcome {
            ReportOutcome::Fail(error) if at_given_time => made.fail(&error.into()),
            ReportOutcome::Fail(error) => made.fail(&Refusal::from(error).of_now()),
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

/// Shows the failures first, then the table; under each check what was compared, and what to do if it failed.
pub(crate) fn show(table: &Table, screen: &mut Screen) {
    let (failed, all) = (table.failures().count(), table.rows.len());
    match failed {
        0 => screen.section(&format!("none of {all} checks failed")),
        _ => screen.section(&format!("{failed} of {all} checks failed:")),
    }
    if table.failures_alone {
        table.failures().for_each(|row| row.show(screen));
    } else {
        table.failures().for_each(|row| row.show_failure(screen));
        screen.section("checks");
        table.rows.iter().for_each(|row| row.show(screen));
    }
    if !table.rows.iter().any(|row| SIGNED.contains(&row.id) && row.outcome == Outcome::Pass) {
        screen.line(Tone::Warning, "  no trusted signature: what the other checks looked at may be forged");
    }
}

impl Row {
    fn show(&self, screen: &mut Screen) {
        let (word, tone) = self.outcome.words();
        let name = format!(" {:<4} {} ({})", self.id, self.label(), self.section);
        screen.row(tone, &format!("  {word:<11}"), &name, 19);
        self.message.iter().for_each(|message| screen.detail("found", message));
        sides(&self.expected, &self.received).for_each(|(side, value)| screen.detail(side, value));
        self.remedy.iter().for_each(|remedy| screen.detail("remedy", remedy));
    }

    fn show_failure(&self, screen: &mut Screen) {
        let code = self.code.unwrap_or_default();
        screen.row(Tone::Bad, &format!("  {:<4}", self.id), &format!(" {}: {code}", self.label()), 7);
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

/// The checks that pass once a trusted key signed what it must: of a login, of a logout.
const SIGNED: [&str; 2] = ["D1", "H3"];
/// The checks that compare the request.
const REQUEST: [&str; 3] = ["C3", "E6", "H9"];
/// Checks of which messages have any number of values, so that a script finds a list even if it has one item.
const LISTS: [&str; 2] = ["E3", "E11"];
