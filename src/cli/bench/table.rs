//! The report as a table, at most 80 columns wide.

use crate::measure::{Origin, Report, Spread, limits::Rate};

/// The whole table.
pub(super) fn of(report: &Report) -> String {
    let mut table = Table(String::new());
    table.head(report);
    table.first_tokens(report);
    table.steps(report);
    table.runs(report);
    table.limits(report);
    table.memory(report);
    table.0
}

struct Table(String);

impl Table {
    fn line(&mut self, text: &str) {
        self.0 += text.trim_end();
        self.0 += "\n";
    }

    /// A name, a figure with its quartiles, and two further columns.
    fn row(&mut self, name: &str, spread: Spread, further: [String; 2]) {
        let quartiles = format!("{}–{}", number(spread.low), number(spread.high));
        self.line(&format!(
            "  {name:34}{:>9}  {quartiles:>15}{:>9}{:>9}",
            number(spread.median),
            further[0],
            further[1]
        ));
    }

    fn title(&mut self, name: &str, unit: &str, further: [&str; 2]) {
        self.line("");
        self.line(&format!("{name:36}{unit:>9}  {:>15}{:>9}{:>9}", "quartiles", further[0], further[1]));
    }

    fn head(&mut self, report: &Report) {
        let (model, machine, took) = (&report.model, &report.machine, &report.took);
        let types = if model.trunk_type == model.heads_type {
            model.trunk_type.to_owned()
        } else {
            format!("{}, heads {}", model.trunk_type, model.heads_type)
        };
        let origin = match model.origin {
            Origin::File => "",
            Origin::Demo => " (the embedded model)",
            Origin::Random => " (random weights)",
        };
        self.line(&format!("{}{origin}, {types}", model.name));
        self.line(&format!(
            "{}: {} blocks of width {}, {} exits, vocabulary {}, {} M numbers",
            model.architecture,
            model.blocks,
            model.width,
            model.exits,
            model.vocabulary,
            model.parameters / 1_000_000
        ));
        if let Some(processor) = &machine.processor {
            self.line(processor);
        }
        self.line(&format!(
            "{} threads on {} cores; keys and values {}",
            machine.threads, machine.cores, machine.kv_type
        ));
        let places = &machine.places;
        let blocks = places.blocks_on.iter().map(|(device, count)| format!("{count} blocks on {device}"));
        let cache = places.cache_on.as_ref().map(|device| format!("keys and values on {device}"));
        let all: Vec<String> = blocks.chain([format!("heads on {}", places.heads_on)]).chain(cache).collect();
        self.line(&all.join(", "));
        let rounds = if took.rounds == 1 { "1 round".into() } else { format!("{} rounds", took.rounds) };
        self.line(&format!("{rounds} in {:.0} s", took.seconds));
        match (took.others.busy, took.others.share) {
            (Some(true), Some(share)) => {
                self.line(&format!(
                    "measured beside other work: it took {:.0} % of the processors' time",
                    100.0 * share
                ));
            }
            (Some(false), Some(share)) => {
                self.line(&format!("other programs took {:.0} % of the processors' time", 100.0 * share));
            }
            _ => self.line("whether other programs worked meanwhile is not known here"),
        }
    }

    fn first_tokens(&mut self, report: &Report) {
        self.title("time to the first token", "ms", ["", "ms/token"]);
        for first in &report.first_token {
            let each = number(first.ms.median / first.prompt as f64);
            self.row(&format!("prompt of {} tokens", first.prompt), first.ms, [String::new(), each]);
        }
    }

