"""Whether the machine had other things to do while something was measured."""
import os
import time
from pathlib import Path


class Load:
    """CPU time that others used between entry and exit. `own` is to be told the CPU time that was ours."""

    def __enter__(self):
        self.own, self.started, self.before = 0.0, time.monotonic(), spent()
        self.average = os.getloadavg()[0]
        return self

    def __exit__(self, *_):
        self.seconds, self.after = time.monotonic() - self.started, spent()

    def report(self):
        others = None
        if self.before is not None and self.after is not None:
            others = max(0.0, self.after - self.before - self.own) / self.seconds
        # Where the system does not tell (macOS), only what was already running before can be seen.
        busy = self.average > 0.5 if others is None else others > 0.1
        return {"seconds_measuring": self.seconds, "own_cpu_s": self.own, "load_before": self.average,
                "cores_used_by_others": others, "busy": busy}


def spent():
    """Seconds of CPU that everything has used since the start of the system; None where the system does not tell."""
    try:
        user, nice, system, idle, wait, irq, softirq, steal, *_ = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    except (OSError, ValueError):
        return None
    # What the host gives to other guests is time that is missing here, too.
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
