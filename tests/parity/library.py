"""The original library at work, as a process of its own: reads one JSON request a line, answers with one JSON line.

Nothing here is copied from the library: it is loaded and called as its README says, `generate` and all. What the library
gives no way to ask for (every exit at every position; two heads alone) is computed by calling its own modules directly.
"""
import contextlib
import json
import os
import resource
import sys
import time
import warnings
from importlib import metadata
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")

import torch
from autocontrastive_gen.contrast_calculation import calculate_contrasted_logits
from autocontrastive_gen.modeling.auto_model import AutoMultiExitModel
from autocontrastive_gen.modeling.configuration import MultiExitConfiguration
from transformers.generation.streamers import BaseStreamer


def peak():
    """Peak resident memory in bytes; macOS counts in bytes, Linux in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Clock(BaseStreamer):
    """Notes when each token comes, and how much CPU time had gone by then. The first thing that `generate` puts is the prompt."""

    def __init__(self):
        self.times, self.cpu = [], []

    def put(self, value):
        self.times.append(time.perf_counter())
        self.cpu.append(time.process_time())

    def end(self):
        pass


class Library:
    def __init__(self, folder, pair, threads):
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.empty = peak()
        self.pair = pair
        config = MultiExitConfiguration(use_original_head=False, contrast_layer_indices=tuple(pair))
        started = time.perf_counter()
        self.model = AutoMultiExitModel.from_pretrained(folder, multi_exit_config=config, torch_dtype=torch.float32).eval()
        self.load_seconds = time.perf_counter() - started
        if not hasattr(self.model, "name_to_lm_exit_head"):
            raise SystemExit("only checkpoints with trained heads can be compared")

    def about(self):
        return {
            "versions": {name: metadata.version(name) for name in ("torch", "transformers")},
            "library": version(),
            "exits": sorted(int(name.split("_")[-1]) for name in self.model.name_to_lm_exit_head),
            "threads": torch.get_num_threads(),
            "load_s": self.load_seconds,
            "end_of_text": self.model.config.eos_token_id,
        }

    def memory(self):
        return {"peak": peak(), "before_the_model": self.empty}

    def generate(self, ids, new, contrast=True):
        """Greedy, as a user calls it. `times[0]` is the start, then comes one for each token."""
        model, clock, prompt = self.model, Clock(), torch.tensor([ids])
        model.use_original_head, model.contrast_layer_indices = not contrast, tuple(self.pair) if contrast else None
        # The model's own generation_config is handed in: with current versions of transformers the library loses a mark
        # on it while loading, and `generate` stumbles over that otherwise.
        found = model.generate(
            generation_config=model.generation_config, input_ids=prompt, attention_mask=torch.ones_like(prompt),
            max_new_tokens=new, do_sample=False, num_beams=1, streamer=clock, pad_token_id=0, return_dict_in_generate=False)
        model.use_original_head, model.contrast_layer_indices = False, tuple(self.pair)
        return {"tokens": found[0, len(ids):].tolist(), "times": clock.times, "cpu": clock.cpu}

    def two(self, ids, new):
        """The same tokens with the trunk and the two heads of the contrast alone, after the last position alone."""
        tokens, clock, past, step = [], Clock(), None, torch.tensor([ids])
        clock.put(step)
        while len(tokens) < new:
            out = self.model.transformer(step, past_key_values=past, use_cache=True, output_hidden_states=True)
            past = out.past_key_values
            expert, amateur = (self.head(head, out, slice(-1, None)) for head in self.pair)
            tokens.append(int(calculate_contrasted_logits(expert, amateur)[0, -1].argmax()))
            clock.put(step)
            if tokens[-1] == self.model.config.eos_token_id:
                break
            step = torch.tensor([tokens[-1:]])
        return {"tokens": tokens, "times": clock.times, "cpu": clock.cpu}

    def head(self, head, out, rows):
        """A head's logits after some positions. The last block's hidden state has been through the final norm already."""
        if head == "original":
            return self.model.lm_head(out.last_hidden_state[:, rows])
        row = out.hidden_states[head][:, rows]
        if head != self.model.config.num_hidden_layers:
            row = self.model.transformer.ln_f(row)
        return self.model.name_to_lm_exit_head[f"lm_head_{head}"](row)

    def compare(self, ids, file):
        """The largest |Δ logit| of every exit over all positions, and the KL divergence from ours to the library's."""
        from safetensors.torch import load_file
        ours, answer = load_file(file), {}
        out = self.model.transformer(torch.tensor([ids]), output_hidden_states=True)
        for head in ["original", *self.about()["exits"]]:
            theirs, own = self.head(head, out, slice(None))[0], ours["original" if head == "original" else f"exit.{head}"]
            ln_p, ln_q = theirs.double().log_softmax(-1), own.double().log_softmax(-1)
            answer[str(head)] = {
                "max_abs_delta": (theirs - own).abs().max().item(), "spread": theirs.std().item(),
                "kl": (ln_p.exp() * (ln_p - ln_q)).sum(-1).mean().item(),
                "same_top": (theirs.argmax(-1) == own.argmax(-1)).double().mean().item()}
        return answer


def version():
    """Which library this is: the package's version, or the folder of a checkout on PYTHONPATH."""
    import autocontrastive_gen.modeling as found
    folder = Path(found.__file__ or found.__path__[0])
    is_package = any(part in ("site-packages", "dist-packages") for part in folder.parts)
    return f"autocontrastive-gen {metadata.version('autocontrastive-gen')}" if is_package else "a checkout"


def main():
    request = json.loads(sys.stdin.readline())
    # The library prints a banner while it loads: stdout is for answers.
    with contextlib.redirect_stdout(sys.stderr):
        library = Library(**request)
    print(json.dumps(library.about()), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        before = time.process_time()
        answer = getattr(library, request.pop("do"))(**request)
        print(json.dumps({**answer, "cpu_s": time.process_time() - before}), flush=True)


if __name__ == "__main__":
    main()
