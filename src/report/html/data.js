"use strict";
// The trace as the page holds it; names are short because there are thousands of each. A position `at`: token i, kind k,
// row of the decision d, letters l, exits e = [entropy, KL, JS, rank, ln p, [[token, ln p]…]], journeys j, contrast c.
let D;
const view = { measure: "probability", cells: "letters", cell: null, kept: null };

const MEASURES = {
  probability: { most: () => 1, at: (at, row) => p(at.e[row][4]) },
  entropy: { most: () => largest(0), at: (at, row) => at.e[row][0] },
  KL: { most: () => largest(1), at: (at, row) => at.e[row][1] },
  JS: { most: () => Math.LN2, at: (at, row) => at.e[row][2] },
  decision: { most: () => 1, at: decision },
};

function p(lnP) { return lnP === null ? null : Math.exp(lnP); }

const largestOf = [];
function largest(column) {
  largestOf[column] ??= D.at.reduce((most, at) => Math.max(most, ...(at.e ?? []).map((e) => e[column] ?? 0)), 1e-6);
  return largestOf[column];
}

function best(at, row) { return at.e[row][5][0]?.[0]; }

// 1 from the deciding exit up, a little where original's token stands but is lost again above.
function decision(at, row) {
  if (best(at, row) === undefined) return null;
  return row <= at.d ? 1 : best(at, row) === best(at, 0) ? 0.35 : 0;
}

function letter(at, token) {
  const place = at.l.indexOf(token);
  return place < 0 || place > 25 ? "" : String.fromCharCode(97 + place);
}

function changed(at) { return at.c && at.c.v.length > 0 && at.c.v[0][0] !== at.c.x; }

function say(x, digits = 3) { return x === null || x === undefined ? "–" : x.toFixed(digits).replace("-", "−"); }
function percent(lnP) {
  const x = p(lnP);
  return x === null ? "–" : x >= 0.9995 ? "100 %" : x < 0.0001 ? "<.01 %" : (100 * x).toFixed(x < 0.01 ? 2 : 1) + " %";
}

function exitName(row) {
  const name = D.exits[row];
  return name === "original" ? "original" : `exit ${name} (after block ${name} of ${D.blocks})`;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
