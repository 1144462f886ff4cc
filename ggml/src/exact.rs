//! Keeps f32 weights f32 on graphics processors.

/// Has ggml's Vulkan backend compute in f32. Left to itself it rounds both factors of a batch's products, and what attention
/// multiplies, to f16 wherever a device can compute in it, f32 weights included: logits are then off by about 0.02
/// (`tests/device`). Costs time in batches and in attention; a single row's products are f32 in any case. The variable
/// `MEXIT_VULKAN_F16` leaves it as it is.
///
/// To be called by `main`, first: it sets a variable of the environment, which cannot be done beside other threads.
pub fn keep_f32() {
    #[cfg(feature = "vulkan")]
    if std::env::var_os("MEXIT_VULKAN_F16").is_none() && is_alone() {
        // SAFETY: no other thread is there to read the environment.
        unsafe { std::env::set_var("GGML_VK_DISABLE_F16", "1") };
    }
}

/// Whether this is the process's only thread, where the system tells.
#[cfg(feature = "vulkan")]
fn is_alone() -> bool {
    std::fs::read_dir("/proc/self/task").map_or(true, |threads| threads.count() == 1)
}
