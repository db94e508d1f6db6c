//! Strings that are nearly equal.

/// What is nearly that string: with white space, another case, look-alikes, cut, prolonged, doubled, or not there. As it stands in
/// markup.
pub(crate) fn nearly(value: &str) -> Vec<String> {
    let cut = &value[..value.len() - 1];
    let mut all: Vec<String> = [
        "&#32;",
        " ",
        "&#9;",
        "&#10;",
        "&#xD;",
        "\u{A0}",
        "\u{200B}",
        "\u{FEFF}",
        "\u{85}",
        "/",
        ".",
        "x",
        "%20",
        "\0x"[1..].trim(),
    ]
    .into_iter()
    .flat_map(|more| [format!("{more}{value}"), format!("{value}{more}")])
    .collect();
    all.extend([value.to_uppercase(), value.to_lowercase(), value.replacen('s', "S", 1), value.replacen('t', "T", 1)]);
    all.extend(
        [
            ("e", "\u{435}"),
            ("s", "\u{455}"),
            ("a", "\u{430}"),
            ("s", "\u{17F}"),
            (":", "\u{FF1A}"),
            ("/", "\u{2215}"),
            ("e", "e\u{301}"),
            ("2", "\u{FF12}"),
            ("0", "O"),
        ]
        .map(|(from, to)| value.replacen(from, to, 1)),
    );
    all.extend([
        cut.to_owned(),
        value[1..].to_owned(),
        format!("{value}{value}"),
        format!("{value} {value}"),
        format!("{value},{value}"),
        String::new(),
        with_default_port(value),
    ]);
    all.retain(|other| other != value);
    all
}

fn with_default_port(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return String::new() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{host}:443{path}")
}
