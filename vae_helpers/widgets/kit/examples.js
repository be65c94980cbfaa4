import { imageCanvas, paint } from "./common.js";
import { float32s } from "./engine.js";

/** The example images that Python has encoded (given.py): [{ name, code, canvas() }]; each canvas is another of its image. */
export function readExamples(model) {
  const { images, codes, names } = model.get("examples");
  const levels = new Uint8Array(images.buffer ?? images, images.byteOffset ?? 0, images.byteLength), numbers = float32s(codes);
  const part = (all, n) => Array.from(all.subarray((n * all.length) / names.length, ((n + 1) * all.length) / names.length));
  return names.map((name, n) => {
    const show = (canvas) => paint(canvas, part(levels, n).map((v) => v / 255));
    const thumbnail = () => {
      const canvas = imageCanvas(model.get("image_shape"));
      show(canvas);
      return canvas;
    };
    return { name, code: part(numbers, n), show, thumbnail };
  });
}
