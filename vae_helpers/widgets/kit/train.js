// Trains a small VAE in the browser: Algorithm 1 of Kingma & Welling (2014) with Adam, forward and backward by hand, in float32.
// No DOM here: Node imports this very file and the tests compare it with PyTorch.

/** Where each weight lies in one flat row of numbers: encoder pixels → hidden → (μ, log σ²), decoder latent → hidden → pixels, one ReLU each. */
export function layout({ pixels, hidden, latent }) {
  const shapes = [[hidden, pixels], [2 * latent, hidden], [hidden, latent], [pixels, hidden]]; // (outputs, inputs), as in PyTorch
  let at = 0;
  const layers = shapes.map(([outs, ins]) => ({ outs, ins, weight: at, bias: (at += outs * ins), end: (at += outs) }));
  return { pixels, hidden, latent, layers, size: at };
}

/** Initial weights as PyTorch draws them: uniform within ±1/√inputs. */
export function initial(net, random) {
  const weights = new Float32Array(net.size);
  net.layers.forEach(({ ins, weight, end }) => {
    for (let i = weight; i < end; i++) weights[i] = (2 * random.uniform() - 1) / Math.sqrt(ins);
  });
  return weights;
}

/** A seeded generator of uniform and normal numbers (mulberry32, Box and Muller). */
export function generator(seed) {
  let state = seed >>> 0, spare = null;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => {
    const kept = spare;
    if ((spare = null), kept !== null) return kept;
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())), angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal, normals: (n) => Float32Array.from({ length: n }, normal) };
}

/** Encoder: n images → .mu and .logvar, each (n, latent), and .hidden, which the way back needs. */
export function encode(net, weights, x, n) {
  const [first, second] = net.layers, L = net.latent;
  const hidden = relu(affine(weights, first, x, n)), out = affine(weights, second, hidden, n);
  const mu = new Float32Array(n * L), logvar = new Float32Array(n * L);
  for (let r = 0; r < n; r++)
    for (let l = 0; l < L; l++) [mu[r * L + l], logvar[r * L + l]] = [out[2 * r * L + l], out[(2 * r + 1) * L + l]];
  return { mu, logvar, hidden };
}

/** Decoder: n codes → .outputs (n, pixels), logits or means, and .hidden. */
export function decode(net, weights, z, n) {
  const [, , third, fourth] = net.layers, hidden = relu(affine(weights, third, z, n));
  return { outputs: affine(weights, fourth, hidden, n), hidden };
}

/** Pixel means (n, pixels) of the decoder's outputs. */
export const means = (outputs, { likelihood }) => (likelihood === "bernoulli" ? outputs.map((a) => 1 / (1 + Math.exp(-a))) : outputs);

/** The terms of the ELBO of each of n images for given noise eps (n, latent), in nats: .reconstruction and .kl, each (n). With `gradient`, a
 * row as long as the weights, the gradient of the mean of beta · KL − reconstruction is written there.
 * settings: likelihood ("bernoulli" or "gaussian" with sigma), beta, noise: false for z = μ.
 */
export function terms(net, weights, x, eps, n, settings, gradient = null) {
  const { pixels: D, latent: L } = net, { beta, noise } = settings;
  const { mu, logvar, hidden } = encode(net, weights, x, n), z = new Float32Array(n * L), kl = new Float32Array(n);
  for (let i = 0; i < z.length; i++) {
    z[i] = mu[i] + (noise ? Math.exp(logvar[i] / 2) * eps[i] : 0);
    kl[Math.floor(i / L)] += (mu[i] ** 2 + Math.exp(logvar[i]) - 1 - logvar[i]) / 2;
  }
  const decoded = decode(net, weights, z, n), reconstruction = logLikelihood(decoded.outputs, x, n, D, settings);
  if (gradient === null) return { reconstruction, kl };

  gradient.fill(0);
  const [first, second, third, fourth] = net.layers, mean = means(decoded.outputs, settings), out = new Float32Array(n * D);
  const scale = settings.likelihood === "bernoulli" ? 1 / n : 1 / (n * settings.sigma ** 2);
  for (let i = 0; i < out.length; i++) out[i] = (mean[i] - x[i]) * scale; // the same form for both likelihoods
  const dHidden = masked(back(weights, fourth, decoded.hidden, out, n, gradient), decoded.hidden);
  const dz = back(weights, third, z, dHidden, n, gradient), dOut = new Float32Array(2 * n * L);
  for (let r = 0; r < n; r++)
    for (let l = 0; l < L; l++) {
      const i = r * L + l, variance = Math.exp(logvar[i]);
      dOut[2 * r * L + l] = dz[i] + (beta * mu[i]) / n;
      dOut[(2 * r + 1) * L + l] = (noise ? dz[i] * eps[i] * Math.sqrt(variance) * 0.5 : 0) + (beta * (variance - 1)) / (2 * n);
    }
  back(weights, first, x, masked(back(weights, second, hidden, dOut, n, gradient), hidden), n, gradient, false);
  return { reconstruction, kl };
}

