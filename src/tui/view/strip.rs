//! Exits × tokens below the table: a piece of the heatmap.

pub(super) use super::heatmap::strip as draw;
