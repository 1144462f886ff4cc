//! `rpc-server` as a process of its own, on a port that the system chooses.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs of this module")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, Command, Stdio},
};

pub struct Server {
    child: Child,
    pub endpoint: String,
    /// What it has said before it listened.
    pub said: Vec<String>,
    /// Kept open: a server that has nobody to talk to must not end of that.
    _rest: BufReader<ChildStderr>,
}

impl Server {
    pub fn start() -> Self {
        Self::with(&["--port", "0"])
    }

    /// On one thread; waits until it listens.
    pub fn with(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mexit-tui"));
        command.args(["rpc-server", "--threads", "1"]).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut said = Vec::new();
        let endpoint = loop {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).expect("text"), 0, "it has ended, saying {said:?}");
            if let Some((endpoint, _)) = line.strip_prefix("CPU at ").and_then(|rest| rest.split_once(',')) {
                break endpoint.to_owned();
            }
            said.push(line);
        };
        Self { child, endpoint, said, _rest: lines }
    }

    pub fn port(&self) -> &str {
        self.endpoint.rsplit_once(':').expect("a port").1
    }

    /// As `kill -STOP` does; waits until none of its threads runs.
    pub fn stop(&self) {
        self.signal("STOP");
        let id = self.child.id().to_string();
        let states = || Command::new("ps").args(["-L", "-o", "state=", "-p", &id]).output().expect("ps").stdout;
        while states().iter().any(|state| !b"T \n".contains(state)) {}
    }

    /// As `kill -CONT` does.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([format!("-{signal}"), self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("a running server");
        self.child.wait().expect("its end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
