//! Devices of other machines, by ggml's RPC backend: reached through a relay of ours, so that a server that dies is an
//! error and not the end of the process.

mod front;
mod link;
mod pulse;
mod relay;
mod serve;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    ffi::{CStr, CString, c_char, c_void},
    ptr::NonNull,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use llama_cpp_sys_2 as sys;

use self::link::{Link, Patience};
pub use self::{link::Traffic, serve::serve};
use crate::{Device, Error, require_processor};

/// A server that was connected, lost or not. They are kept: ggml's devices are never freed.
struct Server {
    endpoint: String,
    link: Arc<Link>,
    /// With the names that they have for the user.
    devices: Vec<(Device, String)>,
}

static SERVERS: RwLock<Vec<Server>> = RwLock::new(Vec::new());

/// The devices of the server at `endpoint` (HOST:PORT), called RPC0, RPC1 and so on in the order in which they were first
/// connected. A server that is connected is not connected again; one that was lost is, and its devices keep their names.
///
/// # Errors
/// If no server of our version answers there, or this build has no RPC backend.
pub fn connect(endpoint: &str) -> Result<Vec<Device>, Error> {
    connect_within(endpoint, Patience::USUAL)
}

fn connect_within(endpoint: &str, patience: Patience) -> Result<Vec<Device>, Error> {
    // One at a time: two connections to one server would wait for each other.
    static CONNECTING: Mutex<()> = Mutex::new(());
    let _one = CONNECTING.lock().unwrap_or_else(PoisonError::into_inner);
    require_processor()?;
    let add = procedure(c"ggml_backend_rpc_add_server")?;
    // SAFETY: the address that ggml gives for the function of this name, whose type ggml-rpc.h states.
    let add = unsafe { std::mem::transmute::<*mut c_void, AddServer>(add) };
    let connected = servers(|server| server.endpoint == endpoint && server.link.lost().is_none());
    if let Some((link, devices)) = connected.into_iter().next()
        && link.is_there()
    {
        return Ok(devices);
    }
    let refused = |why: String| Error::NoRemote { endpoint: endpoint.into(), why };
    let (link, count) = Link::connect(endpoint, patience).map_err(refused)?;
    let link = Arc::new(link);
    let started = relay::start(Arc::clone(&link));
    let started = started.and_then(|port| pulse::follow(endpoint, Arc::clone(&link), patience).map(|()| port));
    let port = started.map_err(|error| refused(error.to_string()))?;
    let relayed = CString::new(format!("127.0.0.1:{port}")).unwrap_or_default();
    // SAFETY: a terminated string, which ggml copies. It connects to the relay, which answers whatever the server does.
    let registry = unsafe { add(relayed.as_ptr()) };
    if registry.is_null() {
        return Err(refused(link.lost().unwrap_or("it has no device").into()));
    }
    let names = names(endpoint, count);
    // SAFETY: the registry just made has as many devices as the server said, and every index is below that.
    let devices = (0..count).filter_map(|i| NonNull::new(unsafe { sys::ggml_backend_reg_dev_get(registry, i) }));
    let devices: Vec<(Device, String)> = devices.map(Device::from_raw).zip(names).collect();
    let found = devices.iter().map(|(device, _)| *device).collect();
    let server = Server { endpoint: endpoint.into(), link, devices };
    SERVERS.write().unwrap_or_else(PoisonError::into_inner).push(server);
    Ok(found)
}

/// Whether the server at `endpoint` was connected in this process, lost since or not.
#[must_use]
pub fn is_known(endpoint: &str) -> bool {
    !servers(|server| server.endpoint == endpoint).is_empty()
}

/// The device called so, in any case of letters: the one connected last, if it was connected anew.
pub(crate) fn named(name: &str) -> Option<Device> {
    let servers = SERVERS.read().unwrap_or_else(PoisonError::into_inner);
    let mut all = servers.iter().rev().flat_map(|server| &server.devices);
    all.find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(device, _)| *device)
}

/// Names of all devices that are connected.
pub(crate) fn connected() -> Vec<String> {
    let servers = SERVERS.read().unwrap_or_else(PoisonError::into_inner);
    let there = servers.iter().filter(|server| server.link.lost().is_none());
    there.flat_map(|server| &server.devices).map(|(_, name)| name.clone()).collect()
}

/// What is known of a device, if it is one of another machine.
pub(crate) struct Remote {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    /// Why its server is lost, if it is.
    pub(crate) lost: Option<String>,
    pub(crate) traffic: Traffic,
}

/// What is known of `device`.
pub(crate) fn of(device: Device) -> Option<Remote> {
    let servers = SERVERS.read().unwrap_or_else(PoisonError::into_inner);
    servers.iter().find_map(|server| {
        let (_, name) = server.devices.iter().find(|(known, _)| *known == device)?;
        Some(Remote {
            name: name.clone(),
            endpoint: server.endpoint.clone(),
            lost: server.link.lost().map(ToOwned::to_owned),
            traffic: server.link.traffic(),
        })
    })
}

fn servers(wanted: impl Fn(&Server) -> bool) -> Vec<(Arc<Link>, Vec<Device>)> {
    let servers = SERVERS.read().unwrap_or_else(PoisonError::into_inner);
    let found = servers.iter().filter(|server| wanted(server));
    found.map(|server| (Arc::clone(&server.link), server.devices.iter().map(|(device, _)| *device).collect())).collect()
}

/// Names for the devices of a server: those that it had before, and then the next ones.
fn names(endpoint: &str, count: usize) -> Vec<String> {
    let servers = SERVERS.read().unwrap_or_else(PoisonError::into_inner);
    let all = || servers.iter().flat_map(|server| server.devices.iter().map(move |(_, name)| (&server.endpoint, name)));
    let mut names: Vec<String> = Vec::new();
    for (known, name) in all() {
        if known == endpoint && !names.contains(name) {
            names.push(name.clone());
        }
    }
    let used: std::collections::HashSet<&String> = all().map(|(_, name)| name).collect();
    names.extend((0..).map(|n| format!("RPC{n}")).filter(|name| !used.contains(name)).take(count));
    names.truncate(count);
    names
}

/// # Safety
/// A terminated string.
type AddServer = unsafe extern "C" fn(*const c_char) -> sys::ggml_backend_reg_t;

/// A function of ggml's RPC backend, which the bindings lack.
fn procedure(name: &CStr) -> Result<*mut c_void, Error> {
    crate::crash::route_messages();
    // SAFETY: a terminated string; an unknown registry is null.
    let registry = unsafe { sys::ggml_backend_reg_by_name(c"RPC".as_ptr()) };
    if registry.is_null() {
        return Err(Error::NoRpc);
    }
    // SAFETY: a registry, and a terminated string; an unknown function is null.
    let found = unsafe { sys::ggml_backend_reg_get_proc_address(registry, name.as_ptr()) };
    if found.is_null() { Err(Error::NoRpc) } else { Ok(found) }
}
