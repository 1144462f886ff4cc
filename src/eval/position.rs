//! One position: every distribution against the text's token and against original.

use mexit_models::{ExitId, TokenId};

use super::{
    early_exit,
    settings::{Readout, Settings},
    sum::Sum,
    tally::{BINS, Tally},
};
use crate::{
    decode::{Contrast, Distribution, contrast},
    session::{
        reading::decided,
        scoring::scoring,
        trace::{Method, Pair},
    },
};

/// What one readout says of a position.
#[derive(Clone, Copy, Debug)]
struct Said {
    /// ln p of the text's token.
    ln_p: f32,
    /// Its top token, with ln p.
    top: u32,
    ln_top: f32,
    /// KL(original ‖ it) and the Jensen-Shannon divergence.
    kl: f64,
    js: f64,
}

/// How one readout did on a token of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) correct: bool,
    pub(super) nats: Sum,
}

/// The distributions of a position: exits, and lenses, in the settings' order.
pub(super) struct Position<'l> {
    pub(super) exits: Vec<(ExitId, Distribution<'l>)>,
    pub(super) lenses: Vec<(ExitId, Distribution<'l>)>,
}

impl<'l> Position<'l> {
    fn exit(&self, exit: ExitId) -> Option<&Distribution<'l>> {
        Some(&self.exits.iter().find(|(id, _)| *id == exit)?.1)
    }

    /// Counts everything about a position whose text goes on with `target`.
    pub(super) fn count(&self, settings: &Settings, target: TokenId, tally: &mut Tally) -> Vec<Hit> {
        let Some(original) = self.exit(ExitId::Original) else { return Vec::new() };
        let mut lenses = self.lenses.iter();
        let mut said = Vec::with_capacity(settings.readouts.len());
        for readout in &settings.readouts {
            let one = match readout {
                Readout::Exit(ExitId::Original) => Some(Said::of(original, None, target)),
                Readout::Exit(exit) => self.exit(*exit).map(|d| Said::of(d, Some(original), target)),
                Readout::Lens(_) => lenses.next().map(|(_, d)| Said::of(d, Some(original), target)),
                Readout::Contrast(pair) => self.contrasted(*pair, &said, original, target),
                Readout::Scored(method) => self.scored(method, original, target),
            };
            said.extend(one);
        }
        let best = original.best().id;
        let mut hits = Vec::with_capacity(said.len());
        for (said, tally) in said.iter().zip(&mut tally.readouts) {
            let correct = said.top == target.0;
            let nats = Sum::of(-f64::from(said.ln_p));
            hits.push(Hit { correct, nats });
            tally.nats += nats;
            tally.correct += u64::from(correct);
            tally.original.count(said.top == best, said.kl, said.js);
            let confidence = f64::from(said.ln_top).exp().min(1.0);
            let bin = &mut tally.bins[bin_of(confidence)];
            bin.count += 1;
            bin.correct += u64::from(correct);
            bin.confidence += Sum::of(confidence);
        }
        self.count_exits(&said, tally);
        early_exit::count(settings, &self.exits, target, &mut tally.policies);
        for ((exit, lens), compared) in self.lenses.iter().zip(&mut tally.lenses) {
            if let Some(head) = self.exit(*exit) {
                let same = head.best().id == lens.best().id;
                compared.count(same, f64::from(head.kl(lens)), f64::from(head.js(lens)));
            }
        }
        tally.tokens += 1;
        hits
    }

    /// Decision layer, and which exits have the same top token. Exits come first among the readouts.
    fn count_exits(&self, said: &[Said], tally: &mut Tally) {
        let tops: Vec<(ExitId, Option<TokenId>)> =
            self.exits.iter().zip(said).map(|((exit, _), said)| (*exit, Some(TokenId(said.top)))).collect();
        if let Some(place) = decided(&tops) {
            tally.decided[place] += 1;
        }
        for (row, (_, a)) in tally.same_top.iter_mut().zip(&tops) {
            row.iter_mut().zip(&tops).for_each(|(cell, (_, b))| *cell += u64::from(a == b));
        }
    }

    /// What has a score shares the expert's mass of it; where nothing has one the expert decides alone.
    fn scored(&self, method: &Method, original: &Distribution<'_>, target: TokenId) -> Option<Said> {
        let expert = self.exit(method.exits().first().copied()?)?;
        let Some(scoring) = scoring(method, &|exit| self.exit(exit)) else {
            return Some(Said::of(expert, Some(original), target));
        };
        let row = scoring.scores.shared(expert);
        let top = scoring.scores.best().id;
        let said = Said::of(&Distribution::new(&row), Some(original), target);
        Some(Said { ln_p: row[target.index()], top, ln_top: row[top as usize], ..said })
    }

    /// What was said of the exits comes first in `said`.
    fn contrasted(&self, pair: Pair, said: &[Said], original: &Distribution<'_>, target: TokenId) -> Option<Said> {
        let place = self.exits.iter().position(|(exit, _)| *exit == pair.expert)?;
        let (expert, amateur) = (&self.exits[place].1, self.exit(pair.amateur)?);
        let contrast = contrast(expert, amateur, pair.alpha, pair.min_candidates);
        let top = contrast.best()?;
        let changed = contrast.plausible().find(|token| token.id == target.0).map(|token| token.result);
        let (kl, js) = divergences(&contrast, (said.get(place)?.kl, said.get(place)?.js), original);
        Some(Said { ln_p: changed.unwrap_or_else(|| expert.ln_p(target.0)), top: top.id, ln_top: top.ln_p, kl, js })
    }
}

