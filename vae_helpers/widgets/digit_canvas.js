import { klToPrior, logBernoulli, numbersOf, posterior, samplesOf } from "./bound.js";
import { makeDrawing, sketch } from "./drawing.js";
import { prepare } from "./ink.js";
import { clamp, imageCanvas, number, paint, say } from "./kit/common.js";
import { button, element, follow, put, set, svg, view } from "./kit/controls.js";
import { makeDecoder } from "./kit/decoder.js";
import { load } from "./kit/engine.js";
import { makePlane } from "./kit/plane.js";

const SETTLED = 300, SLICE = 12; // milliseconds of rest before the numbers; of work at a time
const IN_A_ROW = 20; // samples

export default view(({ model, el }) => {
  const encode = load(model.get("encoder_network"), model.get("encoder_weights"));
  const { layers, ...rest } = model.get("network");
  const logits = load({ ...rest, layers: layers.slice(0, -1) }, model.get("weights")); // all but the sigmoid
  const { extent, box } = model.get("plane"), [x0, x1, y0, y1] = extent;
  const weigh = numbersOf(logits, model.get("n_samples"), Math.max(4, ...extent.map(Math.abs)));

  // From strokes to q, once for each drawing.
  let seen = null, steps = null, q = null;
  const look = (strokes) => {
    if (strokes === seen) return;
    seen = strokes;
    steps = prepare(strokes, model.get("frame"));
    q = steps && posterior(encode(steps.x.values));
  };
  const inside = ([x, y]) => [clamp(x, [x0, x1]), clamp(y, [y0, y1])];
  // By the hand: everything that a new drawing moves, in one message.
  const go = (strokes, example = null) => {
    look(strokes);
    put(model, { strokes, example, samples: [], z: q ? inside(q.mu) : model.get("z") });
  };

  const drawing = makeDrawing(say(model, "empty"), () => model.get("strokes"), go);
  const undo = button("undo", () => go(model.get("strokes").slice(0, -1))), clear = button("clear", () => go([]));
  const examples = Object.entries(model.get("examples")).map(([digit, strokes]) =>
    button(sketch(strokes), () => go(strokes, Number(digit)), { "aria-label": `example ${digit}` }));
  const choice = element("div", { class: "vae-examples", role: "group", "aria-label": "Examples" }, ...examples);
  const help = "Keys: arrows move the pen, Space sets it down or lifts it, Backspace takes a stroke back. Drag the ring away from μ to decode elsewhere.";
  const left = element("div", { class: "vae-column" }, drawing.node, element("div", { class: "vae-tools" }, undo, clear), choice, element("p", { class: "vae-help" }, help));

  const plane = makePlane(model, {
    label: "Code plane: arrow keys move z, Shift for fine steps, Home for the origin",
    z: () => model.get("z"),
    onMove: (x, y) => put(model, { z: [x, y] }),
  });
  const onPlane = makeEllipses(plane.overlay), [cost, gain, both] = ["cost", "gain", "both"].map((name) => element("p", { class: `vae-term vae-${name}` }));
  const middle = element("div", { class: "vae-column vae-middle" }, plane.node, cost, plane.switches);

  const decoder = makeDecoder(model), bars = makeBars(model), { seen: given, decoded, steps: made } = model.get("words");
  const image = picture(given);
  const pair = element("div", { class: "vae-seen-decoded" }, image.node, captioned(decoder.canvas, decoded));
  const right = element("div", { class: "vae-column" }, pair, gain, both, decoder.reading, bars.node);

  const [scan, scaled, centred, black] = made.map((name, k) => picture(`${k + 1} · ${name}`));
  const crop = svg("rect", { class: "vae-crop vae-line" });
  scan.node.querySelector(".vae-frame-of").append(svg("svg", { class: "vae-marks", viewBox: "0 0 128 128", "aria-hidden": "true" }, crop));
  const how = model.get("frame").by_mass
    ? "As MNIST was made: the ink's box is scaled to fit 20 × 20, its centre of mass goes to the middle of 28 × 28; pixels at least half ink are black, as a Bernoulli needs them."
    : "As scikit-learn's digits were made: the ink's box is scaled to fit 32 × 32 and counted in blocks of 4 × 4; blocks at least half ink are black, as a Bernoulli needs them.";
  const strip = element("div", { class: "vae-steps" }, scan.node, scaled.node, centred.node, black.node);

  const lens = makeLens(), sampled = imageCanvas([1, 1], { class: "vae-sampled" }, "No samples.");
  let presses = 0;
  const sampler = (n, act) => button(`sample ${n}`, () => q && act(samplesOf(q, n, ++presses)));
  const one = sampler(1, ([z]) => put(model, { samples: [inside(z)], z: inside(z) })), many = sampler(100, (samples) => put(model, { samples }));
  const tools = element("div", { class: "vae-tools" }, one, many, element("span", { class: "vae-help" }, "from q(z|x)"));
  const draws = element("div", { class: "vae-draws" }, lens.node, element("div", { class: "vae-column" }, tools, sampled));
  const root = element("div", { class: "vae-digit" },
    element("div", { class: "vae-row" }, left, network("encoder φ"), middle, network("decoder θ"), right),
    element("div", { class: "vae-row" }, element("div", { class: "vae-how" }, strip, element("p", { class: "vae-help" }, how)), draws));
  el.append(root);

  // The numbers, when the hand has come to rest.
  let timer = null;
  const settle = () => {
    clearTimeout(timer);
    bars.wait(Boolean(steps));
    if (!steps) return;
    const work = weigh(steps.x.values, q);
    const slice = () => {
      const start = performance.now();
      for (let step = work.next(); ; step = work.next()) {
        if (step.done) return bars.show(step.value);
        if (performance.now() - start > SLICE) return void (timer = setTimeout(slice, 0));
      }
    };
    const begin = () => (timer = drawing.busy() ? setTimeout(begin, SETTLED) : setTimeout(slice, 0));
    timer = setTimeout(begin, SETTLED);
  };

  let settled = null;
  follow(model, ["strokes", "example", "z", "samples", "window"], () => {
    const strokes = model.get("strokes"), z = model.get("z"), points = model.get("samples");
    look(strokes);
    if (settled !== seen) {
      settled = seen;
      drawing.draw(strokes);
      root.classList.toggle("vae-empty", !steps);
      if (steps) {
        for (const [into, what] of [[scan, steps.scan], [scaled, steps.scaled], [centred, steps.centred], [black, steps.x], [image, steps.x]]) into.show(what);
        const [y, x, height, width] = steps.crop;
        set(crop, { x, y, width, height });
      }
      settle();
    }
    examples.forEach((node, digit) => node.setAttribute("aria-pressed", digit === model.get("example")));
    plane.place(...z);
    decoder.draw(z);
    onPlane.show(q, points);
    if (!q) return;
    const kl = klToPrior(q), gained = logBernoulli(logits(z), steps.x.values);
    const drawn = points.length === 1 && Math.hypot(points[0][0] - z[0], points[0][1] - z[1]) < 1e-6; // Python keeps float32
    const terms = { kl: number(kl, 1), log_likelihood: number(gained, 1), elbo: number(gained - kl, 1) };
    for (const [node, name] of [[cost, "cost"], [gain, "gain"], [both, drawn ? "draw" : "by_hand"]]) node.textContent = say(model, name, terms);
    const [from, to] = plane.seen();
    lens.show(q, points, z, (to - from) / (box[2] * plane.node.clientWidth || 300));
    showSamples(sampled, points, logits, model.get("image_shape"));
  });
});

