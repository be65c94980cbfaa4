import { clamp, element, follow, guarded, number, ownKeys, paint, put, svgElement } from "./kit/common.js";
import { evidence, klToPrior, logBernoulli, meanAndError, posterior, samplesOf } from "./bound.js";
import { load } from "./kit/engine.js";
import { makeDecoder } from "./kit/decoder.js";
import { makePlane } from "./kit/plane.js";
import { prepare } from "./ink.js";

const N_SAMPLES = 500, SETTLED = 300, SLICE = 12; // samples of z for the reconstruction term; milliseconds of rest before the numbers; of work at a time
const EMPTY = "Draw a digit or choose an example.";
const IN_A_ROW = 20;
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const render = guarded(({ model, el }) => {
  const encode = load(model.get("encoder_network"), model.get("encoder_weights"));
  const { layers, ...rest } = model.get("network");
  const logits = load({ ...rest, layers: layers.slice(0, -1) }, model.get("weights")); // all but the sigmoid
  const [x0, x1, y0, y1] = model.get("extent");
  const numbersOf = makeNumbers(logits, Math.max(4, ...model.get("extent").map(Math.abs)));

  // From strokes to q, once for each drawing.
  let seen = null, steps = null, q = null;
  const look = (strokes) => {
    if (strokes === seen) return false;
    seen = strokes;
    steps = prepare(strokes, model.get("frame"));
    q = steps && posterior(encode(steps.x.values));
    return true;
  };
  // By the hand: everything that a new drawing moves, in one message.
  const go = (strokes, example = null) => {
    look(strokes);
    const z = q ? [clamp(q.mu[0], [x0, x1]), clamp(q.mu[1], [y0, y1])] : model.get("z");
    model.set({ strokes, example, samples: [], z });
    model.save_changes();
  };

  const drawing = makeDrawing(() => model.get("strokes"), go);
  const examples = Object.entries(model.get("examples")).map(([digit, strokes]) => {
    const button = pressed(svgOf(strokes), () => go(strokes, Number(digit)));
    button.setAttribute("aria-label", `example ${digit}`);
    return { digit: Number(digit), button };
  });
  const undo = pressed("undo", () => go(model.get("strokes").slice(0, -1)));
  const clear = pressed("clear", () => go([]));
  const choice = element("div", { class: "vae-examples", role: "group", "aria-label": "Examples" }, ...examples.map((e) => e.button));
  const left = element("div", { class: "vae-column" }, drawing.node, element("div", { class: "vae-tools" }, undo, clear), choice);

  const plane = makePlane(model, {
    label: "Code plane: arrow keys move z, Shift for fine steps, Home for the origin",
    z: () => model.get("z"),
    onMove: (x, y) => put(model, "z", [x, y]),
  });
  const onPlane = makeEllipses(plane.overlay);
  const middle = element("div", { class: "vae-column vae-middle" }, plane.node, plane.switches);

  const decoder = makeDecoder(model);
  const image = picture("x, for the encoder");
  const bars = makeBars();
  const pair = element("div", { class: "vae-seen-decoded" }, image.node, captioned(decoder.canvas, "decoded at z"));
  const right = element("div", { class: "vae-column" }, pair, decoder.reading, bars.node);

  const scan = picture("1 · cut out"), scaled = picture("2 · scaled"), centred = picture("3 · centred"), black = picture("4 · binarized");
  const frame = model.get("frame"), crop = svgElement("rect", { class: "vae-crop vae-line" });
  const marks = svgElement("svg", { class: "vae-marks", viewBox: "0 0 128 128", "aria-hidden": "true" });
  marks.append(crop);
  scan.node.querySelector(".vae-frame-of").append(marks);
  const made = frame.by_mass
    ? "As MNIST was made: the ink's box is scaled to fit 20 × 20, its centre of mass goes to the middle of 28 × 28; pixels at least half ink are black, as a Bernoulli needs them."
    : "As scikit-learn's digits were made: the ink's box is scaled to fit 32 × 32 and counted in blocks of 4 × 4; blocks at least half ink are black, as a Bernoulli needs them.";
  const strip = element("div", { class: "vae-steps" }, scan.node, scaled.node, centred.node, black.node);
  const how = element("div", { class: "vae-how" }, strip, element("p", { class: "vae-help" }, made));

  const lens = makeLens();
  const sampled = element("canvas", { class: "vae-sampled", role: "img", width: 1, height: 1 });
  let presses = 0;
  const sampler = (n) => pressed(`sample ${n}`, () => q && put(model, "samples", samplesOf(q, n, ++presses)));
  const tools = element("div", { class: "vae-tools" }, sampler(1), sampler(100), element("span", { class: "vae-help" }, "from q(z|x)"));
  const draws = element("div", { class: "vae-draws" }, lens.node, element("div", { class: "vae-column" }, tools, sampled));
  const help = "Draw with mouse, pen or finger; with keys: arrows move the pen, Space sets it down or lifts it, Backspace takes a stroke back. Drag the ring away from μ to decode elsewhere.";
  const top = element("div", { class: "vae-row" }, left, middle, right);
  const root = element("div", { class: "vae-digit" }, top, element("div", { class: "vae-row" }, how, draws), element("p", { class: "vae-help" }, help));
  el.append(root);

  // The numbers, when the hand has come to rest.
  let timer = null;
  const settle = () => {
    clearTimeout(timer);
    bars.wait(Boolean(steps));
    if (!steps) return;
    const { x } = steps, work = numbersOf(x.values, q);
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
  const stop = follow(model, ["strokes", "example", "z", "samples"], () => {
    const strokes = model.get("strokes"), z = model.get("z"), points = model.get("samples");
    look(strokes);
    if (settled !== seen) {
      settled = seen;
      drawing.draw(strokes);
      root.classList.toggle("vae-empty", !steps);
      if (steps) {
        for (const [into, what] of [[scan, steps.scan], [scaled, steps.scaled], [centred, steps.centred], [black, steps.x], [image, steps.x]]) into.show(what);
        const [row, column, height, width] = steps.crop;
        for (const [name, value] of Object.entries({ x: column, y: row, width, height })) crop.setAttribute(name, value);
      }
      settle();
    }
    examples.forEach(({ digit, button }) => button.setAttribute("aria-pressed", digit === model.get("example")));
    plane.place(...z);
    decoder.draw(z);
    onPlane.show(q, points);
    if (!q) return;
    lens.show(q, points, z, (x1 - x0) / (model.get("box")[2] * plane.node.clientWidth || 300));
    showSamples(sampled, points, logits, model.get("image_shape"));
  });
  return () => {
    clearTimeout(timer);
    stop();
    plane.close();
  };
});

/** x and q → a generator that works in short pieces and returns { reconstruction: { mean, error }, kl, logEvidence }. */
function makeNumbers(logits, half) {
  const logEvidence = evidence(logits, half);
  return function* (x, q) {
    const terms = [];
    for (const z of samplesOf(q, N_SAMPLES, 0)) if (terms.push(logBernoulli(logits(z), x)) % 10 === 0) yield;
    return { reconstruction: meanAndError(terms), kl: klToPrior(q), logEvidence: yield* logEvidence(x) };
  };
}

/** The square to draw on: .node, .draw(strokes), .busy() while the pen is down. `strokes()` are those on it, `onChange` hears of new ones. */
function makeDrawing(strokes, onChange) {
  const ink = svgElement("svg", { viewBox: "0 0 128 128", class: "vae-ink", "aria-hidden": "true" });
  const pen = svgElement("circle", { class: "vae-pen vae-line", r: 5 });
  const words = element("span", { class: "vae-invite" }, EMPTY);
  const status = element("span", { class: "vae-unseen", role: "status" });
  const label = "Canvas: arrow keys move the pen, Shift for fine steps, Space sets it down or lifts it, Backspace takes back the last stroke";
  const node = element("div", { class: "vae-drawing", tabindex: 0, role: "application", "aria-label": label }, ink, words, status);
  const round = (v) => Math.round(1000 * clamp(v, [0, 1])) / 1000;
  let pointer = null, at = [0.5, 0.5], down = false; // of mouse, pen or finger; of the keys

  const begin = (point) => onChange([...strokes(), [point]]);
  const extend = (points) => {
    const all = strokes(), last = all.at(-1) ?? [];
    const longer = points.reduce((s, p) => (s.length && Math.hypot(p[0] - s.at(-1)[0], p[1] - s.at(-1)[1]) < 0.004 ? s : [...s, p]), last);
    if (longer !== last) onChange([...all.slice(0, -1), longer]);
  };
  const place = (event) => {
    const box = node.getBoundingClientRect(); // the page may be scaled
    return [round((event.clientX - box.left) / box.width), round((event.clientY - box.top) / box.height)];
  };
  node.style.touchAction = "none"; // a finger draws, and does not scroll the page
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    node.focus({ preventScroll: true });
    node.setPointerCapture((pointer = event.pointerId));
    lift();
    begin(place(event));
  });
  node.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const all = event.getCoalescedEvents?.() ?? []; // a fast hand moves several times a frame
    extend((all.length ? all : [event]).map(place));
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"])
    node.addEventListener(name, (event) => event.pointerId === pointer && (pointer = null));

  const show = () => {
    [["cx", at[0]], ["cy", at[1]]].forEach(([name, v]) => pen.setAttribute(name, 128 * v));
    pen.classList.toggle("vae-down", down);
    const said = down ? "pen down" : "pen up";
    if (status.textContent !== said) status.textContent = said;
  };
  const lift = () => {
    down = false;
    show();
  };
  node.addEventListener("blur", lift);
  ownKeys(node, ({ key, shiftKey }) => {
    if (key === " ") {
      down = !down;
      if (down) begin([...at]);
    } else if (key in DIRECTIONS) {
      at = at.map((v, axis) => round(v + DIRECTIONS[key][axis] * (shiftKey ? 0.01 : 0.04)));
      if (down) extend([at]);
    } else if (key === "Backspace") {
      down = false;
      onChange(strokes().slice(0, -1));
    } else return false;
    show();
    return true;
  });
  const draw = (all) => {
    ink.replaceChildren(...svgLines(all), pen);
    words.hidden = all.length > 0;
    if (!all.length) down = false;
    show();
  };
  return { node, draw, busy: () => pointer !== null };
}

