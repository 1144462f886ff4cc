//! The other side: this machine's devices for programs on other machines. ggml's own server does the work,
//! behind a front of ours.

use std::{
    ffi::{CString, c_char, c_void},
    fs::File,
    io,
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream},
    os::fd::AsRawFd,
    thread,
};

use llama_cpp_sys_2 as sys;

use super::{front, procedure};
use crate::{Device, Error, require_processor};

/// # Safety
/// A terminated string, another or null, and as many devices as are said.
type StartServer = unsafe extern "C" fn(*const c_char, *const c_char, usize, usize, *mut sys::ggml_backend_dev_t);

/// Serves `devices`, the processor with so many threads, to one client at a time, until the process ends. `listening` is
/// told the address once clients can connect; a port 0 is chosen by the system.
///
/// # Errors
/// If the address cannot be listened on, or this build has no RPC backend.
pub fn serve(
    address: SocketAddrV4,
    threads: usize,
    devices: &[Device],
    listening: impl FnOnce(SocketAddrV4) + Send + 'static,
) -> Result<std::convert::Infallible, Error> {
    require_processor()?;
    let start = procedure(c"ggml_backend_rpc_start_server")?;
    // SAFETY: the address that ggml gives for the function of this name, whose type ggml-rpc.h states.
    let start = unsafe { std::mem::transmute::<*mut c_void, StartServer>(start) };
    let refused = |error: io::Error| Error::NoServer { address: address.to_string(), why: error.to_string() };
    let listener = TcpListener::bind(address).map_err(refused)?;
    let address = SocketAddrV4::new(*address.ip(), listener.local_addr().map_err(refused)?.port());
    // ggml's server says nothing of a port that it does not get.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).map_err(refused)?;
    let inner = SocketAddrV4::new(Ipv4Addr::LOCALHOST, free.port());
    mute().map_err(refused)?;
    // The first client is this one: it hangs up at once, and knows then that others can come.
    let look = move || {
        while TcpStream::connect(inner).is_err() {
            thread::yield_now();
        }
        listening(address);
        front::open(&listener, inner);
    };
    thread::Builder::new().spawn(look).map_err(refused)?;
    let endpoint = CString::new(inner.to_string()).unwrap_or_default();
    let mut raw: Vec<sys::ggml_backend_dev_t> = devices.iter().map(|device| device.raw()).collect();
    // SAFETY: a terminated string, no folder for a cache, and as many registered devices as are said.
    unsafe { start(endpoint.as_ptr(), std::ptr::null(), threads, raw.len(), raw.as_mut_ptr()) };
    Err(Error::NoServer { address: address.to_string(), why: "ggml's server has ended".into() })
}

/// ggml's server tells its developers on stdout what it does.
fn mute() -> io::Result<()> {
    let nowhere = File::options().write(true).open("/dev/null")?;
    // SAFETY: two open descriptors; what was stdout is closed.
    if unsafe { libc::dup2(nowhere.as_raw_fd(), libc::STDOUT_FILENO) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