/** A network between two columns, as a funnel. */
const network = (name) => element("div", { class: `vae-network vae-${name.slice(0, 7)}`, "aria-hidden": "true" }, element("span", {}, name));

const captioned = (node, caption) => element("div", { class: "vae-captioned" }, element("div", { class: "vae-frame-of" }, node), element("span", {}, caption));

/** An image under its name: .node and .show({ height, width, values }). */
function picture(caption) {
  const canvas = imageCanvas([1, 1], { class: "vae-image" }, caption);
  const show = ({ height, width, values }) => {
    Object.assign(canvas, { height, width });
    canvas.style.aspectRatio = `${width} / ${height}`;
    paint(canvas, values);
  };
  return { node: captioned(canvas, caption), show };
}

/** q's ellipses of 1σ and 2σ and sampled points, drawn into an SVG in units of z whose y points down. */
function makeEllipses(into) {
  const shapes = [1, 2].flatMap((radius) => ["vae-halo", "vae-q"].map((kind) => [radius, svg("ellipse", { class: `vae-line ${kind}` })]));
  const dots = svg("path", { class: "vae-line vae-dots" });
  into.append(dots, ...shapes.map(([, shape]) => shape));
  const show = (q, points) => {
    set(dots, { d: points.map(([x, y]) => `M${x} ${-y}h0`).join("") });
    shapes.forEach(([r, shape]) => set(shape, q ? { cx: q.mu[0], cy: -q.mu[1], rx: r * q.sigma[0], ry: r * q.sigma[1] } : { rx: 0, ry: 0 }));
  };
  return { show };
}

