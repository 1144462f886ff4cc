"""What `mexit-tui eval` must report on the prompts of some reference cases, by a few lines of numpy in f64, from the original
library's logits alone (contrasts from its own contrast). Writes eval.json beside this file.

    pip install numpy safetensors
    python tests/reference/make_eval.py
"""
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

HERE = Path(__file__).parent
BINS = 15


def token_bytes(folder):
    """The bytes of every id, by GPT-2's spelling of bytes."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    spelled = {chr(b): b for b in plain}
    spelled.update({chr(256 + n): b for n, b in enumerate(b for b in range(256) if b not in plain)})
    vocab = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    return {i: bytes(spelled[c] for c in t) for t, i in vocab.items() if all(c in spelled for c in t)}


def ln_softmax(logits):
    x = logits.astype(np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def layer_norm(h, w, b, eps=1e-5):
    h = h.astype(np.float64)
    return (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + eps) * w + b


def divergences(p, q):
    """KL(p ‖ q) and the Jensen-Shannon divergence of rows of ln p, ln q."""
    P, Q = np.exp(p), np.exp(q)
    M = np.log((P + Q) / 2)
    return (P * (p - q)).sum(-1), ((P * (p - M)).sum(-1) + (Q * (q - M)).sum(-1)) / 2


def last_word_rows(text, ids, spell):
    """Indices of the tokens that hold a byte of the last word or of the white space before it."""
    body = text.rstrip()
    start = max(body.rfind(c) for c in body if c.isspace())
    first, end = len(text[:start].encode()), len(body.encode())
    at, rows = 0, []
    for n, i in enumerate(ids):
        if at < end and at + len(spell[i]) > first:
            rows.append(n)
        at += len(spell[i])
    return rows


def calibration(top_p, right):
    bins, error = [], 0.0
    place = np.minimum((top_p * BINS).astype(int), BINS - 1)
    for b in range(BINS):
        inside = place == b
        n = int(inside.sum())
        bins.append({"count": n, "confidence": float(top_p[inside].mean()) if n else None,
                     "accuracy": float(right[inside].mean()) if n else None})
        if n:
            error += n / len(top_p) * abs(right[inside].mean() - top_p[inside].mean())
    return error, bins


def leaves(policy, p1, p2, entropy, tops):
    """By position: the row at which a policy leaves, exits from the lowest up, original last; arrays are [exit, position].
    Confidence, margin and entropy are CALM's, patience PABEE's; oracle and decided know the answer."""
    name, _, t = policy.partition(":")
    last, final = len(tops) - 1, tops[-1]
    right = tops == final
    if name == "decided":
        return np.array([max((k + 1 for k in range(last + 1) if not right[k, i]), default=0) for i in range(tops.shape[1])])
    if name == "patience":
        good = np.zeros_like(right)
        for i in range(tops.shape[1]):
            run = 0
            for k in range(last + 1):
                run = run + 1 if k and tops[k, i] == tops[k - 1, i] else 1
                good[k, i] = run >= int(t)
    else:
        good = {"confidence": lambda: p1 >= np.float32(t), "margin": lambda: p1 - p2 >= np.float32(t),
                "entropy": lambda: entropy <= np.float32(t), "oracle": lambda: right}[name]()
    good[last] = True
    return good.argmax(0)


def policies(exits, rows, targets, blocks, work):
    """What early-exit policies come to, and how near to its threshold any of them decides."""
    order = list(rows)[: len(exits)][::-1]
    tops = np.stack([rows[n].argmax(-1) for n in order])
    p = np.stack([np.exp(np.sort(rows[n], -1)[:, -2:]) for n in order])
    p1, p2 = p[..., 1], p[..., 0]
    entropy = np.stack([-(np.exp(rows[n]) * rows[n]).sum(-1) for n in order])
    depth = np.array([blocks if e == "original" else int(e) for e in exits[::-1]])
    block, head = work
    full, n, found, nearest = blocks * block + head, len(targets), [], np.inf


    def middle(x, q):
        """Half way over the widest gap between two values near a quantile, so that rounding decides nothing."""
        x = np.sort(x.ravel())
        near = x[int((q - 0.05) * len(x)):int((q + 0.05) * len(x))]
        widest = np.diff(near).argmax()
        return (near[widest] + near[widest + 1]) / 2

    asked = [f"{name}:{middle(x, q):.4g}" for name, x in (("confidence", p1), ("margin", p1 - p2), ("entropy", entropy)) for q in (0.3, 0.8)]
    for name, x in (("confidence", p1), ("margin", p1 - p2), ("entropy", entropy)):
        nearest = min([nearest, *(float(np.abs(x - np.float32(a.split(":")[1])).min()) for a in asked if a.startswith(name))])
    asked += ["patience:2", f"patience:{min(3, len(order))}", f"fixed:{exits[1 + (len(exits) - 1) // 2]}", "oracle", "decided"]
    for policy in asked:
        if policy.startswith("fixed"):
            at = np.full(n, list(depth[:-1]).index(int(policy.split(":")[1])))
        else:
            at = leaves(policy, p1, p2, entropy, tops)
        chosen = tops[at, np.arange(n)]
        nats = -np.array([rows[order[k]][i, targets[i]] for i, k in enumerate(at)])
        work_of = lambda heads: float(((depth[at] * block + heads * head) / full).mean())
        looks = policy.split(":")[0] in ("confidence", "margin", "entropy", "patience")
        counts = np.bincount(at, minlength=len(order))[::-1]
        found.append({
            "policy": policy, "nats_per_token": nats.mean(), "perplexity": np.exp(nats.mean()),
            "accuracy": (chosen == targets).mean(), "agreement_with_original": (chosen == tops[-1]).mean(),
            "mean_depth": float(depth[at].mean()), "work_blocks": float((depth[at] / blocks).mean()),
            "work_own_head": work_of(1), "work_every_head": work_of(at + 1) if looks else None,
            "taken": [{"exit": e, "positions": int(c), "share": c / n} for e, c in zip(exits, counts)],
        })
    return found, nearest


def report(exits, rows, targets, words, n_bytes, blocks, work):
    """Everything that is reported, from ln p of every readout at every scored position: exits first, then lenses."""
    targets, n = np.array(targets), len(targets)
    tops = {k: r.argmax(-1) for k, r in rows.items()}
    gap = min(float(np.diff(np.sort(r, -1)[:, -2:]).min()) for r in rows.values())
    word_rows = np.array([i for w in words for i in w])
    readouts = []
    for name_, r in rows.items():
        nats = -r[np.arange(n), targets]
        right = tops[name_] == targets
        kl, js = divergences(rows["original"], r)
        error, bins = calibration(np.exp(r.max(-1)), right)
        readouts.append({
            "name": name_, "nats_per_token": nats.mean(), "perplexity": np.exp(nats.mean()),
            "perplexity_per_byte": np.exp(nats.sum() / n_bytes), "bits_per_byte": nats.sum() / n_bytes / np.log(2),
            "accuracy": right.mean(), "last_word_accuracy": np.mean([right[w].all() for w in words]),
            "last_word_perplexity": np.exp(nats[word_rows].mean()),
            "last_word_perplexity_per_word": np.exp(nats[word_rows].sum() / len(words)),
            "agreement_with_original": (tops[name_] == tops["original"]).mean(), "kl": kl.mean(), "js": js.mean(),
            "calibration_error": error, "reliability": bins,
        })
    order = list(rows)[: len(exits)]
    same = np.array([[(tops[a] == tops[b]).mean() for b in order] for a in order])
    decided = np.zeros(len(exits), int)
    for i in range(n):
        depth = 0
        while depth + 1 < len(order) and tops[order[depth + 1]][i] == tops["original"][i]:
            depth += 1
        decided[depth] += 1
    against = []
    for head in exits[1:] if f"lens {exits[1]}" in rows else []:
        kl, js = divergences(rows[f"exit {head}"], rows[f"lens {head}"])
        against.append({"exit": head, "agreement": (tops[f"exit {head}"] == tops[f"lens {head}"]).mean(),
                        "kl": kl.mean(), "js": js.mean()})
    early, nearest = policies(exits, rows, targets, blocks, work)
    return {
        "smallest_gap_of_a_top_token": gap, "nearest_to_a_threshold": nearest,
        "summary": {
            "tokens": n, "bytes": n_bytes, "words": len(words), "readouts": readouts,
            "decision_layers": [{"exit": e, "positions": int(d), "share": d / n} for e, d in zip(exits, decided)],
            "agreement": same.tolist(), "head_against_lens": against,
            "policies": early,
        },
    }


def evaluate(name, pairs):
    case = json.loads((HERE / name / "case.json").read_text())
    expected, folder = load_file(HERE / name / case["expected"]), HERE / name / "model"
    spell, blocks = token_bytes(folder), case["num_layers"]
    exits = ["original", *sorted((h for h in case["heads"] if h != "original"), key=int, reverse=True)]
    names = [h if h == "original" else f"exit {h}" for h in exits]
    has_lens = "direct" not in name
    d = case["hidden_size"]
    head_work = d * case["vocab_size"] + (d * d if "cast" in name else 0)
    if has_lens:
        weights = load_file(folder / "model.safetensors")
        wte, w, b = (weights[f"transformer.{n}"].astype(np.float64) for n in ("wte.weight", "ln_f.weight", "ln_f.bias"))
        names += [f"lens {h}" for h in exits[1:]]
    names += [f"{e if e != 'original' else 'orig'}▸{a} α 0.1" for e, a in pairs]
    rows = {n: [] for n in names}
    targets, words, n_bytes, at = [], [], 0, 0
    for p, prompt in enumerate(case["prompts"]):
        ids = prompt["input_ids"]
        assert b"".join(spell[i] for i in ids) == prompt["text"].encode()
        if len(ids) < 2:
            continue
        for head, n in zip(exits, names):
            rows[n].append(ln_softmax(expected[f"p{p}.logits.{head}"])[:-1])
        for head in exits[1:] if has_lens else []:
            # The last hidden state is normed already.
            h = expected[f"p{p}.hidden.{head}"]
            h = h.astype(np.float64) if int(head) == blocks else layer_norm(h, w, b)
            rows[f"lens {head}"].append(ln_softmax(h @ wte.T)[:-1])
        for e, a in pairs:
            key = f"{e if e != 'original' else 'orig'}▸{a} α 0.1"
            rows[key].append(expected[f"p{p}.contrast.{e}_{a}.a0.1.m1"].astype(np.float64)[:-1])
        targets += ids[1:]
        n_bytes += sum(len(spell[i]) for i in ids[1:])
        if any(c.isspace() for c in prompt["text"].strip()):
            words.append([at + n - 1 for n in last_word_rows(prompt["text"], ids, spell)])
        at += len(ids) - 1
    rows = {n: np.concatenate(r) for n, r in rows.items()}
    runs = [run["new_tokens"] for run in case["generate"]]
    grams = lambda ids, k: [tuple(ids[i:i + k]) for i in range(len(ids) - k + 1)]
    rep = [np.mean([1 - len(set(grams(r, k))) / len(grams(r, k)) for r in runs if len(r) >= k]) for k in (1, 2, 3, 4)]
    pooled = [[g for r in runs for g in grams(r, k)] for k in (1, 2, 3, 4)]
    return {
        "contrasts": [f"{e},{a}" for e, a in pairs], "lens": has_lens, **report(exits, rows, targets, words, n_bytes, blocks, (12 * d * d, head_work)),
        "greedy_runs": {"rep": rep, "distinct": [len(set(p)) / len(p) for p in pooled],
                        "diversity": np.prod([1 - r for r in rep[1:]])},
    }


if __name__ == "__main__":
    found = {}
    for name in ("a_gpt2_layer_specific", "d_gptneo_layer_specific", "e1_gpt2_cast", "e2_gpt2_direct"):
        case = json.loads((HERE / name / "case.json").read_text())
        recorded = load_file(HERE / name / case["expected"])
        pairs = [(e, a) for e, a in case["contrast_pairs"] if f"p0.contrast.{e}_{a}.a0.1.m1" in recorded]
        found[name] = evaluate(name, pairs)
        print(name, found[name]["smallest_gap_of_a_top_token"], found[name]["nearest_to_a_threshold"])
    lines = [f"{json.dumps(name)}: {json.dumps(case, ensure_ascii=False, default=float)}" for name, case in found.items()]
    (HERE / "eval.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