    fn steps(&mut self, report: &Report) {
        let (step, reached) = (&report.step, report.reached);
        self.title(&format!("a step at position {}", step.position), "ms", ["tokens/s", "of limit"]);
        let rate = |spread: Spread| number(1e3 / spread.median);
        self.row(
            &format!("all {} exits", report.model.exits),
            step.all,
            [rate(step.all), percent(reached.map(|parts| parts.step))],
        );
        self.row("  the blocks alone", step.trunk, [String::new(), percent(reached.map(|parts| parts.trunk))]);
        self.row("  the heads alone", step.heads, [String::new(), percent(reached.map(|parts| parts.heads))]);
        self.row("with everything that is shown", step.shown, [rate(step.shown), String::new()]);
        self.row("  what is shown alone", step.analysis, Default::default());
        let late = format!("at position {}", step.late_position);
        self.row(&late, step.late, [rate(step.late), format!("×{:.2}", step.late_ratio)]);
    }

    fn runs(&mut self, report: &Report) {
        let (speed, fill, reached) = (&report.speed, &report.fill, report.reached);
        let pair = format!("{} and {}", speed.expert, speed.amateur);
        let name = format!("a run of {} tokens", speed.run_tokens);
        self.title(&name, "tokens/s", ["speed", "of limit"]);
        let times = |ratio: f64| format!("×{ratio:.2}");
        let alone = speed.alone.median / speed.stepping.median;
        self.row(
            &format!("by {} alone", speed.expert),
            speed.alone,
            [times(alone), percent(reached.map(|parts| parts.alone))],
        );
        self.row(
            &format!("by contrast of {pair}"),
            speed.contrast,
            [times(speed.contrast_ratio), percent(reached.map(|parts| parts.contrast))],
        );
        self.row("  and every exit filled in", speed.filled, [times(speed.filled_ratio), String::new()]);
        self.title(&format!("filling in a prompt of {} tokens", fill.prompt), "ms", ["speed", "of limit"]);
        let name = format!("a position, {} at once", fill.batch);
        self.row(&name, fill.ms, [times(fill.step_ratio), percent(reached.map(|parts| parts.fill))]);
        self.line("speed: times a step's; of what is filled in, a step's with everything shown");
    }

    fn limits(&mut self, report: &Report) {
        let weights = &report.weights;
        let (Some(limits), Some(bound)) = (&report.limits, report.bound_ms) else {
            self.line("");
            self.line("no limit is told: it is the processor's, and a device beside it has a part here");
            return;
        };
        self.line("");
        self.line("the limit: each weight is read once and multiplied once");
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        self.line(&format!(
            "  weights read a step         {:>9} MiB: blocks {}, heads {}",
            number(mib(weights.step_bytes)),
            number(mib(weights.trunk_bytes)),
            number(mib(weights.heads_bytes))
        ));
        self.line(&format!("  multiply-adds a step        {:>9} M", number(weights.step_products as f64 / 1e6)));
        self.line(&format!("  reading the weights         {:>9} GB/s", number(limits.bandwidth / 1e9)));
        for rate in &limits.rates {
            self.line(&format!(
                "  {:28}{:>9} G multiply-adds/s",
                format!("{}, rows of {}{}", rate.dtype, rate.row, at_once(rate)),
                number(rate.products_a_second / 1e9)
            ));
        }
        self.line(&format!(
            "  a step takes at least       {:>9} ms: blocks {}, heads {}",
            number(bound.step),
            number(bound.trunk),
            number(bound.heads)
        ));
    }

    fn memory(&mut self, report: &Report) {
        let mib = |bytes: u64| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
        let Some(peak) = report.memory.peak else { return self.line("\npeak memory is not known here") };
        let weights = report.memory.weights.map_or(String::new(), |bytes| format!(", weights {} of it", mib(bytes)));
        self.line(&format!("\npeak memory {}{weights}", mib(peak)));
    }
}

fn at_once(rate: &Rate) -> String {
    if rate.columns == 1 { String::new() } else { format!(", by {}", rate.columns) }
}

/// Three digits or more.
fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// Nothing where there is no limit.
fn percent(part: Option<f64>) -> String {
    part.map_or_else(String::new, |part| format!("{:.0} %", 100.0 * part))
}