/** log p(x|z) of n images under n outputs. */
function logLikelihood(outputs, x, n, D, { likelihood, sigma }) {
  const result = new Float32Array(n), constant = likelihood === "bernoulli" ? 0 : -D * (Math.log(sigma) + Math.log(2 * Math.PI) / 2);
  for (let r = 0, i = 0; r < n; r++) {
    let sum = constant;
    for (let d = 0; d < D; d++, i++) {
      sum += likelihood === "bernoulli" ? outputs[i] * x[i] - softplus(outputs[i]) : -0.5 * ((x[i] - outputs[i]) / sigma) ** 2;
    }
    result[r] = sum;
  }
  return result;
}

const softplus = (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));

/** One step of Adam (Kingma & Ba 2015) in place; state: {m, v, t}, at the start zeros. */
export function adam(weights, gradient, state, lr) {
  const t = ++state.t, one = 1 - 0.9 ** t, two = 1 - 0.999 ** t;
  for (let i = 0; i < weights.length; i++) {
    state.m[i] += 0.1 * (gradient[i] - state.m[i]);
    state.v[i] += 0.001 * (gradient[i] ** 2 - state.v[i]);
    weights[i] -= ((lr / one) * state.m[i]) / (Math.sqrt(state.v[i] / two) + 1e-8);
  }
}

/** Steps of Algorithm 1 on images (N, pixels) with pixels in [0, 1]: with Bernoulli pixels each mini-batch is drawn black or white anew. */
export function makeTraining(net, { images, weights, seed, batch = 100 }) {
  const N = images.length / net.pixels, random = generator(seed), order = Array.from({ length: N }, (_, i) => i);
  const gradient = new Float32Array(net.size), state = { m: new Float32Array(net.size), v: new Float32Array(net.size), t: 0 };
  let next = N;
  const rows = () => {
    if (next >= N) {
      for (let i = N - 1; i > 0; i--) {
        const j = Math.floor(random.uniform() * (i + 1));
        [order[i], order[j]] = [order[j], order[i]];
      }
      next = 0;
    }
    const chosen = order.slice(next, next + batch);
    next += batch;
    return chosen;
  };
  /** One step with the settings of `terms` and lr; returns the means of the mini-batch. */
  const step = (settings) => {
    const chosen = rows(), n = chosen.length, x = new Float32Array(n * net.pixels);
    chosen.forEach((row, r) => x.set(images.subarray(row * net.pixels, (row + 1) * net.pixels), r * net.pixels));
    if (settings.likelihood === "bernoulli") for (let i = 0; i < x.length; i++) x[i] = random.uniform() < x[i] ? 1 : 0;
    const { reconstruction, kl } = terms(net, weights, x, random.normals(n * net.latent), n, settings, gradient);
    adam(weights, gradient, state, settings.lr);
    return { reconstruction: mean(reconstruction), kl: mean(kl) };
  };
  return { step, weights, state, perEpoch: Math.ceil(N / batch) };
}

/** log p(x) of each of n images by the trapezoid rule over z from −5 to 5 in one or two dimensions (notebook 07), in nats: on trained digits good
 * to two hundredths on average, with Gaussian pixels of σ below 0.1, whose posteriors are narrower than the grid, to one or two nats.
 * Either likelihood is x · (the outputs over σ²) plus what depends on z alone plus what depends on x alone.
 */