/** The plane around μ, enlarged: q is often too narrow to be seen in true scale on all of it. */
function makeLens() {
  const lens = svg("svg", { class: "vae-lens", "aria-hidden": "true" }), words = element("span");
  const ellipses = makeEllipses(lens), ringAt = svg("path", { class: "vae-line vae-at" });
  lens.append(ringAt);
  const show = (q, points, z, perPixel) => {
    const half = 3.6 * Math.max(...q.sigma);
    set(lens, { viewBox: `${q.mu[0] - half} ${-q.mu[1] - half} ${2 * half} ${2 * half}` });
    ellipses.show(q, points);
    set(ringAt, { d: `M${z[0]} ${-z[1]}h0` });
    words.textContent = `q(z|x), ${number((perPixel * 108) / (2 * half), 0)}× enlarged`;
  };
  return { node: element("div", { class: "vae-captioned" }, lens, words), show };
}

function showSamples(canvas, points, logits, [height, width]) {
  const columns = Math.min(points.length, IN_A_ROW), rows = Math.ceil(points.length / IN_A_ROW);
  canvas.hidden = !points.length;
  if (canvas.hidden) return;
  Object.assign(canvas, { width: columns * width, height: rows * height });
  canvas.style.width = points.length === 1 ? "96px" : "100%";
  const pixels = new Float64Array(canvas.width * canvas.height);
  points.forEach((z, n) => {
    const values = logits(z), start = Math.floor(n / columns) * height * canvas.width + (n % columns) * width;
    for (let d = 0; d < height * width; d++) pixels[start + Math.floor(d / width) * canvas.width + (d % width)] = 1 / (1 + Math.exp(-values[d]));
  });
  paint(canvas, pixels);
  canvas.setAttribute("aria-label", points.length === 1 ? "The image of one z from q." : `The images of ${points.length} z from q.`);
}

/** The waterfall of the bound: .node, .wait(whether numbers will come), .show(numbers), and the sentence that is announced. */
function makeBars(model) {
  const rows = Object.entries(model.get("bars")).map(([name, colour]) => {
    const bar = element("div", { class: "vae-fill", style: `background: ${colour}` }), value = element("span", { class: "vae-value" });
    return { bar, value, cells: [element("span", {}, name), element("div", { class: "vae-track" }, bar), value] };
  });
  const low = element("span"), axis = element("div", { class: "vae-ends" }, low, element("span", {}, "0 nats"));
  const chart = element("div", { class: "vae-bound", "aria-hidden": "true" }, ...rows.flatMap((r) => r.cells), element("span"), axis, element("span"));
  const reading = element("output", { class: "vae-reading vae-unseen", "aria-live": "polite" }); // the bars say it to the eye
  const node = element("div", { class: "vae-numbers", "aria-busy": "false" }, chart, reading);
  const wait = (coming) => {
    node.setAttribute("aria-busy", coming);
    reading.textContent = coming ? "…" : say(model, "empty");
  };
  const show = ({ reconstruction: { mean, error }, kl, logEvidence }) => {
    const elbo = mean - kl, gap = logEvidence - elbo, ends = Math.max(10, Math.ceil(-Math.min(elbo, logEvidence) / 10) * 10);
    const spans = [[0, mean], [mean, elbo], [0, elbo], [elbo, logEvidence], [0, logEvidence]];
    const share = (v) => 100 * (1 + Math.min(0, v) / ends);
    spans.forEach(([a, b], k) => Object.assign(rows[k].bar.style, { left: `${share(Math.min(a, b))}%`, width: `${share(Math.max(a, b)) - share(Math.min(a, b))}%` }));
    [mean, -kl, elbo, gap, logEvidence].forEach((v, k) => (rows[k].value.textContent = number(v, 1)));
    low.textContent = number(-ends, 0);
    const [e, r, k, l, g] = [elbo, mean, kl, logEvidence, gap].map((v) => number(v, 1));
    reading.textContent = say(model, "reading", { elbo: e, reconstruction: r, kl: k, log_evidence: l, gap: g });
    reading.title = `Reconstruction: the mean of ${model.get("n_samples")} samples from q, ± ${number(error)}. log p(x): summed over the plane on a grid that is refined where the mass lies.`;
    node.setAttribute("aria-busy", "false");
  };
  return { node, wait, show };
}
