// From strokes to an image as the data sets were made, in whole numbers: ink.py says how, and the two agree to the last bit. No DOM here.

const SCAN = 128; // dots a side of the scan, as NIST's
const PEN = 6; // radius of the pen, in dots of the scan

/** Polylines with corners [x, y] in [0, 1]², y downwards, and a frame → { scan, crop, scaled, centred, x }, or null without ink.
 *
 * Images are { height, width, values }, values in [0, 1], black = 1; crop is [row, column, height, width] in the scan.
 */
export function prepare(strokes, { box, side, block, by_mass }) {
  const scan = scanned(strokes);
  const crop = boundingBox(scan);
  if (!crop) return null;
  const [top, left, height, width] = crop, long = Math.max(height, width);
  const [h, w] = [height, width].map((n) => Math.max(1, Math.floor((2 * box * n + long) / (2 * long)))); // rounded
  let full = height * width; // of a pixel all ink
  const counts = new Float64Array(h * w);
  const down = overlaps(h, height), right = overlaps(w, width);
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j++) {
      let count = 0;
      for (const [r, a] of down[i]) for (const [c, b] of right[j]) count += a * b * scan[(top + r) * SCAN + left + c];
      counts[i * w + j] = count;
    }
  if (block > 1) {
    counts.forEach((count, k) => (counts[k] = 2 * count >= full ? 1 : 0));
    full = 1;
  }
  let mass = 0, rows = 0, columns = 0;
  counts.forEach((count, k) => {
    mass += count;
    rows += count * Math.floor(k / w);
    columns += count * (k % w);
  });
  const middle = by_mass ? [rows / mass, columns / mass] : [h / 2, w / 2]; // pixel 14 of 28 is the middle, as in MNIST
  const [row, column] = [h, w].map((n, axis) => Math.min(Math.max(0, Math.floor(side / 2 - middle[axis] + 0.5)), side - n));
  const small = side / block;
  const placed = new Float64Array(side * side), blocks = new Float64Array(small * small);
  counts.forEach((count, k) => {
    const i = row + Math.floor(k / w), j = column + (k % w);
    placed[i * side + j] = count;
    blocks[Math.floor(i / block) * small + Math.floor(j / block)] += count;
  });
  const image = (height, width, values) => ({ height, width, values });
  return {
    scan: image(SCAN, SCAN, scan),
    crop,
    scaled: image(h, w, counts.map((v) => v / full)),
    centred: image(side, side, placed.map((v) => v / full)),
    x: image(small, small, blocks.map((v) => (2 * v >= full * block * block ? 1 : 0))),
  };
}

/** 1 where the pen has been, SCAN × SCAN, row by row. */
function scanned(strokes) {
  const ink = new Float64Array(SCAN * SCAN);
  const [first, last] = [(v) => Math.max(0, Math.floor(v - PEN) - 1), (v) => Math.min(SCAN - 1, Math.ceil(v + PEN))];
  for (const stroke of strokes)
    for (let k = 0; k < Math.max(1, stroke.length - 1); k++) {
      const [ax, ay, bx, by] = [...stroke[k], ...(stroke[k + 1] ?? stroke[k])].map((v) => v * SCAN); // a stroke of one point is a dot
      const length = (bx - ax) * (bx - ax) + (by - ay) * (by - ay);
      for (let i = first(Math.min(ay, by)); i <= last(Math.max(ay, by)); i++)
        for (let j = first(Math.min(ax, bx)); j <= last(Math.max(ax, bx)); j++) {
          const x = j + 0.5, y = i + 0.5;
          const share = length > 0 ? ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length : 0;
          const along = Math.min(1, Math.max(0, share));
          const dx = x - (ax + along * (bx - ax)), dy = y - (ay + along * (by - ay));
          if (dx * dx + dy * dy <= PEN * PEN) ink[i * SCAN + j] = 1;
        }
    }
  return ink;
}

function boundingBox(scan) {
  let [top, left, bottom, right] = [SCAN, SCAN, -1, -1];
  scan.forEach((v, k) => {
    if (!v) return;
    const i = Math.floor(k / SCAN), j = k % SCAN;
    [top, left, bottom, right] = [Math.min(top, i), Math.min(left, j), Math.max(bottom, i), Math.max(right, j)];
  });
  return bottom < 0 ? null : [top, left, bottom - top + 1, right - left + 1];
}

/** For each new pixel the old ones that lie in it, [which, how much], in units of 1/after of an old pixel: they add up to `before`. */
const overlaps = (after, before) =>
  Array.from({ length: after }, (_, n) => {
    const inside = [];
    for (let o = Math.floor((n * before) / after); o * after < (n + 1) * before; o++)
      inside.push([o, Math.min((n + 1) * before, (o + 1) * after) - Math.max(n * before, o * after)]);
    return inside;
  });
