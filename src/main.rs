//! The command `mexit-tui`.

fn main() {}
