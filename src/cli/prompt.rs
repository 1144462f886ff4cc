//! Where a text comes from.

use std::{
    io::{IsTerminal, Read},
    path::PathBuf,
};

use anyhow::{Context, bail};
use clap::Args;
use mexit_models::{TokenId, Tokenizer};

/// A text, in one of four ways.
#[derive(Args)]
pub(super) struct PromptArgs {
    /// The text to start from
    #[arg(long, short, value_name = "TEXT", group = "text")]
    prompt: Option<String>,
    /// A file with the text, taken as it is
    #[arg(long, value_name = "FILE", group = "text")]
    prompt_file: Option<PathBuf>,
    /// The text as token ids
    #[arg(long, value_name = "ID,ID,…", value_delimiter = ',', group = "text")]
    ids: Option<Vec<u32>>,
}

impl PromptArgs {
    /// The ids of the text; read from stdin if no flag names one.
    pub(super) fn ids(&self, tokenizer: &Tokenizer) -> anyhow::Result<Vec<TokenId>> {
        if let Some(ids) = &self.ids {
            return Ok(ids.iter().copied().map(TokenId).collect());
        }
        let text = match (&self.prompt, &self.prompt_file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => std::fs::read_to_string(path).with_context(|| path.display().to_string())?,
            (None, None) => stdin()?,
        };
        Ok(tokenizer.encode(&text)?)
    }
}

fn stdin() -> anyhow::Result<String> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        bail!("no text: give --prompt, --prompt-file or --ids, or pipe one in");
    }
    let mut text = String::new();
    input.read_to_string(&mut text).context("the text on stdin")?;
    Ok(text)
}
