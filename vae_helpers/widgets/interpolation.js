import { float32s, load } from "./kit/engine.js";
import { element, follow, guarded, number, ownKeys, paint, put, svgElement } from "./kit/common.js";
import { makeDecoder } from "./kit/decoder.js";
import { imageCanvas, readExamples } from "./kit/examples.js";
import { makePlane } from "./kit/plane.js";

const KINDS = ["straight", "spherical"], DRAWN = 101, SECONDS = 4; // as in interpolation.py; how long a whole path is played
const norm = (z) => Math.hypot(...z);

/** t → the point at t on the path from `start` to `end`: the formulas and the limits of interpolation.py. */
export function pathBetween(kind, start, end) {
  const mix = (u, v) => start.map((s, l) => u * s + v * end[l]);
  const angle = angleBetween(start, end);
  if (kind === "straight" || whyStraight(start, end) || angle < 1e-9) return (t) => mix(1 - t, t);
  return (t) => mix(Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle));
}

/** What is odd about this path, in interpolation.py's words, or nothing. */
export function oddity(kind, start, end) {
  if (start.every((s, l) => s === end[l])) return "A and B have the same code: the path is one point.";
  if (kind === "straight") return "";
  const why = whyStraight(start, end), furthest = Math.max(...sampled(pathBetween(kind, start, end), DRAWN).map(norm));
  if (why || furthest < 1.05 * Math.max(norm(start), norm(end))) return why;
  const degrees = ((180 / Math.PI) * angleBetween(start, end)).toFixed(0);
  return `This path swings out to ‖z‖ = ${number(furthest)}: the codes of A and B are ${degrees}° apart and differ in length.`;
}

function angleBetween(start, end) {
  const p = norm(start), q = norm(end);
  return 2 * Math.atan2(norm(start.map((s, l) => s / p - end[l] / q)), norm(start.map((s, l) => s / p + end[l] / q)));
}

function whyStraight(start, end) {
  for (const [name, code] of [["A", start], ["B", end]])
    if (norm(code) < 1e-6) return `The code of ${name} is at the origin and points nowhere: the spherical path is the straight one.`;
  if (angleBetween(start, end) > Math.PI - 1e-3)
    return "The codes of A and B point in opposite directions, and every arc is as short: the spherical path is the straight one.";
  return "";
}

const sampled = (path, n) => Array.from({ length: n }, (_, k) => path(k / (n - 1)));

