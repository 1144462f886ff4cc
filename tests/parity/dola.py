"""What decodings by scores must say: DoLa by transformers' own functions and its own `generate`, the plain ratio and
expressions by numpy, and expressions as callables by the original library. Writes tests/reference/methods.json.

    venv/bin/python tests/parity/dola.py CHECKPOINT        (README.md says what the venv needs)

CHECKPOINT is the folder that the demo model was made of. transformers reads candidates out with the model's own head; here
each candidate has the head that was trained for it, as in the original library: `get_output_embeddings` is replaced, and
for the reference cases the recorded logits are handed in.
"""
import contextlib
import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_torch
from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast
from transformers.generation import utils

from autocontrastive_gen.modeling.auto_model import AutoMultiExitModel
from autocontrastive_gen.modeling.configuration import MultiExitConfiguration

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent / "reference"
FIRST, ROWS, NEW = 3, 8, 24
RATIOS = ((0.1, 0.5), (0.3, 2.0))
# As ours has them, and the same in numpy over `upper`, `lower`, `p_upper`, `p_lower`, `p_max`, `alpha`.
EXPRESSIONS = (
    ("upper - 0.5 * lower", lambda v: v.upper - 0.5 * v.lower),
    ("ln(p_upper - alpha * p_lower)", lambda v: np.log(v.p_upper - v.alpha * v.p_lower)),
    ("sqrt(p_upper) / (p_lower + 1e-3) where p_upper > 0.2 * p_max",
     lambda v: np.where(v.p_upper > 0.2 * v.p_max, np.sqrt(v.p_upper) / (v.p_lower + 1e-3), -np.inf)),
)
# The same as functions that the library takes: of NaN it would take the first.
CALLABLES = (
    ("upper - 0.5 * lower", lambda upper, lower: upper - 0.5 * lower),
    ("ln(p_upper - alpha * p_lower)", lambda upper, lower: torch.log(
        (upper.softmax(-1) - 0.1 * lower.softmax(-1))).nan_to_num(nan=-torch.inf)),
    ("1.5 * ln(p_upper) - 0.5 * ln(p_lower) where p_upper >= alpha * p_max", lambda upper, lower: torch.where(
        upper.softmax(-1) >= 0.1 * upper.softmax(-1).max(-1, keepdim=True).values,
        1.5 * upper.log_softmax(-1) - 0.5 * lower.log_softmax(-1), -torch.inf)),
)


def ln_softmax(x):
    x = x.astype(np.float64)
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


def js(a, b):
    p, q = np.exp(a), np.exp(b)
    m = np.log(0.5 * (p + q))
    return float(0.5 * (p * (a - m)).sum() + 0.5 * (q * (b - m)).sum())


def first(scores):
    """The first tokens with the logarithms of their share, and how many tokens have a score."""
    with np.errstate(invalid="ignore"):
        known = np.where(np.isnan(scores), -np.inf, scores.astype(np.float64))
    ln_p = ln_softmax(known)
    order = np.argsort(-ln_p, kind="stable")[:FIRST]
    return {"first": [[int(i), float(ln_p[i])] for i in order if ln_p[i] > -np.inf], "count": int((known > -np.inf).sum())}


def gap(distances):
    """By how much the farthest leads; `null` if it is alone."""
    two = sorted(distances)[-2:]
    return float(two[1] - two[0]) if len(two) == 2 else None


def lead(top):
    """Of the first token over the second; `null` where no other has a score."""
    between = float(top[0] - top[1])
    return between if np.isfinite(between) else None


@contextlib.contextmanager
def watched():
    """Notes what `_dola_select_contrast` computes on its way: the divergences by its own use of F.kl_div."""
    seen, own = [], F.kl_div

    def kl_div(*args, **kwargs):
        seen.append(own(*args, **kwargs))
        return seen[-1]

    F.kl_div = kl_div
    try:
        yield seen
    finally:
        F.kl_div = own


def published(candidates, logits, final):
    """transformers' scores, the amateur that it takes, and the divergences, not divided by the vocabulary."""
    with watched() as seen:
        scores = utils._dola_select_contrast(list(candidates), logits, final)
    vocabulary = final.shape[-1]
    if len(candidates) == 1:
        return scores, candidates[0], []
    means = 0.5 * (seen[0].mean(-1) + seen[1].mean(-1)).mean(-1)
    amateur = candidates[int(means.argmax())]
    # That this is the one which it took.
    final_ln, base_ln = utils._relative_top_filter(final.clone(), logits[amateur].clone())
    assert torch.equal(final_ln - base_ln, scores)
    return scores, amateur, [float(x) * vocabulary for x in means]


def row(logits):
    """Everything about one row of logits by exit."""
    exits = [int(name) for name in logits if name != "original"]
    candidates = sorted(exits)
    ln = {name: ln_softmax(x) for name, x in logits.items()}
    torched = {k: torch.tensor(logits[str(k)])[None] for k in candidates}
    scores, amateur, distances = published(candidates, torched, torch.tensor(logits["original"])[None])
    true = [js(ln["original"], ln[str(k)]) for k in candidates]
    tau = ln["original"].max() + np.log(0.1)
    found = {
        "published": {"amateur": amateur, "distances": distances, "gap": gap(distances), **first(scores[0].numpy())},
        "jensen_shannon": {"amateur": candidates[int(np.argmax(true))], "distances": true, "gap": gap(true)},
        # How far the nearest token is from becoming plausible, or from ceasing to be.
        "margin": float(np.abs(ln["original"] - tau).min()),
        "ratios": [], "expressions": [],
    }
    e, a = ln["original"], ln[str(candidates[-2])]
    found["pair"] = ["original", candidates[-2]]
    for alpha, beta in RATIOS:
        inside = e >= e.max() + np.log(alpha)
        found["ratios"].append({"alpha": alpha, "beta": beta, **first(np.where(inside, (1 + beta) * e - beta * a, -np.inf))})
    values = SimpleNamespace(
        upper=logits["original"].astype(np.float64), lower=logits[str(candidates[-2])].astype(np.float64),
        p_upper=np.exp(e), p_lower=np.exp(a), p_max=np.exp(e).max(), alpha=0.1)
    with np.errstate(invalid="ignore", divide="ignore"):
        for text, formula in EXPRESSIONS:
            found["expressions"].append({"text": text, "alpha": 0.1, **first(formula(values))})
    return found


