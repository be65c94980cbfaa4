import { button, choices, drag, element, follow, image, ownKeys, pinch, put, set, svg } from "./controls.js";
import { clamp, number } from "./common.js";
import { makeGround } from "./ground.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
const NEARER = 2, FARTHER = 1 / 1.5, NEAREST = 50; // by button and key; how many times the plane may be enlarged

/** The code plane of a view, its traits `plane`, `shown` and `window`: matplotlib's axes, layers to switch on and off (ground.js), an SVG in units of z
 * for what moves, a ring, and a window on it that is zoomed by keys, buttons, wheel and two fingers.
 *
 * `onMove(x, y, begins)` hears of drags, touches and arrow keys, in units of z, within the plane, `onLift()` of the end of a drag and `onPinch()` of two fingers; `z()` says
 * where the ring is. `onKey(event)` hears of other keys and returns true for one that it used; `picture(n)` may return a canvas to be shown for code n.
 * Returns .node (the focusable pad), .switches (checkboxes of the layers, and the zoom), .overlay (the SVG: its y points down, so draw at −z₂; give
 * shapes the class "vae-line" for lines whose width is not scaled), .place(x, y) for the ring, and .seen(), the window: [x0, x1, y0, y1].
 */
export function makePlane(model, { label, z, onMove, onLift, onPinch = () => {}, onKey = () => false, picture }) {
  const { underlay, names, box: [left, top, width, height], extent } = model.get("plane"), sides = [extent.slice(0, 2), extent.slice(2)];
  const seen = () => (model.get("window").length ? model.get("window") : extent);
  const enlarged = () => (extent[1] - extent[0]) / (seen()[1] - seen()[0]);
  const switches = choices("checkbox", Object.entries(names), (name, on) => {
    const others = model.get("shown").filter((other) => other !== name);
    put(model, { shown: on ? [...others, name] : others });
  });
  const overlay = svg("svg", { class: "vae-overlay", preserveAspectRatio: "none", "aria-hidden": "true" });
  Object.assign(overlay.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
  const axes = image(underlay, { alt: model.get("caption") }), knob = element("div", { class: "vae-knob" });
  const ground = makeGround(model.get("plane"), picture);
  const node = element("div", { class: "vae-pad", tabindex: 0, role: "application", "aria-label": `${label}, + and − to zoom, 0 for the whole plane` }, axes, ground.canvas, overlay, knob);

  // The window: `point` of the plane is seen at shares (s, t) of it, and the plane `times` as large.
  const look = (times, point, shares) => {
    const share = 1 / clamp(times, [1, NEAREST]);
    const window = sides.flatMap(([low, high], axis) => {
      const side = share * (high - low), from = clamp(point[axis] - shares[axis] * side, [low, high - side]);
      return [from, Math.min(high, from + side)];
    });
    put(model, { window: share === 1 ? [] : window });
  };
  const onAxes = ([u, v]) => [(u - left) / width, 1 - (v - top) / height]; // shares of the pad → of the window
  const inside = (shares) => shares.map((v) => clamp(v, [0, 1]));
  const span = (axis) => seen()[2 * axis + 1] - seen()[2 * axis];
  const pointAt = (shares) => shares.map((share, axis) => seen()[2 * axis] + share * span(axis));
  const sharesOf = (point) => point.map((v, axis) => (v - seen()[2 * axis]) / span(axis));
  const zoom = (factor, shares = inside(sharesOf(z()))) => look(factor * enlarged(), pointAt(shares), shares); // about the ring

  pinch(node, (factor, before, after) => {
    onPinch();
    look(factor * enlarged(), pointAt(onAxes(before)), onAxes(after));
  });
  node.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // two fingers that pinch a trackpad come as a wheel with Ctrl
    event.preventDefault();
    const { left: x, top: y, width: wide, height: high } = node.getBoundingClientRect();
    zoom(Math.exp(clamp(-0.01 * event.deltaY, [-0.3, 0.3])), inside(onAxes([(event.clientX - x) / wide, (event.clientY - y) / high])));
  }, { passive: false });
  const go = (point, begins) => onMove(...point.map((v, axis) => clamp(v, sides[axis])), begins);
  drag(node, (places, begins) => go(pointAt(inside(onAxes(places.at(-1)))), begins), onLift);
  const whole = () => put(model, { window: [] }), zooms = { "+": () => zoom(NEARER), "=": () => zoom(NEARER), "-": () => zoom(FARTHER), 0: whole };
  ownKeys(node, (event) => {
    const { key, shiftKey } = event, step = shiftKey ? 0.002 : 0.02; // a fiftieth of what is seen
    if (key === "Home") go([0, 0]);
    else if (key in STEPS) go(z().map((v, axis) => v + STEPS[key][axis] * step * span(axis)));
    else if (key in zooms && !event.ctrlKey && !event.metaKey) zooms[key]();
    else return onKey(event);
    return true;
  });
  const buttons = [["+", "Zoom in", zooms["+"]], ["−", "Zoom out", zooms["-"]], ["whole plane", "Show the whole plane", whole]].map(
    ([sign, name, act]) => button(sign, act, { "aria-label": name }));
  const told = element("span", { class: "vae-value", role: "status" });

  const place = (...point) => {
    const shares = sharesOf(point), off = point.some((v, axis) => v < sides[axis][0] || v > sides[axis][1]);
    if (!off && shares.some((v) => v < -1e-9 || v > 1 + 1e-9)) return look(enlarged(), point, shares.map((v) => clamp(v, [0.1, 0.9]))); // the window goes with the ring
    Object.assign(knob.style, { left: `${100 * (left + width * shares[0])}%`, top: `${100 * (top + height * (1 - shares[1]))}%` });
  };
  const draw = () => {
    const [x0, x1, y0, y1] = seen(), on = (name) => model.get("shown").includes(name);
    switches.show(on);
    ground.draw([x0, x1, y0, y1], model.get("shown"));
    set(overlay, { viewBox: `${x0} ${-y1} ${x1 - x0} ${y1 - y0}` });
    const text = enlarged() > 1 ? `${number(enlarged(), 1)}×` : "";
    if (told.textContent !== text) told.textContent = text;
    buttons.slice(1).forEach((each) => each.setAttribute("aria-disabled", enlarged() === 1));
    place(...z());
  };
  follow(model, ["shown", "window"], draw);
  const anew = () => (node.isConnected ? draw() : removeEventListener("vae-room", anew)); // on the whole screen its letters have another size
  addEventListener("vae-room", anew);
  const layers = element("div", { class: "vae-layers", role: "group", "aria-label": "Layers of the plane" }, ...switches.labels);
  const zoomed = element("div", { class: "vae-zoom", role: "group", "aria-label": "Zoom of the plane" }, ...buttons, told);
  return { node, switches: element("div", { class: "vae-switches" }, layers, zoomed), overlay, place, seen };
}
