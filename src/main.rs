//! The command `mexit-tui`.

fn main() -> std::process::ExitCode {
    mexit_tui::cli::run()
}