def cases():
    found = []
    for file in sorted(REFERENCE.glob("*/case.json")):
        case = json.loads(file.read_text())
        if "/" in case["expected"]:
            continue
        tensors = load_file(file.parent / case["expected"])
        for p, prompt in enumerate(case["prompts"]):
            n = len(prompt["input_ids"])
            for at in range(n - 1, max(-1, n - 1 - 3 * ROWS), -3):
                logits = {name: tensors[f"p{p}.logits.{name}"][at] for name in case["heads"]}
                found.append({"case": file.parent.name, "prompt": p, "row": at, **row(logits)})
    return found


class Heads:
    """Stands in for the model's head: transformers asks for the candidates in their order, step by step."""

    def __init__(self, model, heads, candidates):
        self.model, self.heads, self.candidates, self.calls = model, heads, candidates, 0

    def __call__(self, hidden):
        k = self.candidates[self.calls % len(self.candidates)]
        self.calls += 1
        return F.linear(self.model.transformer.ln_f(hidden), self.heads[k])


def dola_runs(folder, prompts):
    """transformers' `generate(dola_layers=…)`, greedy."""
    model = GPT2LMHeadModel.from_pretrained(folder).eval()
    weights = load_torch(folder / "model.safetensors")
    heads = {int(name.split("_")[-1].split(".")[0]): w for name, w in weights.items() if "name_to_lm_exit_head" in name}
    own, runs = utils._dola_select_contrast, []
    for layers, candidates in (("low", [2, 4]), ("high", [6, 8, 10]), ([2, 6, 10], [2, 6, 10])):
        for ids in prompts:
            steps, stand_in = [], Heads(model, heads, candidates)

            def select(asked, logits, final):
                assert list(asked) == candidates, "the candidates are those that transformers takes"
                utils._dola_select_contrast = own
                scores, amateur, distances = published(candidates, logits, final)
                utils._dola_select_contrast = select
                top = scores[0].topk(2).values
                steps.append({"amateur": amateur, "distances": distances, "gap": gap(distances), "score": float(top[0]),
                              "lead": lead(top)})
                return scores

            utils._dola_select_contrast, model.get_output_embeddings = select, lambda: stand_in
            prompt = torch.tensor([ids])
            out = model.generate(prompt, attention_mask=torch.ones_like(prompt), dola_layers=layers, max_new_tokens=NEW,
                                 do_sample=False, pad_token_id=0, output_hidden_states=False)
            utils._dola_select_contrast = own
            assert stand_in.calls == len(candidates) * len(steps)
            runs.append({"layers": layers, "candidates": candidates, "ids": ids, "tokens": out[0, len(ids):].tolist(), "steps": steps})
    return runs


def callable_runs(folder, prompts):
    """The library's `generate` with functions of the caller's, greedy."""
    runs = []
    for text, function in CALLABLES:
        config = MultiExitConfiguration(use_original_head=False, contrast_layer_indices=("original", 6), contrast_function=function)
        with contextlib.redirect_stdout(sys.stderr):
            model = AutoMultiExitModel.from_pretrained(folder, multi_exit_config=config, torch_dtype=torch.float32).eval()
        for ids in prompts:
            prompt = torch.tensor([ids])
            out = model.generate(generation_config=model.generation_config, input_ids=prompt, attention_mask=torch.ones_like(prompt),
                                 max_new_tokens=NEW, do_sample=False, num_beams=1, pad_token_id=0, output_scores=True,
                                 return_dict_in_generate=True, output_hidden_states=False)
            tops = [scores[0].log_softmax(-1).topk(2).values for scores in out.scores]
            runs.append({"text": text, "alpha": 0.1, "pair": ["original", 6], "ids": ids, "tokens": out.sequences[0, len(ids):].tolist(),
                         "ln_p": [float(top[0]) for top in tops], "leads": [lead(top) for top in tops]})
    return runs


def main(folder):
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    held_out = (HERE.parents[1] / "models/demo/heldout.txt").read_text().split("\n\n")
    prompts = [tokenizer.encode(text)[:n] for text, n in zip(held_out, (9, 30, 70))]
    found = {"cases": cases(), "dola": dola_runs(folder, prompts), "callables": callable_runs(folder, prompts)}
    text = json.dumps(found, allow_nan=False, separators=(",", ":")).replace('{"case"', '\n{"case"').replace('{"layers"', '\n{"layers"')
    (REFERENCE / "methods.json").write_text(text.replace('{"text":"u', '\n{"text":"u') + "\n")
    leads = [step["lead"] for run in found["dola"] for step in run["steps"]] + [x for run in found["callables"] for x in run["leads"]]
    known = [lead for lead in leads if lead is not None]
    print(len(found["cases"]), "rows,", sum(len(run["tokens"]) for run in found["dola"] + found["callables"]), "tokens, smallest lead", min(known))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
