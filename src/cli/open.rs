//! `open`, and what the screen needs of the program around it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use mexit_models::Plan;

use super::{
    config::LikedArgs,
    decoding::ShownArgs,
    model::{KvType, MachineArgs, ModelArgs},
    one_line, opening, require_terminal,
};
use crate::{
    report::json,
    session::{saved::Saved, worker::Opening},
    tui::{self, Around, Machine, Start},
};

/// Which session, and with which model.
#[derive(Args)]
pub(super) struct OpenArgs {
    /// A session saved with Ctrl-S, or a trace made by `mexit-tui trace`
    file: PathBuf,
    /// The model to go on with: a GGUF file, or hf:REPO[@REVISION]; the one that the session was made with if none is given
    #[arg(long, short, value_name = "FILE")]
    model: Option<String>,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    liked: LikedArgs,
}

/// Opens.
pub(super) fn open(args: &OpenArgs) -> anyhow::Result<()> {
    let saved = Saved::read(&args.file)?;
    require_terminal()?;
    let place = args.model.clone().or_else(|| saved.place.clone());
    let model = ModelArgs { model: place, machine: args.machine.clone() };
    let pair = saved.settings.pair;
    let shown = ShownArgs {
        contrast: Some((pair.expert, pair.amateur)),
        alpha: Some(pair.alpha),
        min_candidates: Some(pair.min_candidates),
    };
    let preferences = args.liked.preferences(&args.liked.found()?, &shown);
    tui::run(Start {
        opening: model.model.clone().unwrap_or_else(|| "the demo model".into()),
        open: opening(model.clone(), None, String::new()),
        preferences,
        around: around(&model, String::new(), Some((saved, args.file.clone()))),
    })?;
    Ok(())
}

/// What the screen needs of the program around it; a model that is opened anew begins with `prompt`, if there is no text.
pub(super) fn around(model: &ModelArgs, prompt: String, session: Option<(Saved, PathBuf)>) -> Around {
    Around {
        machine: Arc::new(Flags { machine: model.machine.clone(), prompt }),
        place: model.model.as_deref().map(place),
        json: Box::new(|trace, card| serde_json::to_string(&json::step(trace, card)).unwrap_or_default()),
        folder: folder(),
        session,
    }
}

/// Opens models by the command line's flags.
struct Flags {
    machine: MachineArgs,
    prompt: String,
}

impl Flags {
    fn model(&self, place: Option<&str>) -> ModelArgs {
        ModelArgs { model: place.map(ToOwned::to_owned), machine: self.machine.clone() }
    }

    fn there(&self, place: Option<&str>, words: &str) -> anyhow::Result<Self> {
        let there = Self { machine: self.machine.moved(words)?, prompt: self.prompt.clone() };
        // What has no room there is refused while the model still is where it was.
        Plan::read(&there.model(place).bytes()?, &there.machine.placement()?)?;
        there.machine.is_there()?;
        Ok(there)
    }
}

impl Machine for Flags {
    fn flags(&self) -> Vec<String> {
        words(&self.machine)
    }

    fn opening(&self, place: Option<&str>) -> Opening {
        opening(self.model(place), None, self.prompt.clone())
    }

    fn moved(&self, place: Option<&str>, words: &str) -> Result<Arc<dyn Machine>, String> {
        let there = self.there(place, words).map_err(|error| one_line(&error))?;
        Ok(Arc::new(there))
    }
}

/// A file's name that means the same from every folder.
pub(super) fn place(name: &str) -> String {
    std::fs::canonicalize(name)
        .ok()
        .and_then(|path| path.to_str().map(ToOwned::to_owned))
        .unwrap_or_else(|| name.into())
}

/// The platform's folder for what programs leave behind.
fn folder() -> Option<PathBuf> {
    let platform = choose_native_strategy().ok()?;
    Some(platform.state_dir().unwrap_or_else(|| platform.data_dir()).join("mexit-tui"))
        .filter(|f: &PathBuf| Path::is_absolute(f))
}

/// The flags of a machine that change what is computed.
fn words(machine: &MachineArgs) -> Vec<String> {
    let mut words = Vec::new();
    let mut put = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(ctx) = machine.ctx {
        put("--ctx", ctx.to_string());
    }
    if machine.kv_type == KvType::F16 {
        put("--kv-type", "f16".into());
    }
    words.extend(machine.place.words());
    words
}
