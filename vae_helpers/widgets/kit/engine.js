// Runs a small network in the browser. `vae_helpers.widgets.export.pack` writes what `load` reads.
// No DOM here: Node imports this very file and the tests compare it with PyTorch.

/** { layers, dtype, floats } and the bytes of the weights → a function from input numbers to output numbers (a Float64Array, reused by the next call). */
export function load({ layers, dtype, floats }, bytes) {
  if (!(dtype in NUMBERS)) throw new Error(`Weights come as int16 or float32, not ${dtype}.`);
  const buffer = whole(bytes);
  const small = new Float32Array(buffer, 0, floats), numbers = new NUMBERS[dtype](buffer, 4 * floats);
  let i = 0, j = 0;
  // The next layer's weights, each row's numbers times the scale of the row, and its bias.
  const take = (rows, columns, outputs) => {
    const scales = small.subarray(i, (i += rows)), bias = small.subarray(i, (i += outputs));
    const weights = Float32Array.from(numbers.subarray(j, (j += rows * columns)), (v, k) => v * scales[Math.floor(k / columns)]);
    return [weights, bias];
  };
  const steps = layers.map((layer) => {
    if (!(layer.type in MAKE)) throw new Error(`The browser's engine has no layer "${layer.type}".`);
    return MAKE[layer.type](layer, take);
  });
  if (i !== small.length || j !== numbers.length) throw new Error(`The layers need ${i} + ${j} numbers, ${small.length} + ${numbers.length} came.`);
  return (input) => steps.reduce((x, step) => step(x), Float64Array.from(input));
}

/** Bytes (an ArrayBuffer, or a view of one at any offset) → float32 numbers. */
export const float32s = (bytes) => new Float32Array(whole(bytes));

const NUMBERS = { int16: Int16Array, float32: Float32Array };

const whole = (bytes) => {
  const start = bytes.byteOffset ?? 0;
  return (bytes.buffer ?? bytes).slice(start, start + bytes.byteLength); // a copy, since typed arrays must start at multiples of their size
};

const size = (shape) => shape.reduce((a, b) => a * b, 1);

const pointwise = (f) => () => (x) => {
  for (let i = 0; i < x.length; i++) x[i] = f(x[i]);
  return x;
};

// One entry a layer: (its shape, take its weights) → a function from its input to its output. Images lie as (channel, row, column),
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
    const [w, bias] = take(layer.out, layer.in, layer.out), y = new Float64Array(layer.out);
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
    const [w, bias] = take(O, C * R * S, O), y = new Float64Array(size(layer.out));
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
    const [w, bias] = take(C, O * R * S, O), y = new Float64Array(size(layer.out));
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
