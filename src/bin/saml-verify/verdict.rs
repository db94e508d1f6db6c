//! A verdict on a message, a login or one of logout, as a script and as a person see it.

use std::time::SystemTime;

use crate::exit::{Failure, Outcome};
use crate::explain;
use crate::login::Caution;
use crate::refusal::Refusal;
use crate::terminal::{Screen, Tone, print_json};

/// What became of a message, and what every check said, if that was asked for.
pub(crate) struct Verdict<T> {
    pub(crate) outcome: Result<T, Box<Refusal>>,
    pub(crate) checks: Option<explain::Table>,
    /// What was left out because the caller said so.
    pub(crate) cautions: Vec<Caution>,
}

/// A message that was accepted.
pub(crate) trait Accepted {
    fn print_json(&self, cautions: &[Caution], checks: Option<&explain::Table>) -> Result<(), Failure>;
    fn show(&self, now: SystemTime, screen: &mut Screen);
}

impl<T: Accepted> Verdict<T> {
    pub(crate) fn print(&self, json: bool, now: SystemTime) -> Result<Outcome, Failure> {
        if json {
            self.print_json()?
        } else {
            self.print_text(now)?
        }
        Ok(if self.outcome.is_ok() { Outcome::Done } else { Outcome::Refused })
    }

    fn print_json(&self) -> Result<(), Failure> {
        match &self.outcome {
            Ok(accepted) => accepted.print_json(&self.cautions, self.checks.as_ref()),
            Err(refusal) => print_json(&refusal.json(&self.cautions, self.checks.as_ref())),
        }
    }

    fn print_text(&self, now: SystemTime) -> Result<(), Failure> {
        let mut screen = Screen::new().wrapped();
        for caution in &self.cautions {
            screen.headline(Tone::Warning, "NOT CHECKED", &format!("{}: {}", caution.code, caution.message));
        }
        match &self.outcome {
            Ok(accepted) => accepted.show(now, &mut screen),
            Err(refusal) => refusal.show(&mut screen),
        }
        if let Some(checks) = &self.checks {
            explain::show(checks, &mut screen);
        }
        screen.print()
    }
}
