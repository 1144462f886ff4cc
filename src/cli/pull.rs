//! `pull`, and `--model hf:REPO`.

use std::{io::Write, path::PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mexit_models::{DType, WeightTypes};

use super::{signals::Signals, weights::TypeArgs};
use crate::hub::{DEFAULT_REPO, Freshness, Hub, Source, Step};

/// What marks a model of the hub.
const PREFIX: &str = "hf:";

/// What to pull.
#[derive(Args)]
pub(super) struct PullArgs {
    /// The repository: OWNER/NAME
    #[arg(default_value = DEFAULT_REPO)]
    repo: String,
    /// A branch, tag or commit
    #[arg(long, value_name = "R", default_value = "main")]
    revision: String,
    #[command(flatten)]
    types: TypeArgs,
    /// Ask no network: take what is in the cache
    #[arg(long)]
    offline: bool,
}

/// Downloads and converts, and says where the file is.
pub(super) fn pull(args: &PullArgs) -> anyhow::Result<()> {
    let repo = args.repo.strip_prefix(PREFIX).unwrap_or(&args.repo);
    let source = Source::new(repo, Some(&args.revision))?;
    let hub = Hub::from_env(args.offline)?;
    let mut signals: Option<Signals> = None;
    // What was downloaded is of use to the next run, so that a signal may end that at once; half a model is of none.
    let mut converts = || signals = Signals::setting(hub.stop()).ok();
    let path = fetch(&hub, &source, args.types.types(), Freshness::Latest, &mut converts);
    let path = match signals {
        Some(signals) => signals.end(path)?,
        None => path?,
    };
    writeln!(std::io::stdout().lock(), "{}", path.display())?;
    Ok(())
}

/// The source that a model's name means, if it is one of the hub.
pub(super) fn source(model: &str) -> Option<Result<Source, crate::hub::HubError>> {
    model.strip_prefix(PREFIX).map(Source::parse)
}

/// The file of a model of the hub. What is in the cache is used without asking.
pub(super) fn cached(source: &Source) -> anyhow::Result<PathBuf> {
    fetch(&Hub::from_env(false)?, source, DType::F16.into(), Freshness::Remembered, &mut || ())
}

/// Fetches under a bar with size and time left, which is drawn only on a terminal. `converting` is called when the download
/// is over and there is something to convert.
fn fetch(
    hub: &Hub,
    source: &Source,
    types: WeightTypes,
    freshness: Freshness,
    converting: &mut dyn FnMut(),
) -> anyhow::Result<PathBuf> {
    let bar = ProgressBar::no_length();
    let style = |template| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let mut converts = false;
    bar.set_style(style("{msg} {bar:30} {bytes} of {total_bytes}, {eta} left"));
    let path = hub.fetch(source, types, freshness, &mut |step| {
        let (done, total) = match step {
            Step::Download { file, done, total } => {
                bar.set_message(file.to_owned());
                (done, total)
            }
            Step::Convert { done, total } => {
                if !converts {
                    converts = true;
                    converting();
                    bar.set_style(style("converting {bar:30} {human_pos} of {human_len} numbers, {eta} left"));
                    bar.reset_eta();
                }
                (done, total)
            }
        };
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    Ok(path?)
}
