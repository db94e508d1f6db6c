//! Tables of threats: an id and a proof in each row.

pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) proof: String,
}

pub(crate) fn rows(table: &str) -> Vec<Row> {
    let cells = table.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = cells.map(|line| line.trim_end_matches(" |").split(" | ").collect::<Vec<_>>());
    let row = |cells: Vec<&str>| Row { id: id(cells[0]), proof: cells.last().copied().unwrap_or_default().to_owned() };
    cells.filter(|cells| !["id", "---"].contains(&cells[0])).map(row).collect()
}

/// Without the star.
fn id(cell: &str) -> String {
    cell.trim_end_matches(" *").trim().to_owned()
}
