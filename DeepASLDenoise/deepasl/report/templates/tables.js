/* Words and figures. Everything from the document goes through textContent. */

/** A new element with properties and children (elements or text). */
function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function put(id, ...children) {
  document.getElementById(id).append(...children);
}

/** A table from a header row and body rows of cells; a cell is text or {text, ...properties of the element}. */
function table(header, rows, className = "") {
  const cell = (tag, content) => {
    const { text, scope, ...properties } = typeof content === "object" ? content : { text: content };
    const made = element(tag, { ...properties, textContent: text });
    if (scope) made.setAttribute("scope", scope);
    return made;
  };
  const head = element("tr", {}, ...header.map((content) => cell("th", content)));
  const body = rows.map(({ cells, ...properties }) => (
    element("tr", properties, ...cells.map((content) => cell(content.scope ? "th" : "td", content)))
  ));
  const made = element("table", { className }, element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { className: "scroll" }, made);
}

/** Pairs of name and description. */
function descriptions(pairs) {
  return element("dl", {}, ...pairs.flatMap(([name, text]) => [
    element("dt", { textContent: name }), element("dd", { textContent: text }),
  ]));
}

function fixed(value, digits) {
  return value === null ? "–" : value.toFixed(digits).replace("-", "−");
}

function signed(value, digits) {
  if (value === null) return "–";
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value > 0 ? "+" : "−"}${text}`;
}

function statisticsTable(statistics) {
  const top = Math.max(...statistics.flatMap((s) => s.maps.map((m) => Math.abs(m.mean))), 0);
  const digits = top >= 10 ? 1 : Math.min(6, 3 - Math.floor(Math.log10(top || 1)) - 1);
  const header = ["Region", "Map", "Mean", "SD", "Median", "CoV, %", "Below 0, %", "Voxels"];
  const number = (text) => ({ text, className: "number" });
  const rows = statistics.flatMap(({ region, maps, change }) => [
    ...maps.map((m, n) => ({
      className: n === 0 ? "first" : "",
      cells: [n === 0 ? { text: region, scope: "row" } : "", m.map,
        ...[fixed(m.mean, digits), fixed(m.standard_deviation, digits), fixed(m.median, digits),
          fixed(percent(m.coefficient_of_variation), 0), fixed(percent(m.negative_fraction), 1),
          String(m.voxels)].map(number)],
    })),
    ...(change ? [{
      className: "change",
      cells: ["", "change", ...[
        `${signed(change.mean, digits)} (${signed(change.mean_percent, 1)} %)`, signed(change.standard_deviation, digits),
        signed(change.median, digits), signed(percent(change.coefficient_of_variation), 0),
        signed(percent(change.negative_fraction), 1), ""].map(number)],
    }] : []),
  ]);
  return table(header.map((text, n) => ({ text, className: n > 1 ? "number" : "" })), rows, "statistics");
}

function percent(fraction) {
  return fraction === null ? null : 100 * fraction;
}

/** Warnings in full; notes folded away beneath them, so that they do not hide one. */
function findingsParts(findings) {
  const notes = findings.filter(({ severity }) => severity === "note");
  const doubts = findings.filter(({ severity }) => severity !== "note");
  const parts = [doubts.length ? findingsList(doubts) : element("p", { textContent: "No check raised a warning." })];
  if (notes.length) {
    const count = notes.length === 1 ? "1 note" : `${notes.length} notes`;
    parts.push(element("details", { className: "notes" }, element("summary", { textContent: count }), findingsList(notes)));
  }
  return parts;
}

function findingsList(findings) {
  return element("ul", { className: "findings" }, ...findings.map(({ severity, code, message }) => (
    element("li", { className: severity },
      element("span", { className: "badge", textContent: severity }),
      element("span", { textContent: message, title: code }))
  )));
}

function parametersTable(parameters) {
  const known = parameters.filter((p) => p.source);
  const rows = known.map((p) => ({
    className: p.unusual ? "unusual" : "",
    cells: [
      { text: p.title, title: p.meaning, scope: "row" },
      { text: p.value, className: "figure" },
      p.unusual ? `${p.usual} (outside)` : p.usual,
      { text: p.source, className: `source ${p.source}` },
      { text: p.origin, className: "origin" },
    ],
  }));
  const unknown = parameters.filter((p) => !p.source).map((p) => p.title);
  const parts = [table(["Parameter", "Value", "Usual", "Source", "Where from"], rows, "parameters")];
  if (unknown.length) {
    parts.push(element("p", { className: "quiet", textContent: `Not given: ${unknown.join("; ")}.` }));
  }
  return parts;
}

/** Quality figures; those of the scan alone have no value for the denoised map. */
function qualityParts({ figures, conventional, denoised }) {
  const number = (text) => ({ text, className: "number" });
  const shown = (value, { factor, digits, unit }) => (value === null ? "–" : `${fixed(factor * value, digits)} ${unit}`.trim());
  const rows = figures.filter(({ field }) => conventional[field] !== null || denoised[field] !== null).map((figure) => ({
    cells: [{ text: figure.title, scope: "row" }, { text: figure.where, className: "origin" },
      number(shown(conventional[figure.field], figure)), number(shown(denoised[figure.field], figure))],
  }));
  const unknown = figures.filter(({ field }) => conventional[field] === null && denoised[field] === null);
  const parts = [
    table(["Figure", "Where", { text: "Conventional", className: "number" }, { text: "Denoised", className: "number" }], rows, "quality"),
    element("p", { className: "quiet", textContent: "These figures judge the scan by its conventional map; a smooth map has"
      + " better ones without being truer. What they mean stands among the findings." }),
  ];
  if (unknown.length) {
    const names = unknown.map(({ title }) => title.replace("... of which by noise", "noise"));
    parts.push(element("p", { className: "quiet", textContent: `Not known in this run: ${names.join("; ")}.` }));
  }
  return parts;
}

/** What each step did, in the order of processing. */
function stepsTable(steps) {
  const rows = steps.map(({ title, done, told }) => ({
    className: done ? "" : "off",
    cells: [{ text: title, scope: "row" }, told],
  }));
  return table(["Step", "What it did"], rows, "steps");
}

const ROLES = {
  control: ["C", "control"], label: ["L", "label"], m0scan: ["M0", "M0"], deltam: ["ΔM", "already subtracted"],
  cbf: ["CBF", "CBF"], noRF: ["N", "no RF"], "n/a": ["–", "unused"],
};

/** Numbers in ascending order in few words: 0–3, 7. */
function ranges(numbers) {
  const runs = [];
  for (const n of numbers) {
    const run = runs.at(-1);
    if (run && run[1] === n - 1) run[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}–${last}`)).join(", ");
}

