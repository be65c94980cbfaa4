// What views that show images and numbers share.
import { element } from "./controls.js";

/** A canvas of one dot a pixel, which CSS enlarges without blur on any screen; `name` is read by screen readers, nothing is where it only repeats
 * what stands beside it. */
export const imageCanvas = ([height, width], attributes, name = "") =>
  element("canvas", { width, height, ...(name ? { role: "img", "aria-label": name } : { "aria-hidden": "true" }), ...attributes });

/** Pixels in [0, 1] as dark ink on white paper. */
export function paint(canvas, pixels) {
  const picture = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < pixels.length; i++) {
    picture.data.fill(255 * (1 - Math.min(1, Math.max(0, pixels[i]))), 4 * i, 4 * i + 3);
    picture.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** 1.5 → "1.50", −1.5 → "−1.50" with a true minus sign, and never "−0.00". */
export function number(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
}

/** The sentence of this name, of those that Python has sent, with values in the places of {names}; the list of numbers z becomes "1.50, −0.25". */
export function say(model, name, values) {
  const text = (value) => (Array.isArray(value) ? value.map((v) => number(v)).join(", ") : value);
  return model.get("words")[name].replace(/\{(\w+)\}/g, (_, key) => text(values[key]));
}

export const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));
