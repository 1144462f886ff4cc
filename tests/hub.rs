//! The hub, as the program meets it: pulls from a server on loopback, healthy and not. After every failure a healthy
//! run must give the right bytes, so that nothing half stays behind that counts as whole.

#[path = "support/hub.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "a part of this test")]
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mexit_models::{
    DType,
    checkpoint::Checkpoint,
    convert::{ConvertOptions, convert},
};
use support::{COMMIT, FakeHub, Fault, REPO, Seen};

const PICKLED: &str = "b1_gpt2_bin";
const SHARDED: &str = "b2_gpt2_sharded";
const WEIGHTS: &str = "pytorch_model.bin";
const SHARD: &str = "model-00003-of-00006.safetensors";

/// A hub, a user's folders, and the file that must come out.
struct Scene {
    hub: FakeHub,
    home: tempfile::TempDir,
    expected: Vec<u8>,
}

impl Scene {
    fn of(case: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(case).join("model");
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("expected.gguf");
        let options = ConvertOptions {
            types: DType::F16.into(),
            source: REPO.into(),
            revision: Some(COMMIT.into()),
            ..ConvertOptions::default()
        };
        let checkpoint = Checkpoint::open(&folder).expect("a checkpoint");
        convert(&checkpoint, &path, &options, &mut |_, _| {}).expect("a conversion");
        Self { hub: FakeHub::serving(&folder), expected: fs::read(path).expect("the file"), home }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mexit-tui"));
        // Nothing of the caller's: no token, no proxy.
        command.env_clear().args(args);
        command.env("HOME", self.home.path()).env("HF_ENDPOINT", &self.hub.endpoint);
        command.env("XDG_CACHE_HOME", self.home.path().join("cache")).env("HF_HOME", self.home.path().join("hf"));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program")
    }

    fn model(&self) -> PathBuf {
        let folder = self.home.path().join("cache/mexit-tui/models").join(REPO.replace('/', "--"));
        folder.join(COMMIT).join("f16.gguf")
    }

    fn set(&self, fault: Fault, file: &str) {
        self.hub.change(|state| state.fault = (fault, file.into()));
    }

    /// Pulls, and holds the result to the expected bytes.
    #[track_caller]
    fn pulls(&self, args: &[&str]) -> Vec<Seen> {
        self.succeeds(&self.run(&[&["pull", REPO], args].concat()))
    }

    #[track_caller]
    fn succeeds(&self, output: &Output) -> Vec<Seen> {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}\n", self.model().display()));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(fs::read(self.model()).expect("the model") == self.expected, "the right bytes");
        self.hub.seen()
    }

    /// Pulls in vain: one line that says `part`, no model.
    #[track_caller]
    fn refuses(&self, args: &[&str], part: &str) -> Vec<Seen> {
        fails(&self.run(args), part);
        assert!(!self.model().exists());
        assert!(!self.home.path().join("escaped").exists());
        self.hub.seen()
    }

    /// A faulty run says `part`; a healthy one after it gives the right bytes.
    #[track_caller]
    fn recovers(&self, fault: Fault, file: &str, part: &str) -> Vec<Seen> {
        self.set(fault, file);
        self.refuses(&["pull", REPO], part);
        self.set(Fault::None, "");
        self.pulls(&[])
    }
}

#[track_caller]
fn fails(output: &Output, part: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(output.stdout.is_empty());
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains(part), "{stderr}");
}

fn downloads(seen: &[Seen]) -> Vec<&Seen> {
    seen.iter().filter(|s| s.method == "GET" && !s.path.starts_with("/api/models/")).collect()
}

