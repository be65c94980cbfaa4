// The numbers of one image under a VAE with a Bernoulli likelihood, in nats. No DOM here: Node imports this file and the tests compare it
// with PyTorch. `logits(z)` are the decoder's outputs; images are black or white, 1 or 0.

/** A stream of independent N(0, 1) numbers, the same for the same seed in every browser (mulberry32, then Box and Muller). */
export function gaussianStream(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** `n` draws from q = N(μ, diag σ²). */
export function samplesOf({ mu, sigma }, n, seed) {
  const next = gaussianStream(seed);
  return Array.from({ length: n }, () => mu.map((m, l) => m + sigma[l] * next()));
}

/** What the encoder puts out, [μ, log σ²] → q: { mu, sigma }. */
export function posterior(outputs) {
  const half = outputs.length / 2;
  return { mu: Array.from(outputs.slice(0, half)), sigma: Array.from(outputs.slice(half), (v) => Math.exp(v / 2)) };
}

/** KL(q ‖ N(0, I)), in closed form. */
export const klToPrior = ({ mu, sigma }) => mu.reduce((sum, m, l) => sum + 0.5 * (m * m + sigma[l] ** 2 - 1) - Math.log(sigma[l]), 0);

/** log p(x|z) = Σ x · logit − log(1 + e^logit). */
export function logBernoulli(logits, x) {
  let sum = 0;
  for (let d = 0; d < x.length; d++) sum += x[d] * logits[d] - Math.max(logits[d], 0) - Math.log1p(Math.exp(-Math.abs(logits[d])));
  return sum;
}

/** Mean and standard error of numbers. */
export function meanAndError(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const square = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(square / values.length) };
}

const COARSE = 0.25, SPLITS = 4, KEPT = 40;

/** log p(x) = log ∫ p(x|z) p(z) dz over a square of the plane, from −half to half, by the midpoint rule on cells of 0.25 whose KEPT heaviest are
 * cut into four, SPLITS times over: to 0.016. The coarse cells' outputs do not depend on x and are kept for the next image.
 *
 * Returns x → a generator that yields when it has worked for a while, and returns log p(x).
 */
export function evidence(logits, half) {
  const n = Math.ceil(half / COARSE);
  const table = []; // of the coarse cells
  return function* (x) {
    const weigh = (z, side, outputs) => ({ z, side, log: logBernoulli(outputs, x) - 0.5 * (z[0] ** 2 + z[1] ** 2) - Math.log(2 * Math.PI) });
    let cells = [], done = [];
    for (let i = -n; i < n; i++) {
      for (let j = -n; j < n; j++) {
        const z = [(i + 0.5) * COARSE, (j + 0.5) * COARSE], k = (i + n) * 2 * n + j + n;
        table[k] ??= Float32Array.from(logits(z));
        cells.push(weigh(z, COARSE, table[k]));
      }
      yield;
    }
    for (let split = 0; split < SPLITS; split++) {
      cells.sort((a, b) => b.log - a.log);
      done.push(...cells.splice(KEPT));
      const parents = cells;
      cells = [];
      for (const { z, side } of parents) {
        for (const [a, b] of [[-1, -1], [-1, 1], [1, -1], [1, 1]]) {
          const child = [z[0] + (a * side) / 4, z[1] + (b * side) / 4];
          cells.push(weigh(child, side / 2, logits(child)));
        }
        if (cells.length % 20 === 0) yield;
      }
    }
    const parts = [...done, ...cells].map(({ log, side }) => log + 2 * Math.log(side)), top = Math.max(...parts);
    return top + Math.log(parts.reduce((sum, v) => sum + Math.exp(v - top), 0));
  };
}

/** (x, q) → a generator that works in short pieces and returns { reconstruction: { mean, error }, kl, logEvidence }. */
export function numbersOf(logits, nSamples, half) {
  const logEvidence = evidence(logits, half);
  return function* (x, q) {
    const terms = [];
    for (const z of samplesOf(q, nSamples, 0)) if (terms.push(logBernoulli(logits(z), x)) % 10 === 0) yield;
    return { reconstruction: meanAndError(terms), kl: klToPrior(q), logEvidence: yield* logEvidence(x) };
  };
}
