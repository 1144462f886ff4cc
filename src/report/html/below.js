// Under the heatmap: what the contrast changed, and what the exits say over the whole text.
function below() {
  const parts = [];
  const known = D.at.filter((at) => at.e).length;
  const changes = D.at.map((at, n) => [at, n]).filter(([at]) => changed(at));
  if (D.at.some((at) => at.c)) {
    parts.push(make("h2", {}, `What the contrast changed: ${changes.length} of ${known} positions`));
    if (changes.length) parts.push(changesTable(changes));
  }
  parts.push(make("h2", {}, "Exit by exit"));
  const most = Math.max(...D.summary.map((s) => s[0]), 1);
  const head = ["exit", "decided here", "", "top is original's", "entropy", "KL", "JS", "perplexity"];
  parts.push(make("table", { class: "list" }, make("thead", {}, make("tr", {}, ...head.map((name) => make("th", {}, name)))),
    make("tbody", {}, ...D.summary.map(([decided, entropy, kl, js, perplexity, agree], row) => {
      const bar = make("i", { class: "share" });
      bar.style.width = (120 * decided) / most + "px";
      const left = make("td", {}, bar);
      left.style.textAlign = "left";
      return make("tr", {}, make("td", {}, D.exits[row]), make("td", {}, String(decided)), left,
        make("td", {}, ((100 * agree) / known).toFixed(1) + " %"),
        ...[entropy, kl, js].map((x) => make("td", {}, say(x))), make("td", {}, say(perplexity, 2)));
    }))));
  if (D.exits.length > 1) parts.push(...agreement());
  document.getElementById("below").replaceChildren(...parts);
}

function changesTable(changes) {
  const head = ["position", "after", "expert alone", "contrast", "ln p expert", "amateur", "ratio", "result"];
  const lines = changes.map(([at, n]) => {
    const [token, expert, amateur, result] = at.c.v[0];
    const before = D.at.slice(Math.max(0, n - 5), n).map((a) => D.tokens[a.i]).join("").trim();
    return make("tr", { "data-at": String(n) }, make("td", {}, String(n)), make("td", { class: "t" }, "…" + before.slice(-24)),
      make("td", { class: "t" }, `"${D.tokens[at.c.x]}"`), make("td", { class: "t" }, `"${D.tokens[token]}"`),
      ...[expert, amateur, expert - amateur, result].map((x) => make("td", {}, say(x, 2))));
  });
  return make("table", { class: "list" },
    make("thead", {}, make("tr", {}, ...head.map((name, n) => make("th", { class: n > 0 && n < 4 ? "t" : "" }, name)))),
    make("tbody", {}, ...lines));
}
