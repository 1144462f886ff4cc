//! A hub on loopback, and the storage that it redirects to: a checkpoint's folder behind the routes, headers and ranges
//! of the real one, with faults to order. It is written over sockets, because a well-meaning server library cannot be
//! brought to cut a connection or to lie about a length.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
};

use sha2::{Digest, Sha256};

pub const REPO: &str = "someone/a-model_1.0";
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Files longer than this lie in the storage, as the real hub's LFS files do.
const LARGE: usize = 100_000;

/// What goes wrong with one file, or with the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Half of what was asked for is sent, then the connection ends.
    Cut,
    /// More is announced than is sent.
    LongLength,
    /// Half is announced, and sent.
    ShortBody,
    /// No length is announced, and more is sent.
    Endless,
    /// The headers lie about the length, the listing does not.
    LinkedSize,
    /// The headers and the listing lie alike.
    EverySize,
    /// Other bytes.
    Bytes,
    /// A range is answered with the whole.
    IgnoredRange,
    /// A range is answered with another range.
    OtherRange,
    /// The storage refuses.
    Storage,
    /// A redirect that does not say where to.
    NoLocation,
    /// A redirect to itself.
    Loop,
    /// An etag that is a path.
    Etag,
    /// A commit that is a path.
    Commit,
    /// The description of the repository is no JSON.
    Listing,
}

/// A request, as the servers saw it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub storage: bool,
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
}

pub struct State {
    pub files: BTreeMap<String, Vec<u8>>,
    pub commit: String,
    pub token: Option<String>,
    /// The fault, and the file that has it.
    pub fault: (Fault, String),
    pub seen: Vec<Seen>,
    storage: String,
}

pub struct FakeHub {
    pub endpoint: String,
    pub state: Arc<Mutex<State>>,
}

impl FakeHub {
    /// Serves a checkpoint's folder.
    pub fn serving(folder: &Path) -> Self {
        let entries = fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry"));
        let named =
            |e: fs::DirEntry| (e.file_name().into_string().expect("a name"), fs::read(e.path()).expect("bytes"));
        let (hub, storage) = (listen(), listen());
        let endpoint = address(&hub);
        let state = Arc::new(Mutex::new(State {
            files: entries.map(named).collect(),
            commit: COMMIT.into(),
            token: None,
            fault: (Fault::None, String::new()),
            seen: Vec::new(),
            storage: address(&storage),
        }));
        for (listener, is_storage) in [(hub, false), (storage, true)] {
            let state = Arc::clone(&state);
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    // A client that leaves early is not this server's trouble.
                    let _ = serve(stream, is_storage, &state);
                }
            });
        }
        Self { endpoint, state }
    }

    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().expect("the state"))
    }

    /// What was asked since the last time.
    pub fn seen(&self) -> Vec<Seen> {
        self.change(|state| std::mem::take(&mut state.seen))
    }
}

fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a port")
}

fn address(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn serve(stream: TcpStream, storage: bool, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut seen = Seen { storage, method, path, ..Seen::default() };
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("range") => seen.range = Some(value.into()),
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                seen.authorization = Some(value.into());
            }
            Some(_) => {}
        }
    }
    let answer = {
        let mut state = state.lock().expect("the state");
        state.seen.push(seen.clone());
        state.answer(&seen)
    };
    let mut stream = stream;
    let (head, body) = answer;
    stream.write_all(format!("HTTP/1.1 {head}Connection: close\r\n\r\n").as_bytes())?;
    if seen.method != "HEAD" {
        stream.write_all(&body)?;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    // Closing before the client has, would reset the connection and take from it what it has not read.
    reader.read_to_end(&mut Vec::new()).map(|_| ())
}

/// Status line and headers, and the body.
type Answer = (String, Vec<u8>);

fn plain(status: &str, body: impl Into<Vec<u8>>) -> Answer {
    let body = body.into();
    (format!("{status}\r\nContent-Length: {}\r\n", body.len()), body)
}

impl State {
    fn has(&self, fault: Fault, file: &str) -> bool {
        self.fault.0 == fault && self.fault.1 == file
    }

