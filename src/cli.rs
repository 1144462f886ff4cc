//! The command line: what can be asked, and the answers' way to stdout. Clap stays in here.

mod bench;
mod compare;
mod config;
mod convert;
mod decoding;
mod devices;
mod early_exit;
mod eval;
mod figures;
mod generate;
mod info;
mod lane;
mod logits;
mod method;
mod model;
mod open;
mod place;
mod plan;
mod prompt;
mod pull;
mod random;
mod remote;
mod report;
mod rpc_server;
mod signals;
mod speculate;
mod trace;
mod weights;

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    process::ExitCode,
    sync::Arc,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::{decoding::ShownArgs, model::ModelArgs};
use crate::{
    session::{reader::Reader, worker::Opening},
    tui::{self, Start},
};

/// Watch a multi-exit language model make up its mind, layer by layer.
///
/// Without a command, opens the screen: on the embedded demo model, or on the one that --model names.
#[derive(Parser)]
#[command(name = "mexit-tui", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    screen: ScreenArgs,
}

/// What the screen starts with.
#[derive(clap::Args)]
struct ScreenArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Text to start from
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    #[command(flatten)]
    shown: ShownArgs,
    #[command(flatten)]
    liked: config::LikedArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Write a checkpoint (a Hugging Face folder, or a GGUF file) as a GGUF file
    Convert(convert::ConvertArgs),
    /// Cut the exits off: what is left, stock llama.cpp loads
    Strip(convert::StripArgs),
    /// Look at a saved session, and go on with it
    Open(open::OpenArgs),
    /// Download a model from the Hugging Face hub, convert it, and say where it is
    Pull(pull::PullArgs),
    /// Go on from a prompt, without the screen
    Generate(generate::GenerateArgs),
    /// Put two to four decodings of a prompt, or of several, side by side, without the screen
    Compare(compare::CompareArgs),
    /// Write the logits of every exit at every position of a text as a safetensors file
    Logits(logits::LogitsArgs),
    /// Measure exits and contrasts over texts: perplexity, accuracy, calibration, agreement
    Eval(Box<eval::EvalArgs>),
    /// Write what every exit says at every position of a text, for `open` and `report`
    Trace(trace::TraceArgs),
    /// Make a page, a picture, a table or a text of a trace, or compare two
    Report(report::ReportArgs),
    /// Say what a model file is
    Info(info::InfoArgs),
    /// Say where the configuration is looked for and what is in force, or print a commented sample
    Config(config::ConfigArgs),
    /// List what can compute
    Devices(remote::RemoteArgs),
    /// Let programs on other machines compute here, by their --rpc
    RpcServer(rpc_server::RpcServerArgs),
    /// Measure what each weight type costs: divergence from f32 and agreement, exit by exit
    Figures(figures::FiguresArgs),
    /// Measure how long things take on this machine, and how near that is to what it could do
    Bench(bench::BenchArgs),
    /// Make a checkpoint of random numbers, to measure with
    #[command(hide = true)]
    MakeRandom(random::RandomArgs),
}

/// Runs the program with the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    match parsed(std::env::args_os()).map_or_else(|error| error.exit(), dispatch) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of our output has left: nothing is wrong.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// What is asked. A negative number is a value, which its option refuses in words of its own.
fn parsed(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let command = Cli::command().allow_negative_numbers(true);
    let command = command.mut_subcommands(|command| command.allow_negative_numbers(true));
    let mut matches = command.try_get_matches_from(arguments)?;
    Cli::from_arg_matches_mut(&mut matches)
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => screen(&cli.screen),
        Some(Command::Convert(args)) => convert::convert(&args),
        Some(Command::Strip(args)) => convert::strip(&args),
        Some(Command::Open(args)) => open::open(&args),
        Some(Command::Pull(args)) => pull::pull(&args),
        Some(Command::Generate(args)) => generate::generate(&args),
        Some(Command::Compare(args)) => compare::compare(&args),
        Some(Command::Logits(args)) => logits::logits(&args),
        Some(Command::Eval(args)) => eval::eval(&args),
        Some(Command::Trace(args)) => trace::trace(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Info(args)) => info::info(&args),
        Some(Command::Config(args)) => config::config(&args),
        Some(Command::Devices(args)) => devices::devices(&args),
        Some(Command::RpcServer(args)) => rpc_server::serve(&args),
        Some(Command::Figures(args)) => figures::figures(&args),
        Some(Command::Bench(args)) => bench::bench(&args),
        Some(Command::MakeRandom(args)) => random::make(&args),
    }
}

