//! `pull`, and `--model hf:REPO`.

use std::{io::Write, path::PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mexit_models::DType;

use super::convert::WeightType;
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
    /// Type of the matrices
    #[arg(long = "type", value_enum, default_value_t = WeightType::F16)]
    dtype: WeightType,
    /// Ask no network: take what is in the cache
    #[arg(long)]
    offline: bool,
}

/// Downloads and converts, and says where the file is.
pub(super) fn pull(args: &PullArgs) -> anyhow::Result<()> {
    let repo = args.repo.strip_prefix(PREFIX).unwrap_or(&args.repo);
    let source = Source::new(repo, Some(&args.revision))?;
    let path = fetch(&Hub::from_env(args.offline)?, &source, args.dtype.dtype(), Freshness::Latest)?;
    writeln!(std::io::stdout().lock(), "{}", path.display())?;
    Ok(())
}

/// The source that a model's name means, if it is one of the hub.
pub(super) fn source(model: &str) -> Option<Result<Source, crate::hub::HubError>> {
    model.strip_prefix(PREFIX).map(Source::parse)
}

/// The file of a model of the hub. What is in the cache is used without asking.
pub(super) fn cached(source: &Source) -> anyhow::Result<PathBuf> {
    fetch(&Hub::from_env(false)?, source, DType::F16, Freshness::Remembered)
}

/// Fetches under a bar with size and time left, which is drawn only on a terminal.
fn fetch(hub: &Hub, source: &Source, dtype: DType, freshness: Freshness) -> anyhow::Result<PathBuf> {
    let bar = ProgressBar::no_length();
    let style = |template| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let mut converts = false;
    bar.set_style(style("{msg} {bar:30} {bytes} of {total_bytes}, {eta} left"));
    let path = hub.fetch(source, dtype, freshness, &mut |step| {
        let (done, total) = match step {
            Step::Download { file, done, total } => {
                bar.set_message(file.to_owned());
                (done, total)
            }
            Step::Convert { done, total } => {
                if !converts {
                    converts = true;
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
