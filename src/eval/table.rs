//! An evaluation as a text of about 100 columns.

mod matrix;
mod policies;

use super::{
    evaluation::Evaluation,
    settings::Settings,
    summary::{LAST_WORD, ReadoutSummary, Summary},
};

/// The whole report.
#[must_use]
pub fn table(evaluation: &Evaluation) -> String {
    let summary = Summary::of(&evaluation.settings, &evaluation.tally);
    let parts = [
        heading(evaluation, &summary),
        readouts(&summary),
        decisions(&summary),
        matrix::matrix(&summary),
        lenses(&summary),
        policies::policies(&summary),
        repetition(&evaluation.settings, &summary),
        words(&summary, evaluation.tally.long_words),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<String>>().join("\n")
}

fn heading(evaluation: &Evaluation, summary: &Summary) -> String {
    let Evaluation { model, files, settings, .. } = evaluation;
    let fingerprint: String = model.fingerprint.chars().take(12).collect();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let mut text = format!("model    {}, {} weights, fingerprint {fingerprint}…\n", model.name, model.weights);
    text += &format!(
        "text     {}: {} tokens scored, {} bytes, in {} windows{}\n",
        names.join(", "),
        grouped(summary.tokens),
        grouped(summary.bytes),
        grouped(summary.windows),
        if settings.join { ", documents joined by the end-of-text token" } else { "" },
    );
    text += &format!(
        "windows  {} tokens, moving on by {}: every token is scored once, after {} to {} tokens of its document, or\n\
         \x20        after all there are before it if they are fewer; a first token has no probability\n",
        settings.window,
        settings.stride,
        settings.window - settings.stride + 1,
        settings.window,
    );
    if let Some(shard) = evaluation.shard {
        text += &format!("shard    {} of {}\n", shard.index, shard.of);
    }
    if let Some(next) = evaluation.next {
        text += &format!("not finished: window {next} is next\n");
    }
    text
}

const HEAD: &str =
    "                      ppl  a byte  bits/B  top-1 %  word %  word ppl  =orig %      KL      JS   ECE %\n";

fn readouts(summary: &Summary) -> String {
    let row = |r: &ReadoutSummary| {
        format!(
            "{}{} {:>7} {:>7} {:>8} {:>7} {} {:>8} {:>7} {:>7} {:>7}\n",
            named(&r.name, 16),
            perplexity(r.perplexity),
            number(r.perplexity_per_byte, 3),
            number(r.bits_per_byte, 3),
            percent(r.accuracy),
            percent(r.last_word_accuracy),
            perplexity(r.last_word_perplexity),
            percent(r.agreement_with_original),
            number(r.kl, 4),
            number(r.js, 4),
            percent(r.calibration_error),
        )
    };
    let rows: String = summary.readouts.iter().map(row).collect();
    format!("{HEAD}{rows}")
}

fn decisions(summary: &Summary) -> String {
    let mut text =
        String::from("decided at: the lowest exit from which, up to original, every top token is original's\n");
    for decided in &summary.decision_layers {
        let bar = bar(decided.share);
        text += &format!("{:<12}{:>7} %  {bar}\n", decided.exit, percent(decided.share));
    }
    text
}

/// Two columns are five hundredths.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share: 0 to 40, and 0 for NaN")]
fn bar(share: f64) -> String {
    "█".repeat((share * 40.0).round() as usize)
}

fn lenses(summary: &Summary) -> String {
    if summary.head_against_lens.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "exit against the lens at its layer (the model's own head)\n            same top %  KL(exit ‖ lens)       JS\n",
    );
    for against in &summary.head_against_lens {
        let (kl, js) = (number(against.kl, 4), number(against.js, 4));
        text += &format!("{:<12}{:>10}  {kl:>15}  {js:>7}\n", against.exit, percent(against.agreement));
    }
    text
}

fn repetition(settings: &Settings, summary: &Summary) -> String {
    let made: Vec<_> = summary.readouts.iter().filter_map(|r| Some((&r.name, r.continuations?))).collect();
    let Some((_, first)) = made.first() else { return String::new() };
    let mut text = format!(
        "greedy continuations: {} of up to {} tokens, after the first {} of a window\n\
         {:<18} rep-1   rep-2   rep-3   rep-4   distinct-1      -2      -3      -4   diversity\n",
        first.texts, settings.continuations.length, settings.continuations.prompt, ""
    );
    for (name, r) in &made {
        let cell = |share: f64| format!("{:>6}", number(share, 3));
        let rep = r.rep.map(cell).join("  ");
        let distinct = r.distinct.map(cell).join("  ");
        text += &format!("{}{rep}       {distinct}      {}\n", named(name, 18), cell(r.diversity));
    }
    text
}

fn words(summary: &Summary, long: u64) -> String {
    let mut text = format!(
        "ppl: perplexity of a token, and of a byte; KL(original ‖ it) and Jensen-Shannon divergence in nats; ECE: 15 bins \
         of equal width over the top token's probability\n\
         word ({}): {LAST_WORD}\n",
        grouped(summary.words)
    );
    if long > 0 {
        text += &format!("{long} last words were longer than a stride and were left out\n");
    }
    wrapped(&text)
}

/// A name in so many columns before numbers; one that is too long has lines of its own.
fn named(name: &str, columns: usize) -> String {
    if name.chars().count() <= columns {
        return format!("{name:<columns$}");
    }
    let chars: Vec<char> = name.chars().collect();
    // An expression may have no blank to break at.
    let parts: Vec<String> = chars.chunks(WIDEST).map(|part| part.iter().collect()).collect();
    let lines =
        if name.split(' ').any(|word| word.chars().count() > WIDEST) { parts.join("\n") + "\n" } else { wrapped(name) };
    format!("{lines}{:<columns$}", "")
}

/// Lines of at most so many columns.
const WIDEST: usize = 100;

/// Lines of at most 100 columns.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let mut width = 0;
        for word in line.split(' ') {
            let len = word.chars().count();
            if width > 0 && width + 1 + len > WIDEST {
                lines.push('\n');
                width = 0;
            }
            if width > 0 {
                lines.push(' ');
                width += 1;
            }
            lines += word;
            width += len;
        }
        lines.push('\n');
    }
    lines
}

fn percent(share: f64) -> String {
    number(100.0 * share, 1)
}

fn number(value: f64, digits: usize) -> String {
    if value.is_nan() { "–".into() } else { format!("{value:.digits$}") }
}

/// In nine columns, whatever its size.
fn perplexity(value: f64) -> String {
    let text = match value {
        v if v.is_nan() => "–".into(),
        v if v >= 1e6 => format!("{v:.1e}"),
        v if v >= 1e4 => format!("{v:.0}"),
        v => format!("{v:.2}"),
    };
    format!("{text:>9}")
}

fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{WIDEST, named};

    #[test]
    fn long_names_have_lines_of_their_own() {
        assert_eq!(named("exit 12", 16), "exit 12         ");
        assert_eq!(named("DoLa 2,4,8 α 0.1 published", 18), format!("DoLa 2,4,8 α 0.1 published\n{:<18}", ""));
        let words = "ln(p_upper/p_lower) where p_upper >= alpha * p_max ".repeat(8);
        for name in [words.trim(), &"ln(p_upper)+".repeat(40)] {
            let text = named(name, 16);
            assert!(text.lines().all(|line| line.chars().count() <= WIDEST), "{text}");
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(letters(&text), letters(name));
        }
    }
}
