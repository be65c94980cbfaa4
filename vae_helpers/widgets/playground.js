import { number, paint } from "./kit/common.js";
import { button, choices, drag, element, follow, ownKeys, put, set, slider, svg, view } from "./kit/controls.js";

const SHEET = 13, REACH = 3 + 3 / (SHEET - 1), SIZE = 360; // of the plane: digits on a side, whose codes go from −3 to 3; its edge; pixels on the screen
const SPEEDS = [["2", 2], ["20", 20], ["as fast as it can", Infinity]];

export default view(({ model, el }) => {
  const [height, width] = model.get("image_shape"), pixels = height * width, labels = model.get("labels"), colours = model.get("label_colours");
  const grey = (bytes) => Float32Array.from(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), (v) => v / model.get("levels"));
  const images = grey(model.get("images")), greyTest = grey(model.get("test")), count = greyTest.length / pixels;
  const black = grey(model.get("black")), settings = () => Object.fromEntries(["beta", "noise", "lr", "likelihood", "sigma"].map((name) => [name, model.get(name)]));
  const asked = () => ({ ...settings(), beta: model.get("kl") ? model.get("beta") : 0 });
  const test = () => (model.get("likelihood") === "bernoulli" ? black : greyTest);
  let now = null, runs = [[]], kind = null, cursor = 0, speed = Infinity;

  // --- the training, in a worker of its own: the page never waits for it ---
  const worker = new Worker(URL.createObjectURL(new Blob([model.get("program")], { type: "text/javascript" })));
  const tell = (message) => worker.postMessage(message);
  const restart = (seed) => {
    const likelihood = model.get("likelihood");
    if (kind !== likelihood) runs = [[]]; // densities of other pixels: their nats are no measure for these
    else if (runs.at(-1).length > 1) runs = [runs.at(-1), []];
    else runs[runs.length - 1] = [];
    kind = likelihood;
    const start = { net: { pixels, hidden: model.get("hidden") }, images, test: test(), count, latent: model.get("latent_dim"), seed };
    tell({ start, settings: asked(), playing: model.get("playing"), perSecond: speed });
  };
  worker.onmessage = ({ data }) => {
    now = data;
    const { steps, reconstruction, kl, evidence, back } = now, run = runs.at(-1);
    if (back === null) {
      while (run.length && run.at(-1).steps >= steps) run.pop(); // taken up again from an earlier epoch
      run.push({ steps, reconstruction, elbo: reconstruction - kl, kl, evidence });
    }
    draw();
    const values = { steps, reading: words(now) };
    if (now.whole || evidence !== null) Object.assign(values, { weights: base64(now.weights) });
    put(model, values);
  };
  worker.onerror = (event) => set(el, {}, element("p", { class: "vae-error", role: "alert" }, `Training cannot run in this browser: ${event.message}`));

  // --- controls ---
  const play = button("▶ Play", () => put(model, { playing: !model.get("playing") }), { class: "vae-player vae-play" });
  const step = button("Step", () => ((sought = null), put(model, { playing: false }), tell({ steps: 1, playing: false })), { class: "vae-step" });
  const anew = button("Restart", () => put(model, { seed: model.get("seed") + 1 }), { class: "vae-restart" });
  const speeds = choices("radio", SPEEDS.map(([name, value]) => [value, name]), (value) => tell({ perSecond: (speed = value) }));
  speeds.show((value) => value === speed);
  const powers = (name, label, low, high, digits) => {
    const row = slider(label, { min: low, max: high, class: `vae-${name}` }, (k) => put(model, { [name]: 10 ** (k / 10) }));
    follow(model, [name], () => row.show(Math.round(10 * Math.log10(Math.max(model.get(name), 1e-9))), number(model.get(name), digits)));
    return row.row;
  };
  const switches = choices("checkbox", [["noise", "noise: z = μ + σε"], ["kl", "the KL term"]], (name, on) => put(model, { [name]: on }));
  const kinds = choices("radio", [["bernoulli", "Bernoulli"], ["gaussian", "Gaussian"]], (likelihood) => put(model, { likelihood }));
  const sizes = choices("radio", [[1, "1"], [2, "2"]], (latent_dim) => put(model, { latent_dim }));
  const sigma = powers("sigma", "σ of p(x|z)", -12, 2, 2);
  let sought = null; // the epoch that the hand has asked for, until what is shown is that one
  const epoch = slider("epoch", { min: 0, max: 0, disabled: "", class: "vae-epoch" }, (k) => ((sought = k), put(model, { playing: false }), tell({ epoch: k, playing: false })));
  const group = (name, ...children) => element("div", { class: "vae-game-group", role: "group", "aria-label": name }, element("span", {}, name), ...children);

  // --- what is seen ---
  const sheet = element("canvas", { "aria-hidden": "true" });
  const dots = svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, "aria-hidden": "true" });
  const plane = element("div", { class: "vae-ground", tabindex: 0, role: "application", "aria-label": "Code plane with test codes: arrow keys go from code to code" }, sheet, dots);
  const curves = svg("svg", { viewBox: "0 0 400 250", role: "img", class: "vae-game-curves", "aria-label": "Training curves" });
  const strips = ["test images", "rebuilt", "samples"].map((name) => [name, element("canvas", { role: "img", "aria-label": name, width: 10 * (width + 1) - 1, height })]);
  const legend = element("p", { class: "vae-legend" }, "codes of ", ...Object.entries(colours).map(([name, colour]) => element("span", {}, element("i", { style: `background: ${colour}` }), `${name} `)));
  const reading = element("p", { class: "vae-reading vae-game-words" }), seen = element("p", { class: "vae-seen", role: "status" });
  el.append(
    element("div", { class: "vae-game-bar" }, play, step, anew, group("steps a second", ...speeds.labels)),
    reading,
    element("div", { class: "vae-game-bar" }, powers("beta", "β", -20, 15, 2), powers("lr", "learning rate", -40, -10, 4), ...switches.labels),
    element("div", { class: "vae-game-bar" }, group("pixels (restarts)", ...kinds.labels), sigma, group("latent dimensions (restarts)", ...sizes.labels)),
    element("div", { class: "vae-row" },
      element("div", { class: "vae-left" }, plane, legend, seen),
      element("div", { class: "vae-beside" }, curves, epoch.row, element("div", { class: "vae-game-strips" }, ...strips.flatMap(([name, canvas]) => [element("span", {}, name), canvas])))),
  );
  ownKeys(plane, ({ key }) => {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
    if (way) point((cursor + way + count) % count);
    return Boolean(way);
  });
  const nearest = ([u, v]) => {
    const best = { distance: Infinity };
    for (let k = 0; now && k < count; k++) {
      const [x, y] = place(k), distance = (x - u * SIZE) ** 2 + (y - v * SIZE) ** 2;
      if (distance < best.distance) Object.assign(best, { distance, k });
    }
    if ("k" in best) point(best.k);
  };
  drag(plane, (places) => nearest(places.at(-1)));
  plane.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return; // it taps, or scrolls the page
    const box = plane.getBoundingClientRect();
    nearest([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  });

  const across = (z) => ((z + REACH) / (2 * REACH)) * SIZE;
  const dims = () => now.mu.length / count; // of what is shown, not of what a restart will bring
  const place = (k) => (dims() === 2 ? [across(now.mu[2 * k]), SIZE - across(now.mu[2 * k + 1])] : [across(now.mu[k]), SIZE * (0.27 + 0.07 * Number(labels[k]))]);
  const point = (k) => {
    cursor = k;
    if (now) drawDots();
  };
  function drawDots() {
    const L = dims(), scale = SIZE / (2 * REACH), shapes = [], row = (values) => Array.from(values.subarray(cursor * L, (cursor + 1) * L), (v) => number(v)).join(", ");
    for (let k = 0; k < count; k++) {
      const [cx, cy] = place(k);
      shapes.push(svg("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 3.2, fill: colours[labels[k]], stroke: "#fff", "stroke-width": 0.8 }));
    }
    const [cx, cy] = place(cursor), rx = scale * now.sigma[cursor * L], ry = L === 2 ? scale * now.sigma[cursor * L + 1] : 6;
    for (const [stroke, wide] of [["#fff", 5], ["#000", 2]]) shapes.push(svg("ellipse", { cx, cy, rx, ry, fill: "none", stroke, "stroke-width": wide }));
    dots.replaceChildren(...shapes);
    seen.textContent = `Test image ${cursor + 1}, a ${labels[cursor]}: μ = ${row(now.mu)}; σ = ${row(now.sigma)}.`;
  }
  function drawSheet() {
    const rows = dims() === 2 ? SHEET : 1;
    [sheet.width, sheet.height] = [SHEET * (width + 1) - 1, rows * (height + 1) - 1];
    sheet.style.height = `${100 * (rows / SHEET)}%`;
    paint(sheet, tiled(now.sheet, SHEET, rows));
  }
  const tiled = (bytes, columns, rows) => { // with a line of white between them
    const full = columns * (width + 1) - 1, out = new Float32Array(full * (rows * (height + 1) - 1));
    for (let i = 0; i < columns * rows * pixels; i++) {
      const tile = Math.floor(i / pixels), line = Math.floor((i % pixels) / width), x = (tile % columns) * (width + 1) + (i % width);
      out[(Math.floor(tile / columns) * (height + 1) + line) * full + x] = bytes[i] / 255;
    }
    return out;
  };
  const words = ({ steps, perEpoch, epochs, back, reconstruction, kl, evidence, trained }) => {
    const at = evidence === null ? runs.at(-1).findLast((point) => point.evidence !== null) : { steps, elbo: reconstruction - kl, evidence }; // of one and the same step
    const { beta, noise, lr, sigma: width } = asked(), bell = model.get("likelihood") === "gaussian" ? `, σ ${number(width)}` : "";
    const on = unbroken(`${noise ? "reconstruction" : `${beta ? "(" : ""}reconstruction at z = μ${beta ? ")" : ""}`}${beta ? ` − ${number(beta)} · KL` : ", no KL"}`);
    const got = trained ? `: ${number(trained.reconstruction - beta * trained.kl, 1)} in the last batches` : "", later = back === null ? "" : ` of ${epochs}; Play or Step drops the later ones`;
    const bound = `${unbroken(`ELBO ${number(reconstruction - kl, 1)}`)} ${unbroken(`= reconstruction ${number(reconstruction, 1)} − KL ${number(kl, 1)}`)}`;
    const pair = at ? `${at.steps === steps ? "At" : "Last measured at"} step ${at.steps}: ${unbroken(`ELBO ${number(at.elbo, 1)},`)} ${unbroken(`log p(x) ${number(at.evidence, 1)}`)}` : "log p(x) …";
    const how = back === null ? ` Trained on ${on}${got}; step size ${number(lr, 4)}${bell}.` : ""; // the switches say nothing of an earlier epoch
    return `Step ${steps}, epoch ${Math.floor(steps / perEpoch)}${later}. Test ${bound} nats. ${pair}.${how}`;
  };
  function draw() {
    drawSheet();
    drawDots();
    [test(), ...[now.rebuilt, now.samples].map((bytes) => Float32Array.from(bytes, (v) => v / 255))].forEach((row, i) => paint(strips[i][1], tiled(row.subarray(0, 10 * pixels).map((v) => 255 * v), 10, 1)));
    reading.textContent = words(now);
    curves.setAttribute("aria-label", `Test ELBO, its two terms and log p(x) against steps. ${words(now)}`);
    curves.replaceChildren(...drawCurves(runs, now.back === null ? null : now.steps));
    Object.assign(epoch.row.querySelector("input"), { max: now.epochs, disabled: !now.epochs }); // nothing to look back at
    const at = now.back ?? now.epochs;
    if (at === sought || !now.epochs || model.get("playing")) sought = null;
    if (sought === null) epoch.show(at, `${at}`, `${at} of ${now.epochs}`);
  }

  follow(model, ["playing"], () => {
    play.textContent = model.get("playing") ? "■ Pause" : "▶ Play";
    set(seen, { "aria-live": model.get("playing") ? "off" : "polite" }); // a ring that moves by itself is not told ten times a second
    if (now) tell({ playing: model.get("playing") });
  });
  follow(model, ["noise", "kl", "beta", "lr", "sigma"], () => {
    switches.show((name) => model.get(name));
    if (now) tell({ settings: asked() });
  });
  follow(model, ["likelihood", "latent_dim", "seed"], () => {
    kinds.show((kind) => kind === model.get("likelihood"));
    sizes.show((size) => size === model.get("latent_dim"));
    sigma.hidden = model.get("likelihood") !== "gaussian";
    restart(model.get("seed"));
  });
  return () => worker.terminate(); // else it trains on, seen by nobody
});

