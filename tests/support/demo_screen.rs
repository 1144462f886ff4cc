//! The screen over the embedded demo model, without a terminal: every question is answered before the next key.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use std::sync::Arc;

use mexit_models::{DType, Engine, EngineOptions, Gelu, Model, Placement, demo};
use mexit_tui::{
    session::{protocol::Event, reader::Reader},
    tui::Headless,
};
use ratatui::{
    buffer::Buffer,
    crossterm::event::{self, KeyEvent},
    style::Modifier,
};

pub struct DemoScreen {
    pub headless: Headless,
    pub reader: Reader,
}

/// The demo model, in one thread.
pub fn reader() -> Reader {
    reader_of(128)
}

/// The same for texts of so many tokens.
pub fn reader_of(context: usize) -> Reader {
    let model = Model::of(Arc::new(demo::mapping()), Placement::cpu().expect("a processor")).expect("the demo");
    let options = EngineOptions { threads: 1, context, kv_type: DType::F32, gelu: Gelu::Exact };
    Reader::new(Engine::new(model, options).expect("an engine"))
}

impl DemoScreen {
    /// Opened on a prompt, all that is asked answered.
    pub fn new(prompt: &str, size: (u16, u16), ascii: bool) -> Self {
        Self::over(reader(), prompt, size, ascii)
    }

    /// The same over a reader.
    pub fn over(reader: Reader, prompt: &str, size: (u16, u16), ascii: bool) -> Self {
        let mut headless = Headless::new(size, ascii);
        let ids = reader.model().tokenizer.encode(prompt).expect("ids");
        headless.hear(Event::Opened(Arc::new(reader.card("demo"))));
        headless.hear(Event::Prompt(ids.into()));
        let mut screen = Self { headless, reader };
        screen.answer();
        screen
    }

    pub fn press(&mut self, key: KeyEvent) {
        self.headless.press(event::Event::Key(key));
        self.answer();
    }

    fn answer(&mut self) {
        loop {
            if let Some(text) = self.headless.next_text() {
                let ids = self.reader.model().tokenizer.encode(&text).map(Into::into).map_err(|e| e.to_string());
                self.headless.hear(Event::Tokens { text, ids });
            }
            let Some(query) = self.headless.next_query() else { return };
            self.reader.turn_to(query.lane, &query.text).expect("a lane");
            let trace = self.reader.answer(&query, &mut |_| true).expect("an answer");
            if let Some(lens) = self.reader.lens(&query, trace.subject).expect("a lens") {
                self.headless.hear(Event::Lens { ticket: query.ticket, lens: Arc::new(lens) });
            }
            let vocabulary = self.reader.vocabulary(&query).expect("a vocabulary").map(Arc::new);
            self.headless.hear(Event::Step {
                ticket: query.ticket,
                trace: Arc::new(trace),
                millis: Some(1.0),
                vocabulary,
            });
        }
    }

    pub fn draw(&self) -> Buffer {
        self.headless.draw()
    }

    /// The lines of the screen.
    pub fn lines(&self) -> Vec<String> {
        lines(&self.draw())
    }
}

/// The lines of a buffer; the cell behind a wide sign is part of it.
pub fn lines(buf: &Buffer) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut all = Vec::new();
    for y in 0..buf.area.height {
        let (mut line, mut x) = (String::new(), 0);
        while x < buf.area.width {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).expect("small");
        }
        all.push(line.trim_end().to_owned());
    }
    all
}

/// What holds for every screen.
///
/// # Panics
/// If it does not.
pub fn holds(buf: &Buffer, ascii: bool) {
    use unicode_width::UnicodeWidthStr;
    let text = lines(buf);
    let all = text.join("\n");
    assert!(text.iter().all(|line| line.width() <= usize::from(buf.area.width)), "too wide:\n{all}");
    assert!(!ascii || all.is_ascii(), "not ASCII:\n{all}");
    assert!(text[0].contains('['), "no tab is the shown one:\n{all}");
    assert!(!text.last().expect("lines").is_empty(), "no footer:\n{all}");
    assert!(buf.content.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)), "no cursor:\n{all}");
    assert!(!all.contains("NaN") && !all.contains(" nan"), "nan:\n{all}");
}
