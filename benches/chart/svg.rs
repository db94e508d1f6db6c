//! Panels of bars, as SVG: a logarithmic axis, for the slowest takes a hundred times what the fastest takes.

use std::fmt::Write;

use crate::page::{Bar, Panel};

const COLUMNS: usize = 2;
const PANEL_WIDTH: f64 = 480.0;
const NAMES_WIDTH: f64 = 225.0;
const BARS_WIDTH: f64 = 205.0;
const ROW: f64 = 17.0;
const HEAD: f64 = 30.0;
const TOP: f64 = 56.0;
/// The right end of the axis.
const MOST: f64 = 200.0;

/// The whole file.
pub(crate) fn draw(panels: &[Panel]) -> String {
    let rows = panels.iter().map(|panel| panel.bars.len()).max().unwrap_or_default();
    let panel_height = HEAD + ROW * rows as f64 + 14.0;
    let height = TOP + panel_height * panels.len().div_ceil(COLUMNS) as f64;
    let width = PANEL_WIDTH * COLUMNS as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Time to verify a SAML response, as a multiple of its bare cryptography</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"16\" y=\"24\" font-size=\"15\" font-weight=\"bold\">Time to verify a SAML response, as a multiple of the floor</text>\n\
         <text x=\"16\" y=\"42\" fill=\"#555555\">The floor is base64, digests and key operations alone, with ring. Shorter is better; the axis is \
         logarithmic.</text>\n"
    );
    for (place, panel) in panels.iter().enumerate() {
        let x = PANEL_WIDTH * (place % COLUMNS) as f64;
        let y = TOP + panel_height * (place / COLUMNS) as f64;
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
        draw_panel(&mut svg, panel);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_panel(svg: &mut String, panel: &Panel) {
    let bottom = HEAD + ROW * panel.bars.len() as f64;
    let _ = writeln!(svg, "<text x=\"16\" y=\"20\" font-weight=\"bold\">{}</text>", escaped(&panel.title));
    for times in [1.0, 10.0, 100.0] {
        let x = NAMES_WIDTH + length(times);
        let _ = writeln!(svg, "<path d=\"M{x:.1} {HEAD}V{bottom}\" stroke=\"#cccccc\"/>");
        let _ =
            writeln!(svg, "<text x=\"{x:.1}\" y=\"22\" fill=\"#777777\" font-size=\"10\" text-anchor=\"middle\">{times}</text>");
    }
    for (place, bar) in panel.bars.iter().enumerate() {
        draw_bar(svg, bar, HEAD + ROW * place as f64);
    }
}

fn draw_bar(svg: &mut String, bar: &Bar, y: f64) {
    let (colour, weight) = if bar.is_ours { ("#1b6ca8", "bold") } else { ("#b9bec4", "normal") };
    let (text, width) = (y + ROW - 5.0, length(bar.times));
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{text}\" text-anchor=\"end\" font-weight=\"{weight}\">{}</text>",
        NAMES_WIDTH - 6.0,
        escaped(&bar.name)
    );
    let _ = writeln!(
        svg,
        "<rect x=\"{NAMES_WIDTH}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\" fill=\"{colour}\"/>",
        y + 2.0,
        ROW - 4.0
    );
    // As many as the tables have.
    let decimals = if bar.is_ours { 2 } else { usize::from(bar.times < 10.0) };
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{text}\" font-weight=\"{weight}\">{:.decimals$}</text>",
        NAMES_WIDTH + width + 5.0,
        bar.times
    );
}

/// Half of the floor has no length.
fn length(times: f64) -> f64 {
    BARS_WIDTH * (times / 0.5).ln() / (MOST / 0.5).ln()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
