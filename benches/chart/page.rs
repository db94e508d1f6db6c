//! What of the page is drawn: of each workload, how many times its floor each program takes.

/// One workload.
pub(crate) struct Panel {
    /// As the tables of the page call it, with its size.
    pub(crate) title: String,
    /// The fastest first.
    pub(crate) bars: Vec<Bar>,
}

/// One program.
pub(crate) struct Bar {
    pub(crate) name: String,
    /// This crate.
    pub(crate) is_ours: bool,
    /// Times the floor of the same run.
    pub(crate) times: f64,
}

/// A panel for each column of the table of peers, with both rows of this crate.
pub(crate) fn panels(page: &str) -> Vec<Panel> {
    let peers = table(page, "| | does |");
    let (head, rows) = peers.split_first().expect("a head");
    let ring = wholes(page, "### With ring");
    let aws_lc_rs = wholes(page, "### With aws-lc-rs");
    let panel = |(column, title): (usize, &String)| {
        let place = column.checked_sub(2)?;
        let ours = [("saml-verify, aws-lc-rs", &aws_lc_rs), ("saml-verify, ring", &ring)];
        let ours = ours.map(|(name, times)| Bar { name: name.to_owned(), is_ours: true, times: times[place] });
        let theirs = rows.iter().filter(|row| !row[0].starts_with("floor") && !row[0].starts_with("saml-verify"));
        let theirs = theirs.filter_map(|row| Some(Bar { name: row[0].clone(), is_ours: false, times: bracketed(&row[column])? }));
        let mut bars: Vec<Bar> = ours.into_iter().chain(theirs).collect();
        bars.sort_by(|a, b| a.times.total_cmp(&b.times));
        Some(Panel { title: title.clone(), bars })
    };
    head.iter().enumerate().filter_map(panel).collect()
}

/// Of each workload whole / floor, in the table of stages below that heading.
fn wholes(page: &str, heading: &str) -> Vec<f64> {
    let (_, below) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let stages = table(below, "| | XML bytes |");
    let (head, rows) = stages.split_first().expect("a head");
    let column = head.iter().position(|cell| cell == "whole / floor").expect("the column of ratios");
    rows.iter().map(|row| row[column].trim_matches('*').parse().expect("a ratio")).collect()
}

/// `372.2 (13.2)` is 13.2; what was left out is none.
fn bracketed(cell: &str) -> Option<f64> {
    let (_, times) = cell.strip_suffix(')')?.split_once('(')?;
    Some(times.parse().expect("a ratio"))
}

/// The first table whose head begins like that: its head and its rows, without the line between.
fn table(text: &str, begins: &str) -> Vec<Vec<String>> {
    let lines = text.lines().skip_while(|line| !line.starts_with(begins)).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.filter(|line| !line.starts_with("|---")).map(cells).collect()
}
