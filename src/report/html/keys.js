// What the pointer and the keys do.
function choices(id, key, names) {
  const field = document.getElementById(id);
  for (const name of names) {
    const input = make("input", { type: "radio", name: id, value: name });
    input.checked = view[key] === name;
    input.addEventListener("change", () => choose(id, key, name));
    field.append(make("label", {}, input, name));
  }
}

function choose(id, key, name) {
  view[key] = name;
  for (const input of document.querySelectorAll(`[name=${id}]`)) input.checked = input.value === name;
  const most = MEASURES[view.measure].most();
  document.getElementById("most").textContent = view.measure === "decision" ? "decided" : say(most, most > 1 ? 1 : 2);
  paint();
}

function go(n, row, keep) {
  const to = { n: Math.max(0, Math.min(D.at.length - 1, n)), row: Math.max(0, Math.min(D.exits.length - 1, row)) };
  view.cell = to;
  if (keep !== undefined) view.kept = keep ? to : null;
  const band = document.querySelector(`[data-line="${lines.findIndex((line) => line.includes(to.n))}"]`);
  if (band) build(band);
  mark();
  inspect();
  return to;
}

function reveal(to) { cellAt(to)?.scrollIntoView({ block: "nearest" }); }

function keyed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, summary")) return;
  const { n, row } = view.kept ?? view.cell ?? { n: 0, row: 0 };
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-n, 0], End: [D.at.length, 0] };
  const move = moves[event.key];
  const names = Object.keys(MEASURES);
  if (move) reveal(go(n + move[0], row + move[1], view.kept ? true : undefined));
  else if (event.key === "Enter" || event.key === " ") go(n, row, !view.kept);
  else if (event.key === "Escape") go(n, row, false);
  else if (event.key === "m") choose("measures", "measure", names[(names.indexOf(view.measure) + 1) % names.length]);
  else if (event.key === "n") choose("cells", "cells", view.cells === "letters" ? "numbers" : "letters");
  else if (event.key === "t") {
    const next = D.at.findIndex((at, place) => place > n && changed(at));
    if (next >= 0) reveal(go(next, row, view.kept ? true : undefined));
  } else return;
  event.preventDefault();
}

function start() {
  D = JSON.parse(document.getElementById("data").textContent);
  choices("measures", "measure", Object.keys(MEASURES));
  choices("cells", "cells", ["letters", "numbers"]);
  const heat = document.getElementById("heat");
  layOut();
  below();
  choose("measures", "measure", view.measure);
  inspect();
  const cellOf = (event) => {
    const cell = event.target.closest("[data-n]");
    return cell && [+cell.dataset.n, +cell.dataset.row];
  };
  heat.addEventListener("pointerover", (event) => {
    const cell = cellOf(event);
    if (cell && !view.kept) go(...cell);
  });
  heat.addEventListener("click", (event) => {
    const cell = cellOf(event);
    if (!cell) return;
    const again = view.kept && view.kept.n === cell[0] && view.kept.row === cell[1];
    go(...cell, !again);
  });
  document.getElementById("below").addEventListener("click", (event) => {
    const line = event.target.closest("[data-at]");
    if (line) { const to = go(+line.dataset.at, 0, true); reveal(to); }
  });
  document.addEventListener("keydown", keyed);
  addEventListener("beforeprint", () => {
    document.querySelector("details").open = true;
    document.querySelectorAll(".band").forEach(build);
  });
  let width = heat.clientWidth;
  new ResizeObserver(() => {
    if (heat.clientWidth === width) return;
    width = heat.clientWidth;
    layOut();
  }).observe(heat);
}
