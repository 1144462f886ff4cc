//! The signs that the views are drawn with, and their ASCII twins: one cell each in both.

/// One set of signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The token in the text, or the one that Space will take.
    pub(crate) token: char,
    /// The deciding exit.
    pub(crate) decided: char,
    /// The contrast changed the choice.
    pub(crate) changed: char,
    /// The first token that another text has not; the same as there.
    pub(crate) differs: char,
    pub(crate) same: char,
    /// An exit whose top token is settled.
    pub(crate) settled: char,
    /// In a heat cell: the text's token, as in the cell above.
    pub(crate) alive: char,
    /// The end of the prompt.
    pub(crate) boundary: char,
    /// Expert over amateur.
    pub(crate) over: char,
    /// Clipped here.
    pub(crate) clip: char,
    pub(crate) space: char,
    pub(crate) newline: &'static str,
    pub(crate) tab: &'static str,
    pub(crate) special: [&'static str; 2],
    pub(crate) times: char,
    pub(crate) up: char,
    pub(crate) down: char,
    pub(crate) arrow: &'static str,
    /// A bar's cell: full, and filled up with another measure.
    pub(crate) full: char,
    pub(crate) shade: char,
    /// Parts of a cell in eighths, from one on.
    pub(crate) eighths: [char; 7],
    /// The right half of a cell.
    pub(crate) right_half: char,
    /// Eight heights.
    pub(crate) levels: [char; 8],
    pub(crate) rule: char,
    /// Where the last branch leaves.
    pub(crate) corner: char,
    /// Where a branch leaves and others follow, and where the first one leaves.
    pub(crate) tee: char,
    pub(crate) fork: char,
    pub(crate) column: char,
    pub(crate) alpha: &'static str,
    pub(crate) beta: &'static str,
    pub(crate) tau: &'static str,
    pub(crate) missing: char,
    pub(crate) not_yet: char,
    pub(crate) waiting: char,
    /// The expert's own choice stands.
    pub(crate) stands: char,
    /// The top token of an exit.
    pub(crate) top: char,
    /// A token that the user has pinned.
    pub(crate) pinned: char,
    /// An axis, and where a value stands on it.
    pub(crate) axis: char,
    pub(crate) tick: char,
    /// To what is not shown on the left and on the right.
    pub(crate) sides: [&'static str; 2],
    /// Arrow keys in hints.
    pub(crate) keys: [&'static str; 2],
    /// Moving signs while the model computes.
    pub(crate) spinner: &'static [char],
    /// Whether text outside ASCII is escaped.
    pub(crate) ascii: bool,
}

/// For terminals that show Unicode.
pub(crate) const UNICODE: Marks = Marks {
    token: '●',
    decided: '◆',
    changed: '▲',
    differs: '≠',
    same: '=',
    settled: '│',
    alive: '┃',
    boundary: '┊',
    over: '▸',
    clip: '…',
    space: '␣',
    newline: "⏎",
    tab: "⇥",
    special: ["«", "»"],
    times: '×',
    up: '↑',
    down: '↓',
    arrow: "→",
    full: '█',
    shade: '░',
    eighths: ['▏', '▎', '▍', '▌', '▋', '▊', '▉'],
    right_half: '▐',
    levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    rule: '─',
    corner: '└',
    tee: '├',
    fork: '┬',
    column: '│',
    alpha: "α",
    beta: "β",
    tau: "τ",
    missing: '–',
    not_yet: '░',
    waiting: '·',
    stands: '·',
    top: '•',
    pinned: '*',
    axis: '│',
    tick: '┤',
    sides: ["‹", "›"],
    keys: ["↑↓", "←→"],
    spinner: &['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
    ascii: false,
};

/// For those that do not.
pub(crate) const ASCII: Marks = Marks {
    token: '*',
    decided: '+',
    changed: '!',
    differs: '/',
    same: '=',
    settled: '|',
    alive: '#',
    boundary: '|',
    over: '>',
    clip: '~',
    space: '_',
    newline: "\\n",
    tab: "\\t",
    special: ["<", ">"],
    times: 'x',
    up: '+',
    down: '-',
    arrow: ">",
    full: '#',
    shade: '.',
    eighths: ['-', '-', '-', '=', '=', '=', '='],
    right_half: '=',
    levels: ['1', '2', '3', '4', '5', '6', '7', '8'],
    rule: '-',
    corner: '`',
    tee: '+',
    fork: '+',
    column: '|',
    alpha: "a",
    beta: "b",
    tau: "t",
    missing: '-',
    not_yet: '.',
    waiting: '.',
    stands: '.',
    top: '\'',
    pinned: '^',
    axis: '|',
    tick: '+',
    sides: ["<", ">"],
    keys: ["up/down", "left/right"],
    spinner: &['|', '/', '-', '\\'],
    ascii: true,
};

impl Marks {
    /// The set for a terminal: `env` looks up a variable of the environment.
    pub(crate) fn detect(forced: bool, env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
        let utf8 = locale.to_ascii_lowercase().replace('-', "").contains("utf8");
        if forced || !utf8 || set("TERM").as_deref() == Some("linux") { ASCII } else { UNICODE }
    }

    /// A sentence that may hold signs of the other set, or of any text.
    pub(crate) fn sentence(&self, text: &str) -> String {
        if !self.ascii || text.is_ascii() {
            return text.to_owned();
        }
        let twin = |c: char| match c {
            c if c.is_ascii() => c.to_string(),
            c if c == UNICODE.space => self.space.to_string(),
            c if UNICODE.newline.starts_with(c) => self.newline.into(),
            c if UNICODE.tab.starts_with(c) => self.tab.into(),
            c if UNICODE.special[0].starts_with(c) => self.special[0].into(),
            c if UNICODE.special[1].starts_with(c) => self.special[1].into(),
            c if c == UNICODE.times => self.times.to_string(),
            c => format!("\\u{:04x}", u32::from(c)),
        };
        text.chars().map(twin).collect()
    }

    /// A height before what it means, in a legend: digits are kept apart from what follows.
    pub(crate) fn height(&self, level: usize) -> String {
        let sign = self.levels[level];
        if self.ascii { format!("{sign}=") } else { sign.to_string() }
    }

    /// A name as a special token is shown.
    pub(crate) fn special(&self, name: &str) -> String {
        format!("{}{name}{}", self.special[0], self.special[1])
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthChar;

    use super::{ASCII, Marks, UNICODE};

    #[test]
    fn every_sign_is_one_cell() {
        for marks in [UNICODE, ASCII] {
            let Marks { token, decided, changed, settled, boundary, over, clip, space, times, up, down, .. } = marks;
            let Marks { full, shade, rule, column, missing, not_yet, waiting, stands, top, pinned, axis, tick, .. } =
                marks;
            let Marks { corner, tee, fork, .. } = marks;
            let signs = [token, decided, changed, settled, boundary, over, clip, space, times, up, down, full, shade];
            let more = [marks.right_half, rule, column, missing, not_yet, waiting, stands, top, pinned, axis, tick];
            let more = more.into_iter().chain([corner, tee, fork]).collect::<Vec<char>>();
            let drawn = signs.iter().chain(&more).chain(&marks.eighths).chain(&marks.levels).chain(marks.spinner);
            assert!(drawn.copied().all(|sign| sign.width() == Some(1) && (!marks.ascii || sign.is_ascii())));
        }
    }

    #[test]
    fn sentences_have_twins() {
        assert_eq!(ASCII.sentence("␣a⏎ «eot» é"), "_a\\n <eot> \\u00e9");
        assert_eq!(UNICODE.sentence("␣a é"), "␣a é");
    }

    #[test]
    fn the_locale_decides() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Marks::detect(false, env(&[("LANG", "de_DE.UTF-8")])), UNICODE);
        assert_eq!(Marks::detect(true, env(&[("LANG", "de_DE.UTF-8")])), ASCII);
        assert_eq!(Marks::detect(false, env(&[("LANG", "C")])), ASCII);
        assert_eq!(Marks::detect(false, env(&[("LC_ALL", "C"), ("LANG", "C.utf8")])), ASCII);
        assert_eq!(Marks::detect(false, env(&[("LANG", "C.utf8"), ("TERM", "linux")])), ASCII);
    }
}