/** Numbers as text: bytes that have changed would be taken for the same ones, and not be sent. */
const base64 = (row) => btoa(Array.from(new Uint8Array(row.buffer), (byte) => String.fromCharCode(byte)).join(""));

/** Words that stay on one line. */
const unbroken = (text) => text.replaceAll(" ", "\u00a0");

/** Test ELBO, its two terms and log p(x) of this run in colour and of the last one in grey; none is told by its colour alone. Where a curve leaves
 * the frame an arrow tells how far; a line stands at the step that is looked back at. */
function drawCurves(runs, back) {
  const points = runs.flat().filter(({ steps }) => steps > 0), most = Math.max(100, ...points.map(({ steps }) => steps));
  const shapes = [], box = { left: 44, right: 392 };
  const x = (steps) => box.left + (steps / most) * (box.right - box.left);
  const panel = (name, top, bottom, low, high, lines) => {
    const y = (v) => bottom - ((Math.min(high, Math.max(low, v)) - low) / (high - low)) * (bottom - top);
    shapes.push(svg("path", { class: "vae-game-axis", d: `M${box.left} ${top}V${bottom}H${box.right}` }), svg("text", { x: 2, y: top - 9 }, name));
    if (back !== null) shapes.push(svg("path", { class: "vae-game-axis", d: `M${x(back)} ${top}V${bottom}`, "stroke-dasharray": "2 3" }));
    for (const v of [low, high]) shapes.push(svg("text", { x: box.left - 5, y: y(v) + 4, "text-anchor": "end" }, number(v, 0)));
    runs.forEach((run, k) => {
      const old = k < runs.length - 1, seen = run.filter(({ steps }) => steps > 0);
      for (const [field, colour, dash] of lines) {
        const at = seen.filter((point) => point[field] !== null).map((point) => [x(point.steps).toFixed(1), y(point[field]).toFixed(1)]), stroke = old ? "#999" : colour;
        if (dash === "dots") shapes.push(...at.map(([cx, cy]) => svg("circle", { cx, cy, r: 2.6, fill: stroke })));
        else shapes.push(svg("polyline", { points: at.map((p) => p.join()).join(" "), fill: "none", stroke, "stroke-dasharray": dash }));
      }
    });
    const away = (v) => Math.max(low - v, v - high), all = runs.at(-1).flatMap((point) => lines.map(([field]) => ({ at: x(point.steps), v: point[field] ?? low })));
    const worst = all.filter(({ at }) => at > box.left).reduce((a, b) => (away(b.v) > away(a.v) ? b : a), { v: low });
    if (away(worst.v) <= 0.5) return;
    const under = worst.v < low, end = worst.at > (box.left + box.right) / 2;
    shapes.push(svg("text", { x: worst.at, y: under ? bottom - 5 : top + 12, "text-anchor": end ? "end" : "start" }, `${under ? "↓" : "↑"} ${number(worst.v, 0)}`));
  };
  const elbos = points.map(({ elbo }) => elbo), tops = points.map(({ reconstruction, evidence }) => Math.max(reconstruction, evidence ?? -Infinity));
  const high = Math.ceil(Math.max(-20, ...tops));
  panel("ELBO, reconstruction (dashed), log p(x) (dots)", 22, 140, Math.floor(Math.max(high - 30, Math.min(high - 10, ...elbos))), high, [
    ["reconstruction", "#3ca500", "6 4"], ["elbo", "#0173b2", "none"], ["evidence", "#d20f5a", "dots"],
  ]);
  panel("KL, nats", 176, 224, 0, Math.ceil(Math.max(6, ...points.map(({ kl }) => Math.min(kl, 40)))), [["kl", "#0173b2", "none"]]);
  shapes.push(svg("text", { x: box.right, y: 242, "text-anchor": "end" }, `${most} steps`));
  return shapes;
}
