/* The maps in memory: unpacked from the document, looked up by slice, row and column. */

const NO_VALUE = -32768;

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Stored integers times their step, as Float32Array; NaN where a voxel has no value. */
function valuesOf(base64, step) {
  const bytes = new DataView(bytesOf(base64).buffer);
  const values = new Float32Array(bytes.byteLength / 2);
  for (let n = 0; n < values.length; n += 1) {
    const integer = bytes.getInt16(2 * n, true);
    values[n] = integer === NO_VALUE ? NaN : integer * step;
  }
  return values;
}

/** Packed bits, most significant first, as one byte of 0 or 1 for each voxel. */
function bitsOf(base64, count) {
  const packed = bytesOf(base64);
  return Uint8Array.from({ length: count }, (_, n) => (packed[n >> 3] >> (7 - (n & 7))) & 1);
}

/**
 * The document's maps, ready to draw.
 * @returns {{grid, mask: Uint8Array, layers: Map, scales, colormaps: Map}}
 */
function unpackMaps(maps) {
  const count = maps.grid.slices * maps.grid.rows * maps.grid.columns;
  const layers = new Map();
  for (const layer of maps.layers) {
    layers.set(layer.name, { ...layer, values: layer.data ? valuesOf(layer.data, layer.step) : null });
  }
  for (const layer of layers.values()) {
    if (layer.minus) {
      const [from, less] = layer.minus.map((name) => layers.get(name).values);
      layer.values = from.map((value, n) => value - less[n]);
      layer.step = layers.get(layer.minus[0]).step;
    }
  }
  const colormaps = new Map(maps.colormaps.map((c) => [c.name, { ...c, table: bytesOf(c.table) }]));
  return { grid: maps.grid, mask: bitsOf(maps.mask, count), layers, scales: maps.scales, colormaps };
}

/** Position of a voxel in the arrays. */
function voxelIndex(grid, slice, row, column) {
  return (slice * grid.rows + row) * grid.columns + column;
}

/** A 4x4 matrix applied to (column, row, slice). */
function transformed(matrix, column, row, slice) {
  return matrix.slice(0, 3).map((r) => r[0] * column + r[1] * row + r[2] * slice + r[3]);
}
