//! The chart of `docs/performance.md`, drawn from the tables that stand there, which `cargo bench --bench verify` and the program in
//! `benches/peers` printed. `cargo bench --bench chart` writes `docs/performance.svg`; with `-- --test` it fails where that file is
//! not the chart of the page's figures.

mod page;
mod svg;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let text = std::fs::read_to_string(docs.join("performance.md")).expect("the page");
    let drawn = svg::draw(&page::panels(&text));
    let chart = docs.join("performance.svg");
    if std::env::args().any(|argument| argument == "--test") {
        let is_current = std::fs::read_to_string(&chart).is_ok_and(|current| current == drawn);
        if !is_current {
            eprintln!("docs/performance.svg is not the chart of docs/performance.md: `cargo bench --bench chart` draws it");
            return ExitCode::FAILURE;
        }
        return ExitCode::SUCCESS;
    }
    std::fs::write(&chart, drawn).expect("the chart");
    println!("{}", chart.display());
    ExitCode::SUCCESS
}