export const render = guarded(({ model, el }) => {
  const examples = readExamples(model), n = model.get("n"), { missing } = model.get("network");
  const decoder = makeDecoder(model);
  const decode = missing ? null : load(model.get("network"), model.get("weights"));
  const pathOf = (kind) => pathBetween(kind, examples[model.get("a")].code, examples[model.get("b")].code);
  const z = () => pathOf(model.get("kind"))(model.get("t"));

  const ends = { a: makeStrip(model, "a", examples), b: makeStrip(model, "b", examples) };
  const kinds = radios(KINDS.map((kind) => [kind, element("span", { class: `vae-sample vae-${kind}`, "aria-hidden": "true" }), kind]), (kind) => put(model, "kind", kind));
  const kindNode = element("div", { class: "vae-choices", role: "radiogroup", "aria-label": "Kind of path" }, ...kinds.map((k) => k.label));

  const slider = element("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": "t, the way from A to B" });
  const value = element("span", { class: "vae-value", "aria-hidden": "true" });
  ownKeys(slider);
  const player = makePlayer(model);
  slider.addEventListener("input", () => {
    player.stop();
    put(model, "t", Number(slider.value));
  });
  const controls = element("div", { class: "vae-choices" }, kindNode, player.button, element("label", { class: "vae-slider" }, element("span", {}, "t"), slider, value));

  const film = Array.from({ length: n }, (_, k) => imageCanvas(model, k === 0 || k === n - 1 ? "vae-end" : ""));
  const filmNode = element("div", { class: "vae-film", role: "img" }, ...film);
  filmNode.style.gridTemplateColumns = `repeat(${n}, minmax(0, 1fr))`;
  const pointer = element("span", {});
  const marks = element("div", { class: "vae-pointer", "aria-hidden": "true" }, pointer);

  const place = model.get("underlay").byteLength ? makeField(model, player, z, pathOf) : makeNorms(model, pathOf);
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" });
  const note = element("p", { class: "vae-note", role: "status" });
  const help = element("p", { class: "vae-help" }, "Choose A and B, by mouse or with the arrow keys in each row; then play, or move t.");
  const words = element("div", { class: "vae-words" }, reading, decoder.reading, note, place.switches, help);
  el.append(ends.a.node, ends.b.node, controls, filmNode, marks, element("div", { class: "vae-row vae-travel" }, decoder.canvas, place.node, words));

  const drawPath = () => {
    const kind = model.get("kind"), points = sampled(pathOf(kind), n);
    const a = examples[model.get("a")], b = examples[model.get("b")];
    for (const end of ["a", "b"]) ends[end].show(model.get(end));
    kinds.forEach(({ input, value }) => (input.checked = value === kind));
    const pixels = missing ? float32s(model.get("frames")) : null, size = pixels?.length / n;
    film.forEach((canvas, k) => paint(canvas, missing ? pixels.subarray(k * size, (k + 1) * size) : decode(points[k])));
    filmNode.setAttribute("aria-label", `${n} images along the ${kind} path from A, ${a.name}, to B, ${b.name}.`);
    const odd = oddity(kind, a.code, b.code);
    if (note.textContent !== odd) note.textContent = odd;
    place.drawPaths(kind, a.code, b.code);
    drawPoint();
  };
  const drawPoint = () => {
    const t = model.get("t"), at = z();
    const names = ["a", "b"].map((end) => `${end.toUpperCase()}, ${examples[model.get(end)].name}`);
    slider.value = t;
    slider.setAttribute("aria-valuetext", number(t));
    value.textContent = number(t);
    pointer.style.left = `${(100 * (0.5 + t * (n - 1))) / n}%`;
    reading.textContent = `t = ${number(t)} on the ${model.get("kind")} path from ${names[0]}, to ${names[1]}; ‖z‖ = ${number(norm(at))}`;
    place.drawPoint(t, at);
    decoder.draw(at);
  };
  const stops = [follow(model, ["a", "b", "kind", "frames"], drawPath), follow(model, ["t"], drawPoint)];
  return () => {
    player.stop();
    place.close();
    stops.forEach((stop) => stop());
  };
});

/** Radio buttons for [value, child, child, …]: [{ value, input, label }]. One stop for Tab, arrows within, as every radio group. */
function radios(choices, onChoice) {
  const group = `vae-${Math.random().toString(36).slice(2)}`;
  return choices.map(([value, ...children]) => {
    const input = element("input", { type: "radio", name: group });
    ownKeys(input);
    input.addEventListener("change", () => onChoice(value));
    return { value, input, label: element("label", {}, input, ...children) };
  });
}

/** The row of examples to choose one end from. */
function makeStrip(model, end, examples) {
  const choices = radios(examples.map((example, k) => {
    const canvas = imageCanvas(model, "");
    example.show(canvas);
    return [k, canvas];
  }), (k) => put(model, end, k));
  choices.forEach(({ input, label }, k) => {
    input.setAttribute("aria-label", examples[k].name);
    label.className = "vae-example";
  });
  const letter = end.toUpperCase();
  const node = element("div", { class: `vae-strip vae-strip-${end}`, role: "radiogroup", "aria-label": `${letter}, where the path ${end === "a" ? "begins" : "ends"}` },
    element("b", { class: "vae-strip-name", "aria-hidden": "true" }, letter), ...choices.map((c) => c.label));
  return { node, show: (chosen) => choices.forEach(({ input }, k) => (input.checked = k === chosen)) };
}

/** The play button: t runs on to 1, from 0 if it is there already. It reads t at each frame, so that whoever else sets it is heard. */
function makePlayer(model) {
  const button = element("button", { type: "button", class: "vae-play" });
  ownKeys(button);
  let frame = null, before = 0;
  const show = (playing) => (button.textContent = playing ? "■ stop" : "▶ play");
  const stop = () => {
    cancelAnimationFrame(frame);
    frame = null;
    show(false);
  };
  const step = (now) => {
    const t = Math.min(1, model.get("t") + Math.max(0, now - before) / 1000 / SECONDS);
    before = now;
    put(model, "t", t);
    if (t < 1) frame = requestAnimationFrame(step);
    else stop();
  };
  button.addEventListener("click", () => {
    if (frame !== null) return stop();
    if (model.get("t") >= 1) put(model, "t", 0);
    show(true);
    before = performance.now();
    frame = requestAnimationFrame(step);
  });
  show(false);
  return { button, stop };
}

