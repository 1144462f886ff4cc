"""The report as text."""
import statistics

MIB = 1 << 20


def table(report):
    settings, machine, figures = report["settings"], report["machine"], report["figures"]
    versions = ", ".join(f"{name} {version}" for name, version in report["library"]["versions"].items())
    pair = ",".join(map(str, settings["pair"]))
    lines = [
        f"{report['library']['library']} ({versions}), f32, against {settings['program']}",
        f"contrast {pair}, greedy, batch 1, {settings['threads']} threads, {settings['tokens']} tokens after {settings['prompt']}, "
        f"{settings['rounds']} rounds in turn",
        "", "Results, ours against the library's:", *agreement(report["agreement"]), "",
        "ms a token, median (range) over the rounds; × is the library's time with all exits by this one, in the same round:", *speed(figures), "",
        f"prompt of {settings['prompt']} tokens until the first new one, ms:", *prefill(figures), "",
        "CPU time a token, ms over all threads (waiting for each other counts; the fairest figure beside other work, with --threads 1):",
        *processor(figures), "", "peak memory, MiB:", *memory(figures)]
    exits = len(report["library"]["exits"])
    saved = statistics.median(figures["library"]["all"]) - statistics.median(figures["library"]["two"])
    lines += ["", f"The library evaluates original and all {exits} exits at each token, although the contrast reads two heads; with those two "
              f"alone it would take {saved:.0f} ms less."]
    lines += ["", busy(machine)]
    return "\n".join(lines)


def agreement(kinds):
    rows = [["", "largest |Δ logit|", "of the spread", "mean KL, nats", "same top", "contrast text", "greedy text"]]
    for kind, found in kinds.items():
        rows.append([kind, f"{found['max_abs_delta']:.1e}", f"{found['max_relative_delta']:.1e}", f"{found['mean_kl']:.1e}",
                     f"{100 * found['same_top']:.1f} %", f"{found['contrast_tokens_same']} of {found['tokens']}",
                     f"{found['greedy_tokens_same']} of {found['greedy_tokens']}"])
    return aligned(rows)


def speed(figures):
    library = figures["library"]
    rows = [["", "all exits", "×", "two heads", "×", "bench: a step", "×", "a run", "×", "filled in", "×"]]
    rows.append(["library", spread(library["all"]), "1", spread(library["two"]), ratio(library["all"], library["two"])])
    for kind, found in others(figures):
        cells = [part for name in ("all", "two") for part in (spread(found[name]), ratio(library["all"], found[name]))]
        for name in ("step", "run", "run_filled"):
            value = found.get("bench", {}).get(name)
            # Not in turn with the library: measured after the rounds.
            cells += [f"{value:.1f}", f"{statistics.median(library['all']) / value:.2f}"] if value else ["", ""]
        rows.append([kind, *cells])
    every = library["every_token"]
    return [*aligned(rows), f"  (the library's single tokens: median {statistics.median(every):.0f}, {min(every):.0f} to {max(every):.0f})"]


def prefill(figures):
    library = figures["library"]
    rows = [["", "as called", "×", "last position's two heads", "×"],
            ["library", spread(library["prefill"]), "1", spread(library["prefill_two"]), ratio(library["prefill"], library["prefill_two"])]]
    for kind, found in others(figures):
        rows.append([kind, spread(found["prefill"]), ratio(library["prefill"], found["prefill"])])
    return aligned(rows)


def processor(figures):
    library = figures["library"]
    rows = [["", "all exits", "×", "two heads", "×"]]
    for kind, found in figures.items():
        rows.append([kind, *(part for name in ("cpu_all", "cpu_two") for part in (spread(found[name]), ratio(library["cpu_all"], found[name])))])
    return aligned(rows)


def memory(figures):
    theirs = figures["library"]["memory"]
    rows = [["", "all exits", "of the library's", "two heads", "of the library's"],
            ["library", f"{theirs['peak'] / MIB:.0f}", "100 %", f"(of it {theirs['before_the_model'] / MIB:.0f} before the model is loaded)"]]
    for kind, found in others(figures):
        cells = [max(found[name]) for name in ("peak_all", "peak_two")]
        rows.append([kind, *(part for peak in cells for part in (f"{peak / MIB:.0f}", f"{100 * peak / theirs['peak']:.0f} %"))])
    return aligned(rows)


def busy(machine):
    others_used = machine["cores_used_by_others"]
    said = f"load average before {machine['load_before']:.1f}"
    if others_used is not None:
        said += f"; others used {others_used:.2f} of {machine['cores']} cores meanwhile"
    return ("MEASURED BESIDE OTHER WORK, only ratios mean something: " if machine["busy"] else "The machine was idle otherwise: ") + said + "."


def others(figures):
    return [(kind, found) for kind, found in figures.items() if kind != "library"]


def spread(values):
    middle = f"{statistics.median(values):.1f}"
    return f"{middle} ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else middle


def ratio(theirs, ours):
    """The median of the rounds' own ratios: slow minutes hit both sides of one alike."""
    return f"{statistics.median(t / o for t, o in zip(theirs, ours)):.2f}"


def aligned(rows):
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    # A column that is empty but for its heading says nothing.
    used = [any(i < len(row) and row[i] for row in rows[1:]) for i in range(len(widths))]
    return ["  " + "  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row) if used[i] or i == 0).rstrip() for row in rows]
