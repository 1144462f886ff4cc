//! `info --plan`: where every tensor would go, without loading one.

use std::io::Write;

use bytesize::ByteSize;
use mexit_models::{Device, Placed, Plan};
use serde::Serialize;

/// The tensors of a model and their places.
#[derive(Serialize)]
pub(super) struct Whereabouts {
    devices: Vec<Total>,
    tensors: Vec<Place>,
}

#[derive(Serialize)]
struct Total {
    device: String,
    /// Bytes that it must find room for; what is used in the mapped file takes none.
    bytes: u64,
    /// Bytes used where the file is mapped.
    mapped_bytes: u64,
    blocks: usize,
    heads: bool,
}

#[derive(Serialize)]
struct Place {
    name: String,
    device: String,
    bytes: u64,
    mapped: bool,
}

impl Whereabouts {
    pub(super) fn of(plan: &Plan, placed: Vec<Placed>) -> anyhow::Result<Self> {
        let total = |device: Device| {
            let sum = |mapped: bool| {
                placed.iter().filter(|p| p.device == device && p.mapped == mapped).map(|p| p.bytes).sum()
            };
            Total {
                device: device.name(),
                bytes: sum(false),
                mapped_bytes: sum(true),
                blocks: plan.blocks().iter().filter(|block| **block == device).count(),
                heads: plan.heads() == device,
            }
        };
        let devices = plan.devices().into_iter().chain([Device::cpu()?]).map(total).collect();
        let place = |p: Placed| Place { name: p.name, device: p.device.name(), bytes: p.bytes, mapped: p.mapped };
        Ok(Self { devices, tensors: placed.into_iter().map(place).collect() })
    }

    pub(super) fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let size = |bytes: u64| ByteSize(bytes).display().iec().to_string();
        for place in &self.tensors {
            let how = if place.mapped { " in the mapped file" } else { "" };
            writeln!(out, "{:28} {:10} {:>10}{how}", place.name, place.device, size(place.bytes))?;
        }
        writeln!(out)?;
        for total in &self.devices {
            let heads = if total.heads { " and every head" } else { "" };
            let mapped = match total.mapped_bytes {
                0 => String::new(),
                bytes => format!(" beside {} of the mapped file", size(bytes)),
            };
            writeln!(out, "{:10} {} blocks{heads}: {}{mapped}", total.device, total.blocks, size(total.bytes))?;
        }
        Ok(())
    }
}
