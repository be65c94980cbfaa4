import { float32s } from "./engine.js";
import { element, paint } from "./common.js";

/** The example images that Python has encoded (examples.py): [{ name, code, show(canvas) }]. */
export function readExamples(model) {
  const names = model.get("example_names");
  if (!names.length) return [];
  const bytes = model.get("example_images"), codes = float32s(model.get("example_codes"));
  const levels = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
  const part = (numbers, n) => Array.from(numbers.subarray((n * numbers.length) / names.length, ((n + 1) * numbers.length) / names.length));
  return names.map((name, n) => {
    const pixels = part(levels, n).map((v) => v / 255);
    return { name, code: part(codes, n), show: (canvas) => paint(canvas, pixels) };
  });
}

/** A canvas of one dot a pixel, for images of the model; `name` is read by screen readers, nothing is where it only repeats what stands beside. */
export function imageCanvas(model, className, name = "") {
  const [height, width] = model.get("image_shape");
  return element("canvas", { class: className, width, height, ...(name ? { role: "img", "aria-label": name } : { "aria-hidden": "true" }) });
}
