import { float32s, load } from "./kit/engine.js";
import { element, follow, guarded, number, ownKeys, paint, pngAddress, put, svgElement } from "./kit/common.js";
import { makePlane } from "./kit/plane.js";

export const render = guarded(({ model, el }) => {
  const name = model.get("name"), values = model.get("values");
  const decoders = model.get("networks").map(({ weights, ...network }) => load(network, weights));
  const index = () => values.indexOf(model.get("value"));
  const [height, width] = model.get("image_shape");

  const slider = element("input", { type: "range", min: 0, max: values.length - 1, step: 1, "aria-label": name });
  const shownValue = element("span", { class: "vae-value", "aria-hidden": "true" });
  ownKeys(slider);
  slider.addEventListener("input", () => put(model, "value", values[slider.value]));
  const row = element("label", { class: "vae-slider" }, element("span", {}, name), slider, shownValue);

  const plane = makePlane(model, {
    label: "Code plane: arrow keys move z, Shift for fine steps, Home for the origin",
    z: () => model.get("z"),
    onMove: (x, y) => put(model, "z", [x, y]),
  });
  const cloud = makeCloud(model, plane.overlay);
  const switches = Object.entries(model.get("drawn")).map(([layer, text]) => makeSwitch(model, layer, text));
  plane.switches.append(...switches.map((each) => each.label));

  const canvas = element("canvas", { class: "vae-image", role: "img", "aria-label": "The image that the chosen model decodes from z.", width, height });
  const reached = element("span", {}), place = element("span", {});
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" }, reached, " ", place);
  const curve = element("img", { src: pngAddress(model.get("chart")), alt: `Reconstruction term against KL, one point for each ${name}.`, draggable: "false" });
  const mark = element("div", { class: "vae-mark" });
  const help = element("p", { class: "vae-help" }, `Move the slider to change the model, and drag the ring to change z (arrow keys move either).`);
  const side = element("div", { class: "vae-story-side" },
    element("div", { class: "vae-story-now" }, canvas, reading),
    element("div", { class: "vae-story-chart" }, curve, mark), plane.switches);
  el.append(element("div", { class: "vae-story" }, row, element("div", { class: "vae-row" }, plane.node, side), help));

  let drawn = -1; // the model whose codes are on the plane
  const stops = [
    follow(model, ["value", "z"], () => {
      const k = index(), z = model.get("z");
      if (k !== drawn) {
        cloud.draw(k);
        slider.value = k;
        shownValue.textContent = values[k];
        slider.setAttribute("aria-valuetext", `${name} = ${values[k]}`);
        const [u, v] = model.get("marks")[k];
        Object.assign(mark.style, { left: `${100 * u}%`, top: `${100 * v}%` });
        reached.replaceChildren(...model.get("readings")[k].split(/(?<=[:,] )/).map((part) => element("span", {}, part))); // one line each
        drawn = k;
      }
      plane.place(...z);
      paint(canvas, decoders[k](z));
      place.textContent = `z = (${z.map((each) => number(each)).join(", ")})`;
    }),
    follow(model, ["shown"], () => {
      switches.forEach((each) => each.draw());
      cloud.show(model.get("shown"));
    }),
  ];
  return () => {
    stops.forEach((stop) => stop());
    plane.close();
    URL.revokeObjectURL(curve.src);
  };
});

/** A checkbox for a layer that is drawn here: .label and .draw(). */
function makeSwitch(model, layer, text) {
  const box = element("input", { type: "checkbox" });
  ownKeys(box);
  box.addEventListener("change", () => {
    const others = model.get("shown").filter((each) => each !== layer);
    put(model, "shown", box.checked ? [...others, layer] : others);
  });
  const draw = () => (box.checked = model.get("shown").includes(layer));
  return { label: element("label", {}, box, text), draw };
}

/** The codes and posteriors of the same images under each model, as letters and ellipses in `overlay`: .draw(which model), .show(layers).
 *
 * Each is one SVG shape that is moved by its style, so that it glides from model to model (beta_story.css) and never blinks.
 */
function makeCloud(model, overlay) {
  const labels = model.get("labels"), colours = model.get("colours"), count = float32s(model.get("codes")).length / (2 * model.get("values").length);
  const codes = float32s(model.get("codes")), scales = float32s(model.get("scales"));
  const [x0, x1, y0, y1] = model.get("extent"), [, , width, height] = model.get("box");
  const dot = [(x1 - x0) / (400 * width), (y1 - y0) / (400 * height)]; // a pixel of the pad at full size, in units of z
  const every = Math.ceil(count / model.get("most_ellipses"));
  const colour = (n) => colours[labels[n] ?? "•"];
  const ellipses = svgElement("g"), letters = svgElement("g", { class: "vae-letters" });
  overlay.prepend(ellipses, letters);
  for (let n = 0; n < count; n++) {
    const letter = svgElement("text", { fill: colour(n) });
    letter.textContent = labels[n] ?? "•";
    letters.append(letter);
    if (n % every === 0) ellipses.append(svgElement("circle", { r: 1, class: "vae-line", stroke: colour(n) }));
  }
  const draw = (k) => {
    const at = (n) => 2 * (k * count + n);
    const move = (shape, n, sx, sy) => (shape.style.transform = `translate(${codes[at(n)]}px, ${-codes[at(n) + 1]}px) scale(${sx}, ${sy})`);
    [...letters.children].forEach((letter, n) => move(letter, n, ...dot));
    [...ellipses.children].forEach((ellipse, i) => move(ellipse, i * every, scales[at(i * every)], scales[at(i * every) + 1]));
  };
  const show = (shown) => {
    letters.style.display = shown.includes("codes") ? "" : "none";
    ellipses.style.display = shown.includes("posteriors") ? "" : "none";
  };
  return { draw, show };
}

export default { render };
