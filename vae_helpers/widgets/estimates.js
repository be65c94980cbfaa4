import { gaussianStream, meanAndError } from "./bound.js";
import { clamp, number } from "./kit/common.js";
import { button, choices, element, follow, ownKeys, player, put, slider, svg, view } from "./kit/controls.js";

/** f and its slope, by name. Python has the same functions, and takes their slopes by autograd. */
export const FUNCTIONS = {
  "(z − 3)²": [(z) => (z - 3) ** 2, (z) => 2 * (z - 3)],
  "(z − 3)² + 10": [(z) => (z - 3) ** 2 + 10, (z) => 2 * (z - 3)],
  "exp(−z²)": [(z) => Math.exp(-z * z), (z) => -2 * z * Math.exp(-z * z)],
  "cos z": [Math.cos, (z) => -Math.sin(z)],
  "cos 4z": [(z) => Math.cos(4 * z), (z) => -4 * Math.sin(4 * z)],
};
const NAMES = ["score function", "pathwise"], BINS = 60, GRID = Array.from({ length: 1201 }, (_, i) => -12 + i / 50);

/** What each estimator makes of draws z = μ + σ ε, for the derivative of E[f(z)] in μ: height times score, and slope; a row for each. */
export function estimates([f, slope], mu, sigma, noise) {
  const rows = NAMES.map(() => new Float64Array(noise.length));
  for (let i = 0; i < noise.length; i++) {
    const z = mu + sigma * noise[i];
    rows[0][i] = (f(z) * noise[i]) / sigma;
    rows[1][i] = slope(z);
  }
  return rows;
}

/** Mean (the exact gradient) and variance of each estimator, by the trapezoidal rule over ε. */
export function exact(f, mu, sigma) {
  const mean = (row) => GRID.reduce((sum, eps, i) => sum + (row[i] * Math.exp((-eps * eps) / 2)) / Math.sqrt(2 * Math.PI) / 50, 0);
  const rows = estimates(f, mu, sigma, GRID), means = rows.map(mean);
  return { means, variances: rows.map((row, e) => mean(row.map((value) => (value - means[e]) ** 2))) };
}

/** Of a row of estimates for each estimator, all made of the same draws: means with standard errors, the ratio of the two variances and its
 * standard error, by the delta method. */
export function summary(rows) {
  const n = rows[0].length, averages = rows.map(meanAndError), [v, w] = averages.map(({ error }) => error ** 2 * n), [a, b] = averages;
  const pulls = rows[0].map((value, i) => (value - a.mean) ** 2 / v - (rows[1][i] - b.mean) ** 2 / w);
  return { averages, ratio: v / w, error: (v / w) * meanAndError(pulls).error };
}

/** Mean and standard error of the first n estimates, for the n in `counts`, which rise. */
export function running(row, counts) {
  let n = 0, mean = 0, squares = 0;
  return counts.map((count) => {
    for (; n < count; n++) {
      const away = row[n] - mean;
      mean += away / (n + 1);
      squares += away * (row[n] - mean);
    }
    return { n, mean, error: Math.sqrt(squares / (n - 1) / n) }; // not a number for one draw
  });
}

/** How many fall into each of BINS from −reach to reach, and how many outside. */
export function histogram(row, reach) {
  const bins = new Array(BINS).fill(0);
  let outside = 0;
  for (const value of row) {
    const bin = Math.floor(((value / reach + 1) / 2) * BINS);
    if (bin >= 0 && bin < BINS) bins[bin]++;
    else outside++;
  }
  return { bins, outside };
}

// --- pictures: panels of 300 × 230, with axes of WIDE × HIGH ---
const LEFT = 36, TOP = 22, WIDE = 240, HIGH = 164, HALF = HIGH / 2, COLOURS = ["#de8f05", "#0173b2"], RUG = 100;
const decades = (most) => [-0.1, Math.log10(most) + 0.1]; // the axis of the number of draws
const points = (pairs) => pairs.map(([x, y]) => `${x.toFixed(1)},${clamp(y, [-999, 999]).toFixed(1)}`).join(" ");
const line = (name, pairs, attributes) => svg("polyline", { class: `vae-estimates-${name}`, points: points(pairs), fill: "none", ...attributes });
const area = (name, pairs, attributes) => svg("polygon", { class: `vae-estimates-${name}`, points: points(pairs), ...attributes });
const text = (x, y, words, anchor = "middle") => svg("text", { x, y, "text-anchor": anchor }, words);
const scale = ([low, high], [start, end]) => (v) => start + ((v - low) / (high - low)) * (end - start);

