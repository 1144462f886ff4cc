//! The policy on machines that are made up: what it costs where nothing pays, what it finds where something does.

use super::{
    LOOK, Move, Outcome, Place, Policy,
    costs::{Shares, expected_tokens},
};
use crate::decode::uniform;

/// A machine and a text: what things really take, and how often drafts are right.
struct World {
    /// Seconds of a plain step at a token.
    step: fn(usize) -> f64,
    /// Lower blocks over what their share promises.
    lower: f64,
    /// What each further row of a batch adds to the first.
    further: f64,
    /// By place and token.
    acceptance: fn(usize, usize) -> f64,
    /// Times vary by so much of themselves, evenly up and down.
    noise: f64,
}

/// GPT-2 Medium's arithmetic with two heads: exits 4, 6, 8 and 12 of 24.
fn places() -> Vec<Place> {
    let (block, head) = (12.6, 51.5);
    let plain = 24.0 * block + 2.0 * head;
    let place = |k: f64| Shares {
        draft: (k * block + head) / plain,
        last: k * block / plain,
        verify: ((24.0 - k) * block + 2.0 * head) / plain,
        head: head / plain,
    };
    [4.0, 6.0, 8.0, 12.0].map(|k| Place { shares: place(k), certain: false }).to_vec()
}

struct Played {
    /// Seconds, over those of plain steps alone.
    ratio: f64,
    /// The largest of that on the way, from the hundredth token on.
    worst: f64,
    rounds: usize,
    looks: usize,
}

fn play(world: &World, tokens: usize, seed: u64) -> Played {
    let mut drawn = 0;
    let mut number = || {
        drawn += 1;
        uniform(seed, drawn, 0)
    };
    let (places, mut policy) = (places(), Policy::new(places()));
    let (mut spent, mut plain, mut taken) = (0.0, 0.0, 0);
    let mut played = Played { ratio: 0.0, worst: 0.0, rounds: 0, looks: 0 };
    while taken < tokens {
        let step = (world.step)(taken);
        let mut noisy = |seconds: f64| seconds * (1.0 + world.noise * (2.0 * number() - 1.0));
        match policy.next(tokens - taken, taken) {
            Move::Step => {
                let seconds = noisy(step);
                policy.stepped(seconds);
                // What plain steps alone would have taken, too.
                (spent, plain, taken) = (spent + seconds, plain + seconds, taken + 1);
            }
            Move::Look { place } => {
                let growth = 1.0 + world.further * (LOOK - 1) as f64;
                let seconds = noisy(step * places[place].shares.head * growth);
                let rate = (world.acceptance)(place, taken);
                let accepted = (0..LOOK).filter(|_| number() < rate).count();
                policy.looked(place, LOOK, accepted, seconds);
                spent += seconds;
                played.looks += 1;
            }
            Move::Round { place, length } => {
                let shares = &places[place].shares;
                let draft = world.lower * (shares.draft * length as f64 + shares.last);
                let verify = shares.verify * (1.0 + world.further * length as f64);
                let (draft_seconds, verify_seconds) = (noisy(step * draft), noisy(step * verify));
                let rate = (world.acceptance)(place, taken);
                let accepted = (0..length).take_while(|_| number() < rate).count();
                let judged = length.min(accepted + 1);
                let rows = length + 1;
                let outcome = Outcome {
                    rows,
                    taken: accepted + 1,
                    drafted: length,
                    judged,
                    accepted,
                    draft_seconds,
                    verify_seconds,
                };
                policy.rounded(place, &outcome);
                spent += draft_seconds + verify_seconds;
                plain += step * outcome.taken as f64;
                taken += outcome.taken;
                played.rounds += 1;
            }
        }
        if taken >= 100 {
            played.worst = f64::max(played.worst, spent / plain);
        }
    }
    Played { ratio: spent / plain, ..played }
}

fn steady(_: usize) -> f64 {
    0.1
}

