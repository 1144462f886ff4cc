//! `rpc-server`.

use std::net::{SocketAddr, SocketAddrV4, ToSocketAddrs};

use anyhow::{Context, bail};
use clap::Args;
use mexit_models::{Device, remote};

use super::model::default_threads;

/// Where to listen, and what to serve.
#[derive(Args)]
#[command(after_long_help = "\
The protocol is ggml's own: llama.cpp of the same release can be the other side. It has neither passwords nor encryption: \
whoever reaches the port can compute here and read what others compute. One client is served at a time; a further one \
waits, and is told so by its own side after a few seconds. Ctrl-C ends the server.")]
pub(super) struct RpcServerArgs {
    /// Address to listen on; others than this machine reach it by the address that it has in their network
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; 0 lets the system choose
    #[arg(long, value_name = "PORT", default_value_t = 50052)]
    port: u16,
    /// Processor threads [default: one a core, 8 at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// What to serve: cpu, or names that `mexit-tui devices` lists
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "cpu")]
    device: Vec<String>,
}

/// Serves until it is ended.
pub(super) fn serve(args: &RpcServerArgs) -> anyhow::Result<()> {
    let address = args.address()?;
    let devices = args.device.iter().map(|name| Device::named(name)).collect::<Result<Vec<_>, _>>()?;
    let threads = args.threads.map_or_else(default_threads, usize::from);
    let names = devices.iter().map(|device| device.name()).collect::<Vec<_>>().join(", ");
    // For people, on stderr: stdout is ggml's.
    let listening = move |address: SocketAddrV4| {
        if !address.ip().is_loopback() {
            eprintln!(
                "warning: whoever reaches {address} can compute here and read what others compute: no password, no \
                 encryption; only in a network that you trust"
            );
        }
        eprintln!("{names} at {address}, for one client at a time; Ctrl-C ends it");
    };
    match remote::serve(address, threads, &devices, listening)? {}
}

impl RpcServerArgs {
    /// ggml's server listens on an address of the fourth version.
    fn address(&self) -> anyhow::Result<SocketAddrV4> {
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let found = found.with_context(|| format!("--host {}: expected an address of this machine", self.host))?;
        for address in found {
            if let SocketAddr::V4(address) = address {
                return Ok(address);
            }
        }
        bail!("--host {}: expected an IPv4 address of this machine, such as 127.0.0.1 or 192.168.1.7", self.host)
    }
}
