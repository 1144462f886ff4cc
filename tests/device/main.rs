//! A device beside the processor, against the original library and against the processor: every way of placing a model.
//!
//! `make test-device DEVICE=Vulkan0 FEATURES=vulkan` runs this on anyone's device, `make test-vulkan` on Mesa's lavapipe.
//! Without a device there is nothing to compare: every test is ignored, and counted as such, unless it is asked for, and
//! then fails where `MEXIT_DEVICE` names no device of this build and machine.

#[path = "../support/cases.rs"]
mod cases;
mod engine;
mod fit;
mod parity;
mod placing;
mod real_program;
mod types;

#[path = "../support/program.rs"]
mod program;
#[cfg(unix)]
#[path = "../support/pty.rs"]
mod pty;
