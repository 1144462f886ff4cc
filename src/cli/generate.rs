//! `generate`.

use std::io::{IsTerminal, Write};

use clap::Args;

use super::{
    decoding::DecodingArgs,
    early_exit::{self, EarlyExitArgs},
    method::require_grid,
    model::ModelArgs,
    prompt::PromptArgs,
    speculate::SpeculateArgs,
};
use crate::{
    report::json,
    session::{protocol::ModelCard, reader::Reader, run::Run, trace::StepTrace},
};

/// What to go on from, and how.
#[derive(Args)]
pub(super) struct GenerateArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    prompt: PromptArgs,
    #[command(flatten)]
    decoding: DecodingArgs,
    #[command(flatten)]
    early_exit: EarlyExitArgs,
    #[command(flatten)]
    speculate: SpeculateArgs,
    /// Take so many tokens at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 40)]
    max_new_tokens: usize,
    /// One JSON object a line and token, with what every exit predicted
    #[arg(long)]
    json: bool,
    /// Candidates of each exit in the JSON
    #[arg(long, value_name = "K", default_value_t = 5)]
    candidates: usize,
    /// In the JSON, what every pair of exits would choose
    #[arg(long, requires = "json", requires = "contrast")]
    grid: bool,
}

/// Generates.
pub(super) fn generate(args: &GenerateArgs) -> anyhow::Result<()> {
    let engine = args.model.engine()?;
    let decoding = args.decoding.decoding(engine.model())?;
    require_grid(args.grid, &decoding.method)?;
    let prompt = args.prompt.ids(&engine.model().tokenizer)?;
    if let Some(rule) = args.early_exit.rule(&engine)? {
        let (text, stats) = ((prompt, args.max_new_tokens), args.speculate.stats());
        return early_exit::run(engine, (rule, decoding.sampling), text, stats);
    }
    let mut out = std::io::stdout().lock();
    let mut speculator = args.speculate.speculator(engine.model(), args.json)?;
    if args.json {
        let mut reader = Reader::new(engine);
        let card = reader.card("");
        // Who looks on sees each line as soon as its token is there; a few tokens are no batch.
        let at_once = out.is_terminal() || args.max_new_tokens < reader.fill_rows();
        let mut run = Run::new(&mut reader, prompt, decoding, args.max_new_tokens)?.with_grid(args.grid);
        if at_once {
            while let Some(trace) = run.traced_step(args.candidates)? {
                write_lines(&mut out, &[trace], &card)?;
            }
            return Ok(());
        }
        loop {
            let batch = run.traced_batch(args.candidates);
            write_lines(&mut out, &batch.traces, &card)?;
            if !batch.goes_on? {
                return Ok(());
            }
        }
    }
    let mut reader = Reader::for_choices(engine, &decoding);
    let end = reader.model().tokenizer.end_of_text();
    let mut run = Run::new(&mut reader, prompt, decoding, args.max_new_tokens)?.with_speculator(&mut speculator);
    while let Some(choice) = run.step()? {
        if Some(choice.id) != end {
            out.write_all(&run.bytes(choice.id))?;
            out.flush()?;
        }
    }
    out.write_all(b"\n")?;
    if let Some(notice) = reader.take_notice() {
        eprintln!("note: {notice}");
    }
    args.speculate.tell(&speculator);
    Ok(())
}

fn write_lines(out: &mut impl Write, traces: &[StepTrace], card: &ModelCard) -> anyhow::Result<()> {
    for trace in traces {
        writeln!(out, "{}", serde_json::to_string(&json::step(trace, card))?)?;
    }
    Ok(out.flush()?)
}
