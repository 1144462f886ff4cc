//! A server's pulse, on a connection of its own. ggml's server says nothing while it computes, as does one that is stopped,
//! or whose network is gone: whether its process still runs is told by another thread of that, every second.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    sync::Arc,
    thread,
    time::Duration,
};

use super::link::{self, Link, Patience, told};

/// Asks for the pulse, and is the pulse: no command of ggml's, whose own server hangs up on it.
const BEAT: u8 = 0xff;
/// Between two of them.
const REST: Duration = Duration::from_secs(1);

/// Whether a client wants the pulse, by its first byte.
pub(super) fn is_asked(client: &TcpStream) -> bool {
    let mut first = [0];
    matches!(client.peek(&mut first), Ok(1)) && first == [BEAT]
}

/// Gives it until the client goes.
pub(super) fn give(mut client: TcpStream) -> io::Result<()> {
    loop {
        client.write_all(&[BEAT])?;
        thread::sleep(REST);
    }
}

/// Follows the pulse of a server on a thread of its own: without one for too long it is lost. One that never had a pulse, such
/// as llama.cpp's own, is waited for as long as an answer may take.
pub(super) fn follow(endpoint: &str, link: Arc<Link>, patience: Patience) -> io::Result<()> {
    let endpoint = endpoint.to_owned();
    let body = move || {
        let Ok(mut server) = link::stream(&endpoint, patience) else { return };
        let mut beats = [0; 64];
        let begun = server.write_all(&[BEAT]).and_then(|()| server.read_exact(&mut beats[..1]));
        if begun.is_err() || beats[0] != BEAT || server.set_read_timeout(Some(patience.silence)).is_err() {
            return;
        }
        while link.lost().is_none() {
            match server.read(&mut beats).map_err(|error| error.kind()) {
                // Beside the link: what became of that, its own requests find.
                Ok(0) => return,
                Err(ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return link.lose(format!("no sign of life for {}", told(patience.silence)));
                }
                Ok(_) | Err(ErrorKind::Interrupted) => {}
                Err(_) => return,
            }
        }
    };
    thread::Builder::new().name("pulse".into()).spawn(body).map(drop)
}
