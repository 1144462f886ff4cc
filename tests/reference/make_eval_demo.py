"""What `mexit-tui eval` must report on a few held-out texts of the demo model, computed by torch and transformers' GPT-2 from the
checkpoint that the demo was made of, and by numpy in f64: sliding windows, targets after prompts, last words, the contrast by its
definition. Writes eval_demo.jsonl (the texts) and eval_demo.json beside this file.

    pip install numpy safetensors torch transformers tokenizers
    python tests/reference/make_eval_demo.py CHECKPOINT
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast

from make_eval import HERE, last_word_rows, ln_softmax, report, token_bytes

WINDOW, STRIDE = 48, 20
PAIRS = [("original", "6"), ("12", "4")]
ALPHAS, MINIMUM = (0.05, 0.5), 3


def documents():
    """Whole texts, one longer than a window and one that ends in white space; and prompts with targets."""
    chapters = (HERE / "../../models/demo/heldout.txt").resolve().read_text().split("\n\n")
    whole = [" ".join(chapter.split()[:n]) for chapter, n in zip(chapters, (90, 35, 12, 60))]
    found = [{"text": whole[0]}, {"text": whole[1] + " \n"}, {"text": whole[2]}, {"text": whole[3]}, {"text": "Amen"}]
    # Words that a reader of scripture can guess, after prompts of which one is longer than a window.
    for chapter, n in zip(chapters[4:10], (16, 70, 20, 25, 31, 33)):
        words = chapter.split()
        found.append({"prompt": " ".join(words[:n]), "target": " " + " ".join(words[n:n + 3])})
    for prompt, target in (("And the LORD spake unto Moses, ", "saying,"), ("Thus saith the", " LORD"), ("And it came to", " pass")):
        found.append({"prompt": prompt, "target": target})
    return found


def first_start(n, first):
    """Where the first window begins: as far before the first scored token as there is room for."""
    if first == 1 or n <= WINDOW + 1:
        return 0
    return n - 1 - WINDOW if n - first <= STRIDE else max(0, first - 1 - (WINDOW - STRIDE))


def contrasted(e, a, alpha):
    """Gera et al., section 3, with at least MINIMUM candidates."""
    tau = min(np.log(alpha) + e.max(), np.sort(e)[-MINIMUM])
    inside = e >= tau
    score = e[inside] - a[inside]
    out = e.copy()
    out[inside] = np.log(np.exp(e[inside]).sum()) + score - score.max() - np.log(np.exp(score - score.max()).sum())
    return out


def main(folder):
    torch.set_num_threads(1)
    model = GPT2LMHeadModel.from_pretrained(folder).eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    spell = token_bytes(folder)
    weights = load_file(folder / "model.safetensors")
    heads = {k.split("_")[-1].split(".")[0]: w for k, w in weights.items() if "lm_exit_head" in k}
    exits = ["original", *sorted(heads, key=int, reverse=True)]
    short = lambda e: "orig" if e == "original" else e
    names = ["original", *(f"exit {e}" for e in exits[1:]), *(f"lens {e}" for e in exits[1:])]
    names += [f"{short(e)}▸{a} α {alpha} min {MINIMUM}" for e, a in PAIRS for alpha in ALPHAS]
    blocks, d = model.config.n_layer, model.config.n_embd
    rows, targets, words, n_bytes = {n: [] for n in names}, [], [], 0

    def read(ids):
        """ln p of every exit and lens after every id."""
        with torch.no_grad():
            hidden = model.transformer(torch.tensor([ids]), output_hidden_states=True).hidden_states
            out = {}
            for e in exits:
                k = len(hidden) - 1 if e == "original" else int(e)
                h = hidden[k][0] if k == len(hidden) - 1 else model.transformer.ln_f(hidden[k][0])
                lens = ln_softmax((h @ model.lm_head.weight.T).numpy())
                if e == "original":
                    out["original"] = lens
                else:
                    out[f"exit {e}"], out[f"lens {e}"] = ln_softmax((h @ heads[e].T).numpy()), lens
        return out

    texts = documents()
    for document in texts:
        prompt = document.get("prompt", "")
        text = document.get("text", prompt + document.get("target", ""))
        ids = tokenizer.encode(text, add_special_tokens=False)
        ends = np.cumsum([len(spell[i]) for i in ids])
        boundary = len(prompt.rstrip().encode())
        first = max(1, int((ends <= boundary).sum())) if prompt else 1
        word = None
        if any(c.isspace() for c in text.strip()):
            word = last_word_rows(text, ids, spell)
        scored, start, positions = first, first_start(len(ids), first), {}
        while scored < len(ids):
            end = min(len(ids), start + WINDOW + 1)
            if word and scored < word[0] < end <= word[-1]:
                end = word[0]
            here = read(ids[start:end - 1])
            for t in range(scored, end):
                positions[t] = len(targets)
                for n, r in here.items():
                    rows[n].append(r[t - 1 - start])
                for e, a in PAIRS:
                    for alpha in ALPHAS:
                        key = f"{short(e)}▸{a} α {alpha} min {MINIMUM}"
                        upper = here["original" if e == "original" else f"exit {e}"][t - 1 - start]
                        rows[key].append(contrasted(upper, here[f"exit {a}"][t - 1 - start], alpha))
                targets.append(ids[t])
                n_bytes += len(spell[ids[t]])
            scored, start = end, max(0, end - 1 - (WINDOW - STRIDE))
        if word and word[0] in positions:
            words.append([positions[t] for t in word])
    found = report(exits, {n: np.array(r) for n, r in rows.items()}, targets, words, n_bytes, blocks, (12 * d * d, d * len(model.lm_head.weight)))
    flags = ["--window", str(WINDOW), "--stride", str(STRIDE), "--lens", "--min-candidates", str(MINIMUM)]
    flags += ["--alphas", ",".join(map(str, ALPHAS))] + [f for e, a in PAIRS for f in ("--contrast", f"{e},{a}")]
    flags += [f for p in found["summary"]["policies"] for f in ("--early-exit", p["policy"])]
    print(found["nearest_to_a_threshold"], found["smallest_gap_of_a_top_token"], [r["last_word_accuracy"] for r in found["summary"]["readouts"]])
    (HERE / "eval_demo.jsonl").write_text("".join(json.dumps(d, ensure_ascii=False) + "\n" for d in texts))
    text = json.dumps({"flags": flags, **found}, ensure_ascii=False, default=float)
    (HERE / "eval_demo.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
