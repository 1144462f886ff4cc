//! The machine while it is measured: what it is, who else uses it, and what this process takes of its memory.

use std::fs;

use serde::Serialize;

/// Share of the processor's time that others may use before a measurement is said to have been disturbed: a system's own
/// timers and daemons stay below.
const QUIET: f64 = 0.05;

/// Processor time since the system started, in ticks of its clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Ticks {
    /// Passed, over all processors.
    all: f64,
    /// Of those, nobody wanted.
    idle: f64,
    /// Of those, this process had.
    own: f64,
}

/// Watches who uses the processor.
#[derive(Clone, Copy, Debug)]
pub struct Watch(Option<Ticks>);

/// Who else used the processor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Others {
    /// Their share of all processors' time, 0 to 1; `None` where the system does not tell.
    pub share: Option<f64>,
    /// Whether that disturbed what was measured.
    pub busy: Option<bool>,
}

impl Watch {
    /// From now on.
    #[must_use]
    pub fn start() -> Self {
        Self(Ticks::now())
    }

    /// Until now.
    #[must_use]
    pub fn others(self) -> Others {
        let share = self.0.zip(Ticks::now()).and_then(|(start, end)| end.others_since(start));
        Others { share, busy: share.map(|share| share > QUIET) }
    }
}

impl Ticks {
    fn now() -> Option<Self> {
        // Both count in the same unit. A virtual machine's stolen time is in the first line too: other work.
        Self::read(&fs::read_to_string("/proc/stat").ok()?, &fs::read_to_string("/proc/self/stat").ok()?)
    }

    fn read(system: &str, process: &str) -> Option<Self> {
        let numbers = |text: &str| text.split_whitespace().map_while(|n| n.parse::<f64>().ok()).collect::<Vec<f64>>();
        // user nice system idle iowait irq softirq steal; guests' time, which follows, is in user already.
        let mut cpu = numbers(system.lines().next()?.strip_prefix("cpu ")?);
        cpu.truncate(8);
        // The second field is the program's name in brackets, which may hold anything.
        let fields: Vec<&str> = process[process.rfind(')')? + 1..].split_whitespace().collect();
        let time = |at: usize| fields.get(at)?.parse::<f64>().ok();
        let own = time(11)? + time(12)?;
        Some(Self { all: cpu.iter().sum(), idle: cpu.get(3)? + cpu.get(4)?, own })
    }

    fn others_since(self, start: Self) -> Option<f64> {
        let (all, idle, own) = (self.all - start.all, self.idle - start.idle, self.own - start.own);
        (all > 0.0).then(|| ((all - idle - own) / all).clamp(0.0, 1.0))
    }
}

/// What a process takes of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Memory {
    /// Most bytes that were resident at once; `None` where the system does not tell.
    pub peak: Option<u64>,
    /// Resident bytes of mapped files now: of weights mostly. They need no memory that others could not have.
    pub mapped: Option<u64>,
}

impl Memory {
    /// Of this process.
    #[must_use]
    pub fn now() -> Self {
        Self::read(&fs::read_to_string("/proc/self/status").unwrap_or_default())
    }

    fn read(status: &str) -> Self {
        let bytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
        };
        Self { peak: bytes("VmHWM:"), mapped: bytes("RssFile:") }
    }
}

/// The processor's name, where the system tells.
#[must_use]
pub fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_what_neither_idled_nor_was_us() {
        let process = |own: u32| format!("1 (a) b (c)) R 0 1 1 0 -1 0 0 0 0 0 {own} 50 0 0 20 0");
        let start = Ticks::read("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1", &process(100)).expect("ticks");
        assert_eq!(start, Ticks { all: 1000.0, idle: 850.0, own: 150.0 });
        // 200 more: 100 idle, 60 ours, of the other 40 a hypervisor took 10.
        let end = Ticks::read("cpu  180 0 60 890 60 0 0 10 99 0\ncpu0 1", &process(160)).expect("ticks");
        assert_eq!(end.others_since(start), Some(0.2));
        assert_eq!(start.others_since(start), None, "no time has passed");
        assert_eq!(Ticks::read("", &process(1)), None);
    }

    #[test]
    fn what_the_system_says_of_memory() {
        let memory = Memory::read("Name:\tx\nVmHWM:\t  2048 kB\nRssAnon:\t 1 kB\nRssFile:\t 1024 kB\n");
        assert_eq!(memory, Memory { peak: Some(2 << 20), mapped: Some(1 << 20) });
        assert_eq!(Memory::read("nothing"), Memory::default());
    }
}