function volumesStrip({ volumes, pairs, evidence }, m0) {
  const cells = volumes.map(({ role, used, partner, reason }, t) => {
    const [short, name] = ROLES[role];
    const pair = partner === null ? "" : `, paired with volume ${partner}`;
    return element("li", {
      className: `cell ${role === "n/a" ? "none" : role}${used ? "" : " unused"}`,
      textContent: short,
      title: `Volume ${t}: ${name}${pair}${used ? "" : `, left out${reason && `: ${reason}`}`}`,
    });
  });
  const counts = Object.keys(ROLES)
    .map((role) => [ROLES[role][1], volumes.filter((v) => v.role === role).length])
    .filter(([, count]) => count)
    .map(([name, count]) => `${count} ${name}`);
  const left = volumes.map((v, t) => (v.used ? -1 : t)).filter((t) => t >= 0);
  const sentences = [`${volumes.length} volumes: ${counts.join(", ")}.`];
  if (pairs) sentences.push(`${pairs} ${pairs === 1 ? "pair" : "pairs"} averaged.`);
  if (m0) sentences.push(`M0 image: ${m0.origin}.`);
  sentences.push(left.length ? `Left out: volume ${ranges(left)} (the first is 0).` : "None left out.");
  const outliers = volumes.map((v, t) => (v.reason ? t : -1)).filter((t) => t >= 0);
  if (outliers.length) sentences.push(`Of these as outliers: volume ${ranges(outliers)}.`);
  return [
    element("ol", { className: "strip-of-volumes", start: 0 }, ...cells),
    element("p", { textContent: sentences.join(" ") }),
    ...evidence.map((text) => element("p", { className: "quiet", textContent: text })),
  ];
}

function modelDescription({ model, m0, unit }) {
  const rows = [
    ["Network", `${model.title} (${model.id})`],
    ["SHA-256", model.sha256],
    ["Ran on", `${model.provider}: ${model.providerReason}`],
    ["Input", `ΔM in percent of ${Number(model.scale.toPrecision(6))} scanner units`],
    ["Noise of ΔM", model.noise === null ? "not known" : `SD ${Number(model.noise.toPrecision(4))} scanner units in the brain`],
    ["M0", m0 ? `${m0.origin}${m0.recovery === 1 ? "" : `, multiplied by ${m0.recovery.toFixed(3)} for its TR`}` : "none"],
    ["Unit of the maps", unit],
  ];
  return descriptions(rows);
}

function runDescription({ created, seconds, software, scan, geometry }) {
  const total = seconds.reduce((sum, [, s]) => sum + s, 0);
  const times = seconds.map(([stage, s]) => `${stage} ${s.toFixed(1)} s`);
  return descriptions([
    ["Scan", scan],
    ["Grid", geometry],
    ["Report made", created.replace("T", " ")],
    ["Time", `${total.toFixed(1)} s: ${times.join(", ")}`],
    ["Software", Object.entries(software).map((pair) => pair.join(" ")).join(", ")],
  ]);
}

function methodsText({ text, equation, references }) {
  const list = references.map(({ text: entry, doi }) => {
    const link = element("a", { href: `https://doi.org/${doi}`, rel: "noreferrer", textContent: `doi:${doi}` });
    return element("li", {}, `${entry} `, link);
  });
  return [
    element("p", { textContent: text }),
    ...(equation ? [element("p", { className: "equation", textContent: equation })] : []),
    element("ol", { className: "references" }, ...list),
  ];
}
