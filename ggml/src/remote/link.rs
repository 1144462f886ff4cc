//! The connection to a server: made with limits of patience, and found lost instead of waited for or believed.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};

use super::wire;

/// How long what is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For a connection, by address.
    pub(super) connect: Duration,
    /// For a server's first word.
    pub(super) hello: Duration,
    /// For an answer: whatever the server has been told to compute before is done first.
    pub(super) answer: Duration,
    /// For the next beat of a server that has a pulse.
    pub(super) silence: Duration,
}

impl Patience {
    /// A machine that is there answers within milliseconds; a large batch on a slow one takes a minute. A pulse stops for
    /// some seconds where a wireless network changes stations, or a machine has much to swap.
    pub(super) const USUAL: Self = Self {
        connect: Duration::from_secs(3),
        hello: Duration::from_secs(4),
        answer: Duration::from_mins(3),
        silence: Duration::from_secs(20),
    };
}

/// What has passed between this program and a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes to the server.
    pub sent: u64,
    /// Bytes from the server.
    pub received: u64,
    /// Requests.
    pub requests: u64,
    /// Requests whose answer was waited for: each takes the network's time there and back.
    pub answers: u64,
}

impl std::ops::Sub for Traffic {
    type Output = Self;

    /// What has passed since `before`.
    fn sub(self, before: Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            received: self.received - before.received,
            requests: self.requests - before.requests,
            answers: self.answers - before.answers,
        }
    }
}

/// A server, connected once.
pub(super) struct Link {
    stream: Mutex<TcpStream>,
    /// The same, to end it while somebody waits for it.
    end: TcpStream,
    /// Why it is lost.
    lost: OnceLock<String>,
    patience: Patience,
    sent: AtomicU64,
    received: AtomicU64,
    requests: AtomicU64,
    answers: AtomicU64,
}

impl Link {
    /// Connects, and makes sure that a server of our ggml's version is there; gives its number of devices, too.
    pub(super) fn connect(endpoint: &str, patience: Patience) -> Result<(Self, usize), String> {
        let stream = stream(endpoint, patience)?;
        let link = Self {
            end: stream.try_clone().map_err(|error| error.to_string())?,
            stream: Mutex::new(stream),
            lost: OnceLock::new(),
            patience,
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            answers: AtomicU64::new(0),
        };
        link.greet()?;
        let count = link.ask(wire::DEVICE_COUNT, &[]).ok_or_else(|| link.why())?;
        link.lock().set_read_timeout(Some(patience.answer)).map_err(|error| error.to_string())?;
        Ok((link, usize::try_from(wire::number(&count)).unwrap_or(0)))
    }

