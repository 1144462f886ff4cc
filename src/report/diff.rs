//! Two traces compared, position by position.

use serde::Serialize;

use super::{
    about::about,
    positions::{Position, positions, shown},
};
use crate::session::{
    protocol::ModelCard,
    trace::{ExitId, TokenId},
    traced::Traced,
};

/// What differs between two traces. Numbers that are none, or that cannot be compared, are null.
#[derive(Debug, Serialize)]
pub struct Diff {
    /// What the traces are of, where that differs: a name, and what each says.
    pub settings: Vec<Setting>,
    /// The first position at which the texts have different tokens, or one has none.
    pub first_divergence: Option<usize>,
    /// Exits that both models have.
    pub exits: Vec<String>,
    /// Every position that one of the texts has.
    pub rows: Vec<Row>,
}

/// A line of what a trace is of.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What the first says.
    pub a: String,
    /// What the second says.
    pub b: String,
}

/// One position.
#[derive(Debug, Serialize)]
pub struct Row {
    /// From 0.
    pub position: usize,
    /// Whether the texts are the same up to here, so that the numbers are about the same question.
    pub comparable: bool,
    /// The first text.
    pub a: Option<Side>,
    /// The second text.
    pub b: Option<Side>,
    /// By exit: ln p of the token (where it is the same), and KL(original ‖ exit), the second's minus the first's.
    pub change: Vec<Change>,
}

/// What one text has at a position.
#[derive(Debug, Serialize)]
pub struct Side {
    /// The token's id.
    pub id: u32,
    /// The token, controls visible.
    pub text: String,
    /// The exit where it was decided.
    pub decided: Option<String>,
    /// Its ln p by original.
    pub ln_p: Option<f32>,
}

/// The difference at an exit.
#[derive(Debug, Serialize)]
pub struct Change {
    /// Of ln p.
    pub ln_p: Option<f32>,
    /// Of the divergence.
    pub kl: Option<f32>,
}

impl Diff {
    /// Compares.
    #[must_use]
    pub fn of(a: &Traced, b: &Traced) -> Self {
        let settings = about(a).into_iter().zip(about(b)).filter(|(a, b)| a.1 != b.1);
        let settings = settings.map(|(a, b)| Setting { name: a.0, a: a.1, b: b.1 }).collect();
        let exits: Vec<ExitId> = a.card.exits.iter().copied().filter(|exit| b.card.exits.contains(exit)).collect();
        // Tokens are compared by their bytes: the models may number them differently.
        let bytes = |traced: &Traced| -> Vec<Box<[u8]>> {
            traced.tokens.iter().map(|token| traced.card.bytes_of(token.id).into()).collect()
        };
        let (left, right) = (bytes(a), bytes(b));
        let common = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
        let first_divergence = (common < left.len().max(right.len())).then_some(common);
        let (in_a, in_b) = (positions(a), positions(b));
        let row = |position: usize| {
            let at = |all: &'_ [Position<'_>], n: usize| (n < all.len()).then_some(n);
            let (left, right) = (at(&in_a, position).map(|n| &in_a[n]), at(&in_b, position).map(|n| &in_b[n]));
            let comparable = position <= common && left.is_some() && right.is_some();
            let same = |(x, y): (&Position<'_>, &Position<'_>)| a.card.bytes_of(x.id) == b.card.bytes_of(y.id);
            let is_same = left.zip(right).is_some_and(same);
            let change = |exit: &ExitId| {
                let numbers = |at: Option<&Position<'_>>| numbers(at?, *exit);
                let both = numbers(left).zip(numbers(right)).filter(|_| comparable);
                Change {
                    ln_p: both.filter(|_| is_same).and_then(|(a, b)| number(b.0 - a.0)),
                    kl: both.and_then(|(a, b)| number(b.1 - a.1)),
                }
            };
            Row {
                position,
                comparable,
                a: left.map(|at| side(at, &a.card)),
                b: right.map(|at| side(at, &b.card)),
                change: exits.iter().map(change).collect(),
            }
        };
        let rows = (0..in_a.len().max(in_b.len())).map(row).collect();
        Self { settings, first_divergence, exits: exits.iter().map(ToString::to_string).collect(), rows }
    }
}

fn number(x: f32) -> Option<f32> {
    x.is_finite().then_some(x)
}

/// ln p of the position's token, and the divergence from original, at an exit.
fn numbers(at: &Position<'_>, exit: ExitId) -> Option<(f32, f32)> {
    let row = at.known.as_ref()?.0.exits.iter().find(|row| row.exit == exit)?;
    Some((row.ln_p, row.kl))
}

fn side(at: &Position<'_>, card: &ModelCard) -> Side {
    let TokenId(id) = at.id;
    let decided = at.known.as_ref().map(|(_, reading)| reading.decided.to_string());
    let ln_p = numbers(at, ExitId::Original).and_then(|(ln_p, _)| number(ln_p));
    Side { id, text: shown(card, at.id), decided, ln_p }
}
