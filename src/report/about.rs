//! What a trace is of, in lines of a name and a sentence.

use crate::session::{
    trace::{Custom, Decoding, Distance, Dola, LogRatio, Method, Pair, Sampling},
    traced::Traced,
};

/// The lines.
pub(super) fn about(traced: &Traced) -> Vec<(&'static str, String)> {
    let card = &traced.card;
    let exits: Vec<String> = card.exits.iter().map(ToString::to_string).collect();
    let made = traced.tokens.len().saturating_sub(traced.prompt);
    let lens = if card.lens { ", read with the model's own head (logit lens)" } else { "" };
    vec![
        ("model", card.name.clone()),
        ("fingerprint", card.fingerprint.clone()),
        ("exits", format!("{} of {} blocks{lens}", exits.join(" "), card.blocks)),
        ("vocabulary", format!("{} tokens", card.vocabulary)),
        ("decoding", decoding(&traced.decoding)),
        ("sampling", sampling(&traced.decoding.sampling)),
        ("text", format!("{} tokens of the prompt, {made} after it", traced.prompt)),
        ("units", "entropies, divergences and logarithms in nats".to_owned()),
        ("program", concat!("mexit-tui ", env!("CARGO_PKG_VERSION")).to_owned()),
    ]
}

/// A decoding in words.
pub(super) fn decoding(decoding: &Decoding) -> String {
    let contrast = |pair: &Pair| {
        let Pair { expert, amateur, alpha, min_candidates } = pair;
        let least = if *min_candidates > 1 { format!(", {min_candidates} candidates at least") } else { String::new() };
        format!("{expert} ▸ {amateur}, α {alpha}{least}")
    };
    match &decoding.method {
        Method::Exit(exit) => format!("exit {exit} alone"),
        Method::Contrast(pair) => format!("contrast {}", contrast(pair)),
        Method::LogRatio(LogRatio { pair, beta }) => format!("plain contrast {}, β {beta}", contrast(pair)),
        Method::Dola(Dola { candidates, alpha, distance }) => {
            let exits: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            let by = match distance {
                Distance::JensenShannon => "Jensen-Shannon divergence",
                Distance::Published => "the published code's divergence",
            };
            format!("DoLa original ▸ one of {} by {by}, α {alpha}", exits.join(" "))
        }
        Method::Expression(Custom { pair: Pair { expert, amateur, alpha, .. }, expression }) => {
            format!("expression {expert} ▸ {amateur}, α {alpha}: {}", expression.text())
        }
    }
}

/// A decoding with its sampling in words.
pub(super) fn decoding_and_sampling(it: &Decoding) -> String {
    format!("{}, {}", decoding(it), sampling(&it.sampling))
}

fn sampling(sampling: &Sampling) -> String {
    let mut says = if sampling.random { format!("drawn, seed {}", sampling.seed) } else { "greedy".to_owned() };
    let mut put = |name: &str, value: f32, without: f32| {
        if value != without {
            says += &format!(", {name} {value}");
        }
    };
    if sampling.random {
        put("temperature", sampling.temperature, 1.0);
        put("top-k", sampling.top_k as f32, 0.0);
        put("top-p", sampling.top_p, 1.0);
        put("min-p", sampling.min_p, 0.0);
    }
    put("repetition penalty", sampling.repetition_penalty, 1.0);
    says
}
