//! The command `mexit-tui`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: what follows may be compiled for instructions that this processor lacks.
    if let Err(error) = mexit_models::require_processor() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    mexit_models::keep_f32();
    mexit_tui::cli::run()
}