/** For two latent dimensions: both paths on the code plane, and a ring that is dragged along the present one. */
function makeField(model, player, z, pathOf) {
  const plane = makePlane(model, {
    label: "Code plane with both paths: drag the ring along the path, or move it with the arrow keys",
    z,
    onMove: (...to) => {
      player.stop();
      const path = pathOf(model.get("kind")), away = Array.from({ length: 1001 }, (_, k) => norm(path(k / 1000).map((v, l) => v - to[l])));
      put(model, "t", away.indexOf(Math.min(...away)) / 1000);
    },
  });
  const casing = svgElement("path", { class: "vae-line vae-casing" }), lines = KINDS.map(() => svgElement("path"));
  const letters = ["A", "B"].map((letter) => {
    const text = svgElement("text", { class: "vae-letter" });
    text.textContent = letter;
    return text;
  });
  plane.overlay.append(casing, ...lines, ...letters);
  const [x0, x1] = model.get("extent"), size = 0.06 * (x1 - x0);
  const drawPaths = (present, ...ends) => {
    KINDS.forEach((kind, k) => {
      const points = sampled(pathOf(kind), DRAWN).map(([x, y]) => `${x} ${-y}`);
      lines[k].setAttribute("d", `M${points.join("L")}`);
      lines[k].setAttribute("class", `vae-line vae-${kind}${kind === present ? " vae-present" : ""}`);
      if (kind === present) casing.setAttribute("d", lines[k].getAttribute("d"));
    });
    letters.forEach((text, k) => text.setAttribute("transform", `translate(${ends[k][0]} ${-ends[k][1] - 0.9 * size}) scale(${size})`));
  };
  const drawPoint = (_, at) => {
    plane.node.classList.toggle("vae-off", at.some((v) => Math.abs(v) > x1)); // a path may swing out beyond the plane: the reading goes with it
    plane.place(...at);
  };
  return { node: plane.node, switches: plane.switches, drawPaths, drawPoint, close: plane.close };
}

/** For more dimensions: ‖z‖ along both paths, and a line where most of the prior's samples are. */
function makeNorms(model, pathOf) {
  const [left, right, top, bottom] = [44, 330, 12, 200], typical = model.get("typical"); // pixels
  const svg = svgElement("svg", { class: "vae-norms", viewBox: "0 0 340 240", role: "img", "aria-label": "The length of z along both paths." });
  const dot = svgElement("circle", { class: "vae-dot", r: 6 });
  let highest = 1;
  const x = (t) => left + t * (right - left), y = (length) => bottom - (length / highest) * (bottom - top);
  const line = (className, d) => svgElement("path", { class: `vae-line ${className}`, d });
  const text = (words, at, anchor) => {
    const node = svgElement("text", { x: at[0], y: at[1], "text-anchor": anchor });
    node.textContent = words;
    return node;
  };
  const drawPaths = (present) => {
    const norms = Object.fromEntries(KINDS.map((kind) => [kind, sampled(pathOf(kind), DRAWN).map(norm)]));
    highest = 1.12 * Math.max(typical, ...norms.straight, ...norms.spherical, 1e-9);
    const tick = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((step) => highest / step < 6) ?? highest;
    const ticks = Array.from({ length: Math.floor(highest / tick) + 1 }, (_, k) => k * tick);
    svg.replaceChildren(
      line("vae-travel-axis", `M${left} ${top}V${bottom}H${right}`),
      ...ticks.map((v) => text(String(Number(v.toFixed(1))), [left - 8, y(v) + 4], "end")),
      ...[0, 0.5, 1].map((t) => text(String(t), [x(t), bottom + 18], "middle")),
      text("t", [x(0.5), bottom + 34], "middle"), text("‖z‖", [8, top + 4], "start"),
      ...(typical ? [line("vae-typical", `M${left} ${y(typical)}H${right}M${left + 20} ${bottom - 16}h36`), text(`√L = ${number(typical)}, typical of the prior`, [left + 64, bottom - 12], "start")] : []),
      ...KINDS.map((kind) => line(`vae-${kind}${kind === present ? " vae-present" : ""}`, `M${norms[kind].map((v, k) => `${x(k / (DRAWN - 1))} ${y(v)}`).join("L")}`)),
      dot);
  };
  const drawPoint = (t, at) => {
    dot.setAttribute("cx", x(t));
    dot.setAttribute("cy", y(norm(at)));
  };
  return { node: svg, switches: "", drawPaths, drawPoint, close: () => {} };
}

export default { render };
