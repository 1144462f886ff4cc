//! Whether this processor has the instructions that the program was compiled for: without one of them the program would
//! end at it with SIGILL. Asked at the start, before anything else.
//!
//! `is_x86_feature_detected!` cannot tell: what was compiled in it takes for granted. So the processor is asked itself.

use std::time::Duration;

use crate::Error;

/// Refuses to go on, by name, if the processor lacks what this build was compiled for.
///
/// # Errors
/// With the instructions that are missing.
pub fn require_processor() -> Result<(), Error> {
    #[cfg(target_arch = "x86_64")]
    {
        let missing = x86::missing(x86::COMPILED, &x86::Found::ask());
        if !missing.is_empty() {
            return Err(Error::Processor(missing.join(", ")));
        }
    }
    Ok(())
}

/// What all threads of this process have had of the processor, where the system tells.
#[must_use]
pub fn processor_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a clock that every Unix has, written to a place of its type.
        let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
        (failed == 0).then(|| Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0)))
    }
    #[cfg(not(unix))]
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__cpuid_count, _xgetbv};

    /// A set of instructions: its name, whether this build uses it, and where the processor tells of it: leaf and
    /// subleaf, register (0 to 3 are eax to edx), bit. Intel's manual, volume 2A, CPUID.
    pub(super) struct Feature {
        pub(super) name: &'static str,
        compiled: bool,
        at: (u32, u32, usize, u32),
        needs: State,
    }

    /// Registers that the system must keep for a program.
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Plain,
        Avx,
        Avx512,
    }

    macro_rules! features {
        ($($name:literal $also:literal ($leaf:literal, $sub:literal, $register:literal, $bit:literal) $needs:ident;)*) => {
            &[$(Feature {
                name: $name,
                compiled: $also || cfg!(target_feature = $name),
                at: ($leaf, $sub, $register, $bit),
                needs: State::$needs,
            }),*]
        };
    }

    /// Those that compilers use on their own for `target-cpu`. `true` for what ggml is compiled with unless told otherwise
    /// (its CMakeLists.txt: GGML_AVX2, GGML_FMA, GGML_F16C, GGML_BMI2, GGML_SSE42 with GGML_NATIVE off).
    pub(super) const COMPILED: &[Feature] = features![
        "sse3" true (1, 0, 2, 0) Plain;
        "ssse3" true (1, 0, 2, 9) Plain;
        "sse4.1" true (1, 0, 2, 19) Plain;
        "sse4.2" true (1, 0, 2, 20) Plain;
        "popcnt" false (1, 0, 2, 23) Plain;
        "movbe" false (1, 0, 2, 22) Plain;
        "aes" false (1, 0, 2, 25) Plain;
        "pclmulqdq" false (1, 0, 2, 1) Plain;
        "rdrand" false (1, 0, 2, 30) Plain;
        "avx" true (1, 0, 2, 28) Avx;
        "f16c" true (1, 0, 2, 29) Avx;
        "fma" true (1, 0, 2, 12) Avx;
        "bmi1" false (7, 0, 1, 3) Plain;
        "avx2" true (7, 0, 1, 5) Avx;
        "bmi2" true (7, 0, 1, 8) Plain;
        "adx" false (7, 0, 1, 19) Plain;
        "sha" false (7, 0, 1, 29) Plain;
        "lzcnt" false (0x8000_0001, 0, 2, 5) Plain;
        "sse4a" false (0x8000_0001, 0, 2, 6) Plain;
        "gfni" false (7, 0, 2, 8) Plain;
        "vaes" false (7, 0, 2, 9) Avx;
        "vpclmulqdq" false (7, 0, 2, 10) Avx;
        "avxvnni" false (7, 1, 0, 4) Avx;
        "avx512f" false (7, 0, 1, 16) Avx512;
        "avx512dq" false (7, 0, 1, 17) Avx512;
        "avx512ifma" false (7, 0, 1, 21) Avx512;
        "avx512cd" false (7, 0, 1, 28) Avx512;
        "avx512bw" false (7, 0, 1, 30) Avx512;
        "avx512vl" false (7, 0, 1, 31) Avx512;
        "avx512vbmi" false (7, 0, 2, 1) Avx512;
        "avx512vbmi2" false (7, 0, 2, 6) Avx512;
        "avx512vnni" false (7, 0, 2, 11) Avx512;
        "avx512bitalg" false (7, 0, 2, 12) Avx512;
        "avx512vpopcntdq" false (7, 0, 2, 14) Avx512;
        "avx512bf16" false (7, 1, 0, 5) Avx512;
        "avx512fp16" false (7, 0, 3, 23) Avx512;
    ];

    /// What the processor says of itself, and the system of what it keeps.
    pub(super) struct Found {
        leaves: [((u32, u32), [u32; 4]); 4],
        state: State,
    }

    impl Found {
        pub(super) fn ask() -> Self {
            let ask = |(leaf, sub): (u32, u32)| {
                // A leaf that is not there answers with another's numbers.
                let [most, ..] = cpuid(leaf & 0x8000_0000, 0);
                let exists = leaf <= most && (leaf != 7 || sub <= cpuid(7, 0)[0]);
                if exists { cpuid(leaf, sub) } else { [0; 4] }
            };
            let leaves = [(1, 0), (7, 0), (7, 1), (0x8000_0001, 0)].map(|leaf| (leaf, ask(leaf)));
            let kept = if leaves[0].1[2] & (1 << 27) == 0 { 0 } else { kept_registers() };
            let state = match kept {
                kept if kept & 0xE6 == 0xE6 => State::Avx512,
                kept if kept & 6 == 6 => State::Avx,
                _ => State::Plain,
            };
            Self { leaves, state }
        }

        pub(super) fn has(&self, feature: &Feature) -> bool {
            let (leaf, sub, register, bit) = feature.at;
            let told =
                self.leaves.iter().any(|(at, registers)| *at == (leaf, sub) && registers[register] >> bit & 1 == 1);
            let kept = match feature.needs {
                State::Plain => true,
                State::Avx => self.state != State::Plain,
                State::Avx512 => self.state == State::Avx512,
            };
            told && kept
        }
    }

    #[allow(unused_unsafe, reason = "safe to call only since Rust 1.94")]
    fn cpuid(leaf: u32, sub: u32) -> [u32; 4] {
        // SAFETY: every 64-bit processor of this kind has the instruction, and any numbers may be asked for.
        let found = unsafe { __cpuid_count(leaf, sub) };
        [found.eax, found.ebx, found.ecx, found.edx]
    }

    /// Which registers the system keeps when it changes threads.
    fn kept_registers() -> u64 {
        #[target_feature(enable = "xsave")]
        fn ask() -> u64 {
            // SAFETY: register 0 is there wherever the instruction is.
            unsafe { _xgetbv(0) }
        }
        // SAFETY: the caller has seen the bit that says the system uses the instruction.
        unsafe { ask() }
    }

    /// Names of what is compiled in and not there.
    pub(super) fn missing(compiled: &[Feature], found: &Found) -> Vec<&'static str> {
        compiled.iter().filter(|feature| feature.compiled && !found.has(feature)).map(|feature| feature.name).collect()
    }

    #[cfg(test)]
    mod tests {
        use super::{COMPILED, Feature, Found, State, missing};

        #[test]
        fn the_processor_is_asked_as_the_standard_library_asks_it() {
            let found = Found::ask();
            macro_rules! compare {
                ($($name:tt)*) => {
                    $(let ours = COMPILED.iter().find(|feature| feature.name == $name).expect("in the table");
                    assert_eq!(found.has(ours), std::is_x86_feature_detected!($name), "{}", $name);)*
                };
            }
            compare!("sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "movbe" "aes" "pclmulqdq" "rdrand" "avx" "f16c" "fma" "bmi1"
                "avx2" "bmi2" "adx" "sha" "lzcnt" "sse4a" "gfni" "vaes" "vpclmulqdq" "avxvnni" "avx512f" "avx512dq"
                "avx512ifma" "avx512cd" "avx512bw" "avx512vl" "avx512vbmi" "avx512vbmi2" "avx512vnni" "avx512bitalg"
                "avx512vpopcntdq" "avx512bf16" "avx512fp16");
        }

        #[test]
        fn what_is_missing_is_named() {
            let nothing = Found { leaves: [((0, 0), [0; 4]); 4], state: State::Plain };
            let names = missing(COMPILED, &nothing);
            assert!(["avx2", "fma", "f16c"].iter().all(|name| names.contains(name)), "{names:?}");
            assert_eq!(missing(COMPILED, &Found::ask()), [""; 0]);
            // The bit alone is not enough: a system that does not keep the registers cannot run it.
            let everything =
                |state| Found { leaves: [(1, 0), (7, 0), (7, 1), (0x8000_0001, 0)].map(|at| (at, [!0; 4])), state };
            let compiled = |feature: &Feature| Feature { compiled: true, ..*feature };
            let all: Vec<Feature> = COMPILED.iter().map(compiled).collect();
            assert_eq!(missing(&all, &everything(State::Avx512)), [""; 0]);
            assert!(missing(&all, &everything(State::Avx)).iter().all(|name| name.starts_with("avx512")));
            assert!(missing(&all, &everything(State::Plain)).contains(&"avx2"));
        }
    }
}
