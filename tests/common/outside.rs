//! The harness of tests that need vectors from outside: they are reported as ignored where nobody says where those are, for the
//! harness of `cargo test` cannot tell at run time that a test was not run.

#![allow(unused_macros, unused_imports, reason = "most test binaries have no such test")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test, the folder of vectors that it reads, and its name.
pub(crate) type Test = (fn(&Path), &'static str, &'static str);

/// Runs them, if `SAML_VERIFY_VECTORS` is set: with a folder that is not there they fail. Unset, they are ignored.
pub(crate) fn run(tests: &[Test]) -> ExitCode {
    let root = env::var_os(VARIABLE);
    if root.is_none() {
        eprintln!("{VARIABLE} is not set, so that there are no vectors to read");
    }
    let trial = |&(test, part, name): &Test| {
        let trial = Trial::test(name, move || folder(part).map(|folder| test(&folder)).map_err(Into::into));
        trial.with_ignored_flag(root.is_none())
    };
    libtest_mimic::run(&Arguments::from_args(), tests.iter().map(trial).collect()).exit_code()
}

/// The folder of vectors for tests that have some of their own; `None` where nobody says where more are.
pub(crate) fn more(part: &str) -> Option<PathBuf> {
    env::var_os(VARIABLE)?;
    Some(folder(part).unwrap_or_else(|complaint| panic!("{complaint}")))
}

fn folder(part: &str) -> Result<PathBuf, String> {
    let root = env::var_os(VARIABLE).ok_or_else(|| format!("{VARIABLE} is not set"))?;
    // Cargo runs a test in its package, and a relative path is meant from there.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(root).join(part);
    if folder.is_dir() { Ok(folder) } else { Err(format!("{VARIABLE} is set, but {} is not a folder", folder.display())) }
}

const VARIABLE: &str = "SAML_VERIFY_VECTORS";

/// The `main` of a file of such tests: the folder of vectors and the function of each.
macro_rules! tests_from_outside {
    ($($part:literal => $test:ident),+ $(,)?) => {
        fn main() -> std::process::ExitCode {
            common::outside::run(&[$(($test, $part, stringify!($test))),+])
        }
    };
}
pub(crate) use tests_from_outside;
