import { clamp, drag, element, follow, guarded, ownKeys, pngAddress, put } from "./common.js";
import { makeDecoder } from "./decoder.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

export const render = guarded(({ model, el }) => {
  const [left, top, width, height] = model.get("box"); // the axes, as shares of the underlay
  const [x0, x1, y0, y1] = model.get("extent"); // their limits, in units of z
  const decoder = makeDecoder(model);

  const knob = element("div", { class: "vae-knob" });
  const underlay = element("img", { src: pngAddress(model.get("underlay")), alt: model.get("caption"), draggable: "false" });
  const pad = element("div", { class: "vae-pad", tabindex: 0, role: "application", "aria-label": "Code plane: arrow keys move z, Shift for fine steps, Home for the origin" }, underlay, knob);
  const help = element("p", { class: "vae-help" }, "Drag the ring, or use the arrow keys (Shift: fine steps, Home: origin).");
  el.append(element("div", { class: "vae-row" }, pad, element("div", { class: "vae-side" }, decoder.canvas, decoder.reading, help)));

  const go = (x, y) => put(model, "z", [clamp(x, [x0, x1]), clamp(y, [y0, y1])]);
  drag(pad, (u, v) => go(x0 + ((u - left) / width) * (x1 - x0), y1 - ((v - top) / height) * (y1 - y0)));
  ownKeys(pad, ({ key, shiftKey }) => {
    const [x, y] = model.get("z"), step = shiftKey ? 0.002 : 0.02; // a fiftieth of the plane
    if (key === "Home") go(0, 0);
    else if (key in STEPS) go(x + STEPS[key][0] * step * (x1 - x0), y + STEPS[key][1] * step * (y1 - y0));
    else return false;
    return true;
  });

  const stop = follow(model, ["z"], () => {
    const [x, y] = model.get("z");
    knob.style.left = `${100 * (left + (width * (x - x0)) / (x1 - x0))}%`;
    knob.style.top = `${100 * (top + (height * (y1 - y)) / (y1 - y0))}%`;
    decoder.draw([x, y]);
  });
  return () => {
    stop();
    URL.revokeObjectURL(underlay.src);
  };
});

export default { render };
