#!/usr/bin/env python3
"""
compare.py - the original Python library and mexit-tui on the same checkpoint, on this machine, in turn: first that they
say the same, then how long each takes. README.md beside this file says what to install and how to read the table.

Needs nothing but Python 3.9 itself; the library runs in a process of its own (library.py), under --python.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import Load
from ours import Program
from table import table

HERE = Path(__file__).parent


class Library:
    """library.py at the other end of two pipes."""

    def __init__(self, python, folder, pair, threads):
        # Its narration is of no use here; its errors are.
        self.process = subprocess.Popen([python, HERE / "library.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.cpu = 0.0
        self.about = self.ask(folder=str(folder), pair=pair, threads=threads)

    def ask(self, **request):
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            answer = json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise SystemExit("the library's process has ended: see above") from None
        self.cpu += answer.pop("cpu_s", 0.0)
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def arguments():
    p = argparse.ArgumentParser(description="Compares the original Python library with mexit-tui: results, then speed and memory.")
    p.add_argument("checkpoint", type=Path, help="a Hugging Face folder of GPT-2 or GPT-Neo with trained heads, f32")
    p.add_argument("program", help="the mexit-tui to run")
    p.add_argument("--python", default=sys.executable, help="a Python that has the library [this one]")
    p.add_argument("--threads", type=int, default=os.cpu_count(), help="for both [all]")
    p.add_argument("--pair", help="expert,amateur [original, and the exit at half the depth]")
    p.add_argument("--types", default="f32,f16,f16+q8_0,q8_0", help="TRUNK or TRUNK+HEADS, f32 first [%(default)s]")
    p.add_argument("--tokens", type=int, default=24, help="made in each run [%(default)s]")
    p.add_argument("--rounds", type=int, default=5, help="[%(default)s]")
    p.add_argument("--no-bench", action="store_true", help="leave `mexit-tui bench` out")
    p.add_argument("--work", type=Path, help="keep converted files here, and take those that are here [a folder that is removed]")
    p.add_argument("--out", type=Path, help="write every figure as JSON")
    a = p.parse_args()
    if a.tokens < 4 or a.rounds < 1:
        p.error("expected at least 4 tokens and 1 round")
    return a


def pair_of(text, config):
    if text is None:
        depth = config.get("n_layer") or config["num_layers"]
        heads = config["lm_head_layer_indices"]
        return ["original", min(heads, key=lambda k: abs(k - depth / 2))]
    return [int(part) if part.isdigit() else part for part in text.split(",")]


def prompt_of(config, count):
    """Any ids do; these are spread over the vocabulary. The tokenizer plays no part, so a random one is good enough."""
    ids, state = [], 1
    while len(ids) < count:
        state = (state * 1_103_515_245 + 12_345) % 2**31
        if (token := state % config["vocab_size"]) != config.get("eos_token_id"):
            ids.append(token)
    return ids


def note(text):
    print(text, file=sys.stderr, flush=True)


def convert(a, program, folder):
    """{type: file} of the types that this build can write."""
    files = {}
    for kind in a.types.split(","):
        if "+" in kind and not program.has_head_types:
            note(f"{kind}: left out, this build's convert has no --head-type")
            continue
        files[kind] = folder / f"{kind}.gguf"
        if not files[kind].exists():
            note(f"converting to {kind}")
            program.convert(a.checkpoint, files[kind], kind)
    return files


# Of the spread of an exit's logits. Both sides add up the same numbers in f32, in other orders; over some fifty matrices
# one after the other, each sum good to about √(4 · width) roundings of 6e-8, that is a few times 1e-5. A wrong norm, a
# wrong head or a missing scale is off by a hundredth at least.
AGREES = 2e-4


def check(a, program, files, pair, ids):
    """Both sides' results. Ends the program if f32 does not give the library's."""
    agreement = {}
    with Library(a.python, a.checkpoint, pair, a.threads) as library, tempfile.TemporaryDirectory() as folder:
        about = library.about
        theirs = {c: library.ask(do="generate", ids=ids, new=a.tokens, contrast=c)["tokens"] for c in (True, False)}
        by_hand = library.ask(do="two", ids=ids, new=a.tokens)["tokens"]
        for kind, file in files.items():
            note(f"checking {kind}")
            output = Path(folder) / "ours.safetensors"
            program.logits(file, ids, output)
            rows = library.ask(do="compare", ids=ids, file=str(output))
            output.unlink()
            tokens = {c: program.traced(file, ids, a.tokens, contrast=c)["tokens"] for c in (True, False)}
            same = {c: same_beginning(tokens[c], theirs[c]) for c in (True, False)}
            agreement[kind] = {
                "max_abs_delta": max(row["max_abs_delta"] for row in rows.values()),
                "max_relative_delta": max(row["max_abs_delta"] / row["spread"] for row in rows.values()),
                "mean_kl": statistics.mean(row["kl"] for row in rows.values()),
                "same_top": statistics.mean(row["same_top"] for row in rows.values()),
                "contrast_tokens_same": same[True], "greedy_tokens_same": same[False],
                "tokens": len(theirs[True]), "greedy_tokens": len(theirs[False]), "exits": rows}
    if by_hand != theirs[True]:
        raise SystemExit("the library with two heads alone gives other tokens than the library: nothing to compare")
    exact = agreement["f32"]
    if exact["max_relative_delta"] > AGREES:
        raise SystemExit(f"f32: a logit is off by {exact['max_relative_delta']:.1e} of its exit's spread, expected {AGREES:.0e} at most: "
                         "speeds of different results are not compared")
    for which, same, total in (("contrast", exact["contrast_tokens_same"], exact["tokens"]),
                               ("greedy", exact["greedy_tokens_same"], exact["greedy_tokens"])):
        if same < total:
            raise SystemExit(f"f32: the {which} text parts after {same} of {total} tokens: speeds of different results are not compared")
    if exact["tokens"] < 4:
        raise SystemExit(f"the text ends after {exact['tokens']} tokens, too few to measure: give another --pair")
    return about, agreement


def same_beginning(ours, theirs):
    pairs = list(zip(ours, theirs))
    same = next((i for i, (x, y) in enumerate(pairs) if x != y), len(pairs))
    return same if len(ours) == len(theirs) or same < len(pairs) else same - 1


def gaps(times):
    """ms between one token and the next. The first is left out: weights are touched for the first time there."""
    return [1000 * (b - a) for a, b in zip(times[1:], times[2:])]


def measure(a, program, files, pair, ids):
    """{side: {figure: [one number a round]}} in ms, and peak memory in bytes."""
    found = {"library": {}, **{kind: {} for kind in files}}

    def add(side, figure, value):
        found[side].setdefault(figure, []).append(value)

    with Library(a.python, a.checkpoint, pair, a.threads) as library, Load() as load:
        for turn in range(a.rounds):
            note(f"round {turn + 1} of {a.rounds}")
            run = library.ask(do="generate", ids=ids, new=a.tokens)
            each = gaps(run["times"][1:])
            add("library", "all", statistics.mean(each))
            found["library"].setdefault("every_token", []).extend(each)
            add("library", "cpu_all", statistics.mean(gaps(run["cpu"][1:])))
            add("library", "prefill", 1000 * (run["times"][1] - run["times"][0]))
            if turn == 0:
                found["library"]["memory"] = library.ask(do="memory")
            run = library.ask(do="two", ids=ids, new=a.tokens)
            add("library", "two", statistics.mean(gaps(run["times"][1:])))
            add("library", "cpu_two", statistics.mean(gaps(run["cpu"][1:])))
            add("library", "prefill_two", 1000 * (run["times"][1] - run["times"][0]))
            for kind, file in files.items():
                # Start-up cancels out between a run of many tokens and one of one; the lone token's step is given back.
                told, told_one = program.traced(file, ids, a.tokens), program.traced(file, ids, 1)
                many, one, lone = (program.chosen(file, *text) for text in ((ids, a.tokens), (ids, 1), (ids[:1], 1)))
                more = len(told["tokens"]) - 1
                for clock, name in (("seconds", ""), ("cpu_s", "cpu_")):
                    add(kind, name + "all", 1000 * (told[clock] - told_one[clock]) / more)
                    add(kind, name + "two", 1000 * (many[clock] - one[clock]) / more)
                add(kind, "prefill", 1000 * (one["seconds"] - lone["seconds"]) + found[kind]["two"][-1])
                add(kind, "peak_all", told["peak"])
                add(kind, "peak_two", many["peak"])
                load.own += sum(run["cpu_s"] for run in (told, told_one, many, one, lone))
        if not a.no_bench:
            for kind, file in files.items():
                found[kind]["bench"] = program.bench(file)
        load.own += library.cpu
    return found, load.report()


def main():
    a = arguments()
    config = json.loads((a.checkpoint / "config.json").read_text())
    pair, ids = pair_of(a.pair, config), prompt_of(config, 32)
    program = Program(a.program, pair, a.threads)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = a.work or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        files = convert(a, program, folder)
        if "f32" not in files:
            raise SystemExit("--types: expected f32 among them, it is what the library is compared with")
        about, agreement = check(a, program, files, pair, ids)
        figures, load = measure(a, program, files, pair, ids)
    report = {
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version(), **load},
        "settings": {"pair": pair, "threads": a.threads, "tokens": a.tokens, "rounds": a.rounds, "prompt": len(ids),
                     "program": program.text("--version").strip(), "seconds": time.monotonic() - started},
        "library": about, "agreement": agreement, "figures": figures}
    print(table(report))
    if a.out:
        a.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
