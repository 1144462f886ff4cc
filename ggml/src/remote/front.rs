//! What listens in place of ggml's server, which hears one client and nobody else: passes clients on to it, and gives the
//! pulse to those who ask.

use std::{
    io::{self, BufReader},
    net::{Shutdown, SocketAddrV4, TcpListener, TcpStream},
    thread,
};

use super::{link, pulse, relay::PIECE};

/// Passes on to the server at `inner` whoever connects, for as long as the process lives.
pub(super) fn open(listener: &TcpListener, inner: SocketAddrV4) {
    for client in listener.incoming().flatten() {
        let serve = move || drop(serve(client, inner));
        drop(thread::Builder::new().name("front".into()).spawn(serve));
    }
}

fn serve(client: TcpStream, inner: SocketAddrV4) -> io::Result<()> {
    // A client whose machine is gone must not keep the others out.
    link::keep_alive(&client)?;
    client.set_nodelay(true)?;
    if pulse::is_asked(&client) {
        return pulse::give(client);
    }
    let server = TcpStream::connect(inner)?;
    server.set_nodelay(true)?;
    let (from_server, to_client) = (server.try_clone()?, client.try_clone()?);
    thread::Builder::new().name("back".into()).spawn(move || pass(&from_server, &to_client))?;
    pass(&client, &server);
    Ok(())
}

/// Passes on what comes, and then the end, in both directions: either side is of no use without the other.
fn pass(from: &TcpStream, mut to: &TcpStream) {
    drop(io::copy(&mut BufReader::with_capacity(PIECE, from), &mut to));
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
}
