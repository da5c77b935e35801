/* Slices and color legends as pixels. Nothing here knows about the page's controls. */

/**
 * For each of `pixels` along an axis of `voxels`: the two voxels it lies between and how far it is toward the second.
 * Without smoothing both are the voxel it lies in.
 */
function neighbours(pixels, voxels, smooth) {
  const low = new Int32Array(pixels);
  const high = new Int32Array(pixels);
  const toward = new Float32Array(pixels);
  for (let p = 0; p < pixels; p += 1) {
    const place = ((p + 0.5) * voxels) / pixels;
    const between = Math.min(Math.max(place - 0.5, 0), voxels - 1);
    low[p] = smooth ? Math.floor(between) : Math.floor(place);
    high[p] = smooth ? Math.min(low[p] + 1, voxels - 1) : low[p];
    toward[p] = smooth ? between - low[p] : 0;
  }
  return { low, high, toward };
}

/**
 * Draw one slice over the whole of `image` (ImageData).
 *
 * Values are interpolated first and colored then, over voxels that are shown only: the color of 0 does not bleed in
 * from outside the brain. A pixel less than half of which is shown stays black.
 * @param look {{table, low, high, smooth, shown}}: `shown` is an array of 0 and 1, or null to show every voxel.
 */
function paintSlice(image, grid, values, slice, look) {
  const { width, height, data } = image;
  const across = neighbours(width, grid.columns, look.smooth);
  const down = neighbours(height, grid.rows, look.smooth);
  const perUnit = 256 / (look.high - look.low);
  const first = voxelIndex(grid, slice, 0, 0);
  const corners = new Int32Array(4);
  const weights = new Float32Array(4);
  for (let y = 0; y < height; y += 1) {
    const upper = first + down.low[y] * grid.columns;
    const lower = first + down.high[y] * grid.columns;
    const v = down.toward[y];
    for (let x = 0; x < width; x += 1) {
      const u = across.toward[x];
      corners[0] = upper + across.low[x];
      corners[1] = upper + across.high[x];
      corners[2] = lower + across.low[x];
      corners[3] = lower + across.high[x];
      weights[0] = (1 - u) * (1 - v);
      weights[1] = u * (1 - v);
      weights[2] = (1 - u) * v;
      weights[3] = u * v;
      let sum = 0;
      let covered = 0;
      for (let c = 0; c < 4; c += 1) {
        const value = values[corners[c]];
        if (value === value && (look.shown === null || look.shown[corners[c]])) {
          sum += weights[c] * value;
          covered += weights[c];
        }
      }
      const pixel = 4 * (y * width + x);
      data[pixel + 3] = 255;
      if (covered >= 0.5) {
        const step = Math.floor((sum / covered - look.low) * perUnit);
        const entry = 3 * Math.min(Math.max(step, 0), 255);
        data[pixel] = look.table[entry];
        data[pixel + 1] = look.table[entry + 1];
        data[pixel + 2] = look.table[entry + 2];
      } else {
        data[pixel] = data[pixel + 1] = data[pixel + 2] = 0;
      }
    }
  }
}

/** Both ends of a scale, and round values between them, about `wanted` in all. */
function ticks(low, high, wanted) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((m) => m * power >= rough * 0.999);
  const found = [low];
  for (let n = Math.ceil(low / step); n * step < high; n += 1) {
    if (Math.min(n * step - low, high - n * step) > 0.6 * step) found.push(n * step);
  }
  return [...found, high];
}

/** A value with the digits that rounding to steps left it. */
function formatted(value, step) {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.min(Math.max(Math.ceil(-Math.log10(step)) - 1, 0), 6);
  const text = value.toFixed(digits).replace(/^-(0(\.0+)?)$/, "$1");
  return text.replace("-", "−");
}

/** Fit a canvas to its box on the page, in device pixels; returns how many of them make one CSS pixel. */
function fitCanvas(canvas, density) {
  const box = canvas.getBoundingClientRect();
  canvas.width = Math.max(1, Math.round(box.width * density));
  canvas.height = Math.max(1, Math.round(box.height * density));
  return density;
}

/**
 * A horizontal color scale with its ends, round values between, and the unit; of a difference, what the
 * network did at either end.
 */
function paintLegend(canvas, density, look, unit) {
  const scale = fitCanvas(canvas, density);
  const draw = canvas.getContext("2d");
  const width = canvas.width / scale;
  draw.scale(scale, scale);
  draw.fillRect(0, 0, width, canvas.height);
  const margin = 18;
  const length = width - 2 * margin;
  const bar = draw.createImageData(256, 1);
  for (let n = 0; n < 256; n += 1) bar.data.set([...look.table.subarray(3 * n, 3 * n + 3), 255], 4 * n);
  const strip = Object.assign(document.createElement("canvas"), { width: 256, height: 1 });
  strip.getContext("2d").putImageData(bar, 0, 0);
  draw.drawImage(strip, margin, 2, length, 9);
  draw.font = "11.5px system-ui, sans-serif";
  draw.fillStyle = "#d7dce2";
  draw.strokeStyle = "#d7dce2";
  draw.textBaseline = "top";
  draw.textAlign = "center";
  const plain = (value) => String(Number(value.toPrecision(6))).replace("-", "−");
  for (const value of ticks(look.low, look.high, width < 260 ? 3 : 5)) {
    const x = margin + (length * (value - look.low)) / (look.high - look.low);
    draw.fillRect(x - 0.5, 11, 1, 4);
    draw.fillText(plain(value), x, 17);
  }
  draw.fillText(unit, width / 2, 32);
  if (look.low < 0 && look.high > 0) {
    draw.textAlign = "left";
    draw.fillText("raised", margin, 32);
    draw.textAlign = "right";
    draw.fillText("lowered", width - margin, 32);
  }
}
