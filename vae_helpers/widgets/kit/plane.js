import { choices, drag, element, follow, image, ownKeys, put, svg } from "./controls.js";
import { clamp } from "./common.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

/** The code plane of a view, its traits `plane` and `shown`: matplotlib's axes, layers to switch on and off, an SVG in units of z for what moves, and a ring.
 *
 * `onMove(x, y, begins)` hears of drags, touches and arrow keys, in units of z, within the plane, and `onLift()` of the end of a drag; `z()` says
 * where the ring is. `onKey(event)` hears of other keys and returns true for one that it used.
 * Returns .node (the focusable pad), .switches (the layers' checkboxes), .overlay (the SVG: its y points down, so draw at −z₂; give shapes
 * the class "vae-line" for lines whose width is not scaled) and .place(x, y) for the ring.
 */
export function makePlane(model, { label, z, onMove, onLift, onKey = () => false }) {
  const { underlay, layers, names, box: [left, top, width, height], extent: [x0, x1, y0, y1] } = model.get("plane");
  const pictures = Object.entries(layers).map(([name, png]) => [name, image(png, { class: "vae-layer", alt: "" })]);
  const switches = choices("checkbox", Object.entries(names), (name, on) => {
    const others = model.get("shown").filter((other) => other !== name);
    put(model, { shown: on ? [...others, name] : others });
  });
  const overlay = svg("svg", { class: "vae-overlay", viewBox: `${x0} ${-y1} ${x1 - x0} ${y1 - y0}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  Object.assign(overlay.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
  const knob = element("div", { class: "vae-knob" }), shown = pictures.map(([, picture]) => picture);
  const node = element("div", { class: "vae-pad", tabindex: 0, role: "application", "aria-label": label }, image(underlay, { alt: model.get("caption") }), ...shown, overlay, knob);

  const go = (x, y, begins) => onMove(clamp(x, [x0, x1]), clamp(y, [y0, y1]), begins);
  drag(node, (places, begins) => {
    const [u, v] = places.at(-1);
    go(x0 + ((u - left) / width) * (x1 - x0), y1 - ((v - top) / height) * (y1 - y0), begins);
  }, onLift);
  ownKeys(node, (event) => {
    const { key, shiftKey } = event, [x, y] = z(), step = shiftKey ? 0.002 : 0.02; // a fiftieth of the plane
    if (key === "Home") go(0, 0);
    else if (key in STEPS) go(x + STEPS[key][0] * step * (x1 - x0), y + STEPS[key][1] * step * (y1 - y0));
    else return onKey(event);
    return true;
  });
  const place = (x, y) => {
    knob.style.left = `${100 * (left + (width * (x - x0)) / (x1 - x0))}%`;
    knob.style.top = `${100 * (top + (height * (y1 - y)) / (y1 - y0))}%`;
  };
  follow(model, ["shown"], () => {
    const on = (name) => model.get("shown").includes(name);
    switches.show(on);
    pictures.forEach(([name, picture]) => (picture.hidden = !on(name)));
  });
  return { node, switches: element("div", { class: "vae-switches", role: "group", "aria-label": "Layers of the plane" }, ...switches.labels), overlay, place };
}
