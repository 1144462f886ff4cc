//! Layers on other machines: two servers of their own on this one, and the processor. What they compute is what the library
//! computes; and one of them is killed at any time without an end of more than itself.
#![cfg(unix)]

#[path = "support/cases.rs"]
mod cases;
#[path = "support/program.rs"]
mod program;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/server.rs"]
mod server;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::Stdio,
    sync::{Arc, mpsc},
    thread,
};

use mexit_models::{
    BATCH, DType, Device, DeviceError, Engine, EngineOptions, Error, ExitId, Gelu, Layers, Model, Placement, TokenId,
    checkpoint::Checkpoint,
    convert::{ConvertOptions, convert},
    demo, remote,
};
use mexit_tui::{decode::Distribution, session::saved::Saved};

use self::{pty::Session, server::Server};

/// What tests/parity.rs allows one machine. Weights, rows and caches cross as the f32 numbers that they are; a server's
/// ggml multiplies and sums them in f32 as the processor's here does, in an order of its own, and sums in two orders are
/// what that bound is made of.
const LOGITS: f32 = 1e-4;

/// The devices of two servers.
fn devices(servers: [&Server; 2]) -> Vec<Device> {
    servers.iter().flat_map(|server| remote::connect(&server.endpoint).expect("a server")).collect()
}

fn both(servers: &[Server; 2]) -> Vec<Device> {
    devices([&servers[0], &servers[1]])
}

fn engine(model: Model) -> Engine {
    let options = EngineOptions { threads: 1, context: usize::MAX, kv_type: DType::F32, gelu: Gelu::Exact };
    Engine::new(model, options).expect("an engine")
}

/// The demo model: the upper `blocks` of its 12 on devices.
fn demo_on(devices: Vec<Device>, blocks: u32) -> Engine {
    let placement = Placement::on(devices, Layers::Count(blocks));
    engine(Model::of(Arc::new(demo::mapping()), placement).expect("the demo"))
}

/// Greedy tokens after a few, every exit evaluated in every step; or what stops it, with what there is.
fn greedy(engine: &mut Engine, tokens: usize) -> (Vec<TokenId>, Result<(), Error>) {
    let exits = engine.model().spec.exit_ids();
    let mut text = engine.model().tokenizer.encode("In the beginning God").expect("ids");
    let (last, before) = text.split_last().map(|(last, before)| (*last, before.to_vec())).expect("tokens");
    if let Err(error) = engine.read(&before, BATCH, &mut |_| true) {
        return (text, Err(error));
    }
    let mut next = last;
    for _ in 0..tokens {
        match engine.step(next, &exits) {
            Ok(logits) => next = TokenId(Distribution::new(logits.row(ExitId::Original, 0).expect("a row")).best().id),
            Err(error) => return (text, Err(error)),
        }
        text.push(next);
    }
    (text, Ok(()))
}

#[test]
fn every_reference_case_split_over_two_servers_and_the_processor() {
    let servers = [Server::start(), Server::start()];
    for case in cases::all() {
        let expected = case.expected();
        let exits: Vec<ExitId> = case.heads.iter().map(|head| head.parse().expect("an exit")).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.gguf");
        let checkpoint = Checkpoint::open(&case.models()[0]).expect("a checkpoint");
        let options = ConvertOptions { types: DType::F32.into(), source: "case".into(), ..ConvertOptions::default() };
        convert(&checkpoint, &path, &options, &mut |_, _| {}).expect("a model");
        // The lowest block stays here; and everything there, heads and caches as well.
        for layers in [Layers::Count(2), Layers::Count(3), Layers::All] {
            let placement = Placement::on(both(&servers), layers);
            let mut engine = engine(Model::open(&path, placement).expect("a model"));
            if layers != Layers::Count(2) {
                assert_eq!(engine.model().plan().devices().len(), 2, "{} {layers}", case.name());
            }
            let mut worst = 0f32;
            for (p, prompt) in case.prompts.iter().enumerate() {
                // The first half in a batch, the rest step by step.
                let ids = &prompt.input_ids;
                let half = ids.len().div_ceil(2);
                engine.truncate(0);
                engine.read(&ids[..half], BATCH, &mut |_| true).expect("read");
                let batch = engine.logits(0..half, &exits).expect("logits");
                let steps: Vec<_> = ids[half..].iter().map(|id| engine.step(*id, &exits).expect("a step")).collect();
                for (head, exit) in case.heads.iter().zip(&exits) {
                    let rows = batch.rows(*exit).into_iter().chain(steps.iter().filter_map(|step| step.rows(*exit)));
                    let got: Vec<f32> = rows.flatten().copied().collect();
                    let want = &expected[&format!("p{p}.logits.{head}")];
                    assert_eq!(got.len(), want.len());
                    worst = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(worst, f32::max);
                }
            }
            println!("{} --gpu-layers {layers}: largest difference {worst:.1e}", case.name());
            assert!(worst <= LOGITS, "{} {layers}: {worst}", case.name());
        }
    }
}

