//! What opens over a view and takes the keys: the token picker, the palette, the prompt editor, the text search.

use std::sync::Arc;

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use tui_input::Input;

use super::{
    commands::{self, COMMANDS, Command},
    keymap::{Binding, TABLE},
    marks::UNICODE,
    question::Question,
    settings::Settings,
    token_text::exact,
};
use crate::session::{
    protocol::ModelCard,
    trace::{Pair, TokenId},
    vocabulary::Vocabulary,
};

/// A panel.
pub(crate) enum Panel {
    Picker(Picker),
    Palette(Palette),
    Editor(Editor),
    Settings(Settings),
    /// Looks for a text among the tokens.
    Search(Input),
    /// How many tokens to make.
    Count(Input),
    /// The model and its self-check.
    Model,
    /// A question in the footer.
    Question(Question),
}

/// The column by which the picker sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Exit,
    Original,
    Contrast,
    /// With which the decoding takes it, after temperature, top-k and the like.
    Drawn,
    /// The largest p over the exits: finds what is strong in the middle only.
    Best,
    Id,
}

impl Column {
    pub(crate) const ALL: [Self; 6] = [Self::Exit, Self::Original, Self::Contrast, Self::Drawn, Self::Best, Self::Id];
}

/// The whole vocabulary at a position.
pub(crate) struct Picker {
    pub(crate) position: usize,
    /// The row of the exit whose column is shown first.
    pub(crate) exit: usize,
    pub(crate) sort: Column,
    pub(crate) filter: Input,
    /// Keys go into the filter.
    pub(crate) typing: bool,
    pub(crate) selected: usize,
    pub(crate) vocabulary: Option<Arc<Vocabulary>>,
    /// Ids that pass the filter, sorted.
    pub(crate) listed: Vec<TokenId>,
}

impl Picker {
    pub(crate) fn new(position: usize, exit: usize, typing: bool) -> Self {
        let (filter, listed) = (Input::default(), Vec::new());
        Self { position, exit, sort: Column::Exit, filter, typing, selected: 0, vocabulary: None, listed }
    }

    /// Whether its numbers are still to come.
    pub(crate) fn lacks(&self, pair: Pair) -> bool {
        self.vocabulary.as_ref().is_none_or(|v| v.position != self.position || v.pair != pair)
    }

    /// ln p of a token in a column.
    pub(crate) fn ln_p(&self, column: Column, id: TokenId) -> f32 {
        let Some(v) = &self.vocabulary else { return f32::NEG_INFINITY };
        let at = |row: &Vec<f32>| row.get(id.index()).copied().unwrap_or(f32::NEG_INFINITY);
        match column {
            Column::Exit => v.exits.get(self.exit).map_or(f32::NEG_INFINITY, at),
            Column::Original => v.exits.first().map_or(f32::NEG_INFINITY, at),
            Column::Contrast => at(&v.contrast),
            Column::Drawn => at(&v.drawn),
            Column::Best => v.best_exit(id).map_or(f32::NEG_INFINITY, |(_, ln_p)| ln_p),
            Column::Id => 0.0,
        }
    }

    /// Filters and sorts anew: by text (a blank stands for a blank, case is ignored unless typed), or by id.
    pub(crate) fn list(&mut self, card: &ModelCard) {
        let size = u32::try_from(card.vocabulary).unwrap_or(u32::MAX);
        let wanted = self.filter.value().replace("\\n", "\n").replace('␣', " ");
        let mut listed: Vec<TokenId> = if wanted.is_empty() {
            (0..size).map(TokenId).collect()
        } else {
            let text = |id: TokenId| String::from_utf8_lossy(card.bytes_of(id)).into_owned();
            let mut score = scoring(&wanted);
            (0..size).map(TokenId).filter(|id| id.0.to_string() == wanted || score(&text(*id)).is_some()).collect()
        };
        let mut keyed: Vec<(f32, TokenId)> = listed.drain(..).map(|id| (self.ln_p(self.sort, id), id)).collect();
        keyed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.0.cmp(&b.1.0)));
        self.listed = keyed.into_iter().map(|(_, id)| id).collect();
        self.selected = self.selected.min(self.listed.len().saturating_sub(1));
    }
}

/// How well a text matches a pattern, letter by letter with gaps; blanks count.
pub(crate) fn scoring(pattern: &str) -> impl FnMut(&str) -> Option<u32> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    // Blanks part words there; escaped they are letters.
    let escaped = pattern.replace(' ', "\\ ");
    let pattern = Pattern::parse(&escaped, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    move |text| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher)
}

/// A line of the palette.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    Action(&'static Binding),
    Command(&'static Command),
}

/// Every action and command by name.
#[derive(Default)]
pub(crate) struct Palette {
    pub(crate) filter: Input,
    pub(crate) selected: usize,
}

impl Palette {
    /// What passes the filter, by its name or by what it does, the best match first: before all, the command that the
    /// line begins with.
    pub(crate) fn listed(&self) -> Vec<Entry> {
        let mut score = scoring(self.filter.value());
        let mut of = |name: &str, does: &str| score(name).max(score(does));
        let actions = TABLE.iter().map(|b| (of(b.name, b.does), Entry::Action(b))).collect::<Vec<_>>();
        let said = commands::read(self.filter.value()).map(|(command, _)| command.name);
        let commands = COMMANDS.iter().map(|command| {
            let is_said = said == Some(command.name);
            let found = of(command.name, command.does);
            (if is_said { Some(u32::MAX) } else { found }, Entry::Command(command))
        });
        let all = actions.into_iter().chain(commands);
        let mut found: Vec<(u32, Entry)> = all.filter_map(|(score, entry)| Some((score?, entry))).collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// A text's tokens, or why it has none.
pub(crate) type Tokens = Result<Arc<[TokenId]>, String>;

/// The prompt editor: one text with what it is in tokens.
pub(crate) struct Editor {
    pub(crate) field: Input,
    /// The end-of-text token, if the prompt shall start with it.
    pub(crate) start: Option<TokenId>,
    /// The text with its tokens, once the engine has answered.
    pub(crate) tokens: Option<(String, Tokens)>,
    /// The text whose tokens were asked for.
    pub(crate) asked: Option<String>,
}

impl Editor {
    pub(crate) fn new(text: String, start: Option<TokenId>) -> Self {
        Self { field: Input::new(text), start, tokens: None, asked: None }
    }

    /// The text whose tokens have not been asked for, once.
    pub(crate) fn next_text(&mut self) -> Option<String> {
        let text = self.field.value();
        (self.asked.as_deref() != Some(text)).then(|| self.asked.insert(text.to_owned()).clone())
    }

    /// The tokens of the prompt as it stands.
    pub(crate) fn ids(&self) -> Option<Tokens> {
        let (_, ids) = self.tokens.as_ref().filter(|(text, _)| text == self.field.value())?;
        Some(match (ids, self.start) {
            (Ok(ids), Some(start)) => Ok(std::iter::once(start).chain(ids.iter().copied()).collect()),
            (ids, _) => ids.clone(),
        })
    }
}

/// The positions whose token holds a text, as it is shown or as it is.
pub(crate) fn hits<'t>(tokens: impl Iterator<Item = &'t [u8]>, wanted: &str) -> Vec<usize> {
    let holds = |bytes: &[u8]| {
        let plain = String::from_utf8_lossy(bytes).to_lowercase();
        plain.contains(&wanted.to_lowercase()) || exact(bytes, false, &UNICODE).contains(wanted)
    };
    tokens.enumerate().filter(|(_, bytes)| holds(bytes)).map(|(position, _)| position).collect()
}