#[test]
fn where_nothing_pays_little_is_lost() {
    let never = World { step: steady, lower: 1.0, further: 0.05, acceptance: |_, _| 0.1, noise: 0.1 };
    // As many rows as single steps: no acceptance pays.
    let slow_batches = World { further: 1.0, acceptance: |_, _| 0.95, ..never };
    let dear_drafts = World { lower: 4.0, acceptance: |_, _| 0.7, ..never };
    let middling = World { acceptance: |place, _| 0.3 + 0.08 * place as f64, ..never };
    let longer = World { step: |token| 0.05 + 0.0002 * token as f64, ..never };
    let loaded = World { step: |token| if token / 50 % 2 == 0 { 0.1 } else { 0.25 }, noise: 0.3, ..never };
    for (name, world) in [
        ("never", never),
        ("slow batches", slow_batches),
        ("dear drafts", dear_drafts),
        ("middling", middling),
        ("longer", longer),
        ("loaded", loaded),
    ] {
        for seed in 0..20 {
            let played = play(&world, 900, seed);
            assert!(played.worst < 1.03, "{name}, seed {seed}: {:.3}", played.worst);
            assert!(played.ratio < 1.03, "{name}, seed {seed}: {:.3}", played.ratio);
        }
    }
}

/// The best that a fixed exit and length would give in a steady world, of drafts up to 7.
fn best_fixed(world: &World) -> f64 {
    let gain = |(place, found): (usize, &Place), length: usize| {
        let shares = &found.shares;
        let draft = world.lower * (shares.draft * length as f64 + shares.last);
        let verify = shares.verify * (1.0 + world.further * length as f64);
        expected_tokens((world.acceptance)(place, 0), length + 1) / (draft + verify)
    };
    let places = places();
    let all = places.iter().enumerate().flat_map(|place| (1..8).map(move |length| gain(place, length)));
    all.fold(0.0, f64::max)
}

#[test]
fn where_something_pays_it_is_found() {
    for (name, world) in [
        ("low exits are right", World { step: steady, lower: 1.0, further: 0.05, acceptance: |_, _| 0.85, noise: 0.1 }),
        (
            "only the highest is",
            World {
                step: steady,
                lower: 1.0,
                further: 0.08,
                acceptance: |place, _| if place == 3 { 0.97 } else { 0.2 },
                noise: 0.1,
            },
        ),
        ("cheap batches", World { step: steady, lower: 1.1, further: 0.02, acceptance: |_, _| 0.75, noise: 0.2 }),
    ] {
        let best = best_fixed(&world);
        let mut gains: Vec<f64> = (0..21).map(|seed| 1.0 / play(&world, 900, seed).ratio).collect();
        gains.sort_by(f64::total_cmp);
        println!("{name}: best fixed {best:.2}, found {:.2} to {:.2}", gains[0], gains[20]);
        // Some plain steps come first, and the right place has to be found.
        let wanted = 1.0 + 0.6 * (best - 1.0);
        assert!(best > 1.05 && gains[10] > wanted, "{name}: {:.2} of {best:.2}", gains[10]);
        assert!(gains[0] > 0.98, "{name}: {:.2}", gains[0]);
    }
}

#[test]
fn a_text_that_turns_is_noticed() {
    // Right for 400 tokens, then wrong: what was gained is not given back.
    let turns = World {
        step: steady,
        lower: 1.0,
        further: 0.05,
        acceptance: |_, token| if token < 400 { 0.9 } else { 0.05 },
        noise: 0.1,
    };
    let early = World { acceptance: |_, _| 0.9, ..turns };
    for seed in 0..20 {
        let (whole, half) = (play(&turns, 900, seed), play(&early, 400, seed));
        let kept = 900.0 * (1.0 - whole.ratio);
        let gained = 400.0 * (1.0 - half.ratio);
        // Noticing takes some twenty rounds, each of which loses about a step and a half.
        assert!(kept > gained - 30.0, "seed {seed}: {kept:.0} of {gained:.0} steps");
    }
}

#[test]
fn certain_places_are_taken_without_a_look() {
    let certain = Place { shares: Shares { draft: 0.5, last: 0.5, verify: 0.5, head: 0.1 }, certain: true };
    let mut policy = Policy::new(vec![certain]);
    let mut looked = false;
    for token in 0..200 {
        match policy.next(1000, token) {
            Move::Step => policy.stepped(0.1),
            Move::Look { .. } => looked = true,
            Move::Round { place: 0, length } => {
                assert!(token >= Policy::ENOUGH && length >= 1 && !looked);
                return;
            }
            Move::Round { .. } => unreachable!("there is one place"),
        }
    }
    panic!("no round in 200 tokens");
}