/** A few round numbers between two, each with its words. */
function ticks([low, high]) {
  const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough)), step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
  const first = Math.ceil(low / step), count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => [(first + i) * step, number((first + i) * step, Math.max(0, -Math.floor(Math.log10(step))))]);
}

/** A panel that takes the focus, and tells which place is asked about, as a share of its width: by mouse, finger and arrow keys; null when they leave.
 * .draw({ title, name, x, y, marks, shapes }): limits of the axes and their ticks, and shapes(X, Y) in them. */
function makePanel(label, onProbe) {
  const drawing = svg("svg", { viewBox: "0 0 300 230", "aria-hidden": "true" });
  const node = element("div", { class: "vae-estimates-panel", tabindex: 0, role: "application", "aria-label": `${label}: arrow keys read it` }, drawing);
  let place = null;
  const go = (share) => onProbe((place = share));
  for (const kind of ["pointermove", "pointerdown"]) {
    node.addEventListener(kind, ({ clientX }) => {
      const { left, width } = node.getBoundingClientRect();
      go(clamp((((clientX - left) / width) * 300 - LEFT) / WIDE, [0, 1]));
    });
  }
  node.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && go(null)); // what a finger asked for stays
  node.addEventListener("pointercancel", () => go(null)); // it meant to scroll the page
  node.addEventListener("blur", () => go(null));
  ownKeys(node, ({ key }) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (step) go(clamp((place ?? 0.5) + step / BINS, [0, 1]));
    return Boolean(step);
  });
  const draw = ({ title, name, x, y, marks: [across, up], shapes }) => {
    const X = scale(x, [0, WIDE]), Y = scale(y, [HIGH, 0]), probe = place === null ? [] : [line("probe", [[place * WIDE, 0], [place * WIDE, HIGH]])];
    drawing.replaceChildren(
      text(LEFT + WIDE / 2, 15, title), text(LEFT + WIDE / 2, 225, name),
      svg("svg", { x: LEFT, y: TOP, width: WIDE, height: HIGH }, ...shapes(X, Y), ...probe), // cut off at the axes
      svg("rect", { x: LEFT, y: TOP, width: WIDE, height: HIGH }),
      ...across.map(([v, words]) => text(LEFT + X(v), TOP + HIGH + 18, words)), ...up.map(([v, words]) => text(LEFT - 5, TOP + Y(v) + 4, words, "end")));
  };
  return { node, draw };
}

/** f, q in grey, the last draws below; at the last one its height (orange) and its slope (blue), which is all that the estimators see. */
function drawFunction(panel, { f: [f, slope], mu, sigma, z }, [, low, high], seen) {
  const shapes = (X, Y) => {
    const zs = Array.from({ length: 265 }, (_, i) => seen[0] + (i / 264) * (seen[1] - seen[0]));
    const bell = zs.map((at) => [X(at), HIGH * (1 - Math.exp(-0.5 * ((at - mu) / sigma) ** 2) / sigma / 4.4)]);
    const rug = svg("path", { class: "vae-estimates-black", d: z.map((at) => `M${X(at).toFixed(1)} ${HIGH}v-7`).join("") });
    const all = [area("bell", [[0, HIGH], ...bell, [WIDE, HIGH]]), rug, line("black", zs.map((at) => [X(at), Y(f(at))]))];
    if (!z.length) return all;
    const [x, y] = [X(z.at(-1)), Y(f(z.at(-1)))], rise = (slope(z.at(-1)) * (Y(1) - Y(0))) / (X(1) - X(0)), run = 30 / Math.hypot(1, rise);
    const height = line("mark", [[x, Y(0)], [x, y]], { stroke: COLOURS[0] }), tangent = [[x - run, y - rise * run], [x + run, y + rise * run]];
    return [...all, height, line("mark", tangent, { stroke: COLOURS[1] }), svg("circle", { cx: x, cy: y, r: 4.5 })];
  };
  panel.draw({ title: "f, and q in grey", name: "z", x: seen, y: [low, high], marks: [ticks(seen), ticks([low, high])], shapes });
}

