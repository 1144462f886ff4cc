//! What goes where, and the bytes: settled from a file's header alone, before a weight is touched.

use mexit_ggml::{Device, gguf::Gguf};

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
        let sizes = Sizes::of(file, spec, placement);
        let cpu = Device::cpu()?;
        let mut rooms: Vec<Room> = Vec::new();
        for device in placement.devices.iter().chain(&placement.heads).filter(|device| !device.is_cpu()) {
            if rooms.iter().all(|room| room.device != *device) {
                rooms.push(Room::of(*device, placement.limit));
            }
        }
        let takers = placement.devices.iter().filter(|device| !device.is_cpu()).count();
        let most = if takers == 0 { 0 } else { spec.blocks };
        let kv_on_processor = placement.kv_on_processor;
        let wanted = Search { sizes: &sizes, rooms: &rooms, blocks: &placement.devices, cpu };
        let plan = |(blocks, heads)| Self { blocks, heads, kv_on_processor, cpu };
        let last = placement.devices.iter().rev().copied().find(|device| !device.is_cpu()).unwrap_or(cpu);
        let (count, heads) = match placement.layers {
            Layers::Auto => return Ok(plan(wanted.most(most, placement.heads, spec.blocks))),
            Layers::All => (most, placement.heads.unwrap_or(last)),
            Layers::Count(count) => {
                let count = count.min(most);
                let follow = if count == spec.blocks { last } else { cpu };
                (count, placement.heads.unwrap_or(follow))
            }
        };
        if let Some(blocks) = wanted.fit(count, heads) {
            return Ok(plan((blocks, heads)));
        }
        let (blocks, fitting) = wanted.most(count, placement.heads, spec.blocks);
        let fits = blocks.iter().filter(|device| **device != cpu).count();
        let room = rooms.iter().map(|room| format!("{} has {}", room.device.name(), mib(room.free)));
        Err(Error::DeviceMemory {
            free: room.collect::<Vec<_>>().join(", "),
            needed: mib(wanted.needed(count, heads)),
            asked: words(count, heads),
            largest: words(u32::try_from(fits).unwrap_or(0), fitting),
        })
    }

    /// The device of block n, from 0.
    #[must_use]
    pub fn block(&self, n: u32) -> Device {
        self.blocks.get(n as usize).copied().unwrap_or(self.cpu)
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

    /// How many blocks are on devices beside the processor.
    #[must_use]
    pub fn offloaded(&self) -> usize {
        self.blocks.iter().filter(|device| **device != self.cpu).count()
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

/// A device, and the bytes that may be used there.
struct Room {
    device: Device,
    free: u64,
}

impl Room {
    fn of(device: Device, limit: Option<u64>) -> Self {
        let (free, total) = device.memory();
        // Some devices do not tell.
        let told = if total == 0 { u64::MAX } else { free as u64 };
        Self { device, free: told.min(limit.unwrap_or(u64::MAX)) }
    }
}

/// Looks for what fits.
struct Search<'s> {
    sizes: &'s Sizes,
    rooms: &'s [Room],
    /// Devices for blocks, lower blocks first.
    blocks: &'s [Device],
    cpu: Device,
}

impl Search<'_> {
    /// The devices of all blocks if the upper `count` go to devices, as evenly as there is room.
    fn fit(&self, count: u32, heads: Device) -> Option<Vec<Device>> {
        let takers: Vec<Device> = self.blocks.iter().copied().filter(|device| *device != self.cpu).collect();
        let first = self.sizes.blocks.len() - count as usize;
        let upper = &self.sizes.blocks[first..];
        let mut free: Vec<u64> = Vec::with_capacity(takers.len());
        for device in &takers {
            free.push(self.free(*device)?.checked_sub(if *device == heads { self.sizes.heads } else { 0 })?);
        }
        if heads != self.cpu && !takers.contains(&heads) && self.free(heads)? < self.sizes.heads {
            return None;
        }
        let mut devices = vec![self.cpu; first];
        let (mut n, mut left) = (0, takers.len());
        for (device, mut room) in takers.into_iter().zip(free) {
            // An even share of what is left; the last ones take what did not fit into the first.
            let share = (upper.len() - n).div_ceil(left);
            left -= 1;
            if share > 0 {
                room = room.saturating_sub(self.sizes.working);
            }
            for _ in 0..share {
                let bytes = upper[n];
                if bytes > room {
                    break;
                }
                room -= bytes;
                devices.push(device);
                n += 1;
            }
        }
        (n == upper.len()).then_some(devices)
    }

    /// The most blocks, up to `count`, that fit, and the heads where they are wanted, or where they fit.
    fn most(&self, count: u32, heads: Option<Device>, all: u32) -> (Vec<Device>, Device) {
        let largest = |heads: Device| (0..=count).rev().find_map(|n| Some((self.fit(n, heads)?, heads)));
        if let Some(found) = heads.and_then(largest) {
            return found;
        }
        let (blocks, _) = largest(self.cpu).unwrap_or_else(|| (vec![self.cpu; all as usize], self.cpu));
        let follow = || self.blocks.iter().rev().filter(|device| **device != self.cpu);
        if heads.is_none() && count == all && !blocks.contains(&self.cpu) {
            let with = follow().find_map(|device| Some((self.fit(all, *device)?, *device)));
            return with.unwrap_or((blocks, self.cpu));
        }
        (blocks, self.cpu)
    }

    /// Bytes that so much takes on devices in all.
    fn needed(&self, count: u32, heads: Device) -> u64 {
        let blocks: u64 = self.sizes.blocks.iter().rev().take(count as usize).sum();
        let working = if count > 0 { self.sizes.working } else { 0 };
        blocks + working + if heads == self.cpu { 0 } else { self.sizes.heads }
    }

    fn free(&self, device: Device) -> Option<u64> {
        self.rooms.iter().find(|room| room.device == device).map(|room| room.free)
    }
}

fn words(blocks: u32, heads: Device) -> String {
    let heads = if heads.is_cpu() { "cpu".into() } else { heads.name() };
    format!("--gpu-layers {blocks} --heads-device {heads}")
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
