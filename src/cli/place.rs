//! Where a model computes.

use anyhow::{Context, anyhow, bail};
use bytesize::ByteSize;
use clap::{Args, Parser, ValueEnum};
use mexit_models::{Device, Layers, Placement};

use super::{
    model::MachineArgs,
    remote::{self, RemoteArgs},
};

/// Devices, and what they get.
#[derive(Args, Clone)]
pub(super) struct PlaceArgs {
    #[command(flatten)]
    pub(super) remote: RemoteArgs,
    /// Where to compute: auto (a graphics processor if there is one), cpu, or names that `mexit-tui devices` lists, which
    /// share the blocks
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "auto")]
    pub(super) device: Vec<String>,
    /// Blocks that the devices get, from the top: a number, all (the heads, too), or auto (what there is memory for)
    #[arg(long, value_name = "N", default_value = "auto")]
    pub(super) gpu_layers: Layers,
    /// Where every exit's head computes: auto (with the blocks if all are on devices and there is room), cpu, or a name
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(super) heads_device: String,
    /// Where keys and values are kept, and attention is computed: auto (with their blocks) or cpu
    #[arg(long, value_enum, value_name = "WHERE", default_value_t)]
    pub(super) kv_device: KvDevice,
    /// Memory that may be used on each device, however much is free, such as 800MB or 2GiB
    #[arg(long, value_name = "SIZE")]
    pub(super) device_memory: Option<ByteSize>,
}

/// Where caches are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum KvDevice {
    /// Each with its block.
    #[default]
    Auto,
    /// With the processor.
    Cpu,
}

impl MachineArgs {
    /// What the flags ask for.
    pub(super) fn placement(&self) -> anyhow::Result<Placement> {
        let place = &self.place;
        let devices = place.remote.devices(&place.device)?;
        let heads = match place.heads_device.as_str() {
            "auto" => None,
            name => remote::unless_lost(Device::named(name)).context("--heads-device")?,
        };
        Ok(Placement {
            heads,
            kv_on_processor: place.kv_device == KvDevice::Cpu,
            limit: place.device_memory.map(|size| size.as_u64()),
            cache: (self.context(), self.kv_type.dtype()),
            ..Placement::on(devices, place.gpu_layers)
        })
    }
}

impl MachineArgs {
    /// Refuses devices that are named and are lost: a model that is moved to one goes nowhere else in its place.
    pub(super) fn is_there(&self) -> anyhow::Result<()> {
        let place = &self.place;
        place.device.iter().chain([&place.heads_device]).try_for_each(|name| match name.as_str() {
            "auto" | "cpu" => Ok(()),
            name => Device::named(name).map(drop),
        })?;
        Ok(())
    }
}

/// The flags by themselves, for words that are typed into the explorer.
#[derive(Parser)]
#[command(name = "device", disable_help_flag = true)]
struct Asked {
    #[command(flatten)]
    place: PlaceArgs,
}

impl MachineArgs {
    /// The same machine with the devices that some words ask for: names, then if wanted the number of blocks and more flags.
    pub(super) fn moved(&self, words: &str) -> anyhow::Result<Self> {
        let words = shlex::split(words).unwrap_or_default();
        let Some((names, rest)) = words.split_first() else {
            let known: Vec<String> = Device::all()?.iter().map(|device| device.name()).collect();
            bail!("expected a device: {}, or auto; say how many blocks after it", known.join(", "));
        };
        let (layers, flags) = match rest.split_first() {
            Some((layers, flags)) if !layers.starts_with('-') => (layers.as_str(), flags),
            _ => ("auto", rest),
        };
        let given = ["device", "--device", names, "--gpu-layers", layers].into_iter();
        let asked = Asked::try_parse_from(given.chain(flags.iter().map(String::as_str)));
        // The first line says what is wrong; usage follows.
        let reason = |error: clap::Error| error.to_string().lines().next().unwrap_or_default().replace("error: ", "");
        let mut place = asked.map_err(|error| anyhow!(reason(error)))?.place;
        if place.remote.rpc.is_empty() {
            place.remote = self.place.remote.clone();
        }
        Ok(Self { place, ..self.clone() })
    }
}

impl PlaceArgs {
    /// Where, in words that two runs can be compared by.
    pub(super) fn told(&self) -> String {
        let words = self.words().join(" ");
        if words.is_empty() { "auto".into() } else { words }
    }

    /// The flags that say where, if they are not the usual ones.
    pub(super) fn words(&self) -> Vec<String> {
        let usual = |value: &str| value == "auto";
        let (device, layers) = (self.device.join(","), self.gpu_layers.to_string());
        let kv = if self.kv_device == KvDevice::Cpu { "cpu" } else { "auto" };
        let limit = self.device_memory.map_or("auto".into(), |size| format!("{}B", size.as_u64()));
        let rpc = Some(self.remote.rpc.join(",")).filter(|servers| !servers.is_empty());
        let flags = [
            ("--rpc", rpc.unwrap_or("auto".into())),
            ("--device", device),
            ("--gpu-layers", layers),
            ("--heads-device", self.heads_device.clone()),
            ("--kv-device", kv.into()),
            ("--device-memory", limit),
        ];
        let told = flags.into_iter().filter(|(_, value)| !usual(value));
        told.flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_explorer_are_those_of_the_command_line() {
        let machine = Asked::try_parse_from(["device"]).map(|asked| asked.place).expect("defaults");
        assert_eq!((machine.told(), machine.words()), ("auto".into(), vec![]));
        let given =
            ["device", "--device", "A,B", "--gpu-layers", "all", "--kv-device", "cpu", "--device-memory", "2MiB"];
        let place = Asked::try_parse_from(given).map(|asked| asked.place).expect("flags");
        assert_eq!(place.told(), "--device A,B --gpu-layers all --kv-device cpu --device-memory 2097152B");
        let again = Asked::try_parse_from(["device".to_owned()].into_iter().chain(place.words()));
        assert_eq!(again.map(|asked| asked.place.told()).ok(), Some(place.told()), "told flags are read back");
    }
}