/// The text that the screen starts with if none is given: the demo's own language.
const DEMO_PROMPT: &str = "In the beginning God created";

fn screen(args: &ScreenArgs) -> anyhow::Result<()> {
    require_terminal()?;
    let found = args.liked.found()?;
    let preferences = args.liked.preferences(&found, &args.shown);
    let mut model = args.model.clone();
    model.machine.threads = model.machine.threads.or(found.config.defaults.threads);
    let prompt = args.prompt.clone().unwrap_or_else(|| DEMO_PROMPT.into());
    tui::run(Start {
        opening: args.model.model.clone().unwrap_or_else(|| "the demo model".into()),
        open: opening(model.clone(), Some(args.shown.clone()), prompt.clone()),
        around: open::around(&model, prompt, None),
        preferences,
    })?;
    Ok(())
}

fn require_terminal() -> anyhow::Result<()> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        anyhow::bail!("the screen needs a terminal, found a pipe or a file: use `mexit-tui generate` there");
    }
    Ok(())
}

/// Opens a model on the engine's thread; refuses if it has not the exits that shall be shown.
fn opening(model: ModelArgs, shown: Option<ShownArgs>, prompt: String) -> Opening {
    Arc::new(move || {
        let open = || -> anyhow::Result<Reader> {
            let engine = model.engine()?;
            shown.as_ref().map_or(Ok(None), |shown| shown.pair(engine.model()))?;
            Ok(Reader::new(engine))
        };
        open().map(|reader| (reader, model.name(), prompt.clone())).map_err(|error| one_line(&error))
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    // serde_json's errors do not name the system's as their source.
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let json = || cause.downcast_ref::<serde_json::Error>()?.io_error_kind();
        cause.downcast_ref::<io::Error>().map(io::Error::kind).or_else(json)
    };
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}

/// The error and its causes, each once, without control characters: file names and headers may hold any.
fn one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.contains(&cause) {
            continue;
        }
        // A context such as the file's name, which the cause begins with.
        if cause.starts_with(&text) {
            text = cause;
            continue;
        }
        text += if text.is_empty() { "" } else { ": " };
        text += &cause;
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn negative_numbers_are_refused_by_their_options() {
        let pair = ["--contrast", "2,4"];
        for (command, option, words) in [
            ("generate", "--contrast-beta", "expected a number from 0 to 100"),
            ("generate", "--alpha", "expected a number above 0, up to 1"),
            ("generate", "--min-candidates", "expected a number from 1 on"),
            ("generate", "--temperature", "expected a number above 0"),
            ("eval", "--contrast-beta", "expected a number from 0 to 100"),
        ] {
            for number in ["-1", "-0.5"] {
                let line = [&["mexit-tui", command][..], &pair, &[option, number]].concat();
                let error = parsed(line.iter().map(Into::into)).err().expect("no such number").to_string();
                assert!(error.contains(words) && error.contains(option), "{line:?}: {error}");
            }
        }
        let list = ["mexit-tui", "eval", "--contrast", "2,4", "--contrast-beta", "-1,0.5"];
        let error = parsed(list.iter().map(Into::into)).err().expect("no such number").to_string();
        assert!(error.contains("expected a number from 0"), "{error}");
    }
}
