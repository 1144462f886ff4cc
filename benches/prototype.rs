//! Our step beside the shortest program that does the same with ggml: one graph in one context, weights copied into
//! memory, an f16 cache, ggml's own GELU and its table, no checks, no names, no analysis. They take turns in one run, so
//! that the machine's moods meet both. The baseline evaluates all exits; ours does so too, alone and with everything
//! that the screen shows.
//!
//! `cargo bench --bench prototype -- MODEL.gguf [STEPS]`: `mexit-tui make-random DIR` and `mexit-tui convert DIR` make
//! a model of GPT-2 Medium's shape.
#![allow(unsafe_code, reason = "the baseline is written against ggml itself")]
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of a model that is open, in the types of C"
)]

use std::{
    ffi::CString,
    path::Path,
    ptr,
    time::{Duration, Instant},
};

use llama_cpp_sys_2 as sys;
use mexit_models::{DType, Engine, EngineOptions, ExitId, Gelu, Model, Placement, TokenId};
use mexit_tui::session::{
    protocol::Query,
    reader::Reader,
    trace::{Decoding, Method, Pair, Sampling},
};

const THREADS: i32 = 2;
const PAST: usize = 1024;

/// Everything of the baseline: weights, cache, sizes.
struct Plain {
    weights: *mut sys::ggml_context,
    cache: *mut sys::ggml_context,
    scratch: Vec<u8>,
    blocks: usize,
    heads: usize,
    exits: Vec<String>,
    work: Vec<u8>,
}

impl Plain {
    fn open(path: &Path, model: &Model, heads: usize) -> Self {
        let file = CString::new(path.to_string_lossy().as_bytes()).expect("a path");
        let mut weights = ptr::null_mut();
        let params = sys::gguf_init_params { no_alloc: false, ctx: &raw mut weights };
        // SAFETY: a terminated path and a place for the context.
        let gguf = unsafe { sys::gguf_init_from_file(file.as_ptr(), params) };
        assert!(!gguf.is_null() && !weights.is_null(), "the model opens");
        let (blocks, d) = (model.spec.blocks as usize, model.spec.width);
        let cache_bytes = blocks * 2 * (d * PAST * 2 + 1024) + 4096;
        let init = sys::ggml_init_params { mem_size: cache_bytes, mem_buffer: ptr::null_mut(), no_alloc: false };
        // SAFETY: ggml takes the memory itself.
        let cache = unsafe { sys::ggml_init(init) };
        for name in (0..blocks).flat_map(|il| [format!("k{il}"), format!("v{il}")]) {
            let name = CString::new(name).expect("a name");
            // SAFETY: the context has room for all of them.
            unsafe {
                let tensor = sys::ggml_new_tensor_1d(cache, sys::GGML_TYPE_F16, (d * PAST) as i64);
                sys::ggml_set_name(tensor, name.as_ptr());
                ptr::write_bytes((*tensor).data.cast::<u8>(), 0, sys::ggml_nbytes(tensor));
            }
        }
        let exits = model.spec.exits.iter().map(|k| format!("exit.{k}.head.weight")).collect();
        Self { weights, cache, scratch: vec![0; 64 << 20], blocks, heads, exits, work: Vec::new() }
    }

    fn get(&self, name: &str) -> *mut sys::ggml_tensor {
        let name = CString::new(name).expect("a name");
        // SAFETY: valid contexts, a terminated name.
        let found = unsafe { sys::ggml_get_tensor(self.weights, name.as_ptr()) };
        // SAFETY: as above.
        if found.is_null() { unsafe { sys::ggml_get_tensor(self.cache, name.as_ptr()) } } else { found }
    }

