//! What can go wrong below the graphs.

/// A request that ggml would have answered with an abort, or that the machine refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Shapes, types or layouts that an operation does not take.
    #[error("{op}: expected {expected}, found {found}")]
    Op {
        /// The operation and the name of its result.
        op: String,
        /// What it takes.
        expected: String,
        /// What it was given.
        found: String,
    },
    /// The arena was made for fewer tensors.
    #[error("the graph needs more than the {0} tensors its arena was made for")]
    ArenaFull(usize),
    /// No memory for a buffer.
    #[error(
        "no memory for {what}: {bytes} bytes were asked for; close other programs, or take a smaller type or context"
    )]
    OutOfMemory {
        /// What the buffer was to hold.
        what: String,
        /// Its size.
        bytes: usize,
    },
    /// A device that this build or machine does not have.
    #[error("no device is called `{name}`; there are: {known}")]
    NoDevice {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The device is there but does not start.
    #[error("the device {0} could not be started; try --device cpu")]
    DeviceFailed(String),
    /// A tensor that has no memory, or belongs to another graph.
    #[error("tensor {0} has no memory in this graph")]
    NoMemory(String),
    /// Bytes of another size than the tensor's.
    #[error("tensor {name}: expected {expected} bytes, found {found}")]
    Bytes {
        /// The tensor.
        name: String,
        /// Its size in bytes.
        expected: usize,
        /// The size given.
        found: usize,
    },
    /// The computation did not finish.
    #[error("the computation ended with ggml's status {0}")]
    Compute(i32),
    /// The processor lacks what this build was compiled for.
    #[error(
        "this build needs a processor with {0}: take a build for this one, or build it on this machine (make install)"
    )]
    Processor(String),
    /// This build cannot reach other machines.
    #[error(
        "this build cannot reach other machines: ggml's RPC backend was left out; build it in the project's folder, whose .cargo/config.toml sets GGML_RPC, after `cargo clean --release -p llama-cpp-sys-2`"
    )]
    NoRpc,
    /// No server at an address.
    #[error("no server at {endpoint}: {why}")]
    NoRemote {
        /// The address asked for.
        endpoint: String,
        /// What was found there.
        why: String,
    },
    /// A device of another machine that was there before.
    #[error("{name} at {endpoint} is lost: {why}; start its server again, or go on without it")]
    RemoteLost {
        /// The device.
        name: String,
        /// Its server's address.
        endpoint: String,
        /// How that was found out.
        why: String,
    },
    /// This machine's devices cannot be served.
    #[error("cannot listen on {address}: {why}; choose another --port or --host")]
    NoServer {
        /// The address.
        address: String,
        /// What the system said.
        why: String,
    },
    /// More devices than ggml's scheduler takes.
    #[error("{0} devices are too many: at most 15 can share a model beside the processor")]
    TooManyDevices(usize),
}

/// Shorthand for a refused operation.
pub(crate) fn op(op: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::Op { op: op.into(), expected: expected.into(), found: found.into() }
}