#[test]
fn what_crosses_in_a_step_does_not_grow_with_the_text() {
    let servers = [Server::start(), Server::start()];
    let devices = both(&servers);
    let traffic = || devices.iter().filter_map(|device| device.traffic()).collect::<Vec<_>>();
    for (layers, heads_there) in [(Layers::Count(8), false), (Layers::All, true)] {
        let placement = Placement::on(devices.clone(), layers);
        let mut engine = engine(Model::of(Arc::new(demo::mapping()), placement).expect("the demo"));
        let exits = engine.model().spec.exit_ids();
        let mut steps = Vec::new();
        for id in (100..140).map(TokenId) {
            let before = traffic();
            engine.step(id, &exits).expect("a step");
            steps.push(traffic().into_iter().zip(before).map(|(now, before)| now - before).collect::<Vec<_>>());
        }
        // The first step asks how much memory results take, which ggml remembers.
        assert!(steps[1..].iter().all(|step| *step == steps[1]), "{steps:?}");
        let [first, second] = [steps[1][0], steps[1][1]];
        println!("--gpu-layers {layers}: first server {first:?}, second server {second:?}");
        // Rows of 128 numbers, each with its length: after every tapped block, where heads need them, and where the next
        // machine goes on. Beside them all 7 exits' logits from the second server, if the heads are there.
        let (row, logits) = (8 + 4 * 128, 7 * (8 + 4 * 4096));
        for (server, logits) in [(first, 0), (second, if heads_there { logits } else { 0 })] {
            assert!((logits + 2 * row..=logits + 10 * row).contains(&server.received), "{server:?}");
            // What is to be computed: 296 bytes a tensor, some 50 tensors a block, and views of caches beside them.
            let blocks = if heads_there { 6 } else { 4 };
            assert!((blocks * 40 * 296..blocks * 100 * 296).contains(&server.sent), "{server:?}");
        }
    }
}

#[test]
fn a_killed_server_is_an_error_and_what_remains_gives_the_same_text() {
    let (alone, end) = greedy(&mut demo_on(Vec::new(), 0), 40);
    end.expect("a text");
    let mut servers = [Server::start(), Server::start()];
    let devices = both(&servers);
    let names: Vec<String> = devices.iter().map(|device| device.name()).collect();
    let mut split = demo_on(devices.clone(), 8);
    assert_eq!(greedy(&mut split, 20).0, alone[..alone.len() - 20]);
    servers[1].kill();
    let last = *alone.last().expect("tokens");
    let exits = split.model().spec.exit_ids();
    for _ in 0..2 {
        // Also from then on: its half of the cache is gone.
        let error = split.step(last, &exits).expect_err("nothing can be computed");
        let Error::Ggml(DeviceError::RemoteLost { name, endpoint, .. }) = &error else { panic!("{error}") };
        assert_eq!((name, endpoint), (&names[1], &servers[1].endpoint));
    }
    assert!(devices[1].is_lost() && !devices[0].is_lost());
    assert!(matches!(split.lost(), Some(DeviceError::RemoteLost { .. })));
    assert!(matches!(Device::named(&names[1]), Err(DeviceError::RemoteLost { .. })));
    drop(split);
    let refused = remote::connect(&servers[1].endpoint).expect_err("nothing is there");
    assert!(refused.to_string().contains("nothing listens there"), "{refused}");

    let (rest, end) = greedy(&mut demo_on(vec![devices[0]], 8), 40);
    end.expect("the rest computes");
    assert_eq!(rest, alone);

    // It comes back where it was, and is called as it was.
    servers[1] = Server::with(&["--port", servers[1].port()]);
    let again = both(&servers);
    assert_eq!(again.iter().map(|device| device.name()).collect::<Vec<_>>(), names);
    assert!(again[0] == devices[0] && again[1] != devices[1] && !again[1].is_lost());
    let (back, end) = greedy(&mut demo_on(again, 8), 40);
    end.expect("both compute");
    assert_eq!(back, alone);
}