    fn answer(&self, seen: &Seen) -> Answer {
        let path = seen.path.split('?').next().unwrap_or_default();
        if seen.storage {
            return self.content(path.trim_start_matches("/blob/"), seen);
        }
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        if token.is_some() && token != seen.authorization {
            return plain("401 Unauthorized", "{\"error\":\"Invalid username or password.\"}");
        }
        if let Some(revision) = path.strip_prefix(&format!("/api/models/{REPO}/revision/")) {
            let known = revision == "main" || revision == "refs%2Fpr%2F1" || revision == self.commit;
            return if known { self.listing() } else { plain("404 Not Found", "Invalid rev id") };
        }
        if let Some(file) = path.strip_prefix("/api/resolve-cache/") {
            return self.content(file, seen);
        }
        let prefix = format!("/{REPO}/resolve/{}/", self.commit);
        match path.strip_prefix(&prefix).filter(|file| self.files.contains_key(*file)) {
            Some(file) => self.resolve(file, seen),
            None => plain("404 Not Found", "Entry not found"),
        }
    }

    fn listing(&self) -> Answer {
        if self.fault.0 == Fault::Listing {
            return plain("200 OK", "<html>Log in to the hotel's network</html>");
        }
        let lies = |name: &str| usize::from(self.has(Fault::EverySize, name)) * 100;
        let describe = |(name, bytes): (&String, &Vec<u8>)| serde_json::json!({ "rfilename": name, "size": bytes.len() + lies(name) });
        let siblings: Vec<_> = self.files.iter().map(describe).collect();
        let sha = if self.fault.0 == Fault::Commit { "../../../../escaped" } else { &self.commit };
        plain("200 OK", serde_json::json!({ "id": REPO, "sha": sha, "siblings": siblings }).to_string())
    }

    /// A file's address: a large one redirects to the storage, and one small one to another place of the hub, as the
    /// real one does.
    fn resolve(&self, file: &str, seen: &Seen) -> Answer {
        let bytes = &self.files[file];
        let head = format!("302 Found\r\nContent-Length: 3\r\nX-Repo-Commit: {}\r\n", self.commit);
        if self.has(Fault::NoLocation, file) {
            return (head, b"..!".into());
        }
        if self.has(Fault::Loop, file) {
            return (head + "Location: " + &seen.path + "\r\n", b"..!".into());
        }
        if bytes.len() > LARGE {
            let size =
                bytes.len() + 100 * usize::from(self.has(Fault::LinkedSize, file) || self.has(Fault::EverySize, file));
            let (etag, storage) = (self.etag(file), &self.storage);
            let linked = format!("X-Linked-Size: {size}\r\nX-Linked-Etag: \"{etag}\"\r\nETag: \"0\"\r\n");
            return (head + &linked + &format!("Location: {storage}/blob/{file}?signature=secret\r\n"), b"..!".into());
        }
        if file == "vocab.json" {
            return (head + "Location: /api/resolve-cache/vocab.json\r\n", b"..!".into());
        }
        self.content(file, seen)
    }

    fn etag(&self, file: &str) -> String {
        if self.has(Fault::Etag, file) {
            return "../../../../escaped".into();
        }
        let hash =
            Sha256::digest(&self.files[file]).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let length = if self.files[file].len() > LARGE { 64 } else { 40 };
        hash[..length].into()
    }

    /// A file's bytes, or the range of them.
    fn content(&self, file: &str, seen: &Seen) -> Answer {
        let fault = if self.fault.1 == file { self.fault.0 } else { Fault::None };
        let mut bytes = self.files[file].clone();
        let size = bytes.len();
        if fault == Fault::Storage {
            return plain("503 Service Unavailable", "later");
        }
        if fault == Fault::Bytes {
            bytes = bytes.into_iter().map(|byte| !byte).collect();
        }
        let range = seen.range.as_ref().filter(|_| fault != Fault::IgnoredRange);
        let start = range.map(|r| r.trim_start_matches("bytes=").trim_end_matches('-').parse().expect("a range"));
        let mut body = bytes.split_off(start.unwrap_or(0).min(size));
        let mut length = Some(body.len());
        match fault {
            Fault::Cut => body.truncate(body.len() / 2),
            Fault::LongLength => length = Some(body.len() + 10),
            Fault::ShortBody => {
                body.truncate(body.len() / 2);
                length = Some(body.len());
            }
            Fault::Endless => {
                body.extend([b' '; 100]);
                length = None;
            }
            _ => {}
        }
        let mut head = String::from("200 OK\r\n");
        if let Some(start) = start {
            let first = if fault == Fault::OtherRange { 0 } else { start };
            head = format!("206 Partial Content\r\nContent-Range: bytes {first}-{}/{size}\r\n", size - 1);
        }
        head += &length.map_or(String::new(), |length| format!("Content-Length: {length}\r\n"));
        (head + &format!("ETag: \"{}\"\r\nX-Repo-Commit: {}\r\n", self.etag(file), self.commit), body)
    }
}
