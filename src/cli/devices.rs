//! `devices`.

use std::io::Write;

use mexit_models::{DType, Device, DeviceKind};

use super::remote::RemoteArgs;

/// Lists the devices: what they are, their memory, what they can run.
pub(super) fn devices(args: &RemoteArgs) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let remote = args.connect()?;
    for device in Device::all()?.iter().chain(&remote) {
        let (free, total) = device.memory();
        let gib = |bytes: usize| bytes as f64 / f64::from(1 << 30);
        let memory = match total {
            0 => "does not tell its memory".into(),
            _ => format!("{:.1} of {:.1} GiB free", gib(free), gib(total)),
        };
        writeln!(out, "{:10} {}: {}, {memory}", device.name(), kind(*device), device.description())?;
        // A server does not tell; ggml's client says yes to everything.
        if device.kind() != DeviceKind::Remote {
            writeln!(out, "{:10} weights {}; cache {}", "", weights(*device), caches(*device))?;
        }
    }
    Ok(())
}

fn kind(device: Device) -> &'static str {
    match device.kind() {
        DeviceKind::Cpu => "processor",
        DeviceKind::Gpu => "graphics processor",
        DeviceKind::Accelerator => "accelerator",
        DeviceKind::Remote => "other machine",
    }
}

/// The types of weights that it multiplies.
fn weights(device: Device) -> String {
    // Rows of 256: whole blocks of every type.
    names(DType::ALL.into_iter().filter(|dtype| *dtype != DType::I32 && device.multiplies(*dtype, 256)))
}

/// The types of keys and values, in heads of 64 numbers as GPT-2 has them.
fn caches(device: Device) -> String {
    names([DType::F32, DType::F16].into_iter().filter(|kind| device.attends(*kind, 64)))
}

fn names(types: impl Iterator<Item = DType>) -> String {
    let names: Vec<&str> = types.map(DType::name).collect();
    if names.is_empty() { "none".into() } else { names.join(" ") }
}