/** One histogram below the other, each as high as its highest bin; the triangles are the last estimates. */
function drawHistograms(panel, { rows, counted, truth }, [reach]) {
  const shapes = (X) => counted.flatMap(({ bins, outside }, e) => {
    const floor = HALF * (e + 1), tallest = Math.max(1, ...bins), n = rows[e].length, top = (bin) => floor - (bin / tallest) * (HALF - 34);
    const steps = bins.flatMap((bin, i) => [[(i / BINS) * WIDE, top(bin)], [((i + 1) / BINS) * WIDE, top(bin)]]);
    const names = [text(5, floor - HALF + 15, NAMES[e], "start"), text(WIDE - 5, floor - HALF + 15, outside > 0.005 * n ? `${Math.round((100 * outside) / n)}% outside` : "", "end")];
    const last = Array.from(rows[e].slice(-1), (value) => svg("path", { d: `M${X(value)} ${floor - HALF + 32}l-5 -9h10z` }));
    return [area(`area vae-estimates-${e}`, [[0, floor], ...steps, [WIDE, floor]], { fill: COLOURS[e], stroke: COLOURS[e] }), ...names, ...last];
  }).concat(line("exact", [[X(truth), 0], [X(truth), HIGH]]), line("black", [[0, HALF], [WIDE, HALF]]));
  panel.draw({ title: "single estimates, exact gradient dashed", name: "estimate of the μ-gradient", x: [-reach, reach], y: [0, 1], marks: [ticks([-reach, reach]), []], shapes });
}

/** Averages of the first n estimates, each in a band of one standard error, over n. */
function drawAverages(panel, { paths, truth }, [reach], most) {
  const near = [truth - reach / 3, truth + reach / 3], powers = Array.from({ length: Math.log10(most) + 1 }, (_, i) => [i, (10 ** i).toLocaleString("en")]);
  const shapes = (X, Y) => paths.flatMap((path, e) => {
    const at = path.map(({ n }) => X(Math.log10(n))), middle = path.map(({ mean }, i) => [at[i], Y(mean)]), stroke = COLOURS[e];
    const [below, above] = [-1, 1].map((side) => path.map(({ mean, error }, i) => [at[i], Y(mean + (side * error || 0))]));
    const end = middle.slice(-1).flatMap(([cx, cy]) => [line("mark", [below.at(-1), above.at(-1)], { stroke }), svg("circle", { cx, cy, r: 4, fill: stroke })]);
    return [area("band", [...below, ...above.reverse()], { fill: stroke }), line(`mark vae-estimates-${e}`, middle, { stroke }), ...end];
  }).concat(line("exact", [[0, Y(truth)], [WIDE, Y(truth)]]));
  panel.draw({ title: "averages ± one standard error", name: "draws", x: decades(most), y: near, marks: [powers, ticks(near)], shapes });
}

// --- words ---
const told = ({ mean, error }) => number(mean, 3) + (Number.isNaN(error) ? "" : ` ± ${number(error, 3)}`);
const many = (n) => `${n.toLocaleString("en")} draw${n === 1 ? "" : "s"}`;
const both = ([score, path], truth) => `score function ${told(score)}, pathwise ${told(path)}, exact ${number(truth, 3)}`;

function totalsOf({ rows, paths, truth, ratio }) {
  const n = rows[0].length, digits = ratio < 1 ? 3 : ratio < 100 ? 2 : 0, exactly = `exact ${number(ratio, digits)}`;
  if (!n) return `No draw yet: exact gradient ${number(truth, 3)}. Ratio of the two variances: ${exactly}.`;
  const seen = n > 1 ? summary(rows) : null, measured = seen ? `${number(seen.ratio, digits)} ± ${number(seen.error, digits)}, ` : "";
  return `${many(n)}: ${both(paths.map((path) => path.at(-1)), truth)}. Ratio of the two variances: ${measured}${exactly}.`;
}

/** What the panel k says of the place under the hand, a share of its width; without a hand, of the last draw. */
function detailOf(k, place, { f: [f, slope], mu, sigma, z, rows, counted, truth }, reach, seen, most) {
  const n = rows[0].length, of = (at) => `height f = ${number(f(at), 3)} times score ${number((at - mu) / sigma ** 2, 3)} is ${number((f(at) * (at - mu)) / sigma ** 2, 3)} (score function); slope f′ = ${number(slope(at), 3)} (pathwise).`;
  if (k === 0) {
    const at = seen[0] + place * (seen[1] - seen[0]);
    return `A draw at z = ${number(at)}: ${of(at)}`;
  }
  if (k === 1) {
    const bin = Math.min(BINS - 1, Math.floor(place * BINS)), edge = (i) => number(((2 * i) / BINS - 1) * reach), [a, b] = counted.map(({ bins }) => number((100 * bins[bin]) / Math.max(1, n), 1));
    return `Estimates from ${edge(bin)} to ${edge(bin + 1)}: ${a}% of the score function's, ${b}% of the pathwise ones.`;
  }
  if (k === 2) {
    if (!n) return "No average yet.";
    const [low, high] = decades(most), first = clamp(Math.round(10 ** (low + place * (high - low))), [1, n]);
    return `After ${many(first)}: ${both(rows.map((row) => running(row, [first])[0]), truth)}.`;
  }
  return n ? `Draw ${n.toLocaleString("en")}, z = ${number(z.at(-1))}: ${of(z.at(-1))}` : "Each draw z falls into both histograms.";
}