#[test]
fn a_pulled_model_opens_and_says_where_it_came_from() {
    for case in [PICKLED, SHARDED] {
        let scene = Scene::of(case);
        let seen = scene.pulls(&[]);
        assert!(seen.iter().all(|s| s.authorization.is_none()));
        assert!(downloads(&seen).iter().any(|s| s.storage), "the large files come from the storage");
        let output = scene.run(&["info", "--json", scene.model().to_str().expect("a path")]);
        let info: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(info["source"]["name"], REPO);
        assert_eq!(info["source"]["revision"], COMMIT);
        let parts = scene.home.path().join("hf/hub").join(format!("models--{}", REPO.replace('/', "--")));
        let left = fs::read_dir(parts.join("blobs")).expect("blobs").flatten();
        assert!(left.into_iter().all(|blob| blob.path().extension().is_none()), "no part is left");
        assert_eq!(fs::read_to_string(parts.join("refs/main")).expect("a ref"), COMMIT);
    }
}

#[test]
fn a_second_pull_asks_what_the_branch_names_and_downloads_nothing() {
    let scene = Scene::of(PICKLED);
    scene.pulls(&[]);
    let seen = scene.pulls(&[]);
    assert_eq!(seen.len(), 1, "{seen:?}");
    // Another type is made from the files that are here.
    let output = scene.run(&["pull", REPO, "--type", "f32"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("f32.gguf\n"));
    assert!(downloads(&scene.hub.seen()).is_empty());
}

#[test]
fn a_branch_that_moved_on_is_pulled_again() {
    let scene = Scene::of(PICKLED);
    scene.pulls(&[]);
    let next = "f".repeat(40);
    scene.hub.change(|state| state.commit.clone_from(&next));
    let output = scene.run(&["pull", REPO]);
    assert!(String::from_utf8_lossy(&output.stdout).contains(&next));
    assert!(downloads(&scene.hub.seen()).is_empty(), "the contents are the same");
    let pinned = scene.pulls(&["--revision", COMMIT]);
    assert!(pinned.is_empty(), "a commit does not move");
}

#[test]
fn models_of_the_hub_are_named_with_a_prefix() {
    let scene = Scene::of(SHARDED);
    let name = format!("hf:{REPO}@refs/pr/1");
    let args = ["generate", "--model", &name, "--prompt", "a", "-n", "1"];
    let first = scene.run(&args);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert!(!downloads(&scene.hub.seen()).is_empty());
    let second = scene.run(&args);
    assert_eq!(second.stdout, first.stdout);
    assert!(scene.hub.seen().is_empty(), "what is here is used without asking");
    let info = scene.run(&["info", &name, "--json"]);
    let info: serde_json::Value = serde_json::from_slice(&info.stdout).expect("JSON");
    assert_eq!(info["name"], "a-model_1.0");
}

#[test]
fn offline_takes_what_is_here() {
    let scene = Scene::of(PICKLED);
    let variable = |scene: &Scene| scene.command(&["pull", REPO]).env("HF_HUB_OFFLINE", "1").output().expect("a run");
    scene.refuses(&["pull", REPO, "--offline"], "is not in the cache");
    fails(&variable(&scene), "is not in the cache");
    scene.pulls(&[]);
    assert!(scene.pulls(&["--offline"]).is_empty());
    assert!(scene.succeeds(&variable(&scene)).is_empty());
    // The hub's own cache is enough, whoever filled it.
    fs::remove_file(scene.model()).expect("removed");
    assert!(scene.pulls(&["--offline"]).is_empty());
    fails(&scene.run(&["pull", REPO, "--offline", "--revision", "v9"]), "is not in the cache");
}

#[test]
fn an_unreachable_hub_is_an_error_that_names_it() {
    let scene = Scene::of(PICKLED);
    // Port 9 of loopback: nobody listens, or discards.
    let output = scene.command(&["pull", REPO]).env("HF_ENDPOINT", "http://127.0.0.1:9").output().expect("a run");
    fails(&output, "127.0.0.1:9");
    let output = scene.command(&["pull", REPO]).env("HF_ENDPOINT", "huggingface").output().expect("a run");
    fails(&output, "HF_ENDPOINT");
    scene.pulls(&[]);
}

#[test]
fn revisions_are_pinned() {
    let scene = Scene::of(PICKLED);
    let seen = scene.pulls(&["--revision", "refs/pr/1"]);
    assert!(seen.iter().any(|s| s.path.contains("refs%2Fpr%2F1")));
    assert!(downloads(&seen).iter().all(|s| s.storage || s.path.contains(COMMIT) || s.path.contains("resolve-cache")));
    fails(&scene.run(&["pull", REPO, "--revision", "v9"]), "404");
    for revision in ["../../main", "a b", ""] {
        fails(&scene.run(&["pull", REPO, "--revision", revision]), "the revision");
    }
}

#[test]
fn the_token_goes_to_the_hub_and_nowhere_else() {
    let scene = Scene::of(SHARDED);
    scene.hub.change(|state| state.token = Some("hf_secret".into()));
    scene.refuses(&["pull", REPO], "HF_TOKEN");
    let wrong = scene.command(&["pull", REPO]).env("HF_TOKEN", "hf_wrong").output().expect("a run");
    fails(&wrong, "401");
    assert!(!String::from_utf8_lossy(&wrong.stderr).contains("hf_wrong"));
    scene.hub.seen();
    let seen = scene.succeeds(&scene.command(&["pull", REPO]).env("HF_TOKEN", "hf_secret").output().expect("a run"));
    let (storage, hub): (Vec<_>, Vec<_>) = seen.into_iter().partition(|s| s.storage);
    assert!(!storage.is_empty() && storage.iter().all(|s| s.authorization.is_none()), "{storage:?}");
    assert!(hub.iter().all(|s| s.authorization.as_deref() == Some("Bearer hf_secret")));
}

#[test]
fn the_token_may_lie_in_a_file() {
    let scene = Scene::of(PICKLED);
    scene.hub.change(|state| state.token = Some("hf_secret".into()));
    fs::create_dir(scene.home.path().join("hf")).expect("a folder");
    fs::write(scene.home.path().join("hf/token"), "hf_secret\n").expect("a token");
    assert!(scene.pulls(&[]).iter().all(|s| s.storage == s.authorization.is_none()));
}

#[test]
fn names_that_are_no_repository_are_not_asked_for() {
    let scene = Scene::of(PICKLED);
    assert_eq!(scene.refuses(&["pull", "someone/nothing"], "404").len(), 1);
    for name in ["../x", "a/b/c", "a b", "a--b/c", ".."] {
        assert!(scene.refuses(&["pull", name], "the repository").is_empty());
        let model = format!("hf:{name}");
        assert!(scene.refuses(&["info", &model], "the repository").is_empty());
    }
}

#[test]
fn a_cut_download_goes_on_where_it_stopped() {
    let scene = Scene::of(PICKLED);
    let size = scene.hub.change(|state| state.files[WEIGHTS].len());
    let seen = scene.recovers(Fault::Cut, WEIGHTS, "run the command again");
    let downloads = downloads(&seen);
    let ranges: Vec<_> = downloads.iter().filter(|s| s.storage).map(|s| s.range.clone()).collect();
    assert_eq!(ranges, [Some(format!("bytes={}-", size / 2))]);
    assert!(downloads.iter().all(|s| s.path.contains(WEIGHTS)), "the small files are here: {downloads:?}");
}

#[test]
fn a_cut_shard_leaves_the_others() {
    let scene = Scene::of(SHARDED);
    let seen = scene.recovers(Fault::Cut, SHARD, SHARD);
    let asked = |n: usize| seen.iter().any(|s| s.storage && s.path.contains(&format!("model-0000{n}-of")));
    assert_eq!([1, 2, 3, 4, 5, 6].map(asked), [false, false, true, true, true, true]);
}

#[test]
fn offline_half_a_model_is_none() {
    for (case, file) in [(PICKLED, WEIGHTS), (SHARDED, SHARD), (PICKLED, "tokenizer.json")] {
        let scene = Scene::of(case);
        scene.set(Fault::Cut, file);
        scene.refuses(&["pull", REPO], file);
        let args = ["pull", REPO, "--offline", "--revision", COMMIT];
        assert!(scene.refuses(&args, "is not in the cache").is_empty());
        scene.set(Fault::None, "");
        scene.pulls(&[]);
    }
}

#[test]
fn a_cut_small_file_starts_anew() {
    let scene = Scene::of(PICKLED);
    let seen = scene.recovers(Fault::Cut, "tokenizer.json", "tokenizer.json");
    assert!(seen.iter().all(|s| s.range.is_none()), "nothing could prove the whole");
}

#[test]
fn a_resume_that_is_answered_otherwise_still_ends_in_the_right_bytes() {
    let scene = Scene::of(PICKLED);
    scene.set(Fault::Cut, WEIGHTS);
    scene.refuses(&["pull", REPO], WEIGHTS);
    scene.recovers(Fault::OtherRange, WEIGHTS, "range");

    let scene = Scene::of(PICKLED);
    scene.set(Fault::Cut, WEIGHTS);
    scene.refuses(&["pull", REPO], WEIGHTS);
    scene.set(Fault::IgnoredRange, WEIGHTS);
    assert!(scene.pulls(&[]).iter().any(|s| s.range.is_some()), "the whole file is taken from its start");
}

/// The part that an earlier run left, at the end of its name.
fn parts(scene: &Scene) -> Vec<PathBuf> {
    let blobs = scene.home.path().join(format!("hf/hub/models--{}/blobs", REPO.replace('/', "--")));
    let paths = fs::read_dir(blobs).expect("blobs").flatten().map(|e| e.path());
    paths.filter(|path| path.extension().is_some()).collect()
}

#[test]
fn a_part_is_proven_before_it_counts() {
    let spoiled = |length: fn(usize) -> usize| {
        let scene = Scene::of(PICKLED);
        let size = scene.hub.change(|state| state.files[WEIGHTS].len());
        scene.set(Fault::Cut, WEIGHTS);
        scene.refuses(&["pull", REPO], WEIGHTS);
        fs::write(parts(&scene).pop().expect("a part"), vec![b'x'; length(size)]).expect("spoiled");
        scene.set(Fault::None, "");
        scene
    };
    let beginning = spoiled(|size| size / 2);
    beginning.refuses(&["pull", REPO], "SHA-256");
    assert!(parts(&beginning).is_empty());
    beginning.pulls(&[]);
    spoiled(|size| size + 50).pulls(&[]);
    // A run that ended between the last byte and the name.
    let scene = Scene::of(PICKLED);
    scene.set(Fault::Cut, WEIGHTS);
    scene.refuses(&["pull", REPO], WEIGHTS);
    let whole = scene.hub.change(|state| state.files[WEIGHTS].clone());
    fs::write(parts(&scene).pop().expect("a part"), whole).expect("finished");
    scene.set(Fault::None, "");
    assert!(downloads(&scene.pulls(&[])).is_empty());
}

#[test]
fn wrong_lengths_are_refused() {
    for (fault, part) in [
        (Fault::LongLength, "announced"),
        (Fault::ShortBody, "announced"),
        (Fault::Endless, "found more"),
        (Fault::LinkedSize, "one length"),
        (Fault::EverySize, "announced"),
        (Fault::Bytes, "SHA-256"),
    ] {
        Scene::of(PICKLED).recovers(fault, WEIGHTS, part);
        Scene::of(SHARDED).recovers(fault, SHARD, part);
    }
}

#[test]
fn answers_that_are_no_hub_s_are_refused() {
    for (fault, file, part) in [
        (Fault::Storage, WEIGHTS, "503"),
        (Fault::NoLocation, WEIGHTS, "redirect"),
        (Fault::NoLocation, "config.json", "redirect"),
        (Fault::Loop, WEIGHTS, "redirects"),
        (Fault::Etag, WEIGHTS, "etag"),
        (Fault::Etag, "config.json", "etag"),
        (Fault::Commit, "", "commit"),
        (Fault::Listing, "", "description"),
        (Fault::Bytes, "config.json", "config.json"),
        (Fault::Bytes, "tokenizer.json", "tokenizer"),
    ] {
        Scene::of(PICKLED).recovers(fault, file, part);
    }
}

#[test]
fn shards_lie_beside_their_index() {
    let index = "model.safetensors.index.json";
    for name in ["../model-00003-of-00006.safetensors", "/etc/passwd", "sub/model.safetensors", "absent.safetensors"] {
        let scene = Scene::of(SHARDED);
        let healthy = scene.hub.change(|state| state.files[index].clone());
        let text = String::from_utf8(healthy.clone()).expect("text").replace(SHARD, name);
        scene.hub.change(|state| state.files.insert(index.into(), text.into_bytes()));
        let seen = scene.refuses(&["pull", REPO], name);
        assert!(seen.iter().all(|s| !s.storage), "no weights were asked for");
        scene.hub.change(|state| state.files.insert(index.into(), healthy));
        scene.pulls(&[]);
    }
}

#[test]
fn what_makes_no_model_is_refused_before_its_weights_come() {
    let without = |names: &[&str], part: &str| {
        let scene = Scene::of(PICKLED);
        scene.hub.change(|state| names.iter().for_each(|name| drop(state.files.remove(*name))));
        assert_eq!(scene.refuses(&["pull", REPO], part).len(), 1);
    };
    without(&["config.json"], "config.json");
    without(&[WEIGHTS], "model.safetensors");
    without(&["tokenizer.json", "merges.txt"], "tokenizer.json");
    let scene = Scene::of(PICKLED);
    scene.hub.change(|state| state.files.insert("config.json".into(), b"{\"model_type\": \"bert\"}".into()));
    assert!(scene.refuses(&["pull", REPO], "bert").iter().all(|s| !s.storage));
}

#[test]
fn a_short_file_that_another_program_left_is_replaced() {
    let scene = Scene::of(PICKLED);
    scene.pulls(&[]);
    fs::remove_file(scene.model()).expect("removed");
    let snapshot = scene.home.path().join(format!("hf/hub/models--{}/snapshots/{COMMIT}", REPO.replace('/', "--")));
    let whole = fs::read(snapshot.join(WEIGHTS)).expect("weights");
    fs::write(snapshot.join(WEIGHTS), &whole[..1000]).expect("spoiled");
    assert_eq!(downloads(&scene.pulls(&[])).iter().filter(|s| s.storage).count(), 1);
}

#[test]
fn two_do_not_fetch_the_same_at_once() {
    let scene = Scene::of(PICKLED);
    let folder = scene.model().parent().and_then(Path::parent).expect("a folder").to_owned();
    fs::create_dir_all(&folder).expect("a folder");
    let other = fs::File::create(folder.join(".lock")).expect("a lock");
    other.lock().expect("locked");
    assert!(downloads(&scene.refuses(&["pull", REPO], "another mexit-tui")).is_empty());
    drop(other);
    scene.pulls(&[]);
}

#[test]
fn the_caches_lie_where_the_environment_says() {
    let scene = Scene::of(PICKLED);
    let own = scene.home.path().join("own");
    let mut command = scene.command(&["pull", REPO]);
    let output = command.env("MEXIT_CACHE", &own).env_remove("HF_HOME").output().expect("a run");
    let path = own.join("models").join(REPO.replace('/', "--")).join(COMMIT).join("f16.gguf");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}\n", path.display()));
    assert!(fs::read(path).expect("the model") == scene.expected);
    assert!(scene.home.path().join(".cache/huggingface/hub").is_dir());
    assert!(!scene.home.path().join("cache").exists());
}

#[test]
fn the_help_names_the_published_model() {
    let scene = Scene::of(PICKLED);
    let help = String::from_utf8(scene.run(&["pull", "--help"]).stdout).expect("text");
    assert!(help.contains("ibm-research/gpt2-medium-multiexit"), "{help}");
    let missing = scene.refuses(&["pull"], "404");
    assert!(missing[0].path.contains("ibm-research/gpt2-medium-multiexit"));
}
