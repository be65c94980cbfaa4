import { element, follow, ownKeys, put, svgElement } from "./common.js";

const PLAY_SECONDS = 4, PLAY_STEPS = 12; // for the whole path; in how many steps where the reader has asked for less motion
const MOST_POINTS = 300; // points of a path drawn by hand: beyond, every second one goes

/** A path over the plane, the model's trait `path`: drawn with the hand or point by point, shown in the overlay, and played: `go(x, y)` moves along it.
 *
 * Returns .controls (buttons and a sentence), .moved(x, y) for each place where the hand comes by, .add() for the present z, .stop() and .close().
 */
export function makePath(model, plane, go) {
  const button = (text, onClick) => {
    const node = element("button", { type: "button" }, text);
    ownKeys(node); // Enter and space press it; JupyterLab must not run the cell as well
    node.addEventListener("click", onClick);
    return node;
  };
  const draw = button("draw a path", () => draw.setAttribute("aria-pressed", !drawing()));
  const play = button("play", () => (playing ? stop() : start()));
  const clear = button("clear", () => (stop(), put(model, "path", [])));
  const reading = element("output", { class: "vae-path-reading", "aria-live": "polite" });
  const controls = element("div", { class: "vae-path" }, element("div", { class: "vae-buttons" }, draw, play, clear), reading);
  const lines = ["casing", "ink"].flatMap((name) => ["", " vae-begin"].map((more) => svgElement("path", { class: `vae-line vae-path-${name}${more}` })));
  plane.overlay.append(...lines);
  draw.setAttribute("aria-pressed", false);
  const drawing = () => draw.getAttribute("aria-pressed") === "true";

  const show = (points) => {
    const places = points.map(([x, y]) => `${x},${-y}`);
    const [whole, begin] = points.length ? [`M${places.join(" ")}`, `M${places[0]} h0`] : ["", ""];
    lines.forEach((line, i) => line.setAttribute("d", i % 2 ? begin : whole));
    reading.textContent = told(points);
  };
  const close = follow(model, ["path"], () => show(model.get("path")));

  // The hand. A path begins where it comes down and is told when it lifts; points nearer than `gap` to the last one are left out.
  const [x0, x1, y0, y1] = model.get("extent"), finest = Math.hypot(x1 - x0, y1 - y0) / 200;
  let hand = null, gap = finest;
  const begin = (event) => {
    if (drawing() && event.isPrimary && event.button === 0) [hand, gap] = [[], finest];
  };
  const moved = (x, y) => {
    if (!hand) return;
    if (hand.length && apart(hand.at(-1), [x, y]) < gap) return;
    hand.push([x, y]);
    if (hand.length > MOST_POINTS) [hand, gap] = [hand.filter((_, i) => i % 2 === 0), 2 * gap];
    show(hand);
  };
  const lift = () => {
    if (!hand) return;
    const end = model.get("z");
    if (apart(hand.at(-1), end) > 0) hand.splice(MOST_POINTS - 1, 1, [...end]); // at the end, or in place of the last one allowed
    put(model, "path", hand);
    hand = null;
  };
  plane.node.addEventListener("pointerdown", begin, { capture: true }); // before the plane's own, which moves
  plane.node.addEventListener("lostpointercapture", lift); // lifted, or taken away by the system

  const add = () => {
    stop();
    if (model.get("path").length < MOST_POINTS) put(model, "path", [...model.get("path"), [...model.get("z")]]);
    else reading.textContent = `A path drawn by hand has at most ${MOST_POINTS} points: press “clear” to begin another.`;
    return true;
  };

  // Playing: a frame at a time, and no further once something else has moved z.
  let playing = null;
  const stop = () => {
    cancelAnimationFrame(playing);
    playing = null;
    play.textContent = "play";
  };
  const start = () => {
    const points = model.get("path");
    if (points.length < 2) {
      reading.textContent = `To play, a path needs two points or more, and this one has ${points.length}: press “draw a path” and drag over the plane, or press Enter on the plane at each place.`;
      return;
    }
    const at = walk(points), steps = matchMedia("(prefers-reduced-motion: reduce)").matches ? PLAY_STEPS : Infinity;
    let began = null, last = null;
    const frame = (now) => {
      began ??= now;
      const share = Math.min(1, (now - began) / (1000 * PLAY_SECONDS));
      const [x, y] = at(steps < Infinity ? Math.floor(share * steps) / steps : share);
      if (last && apart(last, model.get("z")) > 0) return stop();
      if (!last || apart(last, [x, y]) > 0) go(x, y);
      last = [x, y];
      if (share === 1) stop();
      else playing = requestAnimationFrame(frame);
    };
    play.textContent = "stop";
    reading.textContent = told(points);
    playing = requestAnimationFrame(frame);
  };
  const escape = (event) => {
    if (event.key !== "Escape" || !playing) return;
    stop();
    event.preventDefault();
    event.stopPropagation();
  };
  [plane.node, controls].forEach((node) => node.addEventListener("keydown", escape, { capture: true }));

  return { controls, moved, add, stop, close: () => (stop(), close()) };
}

const apart = ([a, b], [c, d]) => Math.hypot(a - c, b - d);

const told = (points) => {
  if (!points.length) return "No path yet.";
  const length = points.slice(1).reduce((sum, point, i) => sum + apart(points[i], point), 0);
  return `Path of ${points.length} point${points.length > 1 ? "s" : ""}, ${length.toFixed(2)} long.`;
};

/** Points → a function from the share of the way, 0 to 1, to the place there: the same speed all along. */
export function walk(points) {
  const reached = [0];
  points.slice(1).forEach((point, i) => reached.push(reached[i] + apart(points[i], point)));
  const whole = reached.at(-1);
  return (share) => {
    if (share >= 1) return points.at(-1);
    const k = Math.max(1, reached.findIndex((r) => r > share * whole)); // between points k − 1 and k; no part of the way is left where all are one
    const [[a, b], [c, d]] = [points[k - 1], points[k]], part = (share * whole - reached[k - 1]) / (reached[k] - reached[k - 1] || 1);
    return [a + part * (c - a), b + part * (d - b)];
  };
}