export default view(({ model, el }) => {
  const most = model.get("most"), axes = model.get("axes"), seen = model.get("seen"), limits = model.get("limits");
  const draws = (more) => { // from the end it begins again
    const count = model.get("count");
    put(model, count === most ? { seed: model.get("seed") + 1, count: more } : { count: Math.min(most, count + more) });
  };
  const names = choices("radio", Object.keys(axes).map((name) => [name, name]), (name) => put(model, { function: name }));
  const [mu, sigma] = Object.entries(limits).map(([name, [min, max, step]], k) => slider("μσ"[k], { min, max, step }, (value) => put(model, { [name]: value })));
  const run = player(el, {
    name: "run",
    begin: () => {
      if (model.get("count") === most) draws(1);
      return Math.log(Math.max(1, model.get("count"))) / Math.log(most);
    },
    go: (share) => put(model, { count: Math.max(model.get("count"), Math.round(most ** share)) }),
    at: () => [model.get("count"), model.get("seed")],
  });
  const buttons = [button("draw 1", () => draws(1)), button("draw 100", () => draws(100)), run.node, button("restart", () => put(model, { count: 0, seed: model.get("seed") + 1 }))];
  const [totals, detail] = [0, 1].map(() => element("output", { class: "vae-reading", "aria-live": "polite" }));
  let asked = [null, null], state = null; // the panel under the hand, and the place there
  const panels = ["The function f and the density q", "Histograms of single estimates", "Averages of the estimates"].map((label, k) =>
    makePanel(label, (place) => {
      if (place !== null) asked = [k, place];
      else if (asked[0] === k) asked = [null, null]; // and not another that has been asked since
      show();
    }));
  el.append(element("div", { class: "vae-estimates" },
    element("div", { class: "vae-estimates-row", role: "radiogroup", "aria-label": "function f" }, element("span", {}, "f(z) ="), ...names.labels),
    element("div", { class: "vae-estimates-row" }, mu.row, sigma.row, element("div", { class: "vae-estimates-row" }, ...buttons)),
    element("div", { class: "vae-estimates-panels" }, ...panels.map(({ node }) => node)), totals, detail));

  let stream = null, noise = [], noiseOf = null; // the draws of this seed so far
  const compute = () => {
    const [name, mu, sigma, count, seed] = ["function", "mu", "sigma", "count", "seed"].map((trait) => model.get(trait)), f = FUNCTIONS[name];
    if (noiseOf !== seed) [stream, noise, noiseOf] = [gaussianStream(seed), [], seed];
    while (noise.length < count) noise.push(stream());
    const rows = estimates(f, mu, sigma, noise.slice(0, count)), z = noise.slice(Math.max(0, count - RUG), count).map((eps) => mu + sigma * eps);
    const counts = [...new Set(Array.from({ length: 161 }, (_, i) => Math.round(most ** (i / 160))))].filter((n) => n < count).concat(count || []);
    const { means: [, truth], variances: [v, w] } = exact(f, mu, sigma);
    return { name, f, mu, sigma, truth, ratio: v / w, rows, z, counted: rows.map((row) => histogram(row, axes[name][0])), paths: rows.map((row) => running(row, counts)) };
  };
  const show = () => {
    drawFunction(panels[0], state, axes[state.name], seen);
    drawHistograms(panels[1], state, axes[state.name]);
    drawAverages(panels[2], state, axes[state.name], most);
    detail.textContent = detailOf(...asked, state, axes[state.name][0], seen, most);
  };
  follow(model, ["function", "mu", "sigma", "count", "seed"], () => {
    state = compute();
    names.show((name) => name === state.name);
    mu.show(state.mu, number(state.mu));
    sigma.show(state.sigma, number(state.sigma));
    totals.textContent = totalsOf(state);
    show();
  });
});
