/* Charts as SVG. A chart is a frame with two linear axes; marks are given in the units of these axes. */

const CHART = { width: 400, height: 240, left: 56, right: 14, top: 12, bottom: 44 };

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Round numbers between two ends, about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, n) => Number(((first + n) * step).toPrecision(6)));
}

/**
 * A frame with axes. `across` and `up` are {range: [low, high], title, whole}.
 * @returns {{node, x, y, add}}: `x` and `y` turn values into places, `add` draws inside the frame.
 */
function chart(title, across, up, size = {}) {
  const box = { ...CHART, ...size };
  const place = ([low, high], from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);
  const x = place(across.range, box.left, box.width - box.right);
  const y = place(up.range, box.height - box.bottom, box.top);
  const bottom = box.height - box.bottom;
  const end = box.width - box.right;
  const node = svg("svg", { viewBox: `0 0 ${box.width} ${box.height}`, class: "chart", role: "img", "aria-label": title });
  const number = (value) => String(value).replace("-", "−");
  for (const value of ticks(...across.range, 6 * (box.width / CHART.width)).filter((v) => !across.whole || Number.isInteger(v))) {
    node.append(svg("line", { x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4, class: "axis" }),
      svg("text", { x: x(value), y: bottom + 16, class: "tick middle" }, number(value)));
  }
  for (const value of ticks(...up.range, 5)) {
    node.append(svg("line", { x1: box.left, x2: end, y1: y(value), y2: y(value), class: "grid" }),
      svg("text", { x: box.left - 6, y: y(value) + 4, class: "tick end" }, number(value)));
  }
  node.append(
    svg("line", { x1: box.left, x2: end, y1: bottom, y2: bottom, class: "axis" }),
    svg("text", { x: (box.left + end) / 2, y: box.height - 8, class: "name middle" }, across.title),
    svg("text", { transform: `translate(13 ${(box.top + bottom) / 2}) rotate(-90)`, class: "name middle" }, up.title),
  );
  return { node, x, y, box, add: (...marks) => node.append(...marks) };
}

/** A line through points [x, y] of a chart. */
function polyline({ x, y }, points, className) {
  const places = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
  return svg("polyline", { points: places, class: className });
}

/** A point with a title that shows when the pointer rests on it. */
function dot(place, className, title, radius = 3) {
  return svg("circle", { cx: place[0].toFixed(1), cy: place[1].toFixed(1), r: radius, class: className },
    svg("title", {}, title));
}

/** A chart with its caption, and the names of its colors: pairs of class and name. */
function figure(title, node, keys, caption, className = "") {
  const legend = keys.map(([kind, name]) => (
    element("span", { className: "key" }, svg("svg", { viewBox: "0 0 14 10", class: "swatch" },
      svg("rect", { x: 0, y: 2, width: 14, height: 6, class: kind })), name)
  ));
  return element("figure", { className: `plot ${className}` },
    element("figcaption", {}, element("strong", { textContent: title }), element("span", { className: "keys" }, ...legend)),
    node, element("p", { className: "quiet", textContent: caption }));
}
