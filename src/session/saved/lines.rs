//! The lines of a session's file but for traces, and back.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};

use super::{
    LONGEST_TITLE, Lane, Lanes, Node, Saved, Settings,
    bounds::{Bad, Bounds, Checked, PairParts, bad, clipped, decoding, require},
    exact::Exact,
    method_lines::{CustomLine, DolaLine, LogRatioLine},
    trace_lines::TraceLine,
};
use crate::{
    decode::Sampling,
    session::{
        lanes::MOST as MOST_LANES,
        protocol::ModelCard,
        trace::{Decoding, ExitId, Method, Pair, TokenId},
    },
};

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    Mexit(HeadLine),
    Model(ModelLine),
    Token(TokenLine),
    Settings(SettingsLine),
    Node(NodeLine),
    /// About the token of the node before it.
    Trace(Box<TraceLine>),
    /// About the open slot after the node before it.
    Slot(Box<TraceLine>),
    End(EndLine),
}

/// The first line. Later versions may have more in it.
#[derive(Serialize, Deserialize)]
pub(super) struct HeadLine {
    pub(super) session: u32,
    pub(super) program: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelLine {
    place: Option<String>,
    name: String,
    fingerprint: String,
    exits: Vec<String>,
    blocks: u32,
    context: usize,
    vocabulary: usize,
    lens: bool,
    end_of_text: Option<u32>,
    work: [f64; 2],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenLine {
    id: u32,
    base64: String,
    #[serde(default, skip_serializing_if = "is_false")]
    special: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsLine {
    decoding: DecodingLine,
    pair: PairLine,
    pins: Vec<u32>,
    view: String,
    position: usize,
    row: usize,
    what_if: (usize, usize),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeLine {
    token: u32,
    parent: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taken_by: Option<DecodingLine>,
    #[serde(default, skip_serializing_if = "is_false")]
    forced: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

/// The last line: how many nodes there are, and where the present text ends.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    pub(super) nodes: usize,
    pub(super) text: usize,
    /// The place of the present text among the lanes, and the others.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) lane: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lanes: Vec<LaneLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LaneLine {
    text: usize,
    decoding: DecodingLine,
    pair: PairLine,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecodingLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contrast: Option<PairLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_ratio: Option<LogRatioLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dola: Option<DolaLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expression: Option<CustomLine>,
    random: bool,
    temperature: Exact,
    top_k: usize,
    top_p: Exact,
    min_p: Exact,
    repetition_penalty: Exact,
    seed: u64,
    draw: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PairLine {
    expert: String,
    amateur: String,
    alpha: Exact,
    min_candidates: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Most blocks, context and vocabulary that a model is believed to have: memory is made from these.
const MOST: (u32, usize, usize) = (10_000, 1 << 24, 1 << 21);
/// Longest token, in bytes.
const LONGEST_TOKEN: usize = 4096;

impl ModelLine {
    pub(super) fn of(place: Option<&str>, card: &ModelCard) -> Self {
        Self {
            place: place.map(ToOwned::to_owned),
            name: card.name.clone(),
            fingerprint: card.fingerprint.clone(),
            exits: card.exits.iter().map(ExitId::to_string).collect(),
            blocks: card.blocks,
            context: card.context,
            vocabulary: card.vocabulary,
            lens: card.lens,
            end_of_text: card.end_of_text.map(|id| id.0),
            work: [card.block_work, card.head_work],
        }
    }

    /// The place, and the model without its tokens.
    pub(super) fn check(self) -> Checked<(Option<String>, ModelCard, Bounds)> {
        let (blocks, context, vocabulary) = MOST;
        require(self.blocks <= blocks, "blocks", format_args!("{blocks} at most"), self.blocks)?;
        require((1..=context).contains(&self.context), "context", format_args!("1 to {context}"), self.context)?;
        let fits = (1..=vocabulary).contains(&self.vocabulary);
        require(fits, "vocabulary", format_args!("1 to {vocabulary}"), self.vocabulary)?;
        let counts = |work: &f64| work.is_finite() && *work >= 0.0;
        require(self.work.iter().all(counts), "work", "two counts", format_args!("{:?}", self.work))?;
        let plain = |text: &str| text.len() <= 4096 && !text.chars().any(char::is_control);
        for text in [&self.name, &self.fingerprint].into_iter().chain(&self.place) {
            require(plain(text), "the model's name, place and fingerprint", "plain texts", clipped(text))?;
        }
        let parse = |name: &String| match name.parse::<ExitId>() {
            Ok(ExitId::Block(k)) if k > self.blocks => bad("an exit", format_args!("{} at most", self.blocks), k),
            Ok(exit) => Ok(exit),
            Err(_) => bad("an exit", "original, or a number", clipped(name)),
        };
        let exits: Vec<ExitId> = self.exits.iter().map(parse).collect::<Checked<_>>()?;
        let descend = exits.first() == Some(&ExitId::Original) && exits.is_sorted_by(|a, b| a > b);
        require(descend, "exits", "original first, then downwards", clipped(&self.exits.join(", ")))?;
        let bounds = Bounds { exits: exits.clone(), vocabulary: self.vocabulary };
        let end_of_text = self.end_of_text.map(|id| bounds.token(id, "the end of text")).transpose()?;
        let recorded = format!("{}: this session's record of it; the model itself is not open", self.name);
        let card = ModelCard {
            name: self.name,
            exits,
            blocks: self.blocks,
            context: self.context,
            vocabulary: self.vocabulary,
            lens: self.lens,
            end_of_text,
            bytes: vec![Box::default(); self.vocabulary],
            special: Vec::new(),
            about: vec![("model".into(), recorded)],
            block_work: self.work[0],
            head_work: self.work[1],
            fingerprint: self.fingerprint,
        };
        Ok((self.place, card, bounds))
    }
}

impl TokenLine {
    pub(super) fn of(id: TokenId, card: &ModelCard) -> Self {
        Self { id: id.0, base64: BASE64.encode(card.bytes_of(id)), special: card.is_special(id) }
    }

    pub(super) fn check(self, card: &mut ModelCard, bounds: &Bounds) -> Checked<()> {
        match BASE64.decode(&self.base64) {
            Ok(bytes) => put_token(self.id, bytes, self.special, card, bounds),
            _ => bad("a token's bytes", "base64", clipped(&self.base64)),
        }
    }
}

/// Puts a token's bytes into the card.
pub(super) fn put_token(id: u32, bytes: Vec<u8>, special: bool, card: &mut ModelCard, bounds: &Bounds) -> Checked<()> {
    let id = bounds.token(id, "a token")?;
    require(bytes.len() <= LONGEST_TOKEN, "a token's bytes", format_args!("{LONGEST_TOKEN} at most"), bytes.len())?;
    card.bytes[id.index()] = bytes.into();
    if special && !card.is_special(id) {
        card.special.push(id);
    }
    Ok(())
}

impl SettingsLine {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            decoding: DecodingLine::of(&settings.decoding),
            pair: PairLine::of(&settings.pair),
            pins: settings.pins.iter().map(|id| id.0).collect(),
            view: settings.view.clone(),
            position: settings.position,
            row: settings.row,
            what_if: settings.what_if,
        }
    }

    pub(super) fn check(self, bounds: &Bounds) -> Checked<Settings> {
        let (expert, amateur) = self.what_if;
        let rows = expert.max(amateur) < bounds.exits.len();
        require(rows, "rows of What-if", "those of exits", expert.max(amateur))?;
        require(self.row < bounds.exits.len(), "the row", "one of an exit", self.row)?;
        require(self.view.len() < 40, "the view", "a name", clipped(&self.view))?;
        Ok(Settings {
            decoding: self.decoding.check(bounds)?,
            pair: self.pair.check(bounds)?,
            pins: bounds.tokens(&self.pins, "a pin")?,
            view: self.view,
            position: self.position,
            row: self.row,
            what_if: self.what_if,
        })
    }
}

impl EndLine {
    pub(super) fn of(saved: &Saved) -> Self {
        let lane = |lane: &Lane| LaneLine {
            text: lane.end,
            decoding: DecodingLine::of(&lane.decoding),
            pair: PairLine::of(&lane.pair),
        };
        let lanes = &saved.lanes;
        Self {
            nodes: saved.nodes.len(),
            text: saved.end,
            lane: lanes.present,
            lanes: lanes.others.iter().map(lane).collect(),
        }
    }

    /// The lanes, whose texts end at one of the nodes.
    pub(super) fn check(self, bounds: &Bounds) -> Checked<Lanes> {
        let most = MOST_LANES - 1;
        require(self.lanes.len() <= most, "lanes", format_args!("{most} beside the text at most"), self.lanes.len())?;
        require(self.lane <= self.lanes.len(), "the text's lane", "one of them", self.lane)?;
        let lane = |lane: LaneLine| {
            require(lane.text < self.nodes, "a lane's end", "a node", lane.text)?;
            Ok(Lane { end: lane.text, decoding: lane.decoding.check(bounds)?, pair: lane.pair.check(bounds)? })
        };
        Ok(Lanes { present: self.lane, others: self.lanes.into_iter().map(lane).collect::<Checked<_>>()? })
    }
}

impl NodeLine {
    pub(super) fn of(node: &Node) -> Self {
        Self {
            token: node.token.0,
            parent: node.parent,
            last: node.last,
            taken_by: node.taken_by.as_ref().map(DecodingLine::of),
            forced: node.forced,
            title: node.title.clone(),
        }
    }

    /// The node, which is the `index`-th; what it says of others is checked when they are there.
    pub(super) fn check(self, index: usize, bounds: &Bounds) -> Checked<Node> {
        let before = self.parent.is_none_or(|parent| parent < index);
        require(before, "a node's parent", "one before it", self.parent.unwrap_or_default())?;
        require(self.last.is_none_or(|last| last > index), "a node's child", "one after it", index)?;
        let plain = |title: &String| title.chars().count() <= LONGEST_TITLE && !title.chars().any(char::is_control);
        require(self.title.as_ref().is_none_or(plain), "a title", "a short text", "another")?;
        Ok(Node {
            token: bounds.token(self.token, "a node's token")?,
            parent: self.parent,
            last: self.last,
            taken_by: self.taken_by.map(|decoding| decoding.check(bounds)).transpose()?,
            forced: self.forced,
            title: self.title,
            trace: None,
            slot: None,
        })
    }
}

impl DecodingLine {
    pub(super) fn of(decoding: &Decoding) -> Self {
        let sampling = &decoding.sampling;
        let none = Self {
            exit: None,
            contrast: None,
            log_ratio: None,
            dola: None,
            expression: None,
            random: sampling.random,
            temperature: Exact(sampling.temperature),
            top_k: sampling.top_k,
            top_p: Exact(sampling.top_p),
            min_p: Exact(sampling.min_p),
            repetition_penalty: Exact(sampling.repetition_penalty),
            seed: sampling.seed,
            draw: sampling.draw,
        };
        match &decoding.method {
            Method::Exit(exit) => Self { exit: Some(exit.to_string()), ..none },
            Method::Contrast(pair) => Self { contrast: Some(PairLine::of(pair)), ..none },
            Method::LogRatio(ratio) => Self { log_ratio: Some(LogRatioLine::of(ratio)), ..none },
            Method::Dola(dola) => Self { dola: Some(DolaLine::of(dola)), ..none },
            Method::Expression(custom) => Self { expression: Some(CustomLine::of(custom)), ..none },
        }
    }

    pub(super) fn check(self, bounds: &Bounds) -> Checked<Decoding> {
        let method = match (&self.exit, self.contrast, self.log_ratio, self.dola, self.expression) {
            (Some(exit), None, None, None, None) => Method::Exit(bounds.exit(exit)?),
            (None, Some(pair), None, None, None) => Method::Contrast(pair.check(bounds)?),
            (None, None, Some(ratio), None, None) => Method::LogRatio(ratio.check(bounds)?),
            (None, None, None, Some(dola), None) => Method::Dola(dola.check(bounds)?),
            (None, None, None, None, Some(custom)) => Method::Expression(custom.check(bounds)?),
            _ => return bad("a decoding", "one method", "none, or several"),
        };
        let sampling = Sampling {
            random: self.random,
            temperature: self.temperature.0,
            top_k: self.top_k,
            top_p: self.top_p.0,
            min_p: self.min_p.0,
            repetition_penalty: self.repetition_penalty.0,
            seed: self.seed,
            draw: self.draw,
        };
        decoding(method, sampling)
    }
}

impl PairLine {
    pub(super) fn of(pair: &Pair) -> Self {
        let (expert, amateur) = (pair.expert.to_string(), pair.amateur.to_string());
        Self { expert, amateur, alpha: Exact(pair.alpha), min_candidates: pair.min_candidates }
    }

    pub(super) fn check(&self, bounds: &Bounds) -> Result<Pair, Bad> {
        let (expert, amateur) = (self.expert.as_str(), self.amateur.as_str());
        bounds.pair(&PairParts { expert, amateur, alpha: self.alpha, min_candidates: self.min_candidates })
    }
}