    /// The first words of both sides.
    fn greet(&self) -> Result<(), String> {
        let mut stream = self.lock();
        let hello = wire::request(wire::HELLO, &wire::NO_CAPABILITIES);
        let mut answer = [0; 8 + 28];
        let said = stream.write_all(&hello).and_then(|()| {
            self.count_sent(hello.len(), 1);
            stream.read_exact(&mut answer[..8])?;
            if wire::number(&answer) != 28 {
                return Err(io::Error::other("it is no ggml RPC server: it answers something else"));
            }
            stream.read_exact(&mut answer[8..])
        });
        said.map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                format!(
                    "no answer within {}: busy with another client, or no ggml RPC server",
                    told(self.patience.hello)
                )
            }
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => {
                "it hangs up: no ggml RPC server, or one of another version".into()
            }
            _ => error.to_string(),
        })?;
        self.received.fetch_add(answer.len() as u64, Ordering::Relaxed);
        let [major, minor, _] = wire::VERSION;
        if answer[8] != major || answer[9] > minor {
            let found = format!("{}.{}", answer[8], answer[9]);
            return Err(format!(
                "it speaks version {found} of ggml's protocol, this program {major}.{minor}: use the same release on both"
            ));
        }
        Ok(())
    }

    /// The connection, unless the server is lost.
    pub(super) fn open(&self) -> Option<MutexGuard<'_, TcpStream>> {
        let stream = self.lock();
        self.lost.get().is_none().then_some(stream)
    }

    /// Asks for something that has an answer of a known, small size; `None` if the server is lost, now or before.
    pub(super) fn ask(&self, command: u8, request: &[u8]) -> Option<Vec<u8>> {
        let bytes = wire::answer_bytes(command, request)?;
        let mut stream = self.open()?;
        self.begin_answer(&mut stream, command, request, bytes)?;
        let mut answer = vec![0; usize::try_from(bytes).ok()?];
        self.read(&mut stream, &mut answer)?;
        if !wire::is_sound(command, request, &answer) {
            self.lose(format!("nonsense in answer to request {command}"));
            return None;
        }
        Some(answer)
    }

    /// Sends a request and reads its answer's length, which must be `bytes`.
    pub(super) fn begin_answer(&self, stream: &mut TcpStream, command: u8, request: &[u8], bytes: u64) -> Option<()> {
        self.write(stream, &wire::request(command, request))?;
        self.count_sent(0, 1);
        self.answers.fetch_add(1, Ordering::Relaxed);
        let mut length = [0; 8];
        self.read(stream, &mut length)?;
        if wire::number(&length) != bytes {
            let found = wire::number(&length);
            self.lose(format!("nonsense in answer to request {command}: {found} bytes instead of {bytes}"));
            return None;
        }
        Some(())
    }

    pub(super) fn write(&self, stream: &mut TcpStream, bytes: &[u8]) -> Option<()> {
        self.count_sent(bytes.len(), 0);
        stream.write_all(bytes).map_err(|error| self.fail(stream, &error)).ok()
    }

    pub(super) fn read(&self, stream: &mut TcpStream, bytes: &mut [u8]) -> Option<()> {
        stream.read_exact(bytes).map_err(|error| self.fail(stream, &error)).ok()?;
        self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Some(())
    }

    pub(super) fn count_sent(&self, bytes: usize, requests: u64) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        self.requests.fetch_add(requests, Ordering::Relaxed);
    }

    /// Whether the server is there, by asking it; one that is at work counts as there.
    pub(super) fn is_there(&self) -> bool {
        match self.stream.try_lock() {
            Err(TryLockError::WouldBlock) => return self.lost().is_none(),
            // Between two models: nothing is being computed that would keep it from answering.
            guard => drop(guard.map(|stream| stream.set_read_timeout(Some(self.patience.hello)))),
        }
        let there = self.ask(wire::DEVICE_COUNT, &[]).is_some();
        there && self.lock().set_read_timeout(Some(self.patience.answer)).is_ok()
    }

    /// Gives the server up, and the connection, which it may take a next client on. The first reason stays.
    pub(super) fn lose(&self, why: String) {
        let _ = self.lost.set(why);
        let _ = self.end.shutdown(Shutdown::Both);
    }

    /// Why it is lost, if it is.
    pub(super) fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }

    /// What has passed so far.
    pub(super) fn traffic(&self) -> Traffic {
        let [sent, received, requests, answers] =
            [&self.sent, &self.received, &self.requests, &self.answers].map(|count| count.load(Ordering::Relaxed));
        Traffic { sent, received, requests, answers }
    }

    fn fail(&self, stream: &TcpStream, error: &io::Error) {
        let limit = stream.read_timeout().ok().flatten().unwrap_or(self.patience.answer);
        self.lose(match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => format!("no answer within {}", told(limit)),
            ErrorKind::UnexpectedEof => "connection closed".into(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "connection broken off".into(),
            _ => error.to_string(),
        });
    }

    fn why(&self) -> String {
        self.lost().unwrap_or("no answer").to_owned()
    }

    fn lock(&self) -> MutexGuard<'_, TcpStream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to the first of the endpoint's addresses that takes one.
pub(super) fn stream(endpoint: &str, patience: Patience) -> Result<TcpStream, String> {
    let addresses = endpoint.to_socket_addrs().map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => "expected HOST:PORT".into(),
        _ => error.to_string(),
    })?;
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, patience.connect).and_then(|stream| prepared(stream, patience)) {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                why = match error.kind() {
                    ErrorKind::ConnectionRefused => {
                        "nothing listens there: start `mexit-tui rpc-server` on that machine, and check the port".into()
                    }
                    ErrorKind::TimedOut => {
                        format!("no connection within {}: is the machine on?", told(patience.connect))
                    }
                    _ => error.to_string(),
                }
            }
        }
    }
    Err(why)
}

fn prepared(stream: TcpStream, patience: Patience) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience.hello))?;
    stream.set_write_timeout(Some(patience.answer))?;
    keep_alive(&stream)?;
    Ok(stream)
}

/// A machine that was switched off says nothing: its silence is found out while something is waited for.
pub(super) fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let alive = TcpKeepalive::new().with_time(Duration::from_secs(10)).with_interval(Duration::from_secs(5));
    SockRef::from(stream).set_tcp_keepalive(&alive)
}

pub(super) fn told(time: Duration) -> String {
    format!("{} s", time.as_secs_f32())
}
