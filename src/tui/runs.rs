//! Runs: how many tokens, how fast, and what stops them.

use std::time::Duration;

use tui_input::Input;

use super::{
    keymap::Action,
    panel::Panel,
    state::State,
    update::{Effect, ask_to_take, stop_run, take},
};

/// Tokens a second; `None` is as fast as the model.
const SPEEDS: [Option<u32>; 6] = [Some(1), Some(2), Some(5), Some(10), Some(20), None];

/// The state of runs beside how many tokens are left of one.
#[derive(Debug)]
pub(crate) struct Runs {
    /// Index in [`SPEEDS`].
    speed: usize,
    /// Time since the start, told by the loop: the state has no clock.
    now: Duration,
    /// When the next token of a run may be taken.
    due: Duration,
    /// How many tokens were asked for last.
    count: usize,
    /// So many whole steps on end took longer than the time between two tokens.
    slow: u32,
}

/// One slow step may have met something else on the machine, or have read the prompt.
const SLOW: u32 = 2;

impl Default for Runs {
    fn default() -> Self {
        Self { speed: SPEEDS.len() - 1, now: Duration::ZERO, due: Duration::ZERO, count: 10, slow: 0 }
    }
}

impl Runs {
    /// Whether a run may take its next token.
    pub(super) fn is_due(&self) -> bool {
        self.now >= self.due
    }

    /// A run has taken a token: the next one comes a beat later.
    pub(super) fn beat(&mut self) {
        if let Some(speed) = SPEEDS[self.speed] {
            // From the beat that was due, so that late answers do not slow the run down; but nothing is caught up.
            self.due =
                self.due.max(self.now.saturating_sub(Duration::from_secs(1) / speed)) + Duration::from_secs(1) / speed;
        }
    }

    /// Whether a run reads only what decides: it is to be as fast as it can, or every exit would make it late.
    fn is_brief(&self) -> bool {
        SPEEDS[self.speed].is_none() || self.slow >= SLOW
    }

    /// A step of a run with every exit took so many ms.
    pub(super) fn took(&mut self, millis: f32) {
        let beat = SPEEDS[self.speed].map_or(0.0, |speed| 1000.0 / speed as f32);
        self.slow = if millis > beat { self.slow + 1 } else { 0 };
    }

    /// The speed in words.
    pub(crate) fn speed(&self) -> String {
        SPEEDS[self.speed].map_or("full speed".into(), |speed| format!("{speed} tokens a second"))
    }
}

impl State {
    /// Whether a run is going on that leaves the other exits for later.
    pub(crate) fn runs_briefly(&self) -> bool {
        self.run.is_some() && self.runs.is_brief()
    }

    /// Whether the exits that decide are enough at a position for now: where such a run is, and the cursor with it.
    pub(super) fn is_brief_at(&self, position: usize) -> bool {
        let follows = self.following && position == self.position;
        self.runs_briefly() && (position == self.open_slot() || follows)
    }

    /// How long the loop may wait until a run takes its next token; `None` while it waits for the engine.
    pub(crate) fn beat_in(&self) -> Option<Duration> {
        let waits = self.run.is_some() && self.take_when_known && self.ghost().is_some();
        waits.then(|| self.runs.due.saturating_sub(self.runs.now))
    }

    /// Takes note of the time, and the next token of a run if that is due.
    pub(crate) fn tick_to(&mut self, now: Duration) {
        self.runs.now = now;
        if self.run.is_some() && self.runs.is_due() {
            take(self);
        }
    }
}

/// What concerns the engine and its runs.
pub(super) fn act(state: &mut State, action: Action) -> Effect {
    match action {
        Action::Run => run(state),
        Action::RunSome => ask(state),
        Action::Slower => change_speed(state, false),
        Action::Faster => change_speed(state, true),
        _ if !stop(state) && action == Action::Stop => return Effect::Quit,
        _ => {}
    }
    Effect::None
}

/// Another speed; holds from the next token on.
fn change_speed(state: &mut State, faster: bool) {
    let runs = &mut state.runs;
    runs.speed = if faster { (runs.speed + 1).min(SPEEDS.len() - 1) } else { runs.speed.saturating_sub(1) };
    (runs.due, runs.slow) = (runs.now, 0);
    state.notice = Some(format!("runs make {}", runs.speed()));
}

/// Starts a run, or pauses the one that is going on.
fn run(state: &mut State) {
    if state.run.is_some() {
        stop_run(state, "paused: r goes on");
    } else {
        start(state, usize::MAX);
    }
}

/// Asks how many tokens to make.
fn ask(state: &mut State) {
    stop_run(state, "paused: r goes on");
    state.panel = Some(Panel::Count(Input::default()));
}

/// The label of the field: Enter alone repeats the last number.
pub(crate) fn label(state: &State) -> String {
    format!(" how many tokens? Enter: {} ", state.runs.count)
}

/// Makes as many tokens as were asked for.
pub(super) fn begin(state: &mut State, count: &str) {
    let wanted = match count.trim() {
        "" => Ok(state.runs.count),
        text => text.parse(),
    };
    match wanted {
        Ok(wanted) if wanted > 0 => {
            state.panel = None;
            state.runs.count = wanted;
            start(state, wanted);
        }
        _ => state.notice = Some(format!("{:?} is not a number of tokens: write 1 or more", count.trim())),
    }
}

fn start(state: &mut State, count: usize) {
    // A full context, a stopped engine and a text that has not been read are said as for a single token.
    let is_full = state.is_full() && !state.lanes.is_together();
    if is_full || state.stopped.is_some() || state.asking.halted.is_some() {
        ask_to_take(state);
    } else if !state.text.is_empty() {
        state.run = Some(count);
        state.take_when_known = true;
        (state.runs.due, state.runs.slow) = (state.runs.now, 0);
        take(state);
    }
}

/// Stops what goes on: a run, the reading of a long text, of a file, or a question to devices. `false` if nothing does.
pub(super) fn stop(state: &mut State) -> bool {
    if state.run.is_some() {
        stop_run(state, "stopped: r goes on");
        return true;
    }
    state.halt() || state.stop_opening() || state.stop_moving()
}

/// What follows a step: a run has one token fewer to make, and the cursor goes on if the next one is known.
pub(super) fn stepped(state: &mut State) {
    state.take_when_known = false;
    if let Some(left) = state.run {
        state.runs.beat();
        state.run = left.checked_sub(1).filter(|left| *left > 0);
        state.take_when_known = state.run.is_some();
    }
    let known = state.is_full() || state.decided(state.open_slot()).is_some();
    if known && state.following {
        state.following = false;
        state.position = state.open_slot();
    }
}
