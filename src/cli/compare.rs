//! `compare`.

use std::io::Write;

use anyhow::bail;
use clap::Args;

use super::{decoding::SamplingArgs, lane::LaneSpec, model::ModelArgs};
use crate::{
    report::compare::{Compared, columns, line, lists, table},
    session::{
        lanes::{FEWEST, Lane, Lanes, MOST, Summary, first_difference},
        reader::Reader,
        trace::Decoding,
    },
    tui,
};

/// Which decodings, of which prompts.
#[derive(Args)]
pub(super) struct CompareArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// A text to go on from; can be given several times
    #[arg(long, short, value_name = "TEXT", required = true)]
    prompt: Vec<String>,
    /// How to go on: original, exit:EXIT, contrast:EXPERT,AMATEUR[,α[,N]] (N candidates at least), log-ratio:E,A[,β[,α]],
    /// dola:EXITS (low, high or exits) or expr:E,A,EXPRESSION; can be given several times. Every prompt is decoded by every one
    /// of them, two to four in all
    #[arg(long, value_name = "DECODING", default_value = "original")]
    lane: Vec<LaneSpec>,
    #[command(flatten)]
    sampling: SamplingArgs,
    /// Take so many tokens at most in each lane
    #[arg(long, short = 'n', value_name = "N", default_value_t = 40)]
    max_new_tokens: usize,
    /// One JSON object a line and lane: prompt, text and ids, first difference from lane 1, and the numbers of the table
    #[arg(long)]
    json: bool,
}

/// In a pipe or a file.
const USUAL_WIDTH: usize = 80;

/// Makes the lanes together, then prints them.
pub(super) fn compare(args: &CompareArgs) -> anyhow::Result<()> {
    let count = args.prompt.len() * args.lane.len();
    if !(FEWEST..=MOST).contains(&count) {
        let (prompts, lanes) = (args.prompt.len(), args.lane.len());
        bail!(
            "--prompt {prompts} times, --lane {lanes} times: expected {FEWEST} to {MOST} lanes in all, found {count}"
        );
    }
    let engine = args.model.engine()?;
    let sampling = args.sampling.sampling();
    let (mut names, mut lanes) = (Vec::new(), Vec::new());
    for prompt in &args.prompt {
        let ids = engine.model().tokenizer.encode(prompt)?;
        for spec in &args.lane {
            let decoding = Decoding { method: spec.method(engine.model())?, sampling: sampling.clone() };
            lanes.push(Lane::new(ids.clone(), decoding, args.max_new_tokens));
            names.push(spec.name.clone());
        }
    }
    let mut reader = Reader::new(engine);
    let card = reader.card("");
    let mut together = Lanes::new(&mut reader, lanes)?;
    while together.step()? {}
    let mut all: Vec<Compared> = Vec::with_capacity(count);
    for (n, name) in names.into_iter().enumerate() {
        let traces = together.traces(n, 1)?;
        let (first, lane) = (&together.lanes()[0], together.lanes()[n].clone());
        let summary = Summary::of(lane.generated(), traces.iter(), &lane.decoding, card.blocks);
        let same_prompt = lane.text[..lane.prompt] == first.text[..first.prompt];
        let differs = same_prompt.then(|| first_difference(&first.text, &lane.text)).flatten();
        all.push(Compared { name, lane, summary, same_prompt, first_difference: differs });
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        for (n, compared) in all.iter().enumerate() {
            writeln!(out, "{}", serde_json::to_string(&line(n, compared, &card))?)?;
        }
    } else {
        let width = tui::columns().unwrap_or(USUAL_WIDTH);
        let texts = columns(&all, &card, width).unwrap_or_else(|| lists(&all, &card, width));
        write!(out, "{texts}\n{}", table(&all, width))?;
    }
    if let Some(notice) = reader.take_notice() {
        eprintln!("note: {notice}");
    }
    Ok(out.flush()?)
}
