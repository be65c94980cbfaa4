import { imageCanvas, number, paint, say } from "./kit/common.js";
import { choices, element, follow, player, put, set, slider, svg, view } from "./kit/controls.js";
import { makeDecoder } from "./kit/decoder.js";
import { float32s } from "./kit/engine.js";
import { readExamples } from "./kit/examples.js";
import { makePlane } from "./kit/plane.js";

const KINDS = ["straight", "spherical"], DRAWN = 101; // points of a path that is drawn as a line
const norm = (z) => Math.hypot(...z);

/** t → the point at t on the path from `start` to `end`: spherical for two codes at this angle (interpolation.py), straight where it is 0. */
export function pathBetween(start, end, angle) {
  const mix = (u, v) => start.map((s, l) => u * s + v * end[l]);
  return angle ? (t) => mix(Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)) : (t) => mix(1 - t, t);
}

const sampled = (path, n) => Array.from({ length: n }, (_, k) => path(k / (n - 1)));

export default view(({ model, el }) => {
  const examples = readExamples(model), n = model.get("n");
  const decoder = makeDecoder(model), { decode } = decoder;
  const ends = () => [model.get("a"), model.get("b")];
  const pathOf = (kind, [a, b] = ends()) => pathBetween(examples[a].code, examples[b].code, kind === "straight" ? 0 : model.get("angles")[a][b]);
  const z = () => pathOf(model.get("kind"))(model.get("t"));

  const strips = ["a", "b"].map((end) => makeStrip(model, end, examples));
  const sample = (kind) => element("span", { class: `vae-sample vae-${kind}`, "aria-hidden": "true" });
  const kinds = choices("radio", KINDS.map((kind) => [kind, sample(kind), kind]), (kind) => put(model, { kind }));
  const { row, show } = slider("t", { min: 0, max: 1, step: 0.01, "aria-label": "t, the way from A to B" }, (t) => put(model, { t }));
  const play = player(el, { begin: () => model.get("t") % 1, go: (t) => put(model, { t }), at: () => model.get("t") }); // again from the beginning

  const films = KINDS.map(() => Array.from({ length: n }, (_, k) => imageCanvas(model.get("image_shape"), k % (n - 1) ? {} : { class: "vae-end" })));
  const filmNodes = films.map((film) => element("div", { class: "vae-film", role: "img" }, ...film));
  filmNodes.forEach((node) => (node.style.gridTemplateColumns = `repeat(${n}, minmax(0, 1fr))`));
  const pointer = element("span");
  const marks = element("div", { class: "vae-pointer", "aria-hidden": "true" }, pointer);
  const kindNode = element("div", { class: "vae-kinds", role: "radiogroup", "aria-label": "Kind of path" }, ...kinds.labels.flatMap((label, k) => [label, filmNodes[k]]));
  const strip = element("div", { class: "vae-films" }, kindNode, element("span"), marks, play.node, row);

  const place = model.get("plane") ? makeField(model, z, pathOf) : makeNorms(model, pathOf);
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" });
  const note = element("p", { class: "vae-note", role: "status" });
  const help = element("p", { class: "vae-help" }, "Choose A and B, by mouse or with the arrow keys in each row; then play, or move t.");
  const words = element("div", { class: "vae-words" }, reading, decoder.reading, note, place.switches, help);
  el.append(...strips.map((each) => each.node), strip, element("div", { class: "vae-row vae-travel" }, decoder.canvas, place.node, words));

  const drawPath = () => {
    const kind = model.get("kind"), [a, b] = ends();
    strips.forEach((each, k) => each.show([a, b][k]));
    kinds.show((each) => each === kind);
    if (filmed !== `${ends()}` || !decode) drawFilms();
    filmNodes.forEach((node, k) => node.classList.toggle("vae-chosen", KINDS[k] === kind));
    const odd = model.get("notes")[kind][a][b];
    if (note.textContent !== odd) note.textContent = odd;
    place.drawPaths(kind, examples[a].code, examples[b].code);
    drawPoint();
  };
  let filmed = ""; // whose images are on the strips
  const drawFilms = () => {
    filmed = `${ends()}`;
    const pixels = decode ? null : float32s(model.get("frames")), size = pixels?.length / (2 * n), [a, b] = ends().map((k) => examples[k].name);
    films.forEach((film, i) => {
      const points = sampled(pathOf(KINDS[i]), n);
      film.forEach((canvas, k) => paint(canvas, decode ? decode(points[k]) : pixels.subarray((i * n + k) * size, (i * n + k + 1) * size)));
      filmNodes[i].setAttribute("aria-label", `${n} images along the ${KINDS[i]} path from A, ${a}, to B, ${b}.`);
    });
  };
  const drawPoint = () => {
    const t = model.get("t"), kind = model.get("kind"), at = z(), [a, b] = ends().map((k) => examples[k].name);
    show(t, number(t));
    pointer.style.left = `${(100 * (0.5 + t * (n - 1))) / n}%`;
    reading.textContent = say(model, "reading", { t: number(t), kind, a, b, norm: number(norm(at)) });
    place.drawPoint(t, at);
    decoder.draw(at);
  };
  follow(model, ["a", "b", "kind", "frames", "window"], drawPath);
  follow(model, ["t"], drawPoint);
});

