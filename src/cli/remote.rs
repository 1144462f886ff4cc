//! Devices of other machines.

use clap::Args;
use mexit_models::{Device, remote};

/// Which other machines.
#[derive(Args, Clone)]
pub(super) struct RemoteArgs {
    /// Other machines to compute on, each by a `mexit-tui rpc-server` there: their devices are called RPC0, RPC1 and so on,
    /// and are used by --device auto
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub(super) rpc: Vec<String>,
}

impl RemoteArgs {
    /// The devices of all servers that are there. One that was there before, and is lost, is left out.
    pub(super) fn connect(&self) -> anyhow::Result<Vec<Device>> {
        let mut devices: Vec<Device> = Vec::new();
        for endpoint in &self.rpc {
            let found = match remote::connect(endpoint) {
                Ok(found) => found,
                Err(_) if remote::is_known(endpoint) => continue,
                Err(error) => return Err(error.into()),
            };
            let new: Vec<Device> = found.into_iter().filter(|device| !devices.contains(device)).collect();
            devices.extend(new);
        }
        Ok(devices)
    }

    /// The devices that --device names, other machines' among them.
    pub(super) fn devices(&self, names: &[String]) -> anyhow::Result<Vec<Device>> {
        let remote = self.connect()?;
        let mut devices = Vec::new();
        for name in names {
            devices.extend(unless_lost(Device::named(name))?);
            if name == "auto" {
                devices.extend(&remote);
            }
        }
        Ok(devices)
    }
}

/// No device in place of one that is lost: what remains goes on.
pub(super) fn unless_lost(found: Result<Device, mexit_models::DeviceError>) -> anyhow::Result<Option<Device>> {
    match found {
        Ok(device) => Ok(Some(device)),
        Err(mexit_models::DeviceError::RemoteLost { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