const svgLines = (strokes) =>
  strokes.map((stroke) => svgElement("path", { class: "vae-stroke", d: `M${[...stroke, stroke.at(-1)].map(([x, y]) => `${128 * x} ${128 * y}`).join("L")}` }));

function svgOf(strokes) {
  const svg = svgElement("svg", { viewBox: "0 0 128 128", "aria-hidden": "true" });
  svg.append(...svgLines(strokes));
  return svg;
}

function pressed(content, onClick) {
  const button = element("button", { type: "button" }, content);
  ownKeys(button);
  button.addEventListener("click", onClick);
  return button;
}

const captioned = (node, caption) => element("div", { class: "vae-captioned" }, element("div", { class: "vae-frame-of" }, node), element("span", {}, caption));

/** An image under its name: .node and .show({ height, width, values }). */
function picture(caption) {
  const canvas = element("canvas", { class: "vae-image", role: "img", "aria-label": caption, width: 1, height: 1 });
  const show = ({ height, width, values }) => {
    Object.assign(canvas, { height, width });
    canvas.style.aspectRatio = `${width} / ${height}`;
    paint(canvas, values);
  };
  return { node: captioned(canvas, caption), show };
}

/** q's ellipses of 1σ and 2σ and sampled points, drawn into an SVG in units of z whose y points down. */
function makeEllipses(svg) {
  const shapes = [1, 2].flatMap((radius) => ["vae-halo", "vae-q"].map((kind) => [radius, svgElement("ellipse", { class: `vae-line ${kind}` })]));
  const dots = svgElement("path", { class: "vae-line vae-dots" });
  svg.append(dots, ...shapes.map(([, shape]) => shape));
  const show = (q, points) => {
    dots.setAttribute("d", points.map(([x, y]) => `M${x} ${-y}h0`).join(""));
    shapes.forEach(([radius, shape]) => {
      const place = q ? { cx: q.mu[0], cy: -q.mu[1], rx: radius * q.sigma[0], ry: radius * q.sigma[1] } : { rx: 0, ry: 0 };
      for (const [name, value] of Object.entries(place)) shape.setAttribute(name, value);
    });
  };
  return { show };
}

