//! Stands between ggml's client and a server. ggml's client ends the process when a server is gone or answers nonsense; so
//! it talks to us, here on this machine, and is always answered: by the server, or by us once that is lost.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use super::{link::Link, wire};

/// Weights pass in pieces of this size, not as a whole.
pub(super) const PIECE: usize = 256 << 10;

/// Listens on this machine on behalf of a server; gives the port. For as long as the process lives: ggml never forgets an
/// endpoint, and may connect to it at any time.
pub(super) fn start(link: Arc<Link>) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let listen = move || {
        for client in listener.incoming().flatten() {
            let link = Arc::clone(&link);
            // It ends with the client, which is an engine's.
            let serve = move || drop(serve(client, &link));
            drop(thread::Builder::new().name("relay".into()).spawn(serve));
        }
    };
    thread::Builder::new().name("relay-door".into()).spawn(listen)?;
    Ok(port)
}

/// Serves ggml's client until it goes.
fn serve(mut client: TcpStream, link: &Link) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut piece = vec![0; PIECE];
    let mut head = [0; 9];
    while client.read_exact(&mut head[..1]).is_ok() {
        client.read_exact(&mut head[1..])?;
        let (command, bytes) = (head[0], wire::number(&head[1..]));
        if !wire::is_answered(command) {
            pass_on(&mut client, link, (head, bytes), &mut piece)?;
            continue;
        }
        let mut request = vec![0; usize::try_from(bytes).unwrap_or(0)];
        client.read_exact(&mut request)?;
        match command {
            wire::GET_TENSOR => fetch(&mut client, link, &request, &mut piece)?,
            // The server was greeted when it was connected.
            wire::HELLO => client.write_all(&framed(wire::HELLO, &request, None))?,
            _ => client.write_all(&framed(command, &request, link.ask(command, &request)))?,
        }
    }
    Ok(())
}

/// An answer with its length, made up if there is none.
fn framed(command: u8, request: &[u8], answer: Option<Vec<u8>>) -> Vec<u8> {
    let bytes = wire::answer_bytes(command, request).unwrap_or(0);
    let zeros = || vec![0; usize::try_from(bytes).unwrap_or(0)];
    let answer = answer.or_else(|| wire::made_up(command)).unwrap_or_else(zeros);
    [&bytes.to_le_bytes()[..], &answer].concat()
}

/// Passes on a request that has no answer, or swallows it.
fn pass_on(client: &mut TcpStream, link: &Link, (head, bytes): ([u8; 9], u64), piece: &mut [u8]) -> io::Result<()> {
    let mut server = link.open();
    link.count_sent(0, u64::from(server.is_some()));
    // The head goes with the first piece: one packet for a small request.
    piece[..head.len()].copy_from_slice(&head);
    let (mut at, mut left) = (head.len(), bytes);
    loop {
        let room = piece.len() - at;
        let wanted = usize::try_from(left).map_or(room, |left| left.min(room));
        if let Err(error) = client.read_exact(&mut piece[at..at + wanted]) {
            // The server waits for the rest of a request that does not come.
            link.lose("this program gave up in the middle of a request".into());
            return Err(error);
        }
        if let Some(stream) = &mut server
            && link.write(stream, &piece[..at + wanted]).is_none()
        {
            server = None;
        }
        (at, left) = (0, left - wanted as u64);
        if left == 0 {
            return Ok(());
        }
    }
}

/// Answers with numbers of the server's; with zeros in place of what it does not send.
fn fetch(client: &mut TcpStream, link: &Link, request: &[u8], piece: &mut [u8]) -> io::Result<()> {
    let bytes = wire::answer_bytes(wire::GET_TENSOR, request).unwrap_or(0);
    let mut server = link.open();
    if let Some(stream) = &mut server
        && link.begin_answer(stream, wire::GET_TENSOR, request, bytes).is_none()
    {
        server = None;
    }
    piece[..8].copy_from_slice(&bytes.to_le_bytes());
    let (mut at, mut left) = (8, bytes);
    loop {
        let room = piece.len() - at;
        let wanted = usize::try_from(left).map_or(room, |left| left.min(room));
        let part = &mut piece[at..at + wanted];
        let came = server.as_mut().and_then(|stream| link.read(stream, part));
        if came.is_none() {
            part.fill(0);
            server = None;
        }
        if let Err(error) = client.write_all(&piece[..at + wanted]) {
            link.lose("this program gave up in the middle of an answer".into());
            return Err(error);
        }
        (at, left) = (0, left - wanted as u64);
        if left == 0 {
            return Ok(());
        }
    }
}
