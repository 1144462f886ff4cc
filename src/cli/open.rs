//! `open`, and what the screen needs of the program around it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
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
    session::saved::Saved,
    tui::{self, Around, Start},
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
        around: around(&model, Some((saved, args.file.clone()))),
    })?;
    Ok(())
}

/// What the screen needs of the program around it.
pub(super) fn around(model: &ModelArgs, session: Option<(Saved, PathBuf)>) -> Around {
    let machine = Arc::new(Mutex::new(model.machine.clone()));
    let present = Arc::clone(&machine);
    let opener = move |place: Option<&str>| {
        let machine = present.lock().unwrap_or_else(PoisonError::into_inner).clone();
        opening(ModelArgs { model: place.map(ToOwned::to_owned), machine }, None, String::new())
    };
    let mover = move |place: Option<&str>, asked: &str| {
        let mut machine = machine.lock().unwrap_or_else(PoisonError::into_inner);
        let there = || -> anyhow::Result<MachineArgs> {
            let there = ModelArgs { model: place.map(ToOwned::to_owned), machine: machine.moved(asked)? };
            // What has no room there is refused while the model still is where it was.
            Plan::read(&there.bytes()?, &there.machine.placement()?)?;
            Ok(there.machine)
        };
        *machine = there().map_err(|error| one_line(&error))?;
        Ok(words(&machine))
    };
    Around {
        opener: Arc::new(opener),
        mover: Box::new(mover),
        machine: words(&model.machine),
        place: model.model.as_deref().map(place),
        json: Box::new(|trace, card| serde_json::to_string(&json::step(trace, card)).unwrap_or_default()),
        folder: folder(),
        session,
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
