// Exits against exits: how often their top tokens are the same. A click goes to the next position where they are not.
function agreement() {
  const { positions, same } = D.same;
  const short = (row) => (D.exits[row] === "original" ? "orig" : D.exits[row]);
  const cell = (row, column) => {
    const share = same[row][column] / positions;
    // Rounded, but for what is not always so.
    const text = positions ? String(share < 1 ? Math.min(99, Math.round(100 * share)) : 100) : "–";
    const td = make("td", { "data-one": String(row), "data-other": String(column), class: share > 0.55 ? "deep" : "" }, text);
    td.title = `${D.exits[row]} and ${D.exits[column]}: ${same[row][column]} of ${positions}`;
    td.style.setProperty("--x", (100 * share || 0).toFixed(0) + "%");
    return td;
  };
  const rows = D.exits.map((_, row) => make("tr", {}, make("th", {}, short(row)), ...D.exits.map((_, column) => cell(row, column))));
  const head = make("tr", {}, make("th"), ...D.exits.map((_, column) => make("th", {}, short(column))));
  const table = make("table", { class: "matrix" }, make("thead", {}, head), make("tbody", {}, ...rows));
  table.addEventListener("click", (event) => {
    const { one, other } = event.target.closest("td")?.dataset ?? {};
    if (one !== undefined) toDifference(+one, +other);
  });
  return [
    make("h2", {}, "Exits with the same top token"),
    make("p", { class: "hint" }, `% of ${positions} positions · a click goes to the next one where the two differ`),
    table,
  ];
}

function toDifference(row, column) {
  const n = (view.kept ?? view.cell ?? { n: -1 }).n;
  const differs = (at) => at.e && best(at, row) !== best(at, column);
  const next = D.at.findIndex((at, place) => place > n && differs(at));
  const found = next >= 0 ? next : D.at.findIndex(differs);
  if (found >= 0) reveal(go(found, row, true));
}
