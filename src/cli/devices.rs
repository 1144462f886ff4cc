//! `devices`.

use std::io::Write;

use mexit_models::Device;

/// Lists the devices.
pub(super) fn devices() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for device in Device::all()? {
        let (free, total) = device.memory();
        let gib = |bytes: usize| bytes as f64 / f64::from(1 << 30);
        let memory = if total > 0 { format!("{:.1} of {:.1} GiB free", gib(free), gib(total)) } else { String::new() };
        writeln!(out, "{:10} {}  {memory}", device.name(), device.description())?;
    }
    Ok(())
}
