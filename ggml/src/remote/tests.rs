//! Servers that are none, and servers that fail: what is said of them, and that ggml's side is answered all the same.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use super::{
    link::{Link, Patience},
    pulse, relay, wire,
};

/// For answers that come; they come from a thread of this process.
const LONG: Duration = Duration::from_mins(1);
/// For answers that never come.
const SHORT: Duration = Duration::from_millis(20);

const PATIENT: Patience = Patience { connect: LONG, hello: LONG, answer: LONG, silence: LONG };

/// A server on this machine that serves one client by `script`; gives its endpoint.
fn server(script: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let endpoint = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || script(listener.accept().expect("a client").0));
    endpoint
}

/// Reads a request; gives its command and data.
fn hear(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).expect("a request");
    let mut data = vec![0; usize::try_from(wire::number(&head[1..])).expect("a length")];
    stream.read_exact(&mut data).expect("its data");
    (head[0], data)
}

fn say(stream: &mut TcpStream, answer: &[u8]) {
    let framed = [&(answer.len() as u64).to_le_bytes()[..], answer].concat();
    stream.write_all(&framed).expect("a client that listens");
}

/// The first words of a server of some version, with so many devices.
fn greet(stream: &mut TcpStream, version: [u8; 3], devices: u32) {
    assert_eq!(hear(stream), (wire::HELLO, wire::NO_CAPABILITIES.to_vec()));
    say(stream, &[&version[..], &[0; 25]].concat());
    if version == wire::VERSION {
        assert_eq!(hear(stream), (wire::DEVICE_COUNT, vec![]));
        say(stream, &devices.to_le_bytes());
    }
}

fn refusal(endpoint: &str, patience: Patience) -> String {
    Link::connect(endpoint, patience).err().expect("no server")
}

/// ggml's side of a relay to a server that goes on by `script` once it has greeted.
fn relayed(patience: Patience, script: impl FnOnce(TcpStream) + Send + 'static) -> (Arc<Link>, TcpStream) {
    let endpoint = server(|mut stream| {
        greet(&mut stream, wire::VERSION, 2);
        script(stream);
    });
    let (link, devices) = Link::connect(&endpoint, patience).expect("a server");
    assert_eq!(devices, 2);
    let link = Arc::new(link);
    let port = relay::start(Arc::clone(&link)).expect("a relay");
    (link, TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the relay listens"))
}

/// Asks a relay as ggml does, and insists on the length of the answer as ggml does.
fn ask(ggml: &mut TcpStream, command: u8, data: &[u8], bytes: usize) -> Vec<u8> {
    ggml.write_all(&wire::request(command, data)).expect("the relay listens");
    let mut length = [0; 8];
    ggml.read_exact(&mut length).expect("an answer");
    assert_eq!(wire::number(&length), bytes as u64, "the answer to {command}");
    let mut answer = vec![0; bytes];
    ggml.read_exact(&mut answer).expect("all of it");
    answer
}

/// A request for so many bytes of a tensor, as far as a go-between looks.
fn fetching(bytes: u64) -> Vec<u8> {
    [&[7; 304][..], &bytes.to_le_bytes()].concat()
}

/// What ggml still asks before it has let everything go: it must get what it can live with.
fn is_answered_in_peace(ggml: &mut TcpStream) {
    ggml.write_all(&wire::request(wire::SET_TENSOR, &vec![1; 1 << 20])).expect("it is swallowed");
    assert_eq!(ask(ggml, wire::GET_TENSOR, &fetching(600_000), 600_000), vec![0; 600_000]);
    assert_eq!(wire::number(&ask(ggml, wire::ALLOC_BUFFER, &[0; 12], 16)), 0, "no memory");
    assert_ne!(wire::number(&ask(ggml, wire::BUFFER_GET_BASE, &[0; 8], 8)), 0, "ggml asserts a place");
    assert!(wire::number(&ask(ggml, wire::GET_ALIGNMENT, &[0; 4], 8)).is_power_of_two());
    assert!(wire::number(&ask(ggml, wire::GET_MAX_SIZE, &[0; 4], 8)) > 1 << 40);
    assert_eq!(ask(ggml, wire::SET_TENSOR_HASH, &[0; 312], 1), [1], "nothing needs to be sent");
    assert_eq!(ask(ggml, wire::COPY_TENSOR, &[0; 592], 1), [1]);
    ask(ggml, wire::GET_DEVICE_MEMORY, &[0; 4], 16);
    ask(ggml, wire::GET_ALLOC_SIZE, &[0; 3260], 8);
    ggml.write_all(&wire::request(wire::FREE_BUFFER, &[0; 8])).expect("it is swallowed");
    let hello = ask(ggml, wire::HELLO, &wire::NO_CAPABILITIES, 28);
    assert_eq!(hello[..3], wire::VERSION);
    assert_eq!(hello[4..], [0; 24], "no way around the relay is agreed upon");
}

#[test]
fn what_is_no_server_is_said() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port");
    assert!(refusal(&free.to_string(), PATIENT).contains("nothing listens there"));
    assert_eq!(refusal("just-a-name", PATIENT), "expected HOST:PORT");
    assert!(!refusal("no.such.host.invalid:1", PATIENT).is_empty());
    let hangs_up = refusal(&server(drop), PATIENT);
    assert!(hangs_up.contains("hangs up"), "{hangs_up}");
    let web = server(|mut stream| {
        hear(&mut stream);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("a client");
    });
    let why = refusal(&web, PATIENT);
    assert!(why.contains("no ggml RPC server"), "{why}");
}