    /// One token; gives the sum of the last logits, so that nothing is left out.
    fn step(&mut self, id: u32, past: usize) -> f32 {
        let init = sys::ggml_init_params {
            mem_size: self.scratch.len(),
            mem_buffer: self.scratch.as_mut_ptr().cast(),
            no_alloc: false,
        };
        // SAFETY: shapes are those of a model that our own loader has checked; the scratch memory suffices (ggml checks).
        unsafe {
            let c = sys::ggml_init(init);
            let graph = sys::ggml_new_graph_custom(c, 4096, false);
            let number = |value: i32| {
                let t = sys::ggml_new_tensor_1d(c, sys::GGML_TYPE_I32, 1);
                *(*t).data.cast::<i32>() = value;
                t
            };
            let norm = |x, name: &str| {
                let unit = sys::ggml_norm(c, x, 1e-5);
                let scaled = sys::ggml_mul(c, unit, self.get(&format!("{name}.weight")));
                sys::ggml_add(c, scaled, self.get(&format!("{name}.bias")))
            };
            let linear = |x, name: &str| {
                let product = sys::ggml_mul_mat(c, self.get(&format!("{name}.weight")), x);
                sys::ggml_add(c, product, self.get(&format!("{name}.bias")))
            };
            let tokens = sys::ggml_get_rows(c, self.get("token_embd.weight"), number(id as i32));
            let places = sys::ggml_get_rows(c, self.get("position_embd.weight"), number(past as i32));
            let mut x = sys::ggml_add(c, tokens, places);
            let d = (*x).ne[0] as usize;
            let hd = d / self.heads;
            let mut rows = vec![x];
            for il in 0..self.blocks {
                let qkv = linear(norm(x, &format!("blk.{il}.attn_norm")), &format!("blk.{il}.attn_qkv"));
                let part = |i: usize| sys::ggml_view_1d(c, qkv, d as i64, i * d * 4);
                let stores = [self.get(&format!("k{il}")), self.get(&format!("v{il}"))];
                for (i, store) in stores.into_iter().enumerate() {
                    let place = sys::ggml_view_1d(c, store, d as i64, past * d * 2);
                    sys::ggml_build_forward_expand(graph, sys::ggml_cpy(c, part(i + 1), place));
                }
                let q =
                    sys::ggml_permute(c, sys::ggml_reshape_3d(c, part(0), hd as i64, self.heads as i64, 1), 0, 2, 1, 3);
                let [k, v] = stores.map(|store| {
                    let n = past as i64 + 1;
                    sys::ggml_view_3d(c, store, hd as i64, n, self.heads as i64, d * 2, hd * 2, 0)
                });
                let scale = 1.0 / (hd as f32).sqrt();
                let mixed = sys::ggml_flash_attn_ext(c, q, k, v, ptr::null_mut(), scale, 0.0, 0.0);
                let joined = sys::ggml_reshape_2d(c, mixed, d as i64, 1);
                x = sys::ggml_add(c, linear(joined, &format!("blk.{il}.attn_output")), x);
                let up = linear(norm(x, &format!("blk.{il}.ffn_norm")), &format!("blk.{il}.ffn_up"));
                x = sys::ggml_add(c, linear(sys::ggml_gelu(c, up), &format!("blk.{il}.ffn_down")), x);
                rows.push(x);
            }
            let mut last = ptr::null_mut();
            let own = [(self.blocks, "token_embd.weight")].map(|(k, name)| (k, name.to_owned()));
            let of = |name: &String| (name.split('.').nth(1).and_then(|k| k.parse().ok()).unwrap_or(0), name.clone());
            for (k, head) in own.into_iter().chain(self.exits.iter().map(of)) {
                last = sys::ggml_mul_mat(c, self.get(&head), norm(rows[k], "output_norm"));
                sys::ggml_build_forward_expand(graph, last);
            }
            let mut plan = sys::ggml_graph_plan(graph, THREADS, ptr::null_mut());
            self.work.resize(plan.work_size, 0);
            plan.work_data = self.work.as_mut_ptr();
            assert_eq!(sys::ggml_graph_compute(graph, &raw mut plan), sys::GGML_STATUS_SUCCESS);
            let logits = std::slice::from_raw_parts((*last).data.cast::<f32>(), (*last).ne[0] as usize);
            let sum = logits.iter().sum();
            sys::ggml_free(c);
            sum
        }
    }
}

fn engine(path: &Path, kv_type: DType) -> Engine {
    let model = Model::open(path, Placement::cpu().expect("a processor")).expect("the model opens");
    let options = EngineOptions { threads: THREADS as usize, context: PAST, kv_type, gelu: Gelu::Exact };
    Engine::new(model, options).expect("an engine")
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let Some(path) = words.next() else {
        println!("prototype: give it a model, cargo bench --bench prototype -- MODEL.gguf [STEPS]");
        return;
    };
    let (path, steps) = (Path::new(&path), words.next().and_then(|n| n.parse().ok()).unwrap_or(30));
    let mut ours = engine(path, DType::F32);
    let spec = &ours.model().spec;
    let exits: Vec<ExitId> = spec.exit_ids();
    let blocks = spec.blocks;
    let mut plain = Plain::open(path, ours.model(), spec.attention_heads);
    let mut reader = Reader::new(engine(path, DType::F32));
    let pair =
        Pair { expert: ExitId::Block(blocks), amateur: ExitId::Block(blocks / 2), alpha: 0.1, min_candidates: 1 };
    let decoding = Decoding { method: Method::Contrast(pair), sampling: Sampling::default() };
    let mut text: Vec<TokenId> = Vec::new();
    let mut times = [const { Vec::new() }; 3];
    let mut sum = 0.0;
    for past in 0..steps + 3 {
        let id = (past * 37 % 1000) as u32;
        text.push(TokenId(id));
        let query = Query::after(text.as_slice(), decoding.clone());
        let runs: [&mut dyn FnMut() -> f32; 3] = [
            &mut || plain.step(id, past),
            &mut || ours.step(TokenId(id), &exits).expect("a step").rows(exits[0]).expect("original")[0],
            &mut || reader.answer(&query, &mut |_| true).expect("an answer").choice.ln_p,
        ];
        for i in 0..3 {
            // Whoever goes first finds the caches another way: take turns in that too.
            let which = (i + past) % 3;
            // ggml's threads go on spinning for a while after a graph: in the way of whoever comes next.
            std::thread::sleep(Duration::from_millis(200));
            let started = Instant::now();
            sum += runs[which]();
            // The first steps touch the weights for the first time.
            if past >= 3 {
                times[which].push(started.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    let [plain, step, answer] = times.map(|mut times| median(&mut times));
    println!("{}, {THREADS} threads, {steps} steps in turn, medians (sum {sum:.0}):", path.display());
    println!("plain ggml graph, all {} exits   {plain:7.1} ms", exits.len());
    println!("our step, all exits              {step:7.1} ms   {:.3} of it", step / plain);
    println!("our step with everything shown   {answer:7.1} ms   {:.3} of it", answer / plain);
}
