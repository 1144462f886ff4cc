// The heatmap: the text in lines as wide as the window, under each token a column of exits. Only lines near the window
// are built.
const LETTER = 7.9, NAMES = 66, HEAD = 33, CELL = 21, GAP = 22;
let lines = [];
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) build(entry.target);
}, { rootMargin: "800px" });

function written(at) { return (changed(at) ? "▲" : "") + D.tokens[at.i].trim(); }
// Signs of East Asian scripts take two letters' room.
function letters(text) { return [...text].reduce((sum, sign) => sum + (sign.codePointAt(0) > 0x1100 ? (sign >= "⺀" ? 2 : 1) : 1), 0); }
function widthOf(at) { return Math.max(26, Math.ceil(letters(written(at)) * LETTER) + 12); }

function layOut() {
  const heat = document.getElementById("heat");
  const room = Math.max(240, heat.clientWidth - NAMES);
  near.disconnect();
  lines = [[]];
  let used = 0;
  D.at.forEach((at, n) => {
    const width = Math.min(widthOf(at), room) + 1;
    if (used + width > room && used > 0) { lines.push([]); used = 0; }
    lines.at(-1).push(n);
    used += width;
  });
  const bands = lines.map((_, n) => {
    const band = make("div", { class: "band", "data-line": String(n) });
    band.style.height = HEAD + CELL * D.exits.length + GAP + "px";
    return band;
  });
  heat.replaceChildren(...bands);
  bands.forEach((band) => near.observe(band));
}

function build(band) {
  if (band.firstChild) return;
  const places = lines[+band.dataset.line];
  const columns = make("colgroup", {}, make("col"), ...places.map(() => make("col")));
  const widths = [NAMES, ...places.map((n) => widthOf(D.at[n]))];
  widths.forEach((width, n) => { columns.children[n].style.width = width + "px"; });
  const tokens = make("tr", { class: "token" }, make("th"), ...places.map((n) => {
    const at = D.at[n], kind = [at.k, changed(at) && "changed"].filter(Boolean).join(" ");
    return make("td", { class: kind, title: `position ${n}` }, written(at));
  }));
  const sure = make("tr", { class: "sure", "aria-hidden": "true" }, make("th"), ...places.map((n) => {
    const bar = make("b");
    bar.style.width = D.at[n].e ? 100 * (p(D.at[n].e[0][4]) ?? 0) + "%" : "0";
    return make("td", {}, bar);
  }));
  const rows = D.exits.map((name, row) => make("tr", { class: "cell" }, make("th", { scope: "row" }, name),
    ...places.map((n) => make("td", { "data-n": String(n), "data-row": String(row) }))));
  const table = make("table", {}, columns, make("tbody", {}, tokens, sure, ...rows));
  table.style.width = widths.reduce((a, b) => a + b + 1, 1) + "px";
  band.append(table);
  paint(band);
}

// Colour and sign of every cell that is built.
function paint(root = document) {
  const measure = MEASURES[view.measure], most = measure.most();
  for (const cell of root.querySelectorAll("[data-n]")) {
    const at = D.at[+cell.dataset.n], row = +cell.dataset.row;
    const value = at.e ? measure.at(at, row) : null;
    const part = value === null ? 0 : Math.min(1, value / most);
    cell.className = value === null ? "none" : part > 0.7 ? "deep" : "";
    if (at.e && at.d === row) cell.classList.add("decides");
    cell.style.setProperty("--a", part < 0.5 ? "var(--cold)" : "var(--warm)");
    cell.style.setProperty("--b", part < 0.5 ? "var(--warm)" : "var(--hot)");
    cell.style.setProperty("--x", Math.round(200 * (part < 0.5 ? part : part - 0.5)) + "%");
    cell.textContent = !at.e ? "" : view.cells === "letters" ? letter(at, best(at, row)) || "·" : short(value);
  }
  mark();
}

function short(value) {
  if (value === null) return "–";
  if (MEASURES[view.measure].most() <= 1) return value >= 0.995 ? "1" : value.toFixed(2).slice(1);
  return value >= 9.95 ? value.toFixed(0) : value.toFixed(1);
}

function cellAt({ n, row }) { return document.querySelector(`[data-n="${n}"][data-row="${row}"]`); }

function mark() {
  for (const old of document.querySelectorAll(".here, .kept")) old.classList.remove("here", "kept");
  if (view.cell) cellAt(view.cell)?.classList.add("here");
  if (view.kept) cellAt(view.kept)?.classList.add("here", "kept");
}
