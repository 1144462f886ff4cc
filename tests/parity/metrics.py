"""The numbers of single positions by a few lines of numpy in f64, from the original library's logits alone: entropy, KL and JS to
original, rank and ln p of the token that follows, the best token and its margin over the second, and the exit at which it is decided.

    pip install numpy safetensors
    python tests/parity/metrics.py tests/reference > tests/reference/metrics.json
"""
import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def ln_softmax(logits):
    x = logits.astype(np.float64)
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def exit_numbers(p, original, token):
    P, O = np.exp(p), np.exp(original)
    M = np.log((P + O) / 2)
    second, best = np.sort(P)[-2:]
    return {
        "entropy": -(P * p).sum(), "kl": (O * (original - p)).sum(),
        "js": ((P * (p - M)).sum() + (O * (original - M)).sum()) / 2,
        "rank": int((p > p[token]).sum() + (p[:token] == p[token]).sum() + 1), "ln_p": p[token],
        "best": int(p.argmax()), "margin": best - second,
    }


def position(rows, token):
    """Of logits by exit, original first."""
    p = [ln_softmax(row) for row in rows]
    tops = [row.argmax() for row in p]
    decided = 0
    while decided + 1 < len(tops) and tops[decided + 1] == tops[0]:
        decided += 1
    return {"token": token, "decided": decided, "exits": [exit_numbers(row, p[0], token) for row in p]}


def main(root):
    found = {}
    for case_file in sorted(root.glob("*/case.json")):
        case = json.loads(case_file.read_text())
        if "expected" not in case or not (case_file.parent / case["expected"]).exists():
            continue
        logits = load_file(case_file.parent / case["expected"])
        exits = ["original", *sorted((h for h in case["heads"] if h != "original"), key=int, reverse=True)]
        positions = []
        for n, prompt in enumerate(case["prompts"]):
            ids = prompt["input_ids"]
            # Some of every prompt.
            for at in range(0, len(ids) - 1, max(5, len(ids) // 8)):
                rows = [logits[f"p{n}.logits.{e}"][at] for e in exits]
                positions.append({"prompt": n, "after": at, **position(rows, ids[at + 1])})
        if positions:
            found[case_file.parent.name] = {"exits": exits, "positions": positions}
    lines = [f"{json.dumps(name)}: {json.dumps(case, default=float)}" for name, case in found.items()]
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
