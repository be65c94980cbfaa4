import { button, element, follow, player, put, set, svg } from "./controls.js";

const MOST_POINTS = 300; // points of a path drawn by hand: beyond, every second one goes

/** A path over the plane, the model's trait `path`: drawn with the hand or point by point, shown in the overlay, and played: `go(x, y)` moves along it from
 * `here()`, [x, y].
 *
 * Returns .controls (buttons and a sentence), .moved(x, y, begins) for each place where the hand comes by, .lift() when it leaves, .drop() when it
 * was no drawing hand, and .add() for the present place.
 */
export function makePath(model, { el, plane, go, here }) {
  const drawing = () => draw.getAttribute("aria-pressed") === "true";
  const draw = button("draw a path", () => draw.setAttribute("aria-pressed", !drawing()), { "aria-pressed": false }); // one path: then the ring is dragged again
  let way = null; // that is played
  const begin = () => {
    const points = model.get("path");
    reading.textContent = points.length > 1 ? told(points)
      : `To play, a path needs two points or more, and this one has ${points.length}: press “draw a path” and drag over the plane, or press Enter on the plane at each place.`;
    way = walk(points);
    return points.length > 1 ? 0 : null;
  };
  const play = player(el, { begin, go: (share) => go(...way(share)), at: here });
  const clear = button("clear", () => (play.stop(), put(model, { path: [] })));
  const reading = element("output", { class: "vae-path-reading", "aria-live": "polite" });
  const controls = element("div", { class: "vae-path" }, element("div", { class: "vae-buttons" }, draw, play.node, clear), reading);
  const lines = ["casing", "ink"].flatMap((name) => ["", " vae-begin"].map((more) => svg("path", { class: `vae-line vae-path-${name}${more}` })));
  plane.overlay.append(...lines);

  const show = (points) => {
    const places = points.map(([x, y]) => `${x},${-y}`);
    const [whole, start] = points.length ? [`M${places.join(" ")}`, `M${places[0]} h0`] : ["", ""];
    lines.forEach((line, i) => set(line, { d: i % 2 ? start : whole }));
    reading.textContent = told(points);
  };
  follow(model, ["path"], () => show(model.get("path")));

  // The hand. A path begins where it comes down and is told when it lifts; points nearer than `gap` to the last one are left out.
  const finest = () => Math.hypot(plane.seen()[1] - plane.seen()[0], plane.seen()[3] - plane.seen()[2]) / 200;
  let hand = null, gap = 0;
  const moved = (x, y, begins) => {
    if (begins && drawing()) [hand, gap] = [[], finest()];
    if (!hand || (hand.length && apart(hand.at(-1), [x, y]) < gap)) return;
    hand.push([x, y]);
    if (hand.length > MOST_POINTS) [hand, gap] = [hand.filter((_, i) => i % 2 === 0), 2 * gap];
    show(hand);
  };
  const lift = () => {
    if (!hand) return;
    const end = here();
    if (apart(hand.at(-1), end) > 0) hand.splice(MOST_POINTS - 1, 1, end); // at the end, or in place of the last one allowed
    if (hand.length > 1) draw.setAttribute("aria-pressed", false);
    put(model, { path: hand });
    hand = null;
  };
  const drop = () => {
    if (hand) show(model.get("path"));
    hand = null;
  };
  const add = () => {
    play.stop();
    if (model.get("path").length < MOST_POINTS) put(model, { path: [...model.get("path"), here()] });
    else reading.textContent = `A path drawn by hand has at most ${MOST_POINTS} points: press “clear” to begin another.`;
    return true;
  };
  return { controls, moved, lift, drop, add };
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