#[test]
fn a_server_that_dies_before_or_while_a_model_is_loaded_is_an_error() {
    let mut servers = [Server::start(), Server::start()];
    let devices = both(&servers);
    servers[0].kill();
    let placement = Placement::on(devices.clone(), Layers::Count(8));
    let error = Model::of(Arc::new(demo::mapping()), placement).err().expect("no model");
    assert!(error.to_string().contains("is lost"), "{error}");
    // The other one is as good as before.
    greedy(&mut demo_on(vec![devices[1]], 12), 2).1.expect("a text");
}

#[test]
fn generate_ends_with_the_reason_and_what_was_printed_stays() {
    let mut servers = [Server::start(), Server::start()];
    let rpc = format!("{},{}", servers[0].endpoint, servers[1].endpoint);
    let args = ["generate", "--prompt", "In the beginning God", "-n", "500", "--threads", "1", "--json", "--rpc"];
    let mut command = program::command();
    command.args(args).args([&rpc, "--gpu-layers", "8"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    out.read_line(&mut first).expect("a line");
    servers[1].kill();
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("lines");
    let output = child.wait_with_output().expect("an end");
    program::refused("a killed server", &output, &["RPC1", &servers[1].endpoint, "is lost", "start its server again"]);
    assert_eq!(output.status.code(), Some(1));
    for line in [&first, &rest].into_iter().flat_map(|text| text.lines()) {
        serde_json::from_str::<serde_json::Value>(line).expect("whole lines");
    }
    assert!(rest.lines().count() < 499, "it was killed in the middle");
}

#[test]
fn the_screen_goes_on_without_a_killed_server() {
    let mut servers = [Server::start(), Server::start()];
    let rpc = format!("{},{}", servers[0].endpoint, servers[1].endpoint);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kept.mexit");
    let home = folder.path().to_str().expect("a name").to_owned();
    let place = [("XDG_STATE_HOME", home.as_str()), ("HOME", home.as_str())];
    let mut session = Session::start(&["--rpc", &rpc, "--gpu-layers", "8"], &place);
    session.shows("next: ");
    session.press(":model\r");
    session.shows("RPC0: 4 of 12 blocks; RPC1: 4 of 12 blocks");
    session.shows("passed");
    session.press("\x1b");
    session.until("the panel closes", |screen| !screen.contains("blocks; RPC1"));
    for n in 6..=8 {
        session.press(" ");
        session.shows(&format!("{n}/512"));
    }
    servers[1].kill();
    // The token after the next one has to be computed: that is when the loss is seen.
    session.press(" ");
    session.shows(&format!("RPC1 at {} is lost: connection ", servers[1].endpoint));
    session.shows("going on without it");
    session.shows("9/512");
    for n in 10..=12 {
        session.press(" ");
        session.shows(&format!("{n}/512"));
    }
    // In the middle of a run.
    session.press("r");
    session.until("the run goes on", |screen| !screen.contains(" 12/512"));
    servers[0].kill();
    session.shows(&format!("RPC0 at {} is lost", servers[0].endpoint));
    session.shows("going on without it");
    session.press("\x03");
    // Back again, if the user wants it.
    servers[1] = Server::with(&["--port", servers[1].port()]);
    session.press(":restart\r");
    session.shows("the engine runs again");
    // Taken before the session is saved: what comes after that would be asked about.
    let count = |screen: &str| screen.split("/512").next()?.split_whitespace().next_back()?.parse::<usize>().ok();
    let before = count(&session.text()).expect("a count");
    session.press("$ ");
    session.until("another token", |screen| count(screen).is_some_and(|now| now > before));
    session.press("\x13");
    session.shows("save as");
    session.press("\x15");
    session.press(file.to_str().expect("a name"));
    session.press("\r");
    session.shows("saved as");
    session.press("q");
    let (status, text) = session.end();
    assert_eq!(status.exit_code(), 0, "{text}");

    let saved = Saved::read(&file).expect("a session");
    assert!(saved.nodes.len() >= 13);
    let name = file.to_str().expect("a name");
    for rpc in [&[][..], &["--rpc", &servers[1].endpoint]] {
        let mut session = Session::start(&[&["open", name], rpc].concat(), &place);
        session.shows("the model is there");
        session.press("$ ");
        session.shows(&format!("{}/512", saved.nodes.len() + 1));
        session.quit_unsaved();
        assert_eq!(session.end().0.exit_code(), 0);
    }
}

#[test]
fn servers_that_cannot_be_are_refused() {
    let server = Server::start();
    let taken = program::run(&["rpc-server", "--port", server.port()]);
    program::refused("a taken port", &taken, &[&server.endpoint, "in use", "choose another --port"]);
    let bad = |args: &[&str], words: &[&str]| {
        program::refused(&args.join(" "), &program::run(&[&["rpc-server"], args].concat()), words);
    };
    bad(&["--host", "999.1.1.1"], &["--host 999.1.1.1"]);
    bad(&["--host", "::1"], &["IPv4"]);
    // An address kept for documentation: no machine has it.
    bad(&["--host", "192.0.2.1"], &["cannot listen on 192.0.2.1:50052"]);
    bad(&["--port", "70000"], &["70000"]);
    bad(&["--threads", "0"], &["--threads"]);
    bad(&["--device", "Abacus"], &["no device is called `Abacus`"]);
    // Whoever is not on this machine can reach it: that is said first.
    let open = Server::with(&["--host", "0.0.0.0", "--port", "0"]);
    assert!(
        open.said.iter().any(|line| line.starts_with("warning:") && line.contains("no password")),
        "{:?}",
        open.said
    );
    assert!(server.said.is_empty());
}

#[test]
fn servers_that_are_not_there_are_refused() {
    let mut server = Server::start();
    let generate = |rpc: &str| program::run(&["generate", "--prompt", "In", "-n", "1", "--rpc", rpc]);
    // The one client that is served is this process.
    let kept = remote::connect(&server.endpoint).expect("a server");
    program::refused("busy", &generate(&server.endpoint), &[&server.endpoint, "busy with another client"]);
    assert!(!kept[0].is_lost());
    server.kill();
    program::refused("gone", &generate(&server.endpoint), &[&server.endpoint, "nothing listens there"]);
    program::refused("no port", &generate("localhost"), &["localhost", "expected HOST:PORT"]);
    let unknown = program::run(&["generate", "--prompt", "In", "-n", "1", "--device", "RPC0"]);
    program::refused("no --rpc", &unknown, &["no device is called `RPC0`"]);
}

/// A server that greets, has one device, and leaves what is asked of that without an answer until the sender goes.
fn silent() -> (String, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = listener.local_addr().expect("an address").to_string();
    let (held, gate) = mpsc::channel();
    thread::spawn(move || {
        let mut stream = listener.accept().expect("a client").0;
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).expect("a request");
            let mut rest = vec![0; usize::from(head[1])];
            stream.read_exact(&mut rest).expect("its data");
            let answer: &[u8] = match head[0] {
                // The version of ggml's protocol.
                14 => &[&[7, 0, 0][..], &[0; 25]].concat(),
                // One device.
                15 => &[1, 0, 0, 0],
                _ => {
                    let _ = gate.recv();
                    return;
                }
            };
            stream.write_all(&[&(answer.len() as u64).to_le_bytes()[..], answer].concat()).expect("a client");
        }
    });
    (endpoint, held)
}