#[test]
fn a_server_that_is_busy_or_of_another_version_is_said() {
    // ggml's server serves one client; the next one's connection is taken by the system, and nothing comes.
    let busy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let endpoint = busy.local_addr().expect("an address").to_string();
    let why = refusal(&endpoint, Patience { hello: SHORT, ..PATIENT });
    assert!(why.contains("no answer within 0.02 s: busy with another client"), "{why}");
    for (version, found) in [([6, 9, 9], "6.9"), ([8, 0, 0], "8.0"), ([7, 1, 0], "7.1")] {
        let why = refusal(&server(move |mut stream| greet(&mut stream, version, 1)), PATIENT);
        assert!(why.contains(&format!("version {found} of ggml's protocol, this program 7.0")), "{why}");
    }
    for devices in [0, u32::MAX] {
        let why = refusal(&server(move |mut stream| greet(&mut stream, wire::VERSION, devices)), PATIENT);
        assert!(why.contains("nonsense"), "{why}");
    }
}

#[test]
fn bytes_pass_whole_and_are_counted() {
    let weights: Vec<u8> = (0..1_000_003u32).map(|n| n.to_le_bytes()[1]).collect();
    let sent = weights.clone();
    let (link, mut ggml) = relayed(PATIENT, |mut stream| {
        let (command, data) = hear(&mut stream);
        assert_eq!(command, wire::SET_TENSOR);
        assert_eq!(hear(&mut stream), (wire::GET_TENSOR, fetching(1_000_003)));
        say(&mut stream, &data);
        hear(&mut stream);
    });
    let before = link.traffic();
    ggml.write_all(&wire::request(wire::SET_TENSOR, &sent)).expect("a relay");
    assert!(ask(&mut ggml, wire::GET_TENSOR, &fetching(1_000_003), 1_000_003) == weights);
    assert_eq!(link.lost(), None);
    let passed = link.traffic() - before;
    assert_eq!((passed.sent, passed.received), (9 + 1_000_003 + 9 + 312, 8 + 1_000_003));
    assert_eq!((passed.requests, passed.answers), (2, 1));
}

#[test]
fn a_server_that_dies_is_lost_and_ggml_is_answered() {
    let (link, mut ggml) = relayed(PATIENT, drop);
    assert_eq!(ask(&mut ggml, wire::GET_TENSOR, &fetching(12), 12), [0; 12]);
    let why = link.lost().expect("it is lost");
    assert!(why.contains("connection"), "{why}");
    is_answered_in_peace(&mut ggml);
    assert!(!link.is_there());
}

#[test]
fn a_server_that_dies_in_the_middle_of_numbers_is_lost() {
    let (link, mut ggml) = relayed(PATIENT, |mut stream| {
        hear(&mut stream);
        stream.write_all(&[&600_000u64.to_le_bytes()[..], &vec![9; 300_000]].concat()).expect("a client");
    });
    let numbers = ask(&mut ggml, wire::GET_TENSOR, &fetching(600_000), 600_000);
    assert_eq!((numbers[0], numbers[599_999]), (9, 0), "what came, and zeros");
    assert!(link.lost().is_some(), "so that none of it is believed");
    is_answered_in_peace(&mut ggml);
}

#[test]
fn a_server_that_falls_silent_is_lost() {
    let (link, mut ggml) = relayed(Patience { answer: SHORT, ..PATIENT }, |mut stream| {
        // Until the relay gives up.
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest));
    });
    assert_eq!(ask(&mut ggml, wire::GET_TENSOR, &fetching(4), 4), [0; 4]);
    assert_eq!(link.lost(), Some("no answer within 0.02 s"));
    is_answered_in_peace(&mut ggml);
}

