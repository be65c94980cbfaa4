import { clamp } from "./kit/common.js";
import { drag, element, ownKeys, set, svg } from "./kit/controls.js";

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The square to draw on: .node, .draw(strokes), .busy() while the pen is down. `strokes()` are those on it, `onChange` hears of new ones. */
export function makeDrawing(invitation, strokes, onChange) {
  const ink = svg("svg", { viewBox: "0 0 128 128", class: "vae-ink", "aria-hidden": "true" });
  const pen = svg("circle", { class: "vae-pen vae-line", r: 5 });
  const words = element("span", { class: "vae-invite" }, invitation);
  const status = element("span", { class: "vae-unseen", role: "status" });
  const label = "Canvas: arrow keys move the pen, Shift for fine steps, Space sets it down or lifts it, Backspace takes back the last stroke";
  const node = element("div", { class: "vae-drawing", tabindex: 0, role: "application", "aria-label": label }, ink, words, status);
  const round = (v) => Math.round(1000 * clamp(v, [0, 1])) / 1000;
  let held = false, at = [0.5, 0.5], down = false; // the pen by mouse, pen or finger; by keys

  const begin = (point) => onChange([...strokes(), [point]]);
  const extend = (points) => {
    const all = strokes(), last = all.at(-1) ?? [];
    const longer = points.reduce((s, p) => (s.length && Math.hypot(p[0] - s.at(-1)[0], p[1] - s.at(-1)[1]) < 0.004 ? s : [...s, p]), last);
    if (longer !== last) onChange([...all.slice(0, -1), longer]);
  };
  drag(node, (places, begins) => {
    const points = places.map((place) => place.map(round));
    held = true;
    if (!begins) return extend(points);
    lift();
    begin(points[0]);
  }, () => (held = false));

  const show = () => {
    set(pen, { cx: 128 * at[0], cy: 128 * at[1] }).classList.toggle("vae-down", down);
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
    ink.replaceChildren(...linesOf(all), pen);
    words.hidden = all.length > 0;
    if (!all.length) down = false;
    show();
  };
  return { node, draw, busy: () => held };
}

/** A drawing in small. */
export const sketch = (strokes) => svg("svg", { viewBox: "0 0 128 128", "aria-hidden": "true" }, ...linesOf(strokes));

const linesOf = (strokes) =>
  strokes.map((stroke) => svg("path", { class: "vae-stroke", d: `M${[...stroke, stroke.at(-1)].map(([x, y]) => `${128 * x} ${128 * y}`).join("L")}` }));