/** The plane around μ, enlarged: q is often too narrow to be seen in true scale on all of it. */
function makeLens() {
  const svg = svgElement("svg", { class: "vae-lens", "aria-hidden": "true" });
  const ellipses = makeEllipses(svg), ringAt = svgElement("path", { class: "vae-line vae-at" });
  svg.append(ringAt);
  const words = element("span", {});
  const node = element("div", { class: "vae-captioned" }, svg, words);
  const show = (q, points, z, perPixel) => {
    const half = 3.6 * Math.max(...q.sigma);
    svg.setAttribute("viewBox", `${q.mu[0] - half} ${-q.mu[1] - half} ${2 * half} ${2 * half}`);
    ellipses.show(q, points);
    ringAt.setAttribute("d", `M${z[0]} ${-z[1]}h0`);
    words.textContent = `q(z|x), ${number((perPixel * 108) / (2 * half), 0)}× enlarged`;
  };
  return { node, show };
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
function makeBars() {
  const names = { reconstruction: "#0173b2", "− KL": "#d2785a", ELBO: "#789687", gap: "#d20f5a", "log p(x)": "#3ca500" };
  const rows = Object.entries(names).map(([name, colour]) => {
    const bar = element("div", { class: "vae-fill", style: `background: ${colour}` }), value = element("span", { class: "vae-value" });
    return { bar, value, cells: [element("span", {}, name), element("div", { class: "vae-track" }, bar), value] };
  });
  const low = element("span", {}), axis = element("div", { class: "vae-ends" }, low, element("span", {}, "0 nats"));
  const chart = element("div", { class: "vae-bound", "aria-hidden": "true" }, ...rows.flatMap((r) => r.cells), element("span", {}), axis, element("span", {}));
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" });
  const node = element("div", { class: "vae-numbers", "aria-busy": "false" }, chart, reading);
  const wait = (coming) => {
    node.setAttribute("aria-busy", coming);
    reading.textContent = coming ? "…" : EMPTY;
  };
  const show = ({ reconstruction, kl, logEvidence }) => {
    const elbo = reconstruction.mean - kl, gap = logEvidence - elbo, ends = Math.max(10, Math.ceil(-Math.min(elbo, logEvidence) / 10) * 10);
    const spans = [[0, reconstruction.mean], [reconstruction.mean, elbo], [0, elbo], [elbo, logEvidence], [0, logEvidence]];
    spans.forEach(([a, b], k) => {
      const share = (v) => 100 * (1 + Math.min(0, v) / ends);
      Object.assign(rows[k].bar.style, { left: `${share(Math.min(a, b))}%`, width: `${share(Math.max(a, b)) - share(Math.min(a, b))}%` });
    });
    [reconstruction.mean, -kl, elbo, gap, logEvidence].forEach((v, k) => (rows[k].value.textContent = number(v, 1)));
    low.textContent = number(-ends, 0);
    const [e, r, k, l, g] = [elbo, reconstruction.mean, kl, logEvidence, gap].map((v) => number(v, 1));
    reading.textContent = `ELBO ${e} = reconstruction ${r} − KL ${k} nats; log p(x) = ${l} (on a grid), a gap of ${g}.`;
    reading.title = `Reconstruction: the mean of ${N_SAMPLES} samples from q, ± ${number(reconstruction.error)}. log p(x): summed over the plane on a grid that is refined where the mass lies.`;
    node.setAttribute("aria-busy", "false");
  };
  return { node, wait, show };
}

export default { render };
