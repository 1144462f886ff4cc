//! What can compute: the processor, always, and whatever devices this build and machine have beside it.

use std::{ffi::CStr, ptr::NonNull, sync::OnceLock};

use llama_cpp_sys_2 as sys;

use crate::{
    Error, crash,
    processor::require_processor,
    remote::{self, Traffic},
};

/// What sort of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// A graphics processor, with memory of its own or not.
    Gpu,
    /// Something beside the processor that shares its memory.
    Accelerator,
    /// Whatever a server on another machine offers.
    Remote,
}

/// One device that ggml knows. Devices live as long as the process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Device(NonNull<sys::ggml_backend_device>);

// SAFETY: devices are entries of ggml's registry: filled once, never changed or freed.
unsafe impl Send for Device {}
// SAFETY: as above; the functions called on them read only.
unsafe impl Sync for Device {}

impl Device {
    /// Every device, in ggml's order.
    ///
    /// # Errors
    /// If the processor lacks what this build was compiled for.
    pub fn all() -> Result<&'static [Self], Error> {
        static ALL: OnceLock<Vec<Device>> = OnceLock::new();
        require_processor()?;
        Ok(ALL.get_or_init(|| {
            crash::route_messages();
            // SAFETY: reads the registry, filling it on the first call.
            let count = unsafe { sys::ggml_backend_dev_count() };
            // SAFETY: every index is below the count.
            (0..count).filter_map(|i| NonNull::new(unsafe { sys::ggml_backend_dev_get(i) })).map(Self).collect()
        }))
    }

    /// The processor.
    ///
    /// # Errors
    /// As [`Device::all`].
    pub fn cpu() -> Result<Self, Error> {
        Self::named("CPU")
    }

    /// The device called `name`, in any case of letters; `auto` takes the first graphics processor, or else the CPU. Devices
    /// of other machines are found once they are connected.
    ///
    /// # Errors
    /// If there is none, with the names there are; if it is lost, with the reason.
    pub fn named(name: &str) -> Result<Self, Error> {
        let all = Self::all()?;
        let found = match name {
            "auto" => all.iter().find(|d| d.kind() == DeviceKind::Gpu).or(all.iter().find(|d| d.is_cpu())),
            name if name.eq_ignore_ascii_case("cpu") => all.iter().find(|d| d.is_cpu()),
            name => all.iter().find(|d| d.name().eq_ignore_ascii_case(name)),
        };
        let found = found.copied().or_else(|| remote::named(name)).ok_or_else(|| {
            let names: Vec<String> = all.iter().map(|d| d.name()).chain(remote::connected()).collect();
            Error::NoDevice { name: name.into(), known: names.join(", ") }
        })?;
        found.present()?;
        Ok(found)
    }

    /// Whether it is there: a device of another machine can be lost, and nothing computed by it since counts.
    ///
    /// # Errors
    /// If it is lost, with the reason.
    pub fn present(self) -> Result<(), Error> {
        let Some(remote) = remote::of(self) else { return Ok(()) };
        let (name, endpoint) = (remote.name, remote.endpoint);
        remote.lost.map_or(Ok(()), |why| Err(Error::RemoteLost { name, endpoint, why }))
    }

    /// Whether it is lost.
    #[must_use]
    pub fn is_lost(self) -> bool {
        self.present().is_err()
    }

    /// What has passed between this program and the device's server, if it is one of another machine. Devices of one
    /// server share the connection.
    #[must_use]
    pub fn traffic(self) -> Option<Traffic> {
        remote::of(self).map(|remote| remote.traffic)
    }

    /// Its name, such as `CPU` or `Vulkan0`.
    #[must_use]
    pub fn name(self) -> String {
        if let Some(remote) = remote::of(self) {
            return remote.name;
        }
        // SAFETY: a registered device.
        text(unsafe { sys::ggml_backend_dev_name(self.raw()) })
    }

    /// What it is, in words of its maker.
    #[must_use]
    pub fn description(self) -> String {
        if let Some(remote) = remote::of(self) {
            return format!("at {}", remote.endpoint);
        }
        // SAFETY: a registered device.
        text(unsafe { sys::ggml_backend_dev_description(self.raw()) })
    }

    /// Free and total memory in bytes; zeros where the device does not tell.
    #[must_use]
    pub fn memory(self) -> (usize, usize) {
        let (mut free, mut total) = (0, 0);
        // SAFETY: two valid places to write to.
        unsafe { sys::ggml_backend_dev_memory(self.raw(), &raw mut free, &raw mut total) };
        (free, total)
    }

    /// What sort of device it is.
    #[must_use]
    pub fn kind(self) -> DeviceKind {
        if remote::of(self).is_some() {
            return DeviceKind::Remote;
        }
        // SAFETY: a registered device.
        match unsafe { sys::ggml_backend_dev_type(self.raw()) } {
            sys::GGML_BACKEND_DEVICE_TYPE_CPU => DeviceKind::Cpu,
            sys::GGML_BACKEND_DEVICE_TYPE_GPU | sys::GGML_BACKEND_DEVICE_TYPE_IGPU => DeviceKind::Gpu,
            _ => DeviceKind::Accelerator,
        }
    }

    /// Whether it is the processor.
    #[must_use]
    pub fn is_cpu(self) -> bool {
        self.kind() == DeviceKind::Cpu
    }

    /// The kind of memory it computes in.
    pub(crate) fn buffer_type(self) -> sys::ggml_backend_buffer_type_t {
        // SAFETY: a registered device.
        unsafe { sys::ggml_backend_dev_buffer_type(self.raw()) }
    }

    pub(crate) fn raw(self) -> sys::ggml_backend_dev_t {
        self.0.as_ptr()
    }

    pub(crate) fn from_raw(raw: NonNull<sys::ggml_backend_device>) -> Self {
        Self(raw)
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

/// A stream of computations on one device.
pub(crate) struct Backend {
    raw: NonNull<sys::ggml_backend>,
    device: Device,
}

// SAFETY: a backend has no thread affinity; `Backend` is its one owner.
unsafe impl Send for Backend {}

impl Backend {
    pub(crate) fn new(device: Device) -> Result<Self, Error> {
        device.present()?;
        // SAFETY: a registered device; null parameters mean its defaults.
        let raw = unsafe { sys::ggml_backend_dev_init(device.raw(), std::ptr::null()) };
        let raw = NonNull::new(raw).ok_or_else(|| Error::DeviceFailed(device.name()))?;
        Ok(Self { raw, device })
    }

    pub(crate) fn device(&self) -> Device {
        self.device
    }

    pub(crate) fn raw(&self) -> sys::ggml_backend_t {
        self.raw.as_ptr()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // SAFETY: made by ggml_backend_dev_init, freed once.
        unsafe { sys::ggml_backend_free(self.raw()) }
    }
}

fn text(raw: *const std::ffi::c_char) -> String {
    if raw.is_null() {
        return String::new();
    }
    // SAFETY: ggml's names are terminated strings that live as long as the registry.
    unsafe { CStr::from_ptr(raw) }.to_string_lossy().into_owned()
}

/// Bytes that the system could give to a program now without swapping, where it tells.
#[must_use]
pub fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