export function logEvidence(net, weights, x, n, settings, points = 61) {
  const { pixels: D, latent: L } = net, size = points ** L, z = new Float32Array(size * L), step = 10 / (points - 1);
  const bernoulli = settings.likelihood === "bernoulli", variance = bernoulli ? 1 : settings.sigma ** 2;
  for (let i = 0; i < size; i++) for (let l = 0; l < L; l++) z[i * L + l] = -5 + step * (Math.floor(i / points ** l) % points);
  const { outputs } = decode(net, weights, z, size), ofZ = new Float64Array(size);
  for (let i = 0; i < z.length; i++) ofZ[Math.floor(i / L)] += -0.5 * z[i] ** 2 - Math.log(2 * Math.PI) / 2 + Math.log(step);
  for (let i = 0; i < outputs.length; i++) ofZ[Math.floor(i / D)] -= bernoulli ? softplus(outputs[i]) : outputs[i] ** 2 / (2 * variance);
  const table = new Float32Array(outputs.length + size), layer = { outs: size, ins: D, weight: 0, bias: outputs.length };
  table.set(outputs); // as the weights of a layer without biases: what it makes of an image are the products with the outputs at every z
  return Float32Array.from({ length: n }, (_, r) => {
    let top = -Infinity, sum = 0, ofX = bernoulli ? 0 : (-D * Math.log(2 * Math.PI * variance)) / 2;
    if (!bernoulli) for (let d = 0; d < D; d++) ofX -= x[r * D + d] ** 2 / (2 * variance);
    const logs = ofZ.slice(), dots = affine(table, layer, x.subarray(r * D, (r + 1) * D), 1);
    for (let i = 0; i < size; i++) if ((logs[i] += dots[i] / variance) > top) top = logs[i];
    for (let i = 0; i < size; i++) sum += Math.exp(logs[i] - top);
    return top + Math.log(sum) + ofX;
  });
}

export const mean = (row) => row.reduce((a, b) => a + b, 0) / row.length;

// --- layers; four rows of weights at a time, so that each number of the input is read once for four of the output ---

function affine(weights, { outs, ins, weight, bias }, x, n) {
  const y = new Float32Array(n * outs);
  for (let r = 0; r < n; r++) {
    const at = r * ins, to = r * outs;
    let o = 0;
    for (; o + 4 <= outs; o += 4) {
      const k = weight + o * ins;
      let a = weights[bias + o], b = weights[bias + o + 1], c = weights[bias + o + 2], d = weights[bias + o + 3];
      for (let i = 0; i < ins; i++) {
        const v = x[at + i];
        a += weights[k + i] * v;
        b += weights[k + ins + i] * v;
        c += weights[k + 2 * ins + i] * v;
        d += weights[k + 3 * ins + i] * v;
      }
      [y[to + o], y[to + o + 1], y[to + o + 2], y[to + o + 3]] = [a, b, c, d];
    }
    for (; o < outs; o++) {
      let sum = weights[bias + o];
      for (let i = 0, k = weight + o * ins; i < ins; i++, k++) sum += weights[k] * x[at + i];
      y[to + o] = sum;
    }
  }
  return y;
}

/** From the gradient dy (n, outs): the layer's own is added to `gradient`, that of its input (n, ins) is returned, unless nobody needs it. */
function back(weights, { outs, ins, weight, bias }, x, dy, n, gradient, needed = true) {
  const dx = new Float32Array(needed ? n * ins : 0);
  for (let r = 0; r < n; r++)
    for (let o = 0; o < outs; o++) {
      const g = dy[r * outs + o];
      if (g === 0) continue; // most hidden units after a ReLU
      gradient[bias + o] += g;
      for (let i = 0, k = weight + o * ins, at = r * ins; i < ins; i++, k++, at++) {
        gradient[k] += g * x[at];
        if (needed) dx[at] += g * weights[k];
      }
    }
  return dx;
}

function relu(x) {
  for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] = 0;
  return x;
}

function masked(dy, y) {
  for (let i = 0; i < y.length; i++) if (y[i] === 0) dy[i] = 0;
  return dy;
}
