//! What goes where, and the bytes: settled from a file's header alone, before a weight is touched.

mod fit;

use std::fmt;

use mexit_ggml::{Device, gguf::Gguf};

use self::fit::Room;
use crate::{
    Error, Layers, Placement, Spec,
    layout::{self, OUTPUT, Role, Slot},
    sizes::Sizes,
};

/// Devices of a model's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// By block.
    blocks: Vec<Device>,
    heads: Device,
    kv_on_processor: bool,
    /// Whether devices would have been given more if there was room.
    cut: bool,
    cpu: Device,
}

/// One tensor, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its name; a copy that a device needs beside the processor's is named as such.
    pub name: String,
    /// Where it goes.
    pub device: Device,
    /// What it takes there.
    pub bytes: u64,
    /// Whether it is used in the mapped file, which takes no memory of its own.
    pub mapped: bool,
}

/// What is called after a tensor of which a device has a copy of its own.
pub(crate) const COPY: &str = "@heads";

impl Plan {
    /// Settles where the parts of a model file go.
    ///
    /// # Errors
    /// If more is wanted on a device than is free there, with the most that fits.
    pub fn of(file: &Gguf, spec: &Spec, placement: &Placement) -> Result<Self, Error> {
        let (sizes, cpu) = (Sizes::of(file, spec, placement), Device::cpu()?);
        let blocks = spec.blocks as usize;
        let mut devices: Vec<Device> = Vec::new();
        for device in placement.devices.iter().chain(&placement.heads).filter(|device| !device.is_cpu()) {
            if !devices.contains(device) {
                devices.push(*device);
            }
        }
        let takes = |device: &&Device| placement.devices.contains(device);
        let takers = devices.iter().filter(takes).count();
        let free: Vec<u64> = devices.iter().map(|device| usable(*device, placement.limit)).collect();
        let room = Room { sizes: &sizes, free: &free, takers };
        let most = if takers == 0 { 0 } else { blocks };
        let place = |device: &Device| devices.iter().position(|known| known == device);
        let wish = placement.heads.as_ref().map(place);
        let last = takers.checked_sub(1);
        let (count, follow) = match placement.layers {
            Layers::Auto => (most, None),
            Layers::All => (most, last),
            Layers::Count(count) => {
                let count = most.min(count as usize);
                (count, last.filter(|_| count == blocks))
            }
        };
        let found = match placement.layers {
            Layers::Auto => room.most(most, wish),
            _ => room.fit(count, wish.unwrap_or(follow)).map(|places| (places, wish.unwrap_or(follow))),
        };
        let device = |place: fit::Place| place.map_or(cpu, |n| devices[n]);
        let Some((places, heads)) = found else {
            let asked = wish.unwrap_or(follow);
            let fitting = room.most(count, wish).or_else(|| room.most(count, Some(None)));
            let (places, heads) = fitting.unwrap_or_default();
            // As short as says the same: the heads follow all blocks to the last device.
            let words = |count: usize, heads: fit::Place| match heads {
                Some(_) if count == blocks && heads == last => "--gpu-layers all".to_owned(),
                None if count < blocks => format!("--gpu-layers {count}"),
                None => format!("--gpu-layers {count} --heads-device cpu"),
                Some(n) => format!("--gpu-layers {count} --heads-device {}", devices[n].name()),
            };
            let has = devices.iter().zip(&free).map(|(device, free)| format!("{} has {}", device.name(), mib(*free)));
            return Err(Error::DeviceMemory {
                free: has.collect::<Vec<_>>().join(", "),
                needed: mib(room.needed(count, asked)),
                asked: words(count, asked),
                largest: words(places.iter().flatten().count(), heads),
            });
        };
        let everything = !places.contains(&None) && (heads.is_some() || wish.is_some());
        let cut = placement.layers == Layers::Auto && takers > 0 && !everything;
        let blocks = places.into_iter().map(device).collect();
        let plan = Self { blocks, heads: device(heads), kv_on_processor: placement.kv_on_processor, cut, cpu };
        plan.require_abilities(file, spec, placement)?;
        Ok(plan)
    }

    /// Settles where the parts of a model file go, and lists them.
    ///
    /// # Errors
    /// If the file is no model, or as [`Plan::of`].
    pub fn read(bytes: &[u8], placement: &Placement) -> Result<(Self, Vec<Placed>), Error> {
        let file = Gguf::parse(bytes)?;
        let spec = Spec::of(&file)?;
        let plan = Self::of(&file, &spec, placement)?;
        let placed = plan.placed(&file, &spec, placement);
        Ok((plan, placed))
    }

