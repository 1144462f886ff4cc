"""mexit-tui at work: every figure comes from running the program as a user does."""
import json
import os
import subprocess
import sys
import tempfile
import time


class Program:
    def __init__(self, path, pair, threads):
        self.path, self.pair, self.threads = path, ",".join(map(str, pair)), str(threads)
        self.commands = self.text("help")
        self.has_head_types = "--head-type" in self.text("convert", "--help")

    def text(self, *arguments):
        return subprocess.run([self.path, *arguments], capture_output=True, text=True, check=True).stdout

    def run(self, *arguments):
        """Runs to the end: lines of stdout, when each came, seconds from start to end, seconds of CPU, peak memory in bytes."""
        with tempfile.TemporaryFile() as errors:
            started = time.perf_counter()
            process = subprocess.Popen([self.path, *map(str, arguments)], stdout=subprocess.PIPE, stderr=errors)
            lines, times = [], []
            for line in process.stdout:
                times.append(time.perf_counter())
                lines.append(line)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            # Popen need not wait again.
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            if process.returncode:
                raise SystemExit(f"{' '.join(map(str, arguments))}: {errors.read().decode().strip()}")
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return {"lines": lines, "times": times, "seconds": seconds, "cpu_s": usage.ru_utime + usage.ru_stime, "peak": peak}

    def convert(self, folder, file, kind):
        dtype, head = (kind.split("+") + [None])[:2]
        heads = ["--head-type", head] if head else []
        return self.run("convert", folder, "-o", file, "--type", dtype, *heads)

    def generate(self, file, ids, new, *flags):
        text = ["--ids", ",".join(map(str, ids)), "-n", new]
        return self.run("generate", "--model", file, "--threads", self.threads, *text, *flags)

    def traced(self, file, ids, new, contrast=True):
        """Every exit at every token, with all that is told of it; a line comes with each token."""
        flags = ["--contrast", self.pair] if contrast else []
        found = self.generate(file, ids, new, "--json", *flags)
        return {**found, "tokens": [json.loads(line)["id"] for line in found["lines"]]}

    def chosen(self, file, ids, new):
        """Only what the contrast needs."""
        return self.generate(file, ids, new, "--contrast", self.pair)

    def logits(self, file, ids, output):
        return self.run("logits", "--model", file, "--threads", self.threads, "--ids", ",".join(map(str, ids)), "-o", output)

    def bench(self, file):
        """What `mexit-tui bench` measures itself, in ms; {} where this build has no such command."""
        if "\n  bench " not in self.commands:
            return {}
        found = self.run("bench", "--model", file, "--threads", self.threads, "--json")
        return fields(json.loads(b"".join(found["lines"])))


def fields(report):
    """The one place that knows how `bench --json` names things. It gives tokens a second; what is missing is left out."""
    speed = report.get("speed", {})
    return {name: 1000 / speed[key]["median"] for name, key in {"step": "stepping", "run": "contrast", "run_filled": "filled"}.items()
            if speed.get(key)}
