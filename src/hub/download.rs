//! One file: what the hub says of it, and its bytes, which count as whole only with the right length and hash.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use sha2::{Digest, Sha256};
use ureq::{
    Body,
    http::{Response, StatusCode},
};

use super::{
    HubError,
    client::{self, Ask, Client},
    names,
};

/// A file of a repository.
pub(super) struct Remote {
    /// Its name.
    pub(super) name: String,
    /// Names its content: the SHA-256 of a large file, some other hash of a small one.
    pub(super) etag: String,
    /// Its length.
    pub(super) size: u64,
    url: String,
}

impl Remote {
    /// Asks what a file is. `listed` is the length that the repository's listing gave.
    pub(super) fn ask(
        client: &Client,
        url: String,
        name: &str,
        (commit, listed): (&str, Option<u64>),
    ) -> Result<Self, HubError> {
        let response = client.ask(&url, Ask::Head)?;
        let found = client::text(&response, "x-repo-commit");
        if let Some(found) = found.filter(|found| *found != commit) {
            return Err(HubError::answer(url, format!("the file of commit {commit}"), format!("commit `{found}`")));
        }
        let tag = client::text(&response, "x-linked-etag").or_else(|| client::text(&response, "etag"));
        let etag = tag.and_then(names::etag).map(str::to_owned);
        let etag = etag.ok_or_else(|| {
            HubError::answer(&url, "an etag of letters and digits", tag.map_or("none".into(), |t| format!("`{t}`")))
        })?;
        // A redirect's own length is the one of its text.
        let length = response.status().is_success().then(|| client::number(&response, "content-length")).flatten();
        let sizes: Vec<u64> =
            [listed, client::number(&response, "x-linked-size"), length].into_iter().flatten().collect();
        match sizes.as_slice() {
            [] => Err(HubError::answer(url, "the file's length", "none")),
            [size, others @ ..] if others.iter().all(|other| other == size) => {
                Ok(Self { name: name.into(), etag, size: *size, url })
            }
            _ => Err(HubError::answer(url, "one length of the file", format!("{sizes:?}"))),
        }
    }

    /// Whether the content can be proven by its hash.
    pub(super) fn is_provable(&self) -> bool {
        names::is_sha256(&self.etag)
    }

    /// Downloads into `part`, going on from what an earlier run left there if the hash can prove the result. On success
    /// the file has the right length and hash and is on the disk. On failure it is either gone or a beginning to go on
    /// from. `progress` is told the bytes that the file has.
    pub(super) fn download(&self, client: &Client, part: &Path, progress: &mut dyn FnMut(u64)) -> Result<(), HubError> {
        let io = || HubError::io(part);
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(part).map_err(io())?;
        let mut start = file.metadata().map_err(io())?.len();
        if start > self.size || !self.is_provable() {
            file.set_len(0).map_err(io())?;
            start = 0;
        }
        if start < self.size {
            self.receive(client, &mut file, start, part, progress)?;
        }
        self.prove(&mut file, part)?;
        file.sync_all().map_err(io())
    }

    fn receive(
        &self,
        client: &Client,
        file: &mut File,
        start: u64,
        part: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), HubError> {
        let response = client.ask(&self.url, Ask::Body(start))?;
        let mut got = self.start_of(&response, start, part)?;
        file.set_len(got).and_then(|()| file.seek(SeekFrom::Start(got))).map_err(HubError::io(part))?;
        let expected = self.size - got;
        if let Some(length) = client::number(&response, "content-length").filter(|length| *length != expected) {
            return Err(HubError::answer(&self.url, format!("{expected} bytes"), format!("{length} bytes announced")));
        }
        progress(got);
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        let reason = loop {
            let count = match body.read(&mut buffer) {
                Ok(0) => break "the body ended".to_owned(),
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => break e.to_string(),
            };
            got += count as u64;
            if got > self.size {
                fs::remove_file(part).map_err(HubError::io(part))?;
                return Err(HubError::answer(&self.url, format!("{} bytes", self.size), "more"));
            }
            file.write_all(&buffer[..count]).map_err(HubError::io(part))?;
            progress(got);
        };
        if got == self.size {
            return Ok(());
        }
        let next = if self.is_provable() { "it will go on from there" } else { "it will start this file anew" };
        Err(HubError::Cut { file: self.name.clone(), size: self.size, got, reason, next })
    }

    /// From which byte on the answer has the file: the one that was asked for, or the first.
    fn start_of(&self, response: &Response<Body>, start: u64, part: &Path) -> Result<u64, HubError> {
        match response.status() {
            StatusCode::OK => Ok(0),
            StatusCode::PARTIAL_CONTENT => {
                let expected = format!("bytes {start}-{}/{}", self.size - 1, self.size);
                match client::text(response, "content-range") {
                    Some(range) if range.trim() == expected => Ok(start),
                    range => Err(HubError::answer(&self.url, format!("range `{expected}`"), format!("{range:?}"))),
                }
            }
            status => {
                // The beginning that we have is of no use to this server.
                fs::remove_file(part).map_err(HubError::io(part))?;
                Err(HubError::answer(&self.url, "the file", format!("status {status}")))
            }
        }
    }

    /// Compares the hash, of the whole file: its beginning may be from another day.
    fn prove(&self, file: &mut File, part: &Path) -> Result<(), HubError> {
        if !self.is_provable() {
            return Ok(());
        }
        let mut hash = Sha256::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| io::copy(file, &mut hash));
        read.map_err(HubError::io(part))?;
        let found = hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        if found == self.etag {
            return Ok(());
        }
        fs::remove_file(part).map_err(HubError::io(part))?;
        Err(HubError::answer(&self.url, format!("SHA-256 {}", self.etag), found))
    }
}