    /// Refuses what a device would leave to the processor, which would then fetch the weights for every token.
    fn require_abilities(&self, file: &Gguf, spec: &Spec, placement: &Placement) -> Result<(), Error> {
        let mut asked = Vec::new();
        let slots = layout::of(file, spec);
        let copies = self.copied(&slots);
        for slot in slots.iter().chain(&copies).filter(|slot| !slot.needs_f32()) {
            let device = if slot.name.ends_with(COPY) { self.heads } else { self.device_of(slot.role) };
            let Some(tensor) = file.tensor(slot.name.trim_end_matches(COPY)) else { continue };
            let question = (device.name(), tensor.dtype, slot.shape[0]);
            if device.is_cpu() || asked.contains(&question) {
                continue;
            }
            asked.push(question);
            if !device.multiplies(tensor.dtype, slot.shape[0]) {
                let what = format!("products of {} weights ({})", tensor.dtype, slot.name);
                let remedy = "convert the model with another --type, or keep it off that device with --device cpu";
                return Err(Error::Unable { device: device.name(), what, remedy });
            }
        }
        let (kind, width) = (placement.cache.1, spec.head_width());
        let caches =
            (0..spec.blocks).map(|n| self.cache(n)).find(|device| !device.is_cpu() && !device.attends(kind, width));
        match caches {
            Some(device) => Err(Error::Unable {
                device: device.name(),
                what: format!("attention over {kind} keys and values in heads of {width} numbers"),
                remedy: "take another --kv-type, or --kv-device cpu",
            }),
            None => Ok(()),
        }
    }

    /// The device of block n, from 0.
    #[must_use]
    pub fn block(&self, n: u32) -> Device {
        self.blocks.get(n as usize).copied().unwrap_or(self.cpu)
    }

    /// Whether more would have gone to devices if there had been room for it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The device of every block.
    #[must_use]
    pub fn blocks(&self) -> &[Device] {
        &self.blocks
    }

    /// The device of the cache of block n.
    #[must_use]
    pub fn cache(&self, n: u32) -> Device {
        if self.kv_on_processor { self.cpu } else { self.block(n) }
    }

    /// The device of every exit's head.
    #[must_use]
    pub fn heads(&self) -> Device {
        self.heads
    }

    /// The devices beside the processor that compute something, in the order of the blocks.
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        let mut devices: Vec<Device> = Vec::new();
        for device in self.blocks.iter().chain([&self.heads]) {
            if *device != self.cpu && !devices.contains(device) {
                devices.push(*device);
            }
        }
        devices
    }

    pub(crate) fn device_of(&self, role: Role) -> Device {
        match role {
            Role::Matrix(n) | Role::Vector(n) => self.block(n),
            Role::Head => self.heads,
            // Rows are looked up by id on the processor: not every device can, for every type.
            Role::Embedding | Role::Plain => self.cpu,
        }
    }

    /// The tensors that the heads need where they are and that stay on the processor, too.
    pub(crate) fn copied(&self, slots: &[Slot]) -> Vec<Slot> {
        let tied = slots.iter().all(|slot| slot.name != OUTPUT);
        let needed = |slot: &&Slot| slot.name.starts_with("output_norm.") || (tied && slot.role == Role::Embedding);
        let copies = slots.iter().filter(|_| self.heads != self.cpu).filter(needed);
        copies.map(|slot| Slot { name: format!("{}{COPY}", slot.name), ..slot.clone() }).collect()
    }

    /// The name of a tensor where the heads are.
    pub(crate) fn beside_heads(&self, name: &str) -> String {
        if self.heads == self.cpu { name.to_owned() } else { format!("{name}{COPY}") }
    }

    /// Every tensor of a file and every cache, and where it goes.
    #[must_use]
    pub fn placed(&self, file: &Gguf, spec: &Spec, placement: &Placement) -> Vec<Placed> {
        let slots = layout::of(file, spec);
        let bytes = |slot: &Slot| {
            let name = slot.name.strip_suffix(COPY).unwrap_or(&slot.name);
            file.tensor(name).map_or(0, |tensor| tensor.data.len() as u64)
        };
        let own = slots.iter().map(|slot| (slot, self.device_of(slot.role)));
        let copies = self.copied(&slots);
        let all = own.chain(copies.iter().map(|slot| (slot, self.heads)));
        let mut placed: Vec<Placed> = all
            .map(|(slot, device)| Placed {
                name: slot.name.clone(),
                device,
                bytes: bytes(slot),
                mapped: device == self.cpu,
            })
            .collect();
        let cache = Sizes::of(file, spec, placement).cache;
        placed.extend((0..spec.blocks).map(|n| Placed {
            name: format!("cache.{n}"),
            device: self.cache(n),
            bytes: cache,
            mapped: false,
        }));
        placed
    }
}

impl fmt::Display for Plan {
    /// In a sentence's part: what is on devices, and that the processor has the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let devices = self.devices();
        if devices.is_empty() {
            return f.write_str("the processor");
        }
        for (n, device) in devices.iter().enumerate() {
            let blocks = self.blocks.iter().filter(|block| *block == device).count();
            let what = match (blocks, *device == self.heads) {
                (0, _) => "every head".into(),
                (_, true) => format!("{blocks} of {} blocks and every head", self.blocks.len()),
                _ => format!("{blocks} of {} blocks", self.blocks.len()),
            };
            write!(f, "{}{}: {what}", if n > 0 { "; " } else { "" }, device.name())?;
        }
        if self.kv_on_processor {
            f.write_str("; keys and values with the processor")?;
        }
        let all = !self.blocks.contains(&self.cpu) && self.heads != self.cpu;
        f.write_str(if all { "" } else { "; the rest on the processor" })
    }
}

/// Bytes that may be used on a device.
fn usable(device: Device, limit: Option<u64>) -> u64 {
    let (free, total) = device.memory();
    // Some devices do not tell.
    let told = if total == 0 { u64::MAX } else { free as u64 };
    told.min(limit.unwrap_or(u64::MAX))
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
