import { clamp, drag, element, follow, ownKeys, pngAddress, put, svgElement } from "./common.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

/** The code plane that views share: matplotlib's axes, layers to switch on and off, an SVG in units of z for what moves, and a ring.
 *
 * `onMove(x, y)` hears of drags, touches and arrow keys, in units of z, within the plane; `z()` says where the ring is. `onKey(event)`, if
 * given, hears of other keys and returns true for one that it used.
 * Returns .node (the focusable pad), .switches (the layers' checkboxes), .overlay (the SVG: its y points down, so draw at −z₂; give shapes
 * the class "vae-line" for lines whose width is not scaled), .place(x, y) for the ring, and .close().
 */
export function makePlane(model, { label, z, onMove, onKey = () => false }) {
  const [left, top, width, height] = model.get("box"); // the axes, as shares of the underlay
  const [x0, x1, y0, y1] = model.get("extent"); // their limits, in units of z
  const underlay = element("img", { src: pngAddress(model.get("underlay")), alt: model.get("caption"), draggable: "false" });
  const layers = Object.entries(model.get("layers")).map(([name, png]) => {
    const image = element("img", { class: "vae-layer", src: pngAddress(png), alt: "", draggable: "false" });
    const box = element("input", { type: "checkbox" });
    ownKeys(box);
    box.addEventListener("change", () => {
      const shown = new Set(model.get("shown"));
      box.checked ? shown.add(name) : shown.delete(name);
      put(model, "shown", [...shown]);
    });
    return { name, image, box, label: element("label", {}, box, model.get("layer_names")[name]) };
  });
  const overlay = svgElement("svg", { class: "vae-overlay", viewBox: `${x0} ${-y1} ${x1 - x0} ${y1 - y0}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  Object.assign(overlay.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
  const knob = element("div", { class: "vae-knob" });
  const node = element("div", { class: "vae-pad", tabindex: 0, role: "application", "aria-label": label }, underlay, ...layers.map((l) => l.image), overlay, knob);
  const switches = element("div", { class: "vae-switches", role: "group", "aria-label": "Layers of the plane" }, ...layers.map((l) => l.label));

  const go = (x, y) => onMove(clamp(x, [x0, x1]), clamp(y, [y0, y1]));
  drag(node, (u, v) => go(x0 + ((u - left) / width) * (x1 - x0), y1 - ((v - top) / height) * (y1 - y0)));
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
  const stop = follow(model, ["shown"], () =>
    layers.forEach(({ name, image, box }) => {
      box.checked = model.get("shown").includes(name);
      image.hidden = !box.checked;
    }),
  );
  const close = () => {
    stop();
    [underlay, ...layers.map((l) => l.image)].forEach((image) => URL.revokeObjectURL(image.src));
  };
  return { node, switches, overlay, place, close };
}
