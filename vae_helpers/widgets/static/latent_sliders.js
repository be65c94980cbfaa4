import { clamp, element, follow, guarded, number, ownKeys, put } from "./common.js";
import { makeDecoder } from "./decoder.js";

export const render = guarded(({ model, el }) => {
  const ranges = model.get("ranges");
  const decoder = makeDecoder(model);
  const go = (z) => put(model, "z", z.map((v, l) => clamp(v, ranges[l])));

  const rows = ranges.map(([low, high], l) => {
    const slider = element("input", { type: "range", min: low, max: high, step: (high - low) / 200, "aria-label": `z${l + 1}` });
    const value = element("span", { class: "vae-value", "aria-hidden": "true" });
    ownKeys(slider);
    slider.addEventListener("input", () => go(model.get("z").map((v, m) => (m === l ? Number(slider.value) : v))));
    return { slider, value, row: element("label", { class: "vae-slider" }, element("span", {}, "z", element("sub", {}, String(l + 1))), slider, value) };
  });
  const zeros = element("button", { type: "button" }, "all zeros");
  const random = element("button", { type: "button" }, model.get("random").label);
  [zeros, random].forEach((button) => ownKeys(button));
  zeros.addEventListener("click", () => go(ranges.map(() => 0)));
  random.addEventListener("click", () => go(draw(model.get("random"), ranges)));
  const buttons = element("div", { class: "vae-buttons" }, zeros, random);
  const side = element("div", { class: "vae-side" }, decoder.canvas, decoder.reading);
  el.append(element("div", { class: "vae-row" }, side, element("div", { class: "vae-sliders" }, ...rows.map((r) => r.row), buttons)));

  return follow(model, ["z"], () => {
    const z = model.get("z");
    rows.forEach(({ slider, value }, l) => {
      slider.value = z[l];
      slider.setAttribute("aria-valuetext", number(z[l]));
      value.textContent = number(z[l]);
    });
    decoder.draw(z);
  });
});

/** A random z: uniform in the box of the sliders, or mean + scale · ε with ε standard normal. */
function draw({ kind, mean, scale }, ranges) {
  if (kind === "box") return ranges.map(([low, high]) => low + (high - low) * Math.random());
  const eps = mean.map(() => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
  return mean.map((m, l) => scale[l].reduce((sum, s, k) => sum + s * eps[k], m));
}

export default { render };
