// The cell under the pointer or the keys, or the one that is pinned: candidates, numbers, journeys, contrast.
function inspect() {
  const { n, row } = view.kept ?? view.cell ?? { n: D.at.findIndex((at) => at.e), row: 0 };
  const panel = document.getElementById("inspector"), at = D.at[n];
  if (!at) return;
  const kind = { p: "of the prompt", o: "not chosen yet", f: "chosen by the user" }[at.k] ?? "chosen";
  const parts = [make("p", { class: "name" }, `"${D.tokens[at.i]}"`)];
  const where = make("p", { class: "where" }, `position ${n}, ${kind} · ${exitName(row)}`);
  if (view.kept) where.append(" · ", make("b", {}, "pinned"));
  parts.push(where);
  if (!at.e) parts.push(make("p", {}, n ? "Nothing is known here." : "Nothing comes before the first token."));
  else parts.push(candidates(at, row), facts(at, row), make("h3", {}, "Journeys: p over the exits"), journeys(at, row));
  if (at.c) parts.push(...contrast(at));
  panel.replaceChildren(...parts);
  const first = at.e && at.e[row][5][0];
  document.getElementById("told").textContent = `${D.tokens[at.i]}, ${exitName(row)}` +
    (first ? `: ${D.tokens[first[0]]} ${percent(first[1])}` : "");
}

function candidates(at, row) {
  const list = at.e[row][5];
  if (!list.length) return make("p", {}, "This exit's numbers are not finite.");
  return make("table", {}, make("tbody", {}, ...list.map(([token, lnP]) => {
    const bar = make("i");
    bar.style.width = 100 * p(lnP) + "%";
    return make("tr", { class: token === at.i ? "own" : "" }, make("td", {}, letter(at, token)),
      make("td", { class: "t", title: `id ${D.ids[token]}` }, `"${D.tokens[token]}"`),
      make("td", { class: "bar" }, bar), make("td", {}, percent(lnP)));
  })));
}

function facts(at, row) {
  const [entropy, kl, js, rank, lnP] = at.e[row];
  const facts = [["entropy", say(entropy)], ["KL", say(kl)], ["JS", say(js)], ["decided", D.exits[at.d]],
    ["its rank", rank > D.ids.length * 1e6 ? "–" : String(rank)], ["its p", percent(lnP)], ["its ln p", say(lnP)]];
  return make("div", { class: "facts" }, ...facts.map(([name, value]) =>
    make("div", {}, make("span", {}, name), make("br"), make("b", {}, value))));
}

function contrast(at) {
  const [expert, amateur, alpha] = at.c.p, [tau, count, mass, effect] = at.c.s;
  const line = (from, kind) => ([token, e, a, result]) => make("tr", { class: kind },
    make("td", {}, letter(at, token)), make("td", { class: "t" }, `"${D.tokens[token]}"`),
    ...[e, a, e === null || a === null ? null : e - a, result].map((x) => make("td", {}, say(x, 2))));
  const says = changed(at) ? `changes "${D.tokens[at.c.x]}" to "${D.tokens[at.c.v[0][0]]}"` : "keeps the expert's token";
  const head = ["", "", "expert", "amateur", "ratio", "result"].map((name) => make("th", {}, name));
  return [make("h3", {}, `Contrast ${expert} ▸ ${amateur}${alpha === null ? "" : `, α ${alpha}`}: ${says}`),
    make("table", { class: "contrast" }, make("thead", {}, make("tr", {}, ...head)),
      make("tbody", {}, ...at.c.v.map(line(at.c.v, "")), ...at.c.w.map(line(at.c.w, "below")))),
    make("p", { class: "where" }, `ln p each; ${count} plausible${tau === null ? "" : ` from ln τ ${say(tau, 2)}`}, mass ${say(mass, 2)}, effect ${say(effect)} nats`)];
}

const SVG = "http://www.w3.org/2000/svg";
function draw(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Lines from the lowest exit to original; names at the right, kept apart.
function journeys(at, here) {
  const W = 368, H = 168, left = 26, right = 104, top = 8, foot = 22, exits = D.exits.length;
  const x = (row) => left + (W - left - right) * (exits < 2 ? 1 : (exits - 1 - row) / (exits - 1));
  const highest = Math.max(...at.j.slice(0, 8).flatMap(([, lnP]) => lnP.map((l) => p(l) ?? 0)));
  const most = [0.1, 0.2, 0.5].find((scale) => highest <= scale) ?? 1;
  const y = (share) => top + (H - top - foot) * (1 - share / most);
  const svg = draw("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "p of tokens over the exits" });
  for (const share of [0, most / 2, most]) {
    svg.append(draw("line", { class: "grid", x1: left, x2: W - right, y1: y(share), y2: y(share) }),
      draw("text", { x: left - 6, y: y(share) + 3, "text-anchor": "end" }, share ? String(share).replace("0.", ".") : "0"));
  }
  svg.append(draw("line", { class: "grid", x1: x(here), x2: x(here), y1: top, y2: H - foot, "stroke-dasharray": "2 2" }));
  const every = Math.ceil(exits / 9);
  for (let row = exits - 1; row >= 0; row--) if ((exits - 1 - row) % every === 0 && (row === 0 || row >= every))
    svg.append(draw("text", { x: x(row), y: H - 7, "text-anchor": "middle" }, row ? D.exits[row] : "o"));
  const ends = at.j.slice(0, 8).map(([token, lnP], n) => ({ token, n, shares: lnP.map((l) => p(l)) }));
  ends.sort((a, b) => (b.shares[0] ?? 0) - (a.shares[0] ?? 0));
  let lowest = -Infinity;
  for (const end of ends) {
    lowest = end.place = Math.max(y(end.shares[0] ?? 0) + 3, lowest + 12);
  }
  const over = Math.max(0, lowest - (H - foot + 4));
  for (const { token, n, shares, place } of ends) {
    const colour = `var(--t${n % 8})`;
    const points = shares.map((share, row) => (share === null ? null : `${x(row).toFixed(1)},${y(share).toFixed(1)}`));
    svg.append(draw("polyline", { points: points.filter(Boolean).join(" "), fill: "none", stroke: colour, "stroke-width": 1.6 }));
    const name = draw("text", { x: W - right + 8, y: place - over, style: `fill:${colour}` },
      `${letter(at, token) || " "} ${clip(D.tokens[token].trim(), 8)} ${say(shares[0], 2).replace("0.", ".")}`);
    svg.append(name);
  }
  return svg;
}

function clip(text, most) { return [...text].length > most ? [...text].slice(0, most - 1).join("") + "…" : text; }