/** The row of examples to choose one end from. */
function makeStrip(model, end, examples) {
  const { labels, show } = choices("radio", examples.map((example, k) => [k, example.thumbnail()]), (k) => put(model, { [end]: k }));
  labels.forEach((label, k) => {
    set(label, { class: "vae-example" });
    set(label.firstChild, { "aria-label": examples[k].name });
  });
  const letter = end.toUpperCase();
  const node = element("div", { class: `vae-strip vae-strip-${end}`, role: "radiogroup", "aria-label": `${letter}, where the path ${end === "a" ? "begins" : "ends"}` },
    element("b", { class: "vae-strip-name", "aria-hidden": "true" }, letter), ...labels);
  return { node, show: (chosen) => show((k) => k === chosen) };
}

/** For two latent dimensions: both paths on the code plane, and a ring that is dragged along the present one. */
function makeField(model, z, pathOf) {
  const { node, overlay, switches, place, seen } = makePlane(model, {
    label: "Code plane with both paths: drag the ring along the path, or move it with the arrow keys",
    z,
    onMove: (...to) => {
      const path = pathOf(model.get("kind")), away = Array.from({ length: 1001 }, (_, k) => norm(path(k / 1000).map((v, l) => v - to[l])));
      put(model, { t: away.indexOf(Math.min(...away)) / 1000 });
    },
  });
  const casing = svg("path", { class: "vae-line vae-casing" }), lines = KINDS.map(() => svg("path"));
  const letters = ["A", "B"].map((letter) => svg("text", { class: "vae-letter" }, letter));
  overlay.append(casing, ...lines, ...letters);
  const x1 = model.get("plane").extent[1];
  const drawPaths = (present, ...ends) => {
    KINDS.forEach((kind, k) => {
      const d = `M${sampled(pathOf(kind), DRAWN).map(([x, y]) => `${x} ${-y}`).join("L")}`;
      set(lines[k], { d, class: `vae-line vae-${kind}${kind === present ? " vae-present" : ""}` });
      if (kind === present) set(casing, { d });
    });
    const size = 0.06 * (seen()[1] - seen()[0]);
    letters.forEach((text, k) => set(text, { transform: `translate(${ends[k][0]} ${-ends[k][1] - 0.9 * size}) scale(${size})` }));
  };
  const drawPoint = (_, at) => {
    node.classList.toggle("vae-off", at.some((v) => Math.abs(v) > x1)); // a path may swing out beyond the plane: the reading goes with it
    place(...at);
  };
  return { node, switches, drawPaths, drawPoint };
}

/** For more dimensions: ‖z‖ along both paths, and a line where most of the prior's samples are. */
function makeNorms(model, pathOf) {
  const [left, right, top, bottom] = [44, 330, 12, 200], typical = model.get("typical"); // pixels
  const node = svg("svg", { class: "vae-norms", viewBox: "0 0 340 240", role: "img", "aria-label": "The length of z along both paths." });
  const dot = svg("circle", { class: "vae-dot", r: 6 });
  let highest = 1;
  const x = (t) => left + t * (right - left), y = (length) => bottom - (length / highest) * (bottom - top);
  const line = (className, d) => svg("path", { class: `vae-line ${className}`, d });
  const text = (words, at, anchor) => svg("text", { x: at[0], y: at[1], "text-anchor": anchor }, words);
  const drawPaths = (present) => {
    const norms = Object.fromEntries(KINDS.map((kind) => [kind, sampled(pathOf(kind), DRAWN).map(norm)]));
    highest = 1.12 * Math.max(typical, ...norms.straight, ...norms.spherical, 1e-9);
    const tick = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((step) => highest / step < 6) ?? highest;
    const ticks = Array.from({ length: Math.floor(highest / tick) + 1 }, (_, k) => k * tick);
    node.replaceChildren(
      line("vae-travel-axis", `M${left} ${top}V${bottom}H${right}`),
      ...ticks.map((v) => text(String(Number(v.toFixed(1))), [left - 8, y(v) + 4], "end")),
      ...[0, 0.5, 1].map((t) => text(String(t), [x(t), bottom + 18], "middle")),
      text("t", [x(0.5), bottom + 34], "middle"), text("‖z‖", [8, top + 4], "start"),
      ...(typical ? [line("vae-typical", `M${left} ${y(typical)}H${right}M${left + 20} ${bottom - 16}h36`), text(`√L = ${number(typical)}, typical of the prior`, [left + 64, bottom - 12], "start")] : []),
      ...KINDS.map((kind) => line(`vae-${kind}${kind === present ? " vae-present" : ""}`, `M${norms[kind].map((v, k) => `${x(k / (DRAWN - 1))} ${y(v)}`).join("L")}`)),
      dot);
  };
  const drawPoint = (t, at) => set(dot, { cx: x(t), cy: y(norm(at)) });
  return { node, switches: "", drawPaths, drawPoint };
}