/// Each of these would make ggml's client assert, or add up to an address that is none.
#[test]
fn nonsense_is_not_passed_on() {
    let none = 0u64.to_le_bytes();
    let small = [1u64.to_le_bytes(), 99u64.to_le_bytes()].concat();
    let cases: [(u8, &[u8], &[u8], usize); 6] = [
        (wire::GET_ALIGNMENT, &[0; 4], &none, 8),
        (wire::GET_ALIGNMENT, &[0; 4], &3u64.to_le_bytes(), 8),
        (wire::BUFFER_GET_BASE, &[0; 8], &none, 8),
        (wire::BUFFER_GET_BASE, &[0; 8], &u64::MAX.to_le_bytes(), 8),
        // 100 bytes are wanted.
        (wire::ALLOC_BUFFER, &[0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0], &small, 16),
        (wire::GET_TENSOR, &fetching(4), &[0; 5], 4),
    ];
    for (command, request, answer, bytes) in cases {
        let said = answer.to_vec();
        let (link, mut ggml) = relayed(PATIENT, move |mut stream| {
            hear(&mut stream);
            say(&mut stream, &said);
        });
        ask(&mut ggml, command, request, bytes);
        let why = link.lost().expect("it is lost");
        assert!(why.starts_with(&format!("nonsense in answer to request {command}")), "{why}");
        is_answered_in_peace(&mut ggml);
    }
}

/// The last reference but two, the test's and the door's, goes with the thread that served ggml.
#[test]
fn a_relay_ends_with_its_client() {
    let (link, mut ggml) = relayed(PATIENT, |mut stream| {
        hear(&mut stream);
        say(&mut stream, &1u64.to_le_bytes());
        // As long as the link is there.
        drop(stream.read(&mut [0]));
    });
    assert_eq!(wire::number(&ask(&mut ggml, wire::GET_ALIGNMENT, &[0; 4], 8)), 1);
    drop(ggml);
    while Arc::strong_count(&link) > 2 {
        thread::yield_now();
    }
    assert_eq!(link.lost(), None, "the server is kept for the next client");
}

/// Follows the pulse of a server, `beat` by `pulse` to whoever asks for it, that answers to one request when `pulse` lets it.
/// Gives the link, and ggml's side of it with the request made.
fn followed(
    silence: Duration,
    pulse: impl FnOnce(TcpStream, mpsc::Sender<()>) + Send + 'static,
) -> (Arc<Link>, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let endpoint = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        let mut main = listener.accept().expect("a client").0;
        let (answer, done) = mpsc::channel();
        thread::spawn(move || pulse(listener.accept().expect("who follows").0, answer));
        greet(&mut main, wire::VERSION, 1);
        hear(&mut main);
        if done.recv().is_ok() {
            say(&mut main, &64u64.to_le_bytes());
        }
        // Until the other side ends it.
        drop(main.read_to_end(&mut Vec::new()));
    });
    let patience = Patience { silence, ..PATIENT };
    let link = Arc::new(Link::connect(&endpoint, patience).expect("a server").0);
    let port = relay::start(Arc::clone(&link)).expect("a relay");
    let mut ggml = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the relay listens");
    ggml.write_all(&wire::request(wire::GET_ALIGNMENT, &[0; 4])).expect("the relay listens");
    pulse::follow(&endpoint, Arc::clone(&link), patience).expect("a thread");
    (link, ggml)
}

/// The alignment that was asked for.
fn alignment(ggml: &mut TcpStream) -> u64 {
    let mut answer = [0; 16];
    ggml.read_exact(&mut answer).expect("an answer");
    wire::number(&answer[8..])
}

#[test]
fn a_server_whose_pulse_stops_is_lost_in_the_middle_of_a_request() {
    let (link, mut ggml) = followed(SHORT, |mut asks, answer| {
        asks.read_exact(&mut [0]).expect("it is asked for");
        asks.write_all(&[0xff]).expect("who follows");
        // Stopped: neither a beat nor an answer, and the connection stays.
        drop(asks.read_to_end(&mut Vec::new()));
        drop(answer);
    });
    assert_eq!(alignment(&mut ggml), 128, "made up");
    assert_eq!(link.lost(), Some("no sign of life for 0.02 s"));
    is_answered_in_peace(&mut ggml);
}

#[test]
fn a_server_that_is_at_work_or_never_had_a_pulse_is_waited_for() {
    // Beats, and answers after a hundred of them.
    let (link, mut ggml) = followed(LONG, |asks, answer| {
        assert!(pulse::is_asked(&asks));
        let mut beats = asks.try_clone().expect("a stream");
        for _ in 0..100 {
            beats.write_all(&[0xff]).expect("who follows");
        }
        answer.send(()).expect("a server");
        drop(pulse::give(asks));
    });
    assert_eq!((alignment(&mut ggml), link.lost()), (64, None));
    // ggml's own server hangs up on what it does not know; before it has time for that, it says nothing.
    for hangs_up in [true, false] {
        let (link, mut ggml) = followed(SHORT, move |mut asks, answer| {
            asks.read_exact(&mut [0]).expect("it is asked for");
            if hangs_up {
                drop(asks);
                answer.send(()).expect("a server");
            } else {
                answer.send(()).expect("a server");
                drop(asks.read_to_end(&mut Vec::new()));
            }
        });
        assert_eq!((alignment(&mut ggml), link.lost()), (64, None));
    }
}