impl Said {
    /// Of a distribution, which diverges from itself in nothing.
    fn of(own: &Distribution<'_>, original: Option<&Distribution<'_>>, target: TokenId) -> Self {
        let best = own.best();
        let [kl, js] = original.map_or([0.0, 0.0], |original| [original.kl(own), original.js(own)]).map(f64::from);
        Self { ln_p: own.ln_p(target.0), top: best.id, ln_top: best.ln_p, kl, js }
    }
}

/// KL(original ‖ contrast) and their Jensen-Shannon divergence: the expert's, plus what differs within V, since every
/// other token keeps the expert's probability.
fn divergences(contrast: &Contrast, (mut kl, mut js): (f64, f64), original: &Distribution<'_>) -> (f64, f64) {
    for token in contrast.plausible() {
        let [o, e, c] = [original.ln_p(token.id), token.expert, token.result].map(f64::from);
        if o.exp() > 0.0 {
            kl += o.exp() * (e - c);
        }
        js += js_term(o, c) - js_term(o, e);
    }
    (kl.max(0.0), js.max(0.0))
}

/// ½ p ln(p/m) + ½ q ln(q/m), m = (p+q)/2, of ln p and ln q.
fn js_term(ln_p: f64, ln_q: f64) -> f64 {
    let (p, q) = (ln_p.exp(), ln_q.exp());
    let ln_mean = f64::midpoint(p, q).ln();
    let half = |p: f64, ln_p: f64| if p > 0.0 { p * (ln_p - ln_mean) / 2.0 } else { 0.0 };
    half(p, ln_p) + half(q, ln_q)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 15")]
fn bin_of(confidence: f64) -> usize {
    ((confidence * BINS as f64) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::{Distribution, bin_of, contrast, divergences, js_term};

    #[test]
    fn bins_are_closed_below() {
        assert_eq!([0.0, 0.066, 0.067, 0.5, 0.999, 1.0].map(bin_of), [0, 0, 1, 7, 14, 14]);
    }

    #[test]
    fn divergences_of_a_contrast_are_those_of_its_whole_row() {
        let row = |step: usize, spread: f32| -> Vec<f32> {
            (0..500).map(|i| ((i * step % 499) as f32 / 499.0 - 0.5) * spread).collect()
        };
        let (o, e, a) = (row(37, 14.0), row(41, 12.0), row(53, 9.0));
        let [original, expert, amateur] = [&o, &e, &a].map(|row| Distribution::new(row));
        for (alpha, min) in [(0.1, 1), (0.001, 1), (1.0, 7)] {
            let found = contrast(&expert, &amateur, alpha, min);
            let whole = found.row(&expert);
            let terms = original.ln_row().into_iter().zip(&whole).map(|(o, c)| (f64::from(o), f64::from(*c)));
            let (kl, js) = terms.fold((0.0, 0.0), |(kl, js), (o, c)| (kl + o.exp() * (o - c), js + js_term(o, c)));
            let got = divergences(&found, (original.kl(&expert).into(), original.js(&expert).into()), &original);
            // 500 probabilities, each off by a few 1e-7 of itself, times logarithms of up to 14.
            assert!((got.0 - kl).abs() < 1e-5 && (got.1 - js).abs() < 1e-5, "α {alpha}: {got:?}, {kl} {js}");
        }
    }
}
