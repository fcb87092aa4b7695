//! A chart of the rates, for people: SVG that is as light or dark as the page around it.

use std::fmt::Write;

use crate::{
    bench::{Sample, figure},
    report::{names, short, spread},
};

const WIDTH: f64 = 720.0;
/// Where the bars begin and the longest one ends.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 640.0;
const BAR: f64 = 16.0;
const GAP: f64 = 22.0;
const TOP: f64 = 28.0;

const STYLE: &str = "
text { font: 13px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 } .name { fill: #666; text-anchor: end }
.bar { fill: #b9b4aa } .latchkey { fill: #2f6f5e } .line { stroke: #333; opacity: .6 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .name { fill: #aaa }
.bar { fill: #6b675f } .latchkey { fill: #6fbfa6 } .line { stroke: #ddd } }
";

/// Bars of how many a second everybody has done, for each of these scenarios; a thin line goes
/// from the slowest round to the fastest.
pub fn chart(samples: &[Sample], scenarios: &[&str], words: &str) -> String {
    let contestants = names(samples, |sample| &sample.contestant);
    let (mut bars, mut y) = (String::new(), TOP);
    for scenario in scenarios {
        let rates = contestants
            .iter()
            .filter_map(|name| Some((*name, spread(samples, name, scenario, figure::RATE)?)));
        let rates: Vec<_> = rates.collect();
        let most = rates.iter().map(|(_, rate)| rate.most).fold(0.0, f64::max);
        if most == 0.0 {
            continue;
        }
        let at = |rate: f64| LEFT + rate / most * (RIGHT - LEFT);
        // To a string, this cannot fail.
        let _ =
            writeln!(bars, r#"<text class="title" x="12" y="{y}">{scenario} · a second</text>"#);
        y += 10.0;
        for (name, rate) in rates {
            let (middle, text) = (y + BAR / 2.0, y + BAR - 3.5);
            let class = if name.starts_with("Latchkey") { "bar latchkey" } else { "bar" };
            let _ = writeln!(
                bars,
                r#"<text class="name" x="{}" y="{text}">{name}</text>
<rect class="{class}" x="{LEFT}" y="{y}" width="{:.1}" height="{BAR}" rx="2"/>
<line class="line" x1="{:.1}" x2="{:.1}" y1="{middle}" y2="{middle}"/>
<text x="{:.1}" y="{text}">{}</text>"#,
                LEFT - 10.0,
                at(rate.median) - LEFT,
                at(rate.least),
                at(rate.most),
                at(rate.most) + 8.0,
                short(rate.median),
            );
            y += GAP;
        }
        y += 26.0;
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{words}">
<style>{STYLE}</style>
{bars}<text class="name" x="{}" y="{}">{words}</text>
</svg>
"#,
        WIDTH - 12.0,
        y - 10.0,
    )
}
