// A training that runs beside the page, in a worker: messages in say what to do, frames out say how it stands. playground.js is the other end.
import { decode, encode, generator, initial, layout, logEvidence, makeTraining, mean, means, terms } from "./train.js";

const SLICE = 12, FRAME = 80, EVIDENCE = 1500; // milliseconds of steps in one go, between frames, between two log p(x)
const SHEET = 13, REACH = 3; // the sheet is decoded at SHEET × SHEET codes from −REACH to REACH
const TRUE = { beta: 1, noise: true }; // what is tested is the ELBO, whatever is trained

let run = null, settings = null, playing = false, perSecond = Infinity, queued = false;

onmessage = ({ data: { start, ...said } }) => {
  if (said.settings) settings = said.settings;
  if (start) begin(start);
  if ("perSecond" in said) perSecond = said.perSecond;
  if ("epoch" in said) run.back = said.epoch < run.saved.length - 1 ? said.epoch : null;
  else if (run.back !== null && (said.steps || said.playing)) goOn();
  if (said.steps) for (let k = 0; k < said.steps; k++) step();
  if ("playing" in said) [playing, run.owed, run.last] = [said.playing, 0, performance.now()];
  if (playing) again();
  else if ("epoch" in said) look();
  else frame(true);
};

/** From the epoch that is looked back at, as if what came later had not been. */
function goOn() {
  const { training, saved, back } = run;
  training.weights.set(saved[back]);
  [training.state.m, training.state.v].forEach((row) => row.fill(0)); // Adam begins anew from a weight that is taken up again
  training.state.t = 0;
  saved.length = back + 1;
  Object.assign(run, { trained: null, steps: back * training.perEpoch, back: null });
  frame(true);
}

/** A frame for the last of the places that a hand on the slider asks for while another is made. */
function look() {
  clearTimeout(run.looking);
  run.looking = setTimeout(() => playing || frame(true), 0);
}

function begin({ net: shape, images, test, count, latent, seed, weights }) {
  const net = layout({ ...shape, latent }), random = generator(seed), L = latent;
  const training = makeTraining(net, { images, weights: weights ?? initial(net, random), seed: seed + 1 });
  const sheet = Float32Array.from({ length: SHEET ** L * L }, (_, i) => {
    const at = Math.floor(i / L), step = (2 * REACH) / (SHEET - 1);
    if (L === 1) return -REACH + step * at;
    return i % 2 ? REACH - step * Math.floor(at / SHEET) : -REACH + step * (at % SHEET); // rows from the top
  });
  const samples = random.normals(10 * L), eps = random.normals(count * L);
  run = { net, training, test, count, sheet, samples, eps, saved: [training.weights.slice()], steps: 0, back: null, told: 0, weighed: -Infinity, owed: 0, last: 0 };
}

function step() {
  const now = run.training.step(settings), before = run.trained ?? now, share = 1 / run.training.perEpoch; // a mean over about an epoch
  run.trained = Object.fromEntries(Object.entries(now).map(([name, v]) => [name, before[name] + share * (v - before[name])]));
  if (++run.steps % run.training.perEpoch === 0) run.saved.push(run.training.weights.slice());
}

function again() {
  if (queued) return;
  queued = true;
  setTimeout(() => {
    queued = false;
    if (!playing) return;
    const began = performance.now();
    run.owed = perSecond === Infinity ? Infinity : Math.min(run.owed + ((began - run.last) / 1000) * perSecond, 4 + perSecond / 10); // 0 · ∞ is NaN
    run.last = began;
    while (run.owed >= 1 && performance.now() - began < SLICE) {
      step();
      run.owed--;
    }
    if (performance.now() - run.told > FRAME) frame(false);
    again();
  }, perSecond === Infinity ? 0 : 4);
}

function frame(whole) {
  const { net, test, count, back, training: { perEpoch, ...training } } = run, asked = { ...settings, ...TRUE }, now = performance.now();
  const [weights, steps] = back === null ? [training.weights, run.steps] : [run.saved[back], back * perEpoch];
  const { reconstruction, kl } = terms(net, weights, test, run.eps, count, asked), { mu, logvar } = encode(net, weights, test, count);
  const images = (z) => Uint8ClampedArray.from(means(decode(net, weights, z, z.length / net.latent).outputs, settings), (m) => 255 * m);
  let evidence = null;
  if (whole || now - run.weighed > EVIDENCE) {
    evidence = mean(logEvidence(net, weights, test, count, settings));
    run.weighed = performance.now();
  }
  const told = {
    steps, perEpoch, epochs: run.saved.length - 1, back, trained: back === null ? run.trained ?? null : null, evidence,
    reconstruction: mean(reconstruction), kl: mean(kl), mu, sigma: logvar.map((v) => Math.exp(v / 2)), whole,
    sheet: images(run.sheet), rebuilt: images(mu.slice(0, 10 * net.latent)), samples: images(run.samples), weights: weights.slice(),
  };
  postMessage(told);
  run.told = performance.now();
}
