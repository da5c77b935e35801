/* All slices side by side: for paper, and to see everything at once. */

const TILES_IN_ROW = 8;
const TILE_PIXELS = 220;

/**
 * Fill the montage when it is opened or the page is printed.
 * @param viewer what startViewer returned: it knows windows and colors in use.
 */
function startMontage(maps, viewer) {
  const details = document.getElementById("montage");
  const body = document.getElementById("montage-body");
  let openedForPrint = [];

  function fill() {
    const slices = slicesWithBrain(maps);
    const rows = [0, 1, 2].map((n) => viewer.layerOf(n));
    body.replaceChildren(element("p", { className: "quiet", textContent: captionOf(slices, maps.grid) }));
    addLegends(rows);
    for (let first = 0; first < slices.length; first += TILES_IN_ROW) {
      body.append(block(maps, viewer, rows, slices.slice(first, first + TILES_IN_ROW)));
    }
  }

  function addLegends(rows) {
    const legends = element("div", { className: "montage-legends" });
    body.append(legends);
    for (const layer of [rows[0], rows[2]]) {
      const canvas = element("canvas", { className: "legend" });
      const name = layer === rows[0] ? "Conventional and denoised" : layer.title;
      legends.append(element("figure", {}, element("figcaption", { textContent: name }), canvas));
      paintLegend(canvas, 2, viewer.lookOf(layer), layer.unit);
    }
  }

  details.addEventListener("toggle", () => { if (details.open) fill(); });
  window.addEventListener("beforeprint", () => {
    openedForPrint = [...document.querySelectorAll("details:not([open])")];
    for (const closed of openedForPrint) closed.open = true;
    fill();
  });
  window.addEventListener("afterprint", () => { for (const opened of openedForPrint) opened.open = false; });
}

function slicesWithBrain({ grid, mask }) {
  const size = grid.rows * grid.columns;
  const all = Array.from({ length: grid.slices }, (_, slice) => slice);
  const occupied = all.filter((slice) => mask.subarray(slice * size, (slice + 1) * size).includes(1));
  return occupied.length ? occupied : all;
}

function captionOf(slices, grid) {
  const { left, right, top, bottom } = grid.edges;
  const empty = grid.slices - slices.length;
  return `Left edge of each picture: patient ${left}; right: ${right}; top: ${top}; bottom: ${bottom}.`
    + (empty ? ` ${empty} of ${grid.slices} slices hold no brain and are left out.` : "");
}

/** One strip of slices for each map, under one another. */
function block(maps, viewer, rows, slices) {
  return element("div", { className: "strips" }, ...rows.map((layer) => {
    const strip = element("canvas", { className: "strip" });
    paintStrip(strip, maps, viewer.lookOf(layer), layer, slices);
    return element("figure", {}, element("figcaption", { textContent: layer.title }), strip);
  }));
}

function paintStrip(canvas, { grid }, look, layer, slices) {
  const aspect = (grid.rows * grid.rowMm) / (grid.columns * grid.columnMm);
  const height = Math.round(TILE_PIXELS * aspect);
  canvas.width = TILE_PIXELS * TILES_IN_ROW;
  canvas.height = height;
  const draw = canvas.getContext("2d");
  draw.fillRect(0, 0, canvas.width, canvas.height);
  slices.forEach((slice, n) => {
    const image = draw.createImageData(TILE_PIXELS, height);
    paintSlice(image, grid, layer.values, slice, look);
    draw.putImageData(image, n * TILE_PIXELS, 0);
    draw.font = "24px system-ui, sans-serif";
    draw.fillStyle = "#e6e9ee";
    draw.fillText(`${slice + 1}`, n * TILE_PIXELS + 6, 25);
  });
  draw.font = "600 24px system-ui, sans-serif";
  draw.fillStyle = "#ffd166";
  draw.fillText(grid.edges.left, 4, height - 8);
  draw.textAlign = "right";
  draw.fillText(grid.edges.right, TILE_PIXELS - 4, height - 8);
}
