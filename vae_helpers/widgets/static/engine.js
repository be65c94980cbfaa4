// Runs a small network in the browser. `vae_helpers.widgets.export.pack` writes what `load` reads.
// No DOM here: Node imports this very file and the tests compare it with PyTorch.

/** { layers, dtype } and the bytes of the weights → a function from input numbers to output numbers (a Float64Array, reused by the next call). */
export function load({ layers, dtype }, bytes) {
  const weights = floats(bytes, dtype);
  let at = 0;
  const take = (n) => weights.subarray(at, (at += n));
  const steps = layers.map((layer) => {
    const make = MAKE[layer.type];
    if (!make) throw new Error(`The browser's engine has no layer "${layer.type}".`);
    return make(layer, take);
  });
  if (at !== weights.length) throw new Error(`The layers need ${at} weights, ${weights.length} came.`);
  return (input) => steps.reduce((x, step) => step(x), Float64Array.from(input));
}

const size = (shape) => shape.reduce((a, b) => a * b, 1);

const pointwise = (f) => () => (x) => {
  for (let i = 0; i < x.length; i++) x[i] = f(x[i]);
  return x;
};

// One entry a layer: (its shape, take the next n weights) → a function from its input to its output. Images lie as (channel, row, column),
// so Flatten and Unflatten move nothing: `pack` leaves them out and writes the shapes into the layers that need them.
const MAKE = {
  ReLU: pointwise((v) => (v > 0 ? v : 0)),
  Tanh: pointwise(Math.tanh),
  Sigmoid: pointwise((v) => 1 / (1 + Math.exp(-v))),

  FirstHalf: () => (x) => x.subarray(0, x.length / 2),

  // For each pixel the logits of `levels` grey levels from 0 to 1 → their mean.
  LevelMean: ({ levels }) => (x) =>
    Float64Array.from({ length: x.length / levels }, (_, d) => {
      const logits = x.subarray(d * levels, (d + 1) * levels), top = Math.max(...logits);
      let total = 0, mean = 0;
      logits.forEach((logit, k) => {
        const p = Math.exp(logit - top);
        total += p;
        mean += (p * k) / (levels - 1);
      });
      return mean / total;
    }),

  Linear(layer, take) {
    const w = take(layer.in * layer.out), bias = take(layer.out), y = new Float64Array(layer.out);
    return (x) => {
      for (let o = 0, k = 0; o < y.length; o++) {
        let sum = bias[o];
        for (let i = 0; i < x.length; i++) sum += w[k++] * x[i];
        y[o] = sum;
      }
      return y;
    };
  },

  // Each output pixel gathers from the input pixels under the kernel. Weights (out channel, in channel, row, column).
  Conv2d(layer, take) {
    const [C, H, W] = layer.in, [O, P, Q] = layer.out, [R, S] = layer.kernel, [sy, sx] = layer.stride, [py, px] = layer.padding;
    const w = take(O * C * R * S), bias = take(O), y = new Float64Array(size(layer.out));
    return (x) => {
      for (let o = 0; o < O; o++)
        for (let p = 0; p < P; p++)
          for (let q = 0; q < Q; q++) {
            let sum = bias[o];
            for (let c = 0; c < C; c++)
              for (let r = 0; r < R; r++) {
                const i = p * sy - py + r;
                if (i < 0 || i >= H) continue;
                for (let s = 0; s < S; s++) {
                  const j = q * sx - px + s;
                  if (j >= 0 && j < W) sum += w[((o * C + c) * R + r) * S + s] * x[(c * H + i) * W + j];
                }
              }
            y[(o * P + p) * Q + q] = sum;
          }
      return y;
    };
  },

  // Each input pixel scatters to the output pixels under the kernel. Weights (in channel, out channel, row, column).
  ConvTranspose2d(layer, take) {
    const [C, H, W] = layer.in, [O, P, Q] = layer.out, [R, S] = layer.kernel, [sy, sx] = layer.stride, [py, px] = layer.padding;
    const w = take(C * O * R * S), bias = take(O), y = new Float64Array(size(layer.out));
    return (x) => {
      for (let o = 0; o < O; o++) y.fill(bias[o], o * P * Q, (o + 1) * P * Q);
      for (let c = 0, k = 0; c < C; c++)
        for (let i = 0; i < H; i++)
          for (let j = 0; j < W; j++, k++) {
            const v = x[k];
            if (v === 0) continue; // most pixels after a ReLU
            for (let o = 0; o < O; o++)
              for (let r = 0; r < R; r++) {
                const p = i * sy - py + r;
                if (p < 0 || p >= P) continue;
                for (let s = 0; s < S; s++) {
                  const q = j * sx - px + s;
                  if (q >= 0 && q < Q) y[(o * P + p) * Q + q] += v * w[((c * O + o) * R + r) * S + s];
                }
              }
          }
      return y;
    };
  },
};

/** Little-endian bytes (an ArrayBuffer or a view of one, at any offset) of float16 or float32 → Float32Array. */
export function floats(bytes, dtype) {
  const start = bytes.byteOffset ?? 0;
  const buffer = (bytes.buffer ?? bytes).slice(start, start + bytes.byteLength);
  if (dtype === "float32") return new Float32Array(buffer);
  if (dtype === "float16") return Float32Array.from(new Uint16Array(buffer), (bits) => HALF[bits]);
  throw new Error(`Weights come as float16 or float32, not ${dtype}.`);
}

// All 65,536 half-precision numbers: sign, five bits of exponent, ten of fraction.
const HALF = Float32Array.from({ length: 65536 }, (_, bits) => {
  const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
});
