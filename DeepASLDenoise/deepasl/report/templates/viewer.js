/* The three linked maps and their controls. */

const LETTER_FONT = 15;
const PIXELS_AT_MOST = 250000;
const FLICKER_MS = 700;

/** Make the viewer of `maps` (see unpackMaps) in the page's elements. */
function startViewer(maps) {
  const { grid, layers, scales, colormaps } = maps;
  const third = [...layers.keys()].filter((name) => name !== "conventional" && name !== "denoised");
  const byId = (id) => document.getElementById(id);
  const stage = byId("stage");

  const suggested = () => ({
    windows: Object.fromEntries(Object.entries(scales).map(([name, s]) => [name, [...s.window]])),
    colormap: scales.maps.colormap,
  });
  const state = {
    ...suggested(),
    slice: grid.startSlice,
    shown: ["conventional", "denoised", third[0]],
    smooth: true,
    wholeField: false,
    cursor: null,
    flickering: 0,
  };
  const panels = [0, 1, 2].map((n) => makePanel(n));
  let pending = 0;

  function makePanel(n) {
    const figure = element("figure", {});
    const title = n === 2 && third.length > 1 ? thirdChoice() : element("span", { className: "title" });
    const value = element("span", {});
    const unit = element("span", { className: "unit" });
    const canvas = element("canvas", { className: "map" });
    const legend = element("canvas", { className: "legend" });
    canvas.setAttribute("role", "img");
    canvas.style.aspectRatio = `${grid.columns * grid.columnMm} / ${grid.rows * grid.rowMm}`;
    figure.append(element("figcaption", {}, title, element("span", { className: "value" }, value, " ", unit)), canvas, legend);
    stage.append(figure);
    canvas.addEventListener("pointermove", (event) => point(canvas, event));
    canvas.addEventListener("pointerdown", (event) => point(canvas, event));
    canvas.addEventListener("pointerleave", () => { state.cursor = null; redraw(); });
    return { title, value, unit, canvas, legend, drawn: null };
  }

  function thirdChoice() {
    const select = element("select", { className: "title" });
    select.setAttribute("aria-label", "Third map");
    for (const name of third) select.append(new Option(layers.get(name).title, name));
    select.addEventListener("change", () => { state.shown[2] = select.value; showControls(); redraw(); });
    return select;
  }

  /** Which layer a panel shows now; flickering puts the denoised map in the place of the conventional one. */
  function layerOf(n) {
    return layers.get(n === 0 && state.flickering % 2 === 1 ? "denoised" : state.shown[n]);
  }

  function lookOf(layer) {
    const [low, high] = state.windows[layer.scale];
    const colormap = layer.scale === "maps" ? state.colormap : scales[layer.scale].colormap;
    const shown = isMasked(layer) ? maps.mask : null;
    return { table: colormaps.get(colormap).table, low, high, smooth: state.smooth, shown };
  }

  function isMasked(layer) {
    return layer.brainOnly || !state.wholeField;
  }

  /** The largest rectangle of the grid's proportions that fits a canvas, centred. */
  function placed(canvas) {
    const wide = grid.columns * grid.columnMm;
    const tall = grid.rows * grid.rowMm;
    const perMm = Math.min(canvas.width / wide, canvas.height / tall);
    const width = Math.max(1, Math.round(wide * perMm));
    const height = Math.max(1, Math.round(tall * perMm));
    return { x: Math.round((canvas.width - width) / 2), y: Math.round((canvas.height - height) / 2), width, height };
  }

  function densityOf(canvas) {
    const box = canvas.getBoundingClientRect();
    return Math.min(window.devicePixelRatio || 1, Math.sqrt(PIXELS_AT_MOST / Math.max(1, box.width * box.height)));
  }

  function paintPanel(panel, n) {
    const layer = layerOf(n);
    const look = lookOf(layer);
    const scale = fitCanvas(panel.canvas, densityOf(panel.canvas));
    const draw = panel.canvas.getContext("2d");
    const area = placed(panel.canvas);
    draw.fillRect(0, 0, panel.canvas.width, panel.canvas.height);
    const image = draw.createImageData(area.width, area.height);
    paintSlice(image, grid, layer.values, state.slice, look);
    draw.putImageData(image, area.x, area.y);
    draw.scale(scale, scale);
    paintLetters(draw, panel.canvas.width / scale, panel.canvas.height / scale);
    if (state.cursor) paintCrosshair(draw, area, scale, look.table === colormaps.get("blue-white-red").table);
    paintLegend(panel.legend, window.devicePixelRatio || 1, look, layer.unit);
    if (panel.title.tagName !== "SELECT") panel.title.textContent = layer.title;
    panel.value.textContent = valueText(layer);
    panel.unit.textContent = state.cursor ? layer.unit : "";
    panel.canvas.setAttribute("aria-label", `${layer.title}, slice ${state.slice + 1} of ${grid.slices}, `
      + `left edge is patient ${grid.edges.left}, top edge is patient ${grid.edges.top}`);
    panel.drawn = { area, scale };
  }

  function paintLetters(draw, width, height) {
    const letters = [
      [grid.edges.left, 12, height / 2], [grid.edges.right, width - 12, height / 2],
      [grid.edges.top, width / 2, 13], [grid.edges.bottom, width / 2, height - 12],
    ];
    draw.font = `600 ${LETTER_FONT}px system-ui, sans-serif`;
    draw.textAlign = "center";
    draw.textBaseline = "middle";
    draw.lineWidth = 3;
    draw.strokeStyle = "#000";
    draw.fillStyle = "#ffd166";
    for (const letter of letters) {
      draw.strokeText(...letter);
      draw.fillText(...letter);
    }
  }

  function paintCrosshair(draw, area, scale, onWhite) {
    const x = (area.x + ((state.cursor.column + 0.5) * area.width) / grid.columns) / scale;
    const y = (area.y + ((state.cursor.row + 0.5) * area.height) / grid.rows) / scale;
    const [left, top] = [area.x / scale, area.y / scale];
    const [right, bottom] = [left + area.width / scale, top + area.height / scale];
    draw.beginPath();
    for (const [x0, y0, x1, y1] of [[left, y, x - 6, y], [x + 6, y, right, y], [x, top, x, y - 6], [x, y + 6, x, bottom]]) {
      draw.moveTo(x0, y0);
      draw.lineTo(x1, y1);
    }
    draw.lineWidth = 1;
    draw.strokeStyle = onWhite ? "#2ec4b6" : "#7cf5e4";
    draw.stroke();
  }

  function cursorIndex() {
    return voxelIndex(grid, state.slice, state.cursor.row, state.cursor.column);
  }

  function valueText(layer) {
    if (!state.cursor) return "";
    const index = cursorIndex();
    return !maps.mask[index] && isMasked(layer) ? "–" : formatted(layer.values[index], layer.step);
  }

  function placeText() {
    if (!state.cursor) return "Point at a map for its values. Wheel or arrow keys change the slice.";
    const { column, row } = state.cursor;
    const [x, y, z] = transformed(grid.pictureToLps, column, row, state.slice);
    const millimetres = [[x, "L", "R"], [y, "P", "A"], [z, "S", "I"]]
      .map(([mm, positive, negative]) => `${mm >= 0 ? positive : negative} ${Math.abs(mm).toFixed(1)}`);
    const voxel = transformed(grid.pictureToVoxel, column, row, state.slice).map(Math.round);
    return `${millimetres.join("  ")} mm   voxel (${voxel.join(", ")})`;
  }

  function point(canvas, event) {
    const { area, scale } = panels.find((panel) => panel.canvas === canvas).drawn;
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((((event.clientX - box.left) * scale - area.x) / area.width) * grid.columns);
    const row = Math.floor((((event.clientY - box.top) * scale - area.y) / area.height) * grid.rows);
    const inside = column >= 0 && row >= 0 && column < grid.columns && row < grid.rows;
    state.cursor = inside ? { column, row } : null;
    redraw();
  }

  function goTo(slice) {
    state.slice = Math.min(Math.max(slice, 0), grid.slices - 1);
    redraw();
  }

  function moveCursor(columns, rows) {
    const { column, row } = state.cursor || { column: grid.columns >> 1, row: grid.rows >> 1 };
    state.cursor = {
      column: Math.min(Math.max(column + columns, 0), grid.columns - 1),
      row: Math.min(Math.max(row + rows, 0), grid.rows - 1),
    };
    redraw();
  }

  /** Draw once for however many changes came since the last frame. */
  function redraw() {
    if (!pending) pending = requestAnimationFrame(() => { pending = 0; draw(); });
  }

  function draw() {
    panels.forEach(paintPanel);
    byId("slice").value = state.slice;
    byId("slice-text").textContent = `${state.slice + 1} of ${grid.slices}   ${grid.positions[state.slice]}`;
    byId("place").textContent = placeText();
  }

  /** Bring the controls in line with the state. */
  function showControls() {
    const scale = layers.get(state.shown[2]).scale;
    const [low, high] = state.windows.maps;
    const fine = 10 ** Math.floor(Math.log10(high - low) - 1);
    Object.assign(byId("window-low"), { value: low, step: fine });
    Object.assign(byId("window-high"), { value: high, step: fine });
    const symmetric = state.windows[scale][0] < 0;
    byId("span-name").textContent = layers.get(state.shown[2]).title;
    byId("span-group").firstElementChild.nextElementSibling.textContent = symmetric ? "±" : "0 to";
    const top = state.windows[scale][1];
    Object.assign(byId("span"), { value: top, step: 10 ** Math.floor(Math.log10(top) - 1) });
    byId("colormap").value = state.colormap;
    byId("field").disabled = state.shown.every((name) => layers.get(name).brainOnly);
  }

  function setWindow() {
    const [low, high] = [byId("window-low").valueAsNumber, byId("window-high").valueAsNumber];
    if (low < high) state.windows.maps = [low, high];
    redraw();
  }

  function setSpan() {
    const top = byId("span").valueAsNumber;
    const name = layers.get(state.shown[2]).scale;
    if (top > 0) state.windows[name] = [state.windows[name][0] < 0 ? -top : 0, top];
    redraw();
  }

  function setFlicker(on) {
    clearInterval(state.timer);
    state.flickering = on ? 1 : 0;
    if (on) state.timer = setInterval(() => { state.flickering += 1; redraw(); }, FLICKER_MS);
    byId("flicker").setAttribute("aria-pressed", String(on));
    stage.classList.toggle("flickering", on);
    redraw();
  }

  function onKey(event) {
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const onStage = stage.contains(event.target);
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const slices = { ArrowRight: 1, ArrowLeft: -1, ...(onStage && { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 }) };
    if (event.shiftKey && onStage && arrows[event.key]) moveCursor(...arrows[event.key]);
    else if (slices[event.key]) goTo(state.slice + slices[event.key]);
    else if (onStage && event.key === "Home") goTo(0);
    else if (onStage && event.key === "End") goTo(grid.slices - 1);
    else if (event.key.toLowerCase() === "f") setFlicker(state.flickering === 0);
    else return;
    event.preventDefault();
  }

  let turned = 0;
  function onWheel(event) {
    if (event.ctrlKey) return; // zooms the page
    event.preventDefault();
    turned += event.deltaMode === 0 ? event.deltaY : 40 * event.deltaY;
    const steps = Math.trunc(turned / 40);
    if (steps) {
      turned = 0;
      goTo(state.slice - Math.sign(steps));
    }
  }

  for (const colormap of colormaps.values()) {
    if (colormap.sequential) byId("colormap").append(new Option(colormap.title, colormap.name));
  }
  byId("slice").max = grid.slices - 1;
  byId("window-name").textContent = `${layers.get("conventional").title.split(" ")[1]} window`;
  byId("slice").addEventListener("input", (event) => goTo(event.target.valueAsNumber));
  byId("colormap").addEventListener("change", (event) => { state.colormap = event.target.value; redraw(); });
  byId("smooth").addEventListener("change", (event) => { state.smooth = event.target.checked; redraw(); });
  byId("field").addEventListener("change", (event) => { state.wholeField = event.target.checked; redraw(); });
  byId("flicker").addEventListener("click", () => setFlicker(state.flickering === 0));
  byId("reset").addEventListener("click", () => { Object.assign(state, suggested()); showControls(); redraw(); });
  for (const id of ["window-low", "window-high"]) byId(id).addEventListener("input", setWindow);
  byId("span").addEventListener("input", setSpan);
  stage.addEventListener("wheel", onWheel, { passive: false });
  document.addEventListener("keydown", onKey);
  new ResizeObserver(redraw).observe(stage);
  showControls();
  draw();
  return { lookOf, layerOf };
}
