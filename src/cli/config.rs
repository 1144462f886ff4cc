//! What the user likes: from flags, else from the configuration file.

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::Args;

use super::decoding::ShownArgs;
use crate::{
    config::{self, DEFAULT, Found},
    session::trace::Sampling,
    tui::{Colour, Preferences},
};

/// How the screen looks.
#[derive(Args)]
pub(super) struct LikedArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Draw with ASCII characters only
    #[arg(long)]
    ascii: bool,
    /// How many colours: auto, always, never, 16, 256 or true [default: auto]
    #[arg(long, value_name = "WHEN")]
    color: Option<Colour>,
}

/// Where the configuration is.
#[derive(Args)]
pub(super) struct PlaceArgs {
    /// Configuration file in place of the user's own
    #[arg(long, value_name = "FILE", env = "MEXIT_CONFIG")]
    config: Option<PathBuf>,
}

/// What to say about the configuration.
#[derive(Args)]
pub(super) struct ConfigArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Print a commented sample: what is built in
    #[arg(long)]
    print_default: bool,
}

impl PlaceArgs {
    fn found(&self) -> anyhow::Result<Found> {
        Ok(config::find(self.config.as_deref(), |name| env::var(name).ok())?)
    }
}

impl LikedArgs {
    /// The configuration in force.
    pub(super) fn found(&self) -> anyhow::Result<Found> {
        self.place.found()
    }

    /// What the screen starts with: flags win.
    pub(super) fn preferences(&self, found: &Found, shown: &ShownArgs) -> Preferences {
        let config = &found.config;
        Preferences {
            contrast: shown.contrast.or(config.defaults.contrast),
            alpha: shown.alpha.unwrap_or(config.defaults.alpha),
            min_candidates: shown.min_candidates.unwrap_or(config.defaults.min_candidates),
            sampling: Sampling::from(&config.sampling),
            ribbon: config.defaults.ribbon,
            cell_width: config.defaults.cell_width,
            mouse: config.mouse,
            units: config.units,
            theme: config.theme,
            colour: self.color.unwrap_or(config.color),
            ascii: self.ascii || config.ascii,
            keys: found.keys.clone(),
        }
    }
}

/// Prints the sample, or where the file is looked for and what is in force.
pub(super) fn config(args: &ConfigArgs) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if args.print_default {
        out.write_all(DEFAULT.as_bytes())?;
        return Ok(());
    }
    let found = args.place.found()?;
    let place = found.path.as_ref().map_or_else(|| "no home folder".into(), |path| path.display().to_string());
    let state = if found.is_there { "" } else { " (not there: all is as built in)" };
    let text = toml::to_string(&found.config).context("the configuration")?;
    writeln!(out, "# {place}{state}\n{text}")?;
    Ok(())
}