#[test]
fn keys_are_answered_while_a_silent_server_is_asked() {
    let (endpoint, held) = silent();
    let mut session = Session::start(&[], &[]);
    session.shows("next: ");
    session.press(&format!(":device RPC0 4 --rpc {endpoint}\r"));
    session.shows("asking whether there is room: RPC0 4");
    session.press("2");
    session.until("the other view", |screen| screen.contains("[2 Heatmap]") && screen.contains("asking whether"));
    session.press(" ");
    session.until("a token", |screen| screen.contains("6/512") && screen.contains("asking whether"));
    drop(held);
    session.shows(&format!("RPC0 at {endpoint} is lost"));
    session.press(" ");
    session.shows("7/512");
    session.quit_unsaved();
    assert_eq!(session.end().0.exit_code(), 0);
}

#[test]
fn a_stopped_server_is_lost_and_the_screen_goes_on() {
    let server = Server::start();
    let mut session = Session::start(&["--rpc", &server.endpoint, "--gpu-layers", "8"], &[]);
    session.shows("next: ");
    session.press(" ");
    session.shows("6/512");
    server.stop();
    // Whether the next one is known or not: one has to be computed.
    session.press(" ");
    session.shows(&format!("RPC0 at {} is lost: no sign of life for 20 s", server.endpoint));
    session.shows("7/512");
    // It takes the next client when it goes on.
    server.go_on();
    session.press(":restart\r");
    session.shows("the engine runs again");
    session.press(":model\r");
    session.shows("RPC0: 8 of 12 blocks");
    session.press("\x1b");
    session.until("the panel closes", |screen| !screen.contains("8 of 12 blocks"));
    session.quit_unsaved();
    assert_eq!(session.end().0.exit_code(), 0);
}

#[test]
fn bench_measures_there_too() {
    let server = Server::start();
    let args = ["bench", "--repeats", "1", "--threads", "1", "--gpu-layers", "8", "--json", "--rpc", &server.endpoint];
    let output = program::run(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["machine"]["blocks_on"], serde_json::json!([["CPU", 4], ["RPC0", 8]]));
}
