//! A table of named columns, for every format that has rows.

use std::borrow::Cow;

/// Columns of one length.
#[derive(Debug, Default)]
pub struct Table {
    /// Names and what they hold.
    pub columns: Vec<(Cow<'static, str>, Column)>,
    /// What the table is of: a name and a sentence each.
    pub about: Vec<(String, String)>,
}

/// One kind of value.
#[derive(Debug)]
pub enum Column {
    /// Counts, ids and ranks; some may be missing.
    Count(Vec<Option<u64>>),
    /// Numbers; NaN for what is none.
    Number(Vec<f32>),
    /// Numbers that f32 is too narrow for; some may be missing.
    Real(Vec<Option<f64>>),
    /// Texts; some may be missing.
    Text(Vec<Option<String>>),
    /// Yes or no.
    Flag(Vec<bool>),
}

impl Column {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Count(values) => values.len(),
            Self::Number(values) => values.len(),
            Self::Real(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Flag(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value as text, exact; empty where it is missing.
    #[must_use]
    pub fn text(&self, row: usize) -> String {
        match self {
            Self::Count(values) => values[row].map(|n| n.to_string()).unwrap_or_default(),
            Self::Number(values) => values[row].to_string(),
            Self::Real(values) => values[row].map(|n| n.to_string()).unwrap_or_default(),
            Self::Text(values) => values[row].clone().unwrap_or_default(),
            Self::Flag(values) => values[row].to_string(),
        }
    }
}

impl Table {
    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }
}
