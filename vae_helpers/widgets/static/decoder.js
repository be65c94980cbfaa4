// What LatentPad and LatentSliders share: the decoder that runs here, the canvas of its image, and the sentence that says where z is.
import { float32s, load } from "./engine.js";
import { element, number, paint } from "./common.js";

/** The decoder of `model`'s network: .canvas, .reading (announced politely by screen readers) and .draw(z), which updates both. */
export function makeDecoder(model) {
  const decode = load(model.get("network"), model.get("weights"));
  const [height, width] = model.get("image_shape");
  const canvas = element("canvas", { class: "vae-image", role: "img", "aria-label": "The image decoded from z.", width, height });
  const place = element("span", {}), neighbour = element("span", { class: "vae-neighbour" });
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" }, place, " ", neighbour);
  const nearest = makeNearest(model);
  const draw = (z) => {
    paint(canvas, decode(z));
    place.textContent = `z = (${z.map((v) => number(v)).join(", ")})`;
    neighbour.textContent = nearest(z);
  };
  return { canvas, reading, draw };
}

/** z → "nearest code: 3 (0.12 away)", or nothing where no labelled codes were given. */
function makeNearest(model) {
  const labels = model.get("labels");
  if (!labels.length) return () => "";
  const codes = float32s(model.get("codes"));
  return (z) => {
    let best = Infinity, which = 0;
    for (let n = 0; n < labels.length; n++) {
      let square = 0;
      for (let l = 0; l < z.length; l++) square += (codes[n * z.length + l] - z[l]) ** 2;
      if (square < best) [best, which] = [square, n];
    }
    return `nearest code: ${labels[which]} (${number(Math.sqrt(best))} away)`;
  };
}
