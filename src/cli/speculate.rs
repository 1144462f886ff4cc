//! `--speculate` and `--stats` of `generate`.

use anyhow::{Context, bail};
use clap::Args;
use mexit_models::Model;

use crate::session::speculate::{LONGEST, Speculation, Speculator, require_exit};

/// How far to run ahead, and whether to tell.
#[derive(Args)]
pub(super) struct SpeculateArgs {
    /// Draft tokens with an early exit and verify several in one pass: auto, off, on, EXIT or EXIT:LENGTH (such as 6:4)
    ///
    /// The same tokens are taken, only sooner. auto measures, and does it where it pays; a decoding that reads the last block
    /// also needs f32 weights and an f32 cache, with which a pass over several tokens differs from single steps by
    /// rounding in the sixth digit. on, or an exit to draft at, does it always: with other types a pass rounds
    /// otherwise than a step, and two tokens that are nearly as probable may change places. A decoding that reads no
    /// exit above block k takes the very tokens of plain steps with all types. Never with --json, which needs every exit
    #[arg(long, value_name = "HOW", default_value = "auto", value_parser = speculation)]
    speculate: Speculation,
    /// At the end, tell on stderr how fast it went, and what speculation did
    #[arg(long, conflicts_with = "json")]
    stats: bool,
}

impl SpeculateArgs {
    /// What speculates, checked against the model.
    pub(super) fn speculator(&self, model: &Model, json: bool) -> anyhow::Result<Speculator> {
        if let Speculation::On { exit, .. } = self.speculate {
            if json {
                bail!("--speculate with --json: expected auto or off, for every exit is evaluated at each token");
            }
            exit.map_or(Ok(()), |exit| require_exit(model, exit)).context("--speculate")?;
        }
        Ok(Speculator::new(self.speculate))
    }

    /// Whether figures were asked for.
    pub(super) fn stats(&self) -> bool {
        self.stats
    }

    /// Tells what was done, if that was asked for.
    pub(super) fn tell(&self, speculator: &Speculator) {
        if self.stats {
            eprintln!("{}", speculator.stats());
        }
    }
}

fn speculation(text: &str) -> Result<Speculation, String> {
    let expected = || format!("expected auto, off, on, EXIT or EXIT:LENGTH with a length from 1 to {LONGEST}");
    match text {
        "auto" => return Ok(Speculation::Auto),
        "off" => return Ok(Speculation::Off),
        "on" => return Ok(Speculation::On { exit: None, length: None }),
        _ => {}
    }
    let (exit, length) = match text.split_once(':') {
        Some((exit, length)) => (exit, Some(length)),
        None => (text, None),
    };
    let exit = exit.parse().map_err(|_| expected())?;
    let length = length.map(|n| n.parse().ok().filter(|n| (1..=LONGEST).contains(n)).ok_or_else(expected));
    Ok(Speculation::On { exit: Some(exit), length: length.transpose()? })
}
