// The decoder that runs here, the canvas of its image, and the sentence that says where z is.
import { imageCanvas, number, paint, say } from "./common.js";
import { element } from "./controls.js";
import { float32s, load } from "./engine.js";

const MOST_ASKED = 4, PATIENCE = 2000; // images asked of the kernel at a time; milliseconds until a missing answer is told

/** The decoder of `model`'s network: .canvas, .reading (announced politely by screen readers), .draw(z), which updates both and returns the nearest code,
 * { which, distance } or null, and .decode(z) → pixels.
 *
 * Where the engine lacks a layer .decode is null and the kernel decodes: .draw returns at once, the image follows, and a note says so. Until the
 * last image asked for is there, the canvas is marked aria-busy.
 */
export function makeDecoder(model) {
  const network = model.get("network"), { missing } = network;
  const [height, width] = model.get("image_shape");
  const canvas = imageCanvas([height, width], { class: "vae-image" }, "The image decoded from z.");
  const place = element("span", {}), neighbour = element("span", { class: "vae-neighbour" });
  const note = element("p", { class: "vae-note", role: "status" });
  const reading = element("div", {}, element("output", { class: "vae-reading", "aria-live": "polite" }, place, " ", neighbour), note);
  const nearest = makeNearest(model), labels = model.get("labels");
  const tell = (text) => {
    if (note.textContent !== text) note.textContent = text; // spoken when it changes, not with each image
  };
  const show = (pixels) => {
    if (pixels.length !== width * height) throw new Error(`The decoder puts out ${pixels.length} numbers, an image of ${height} × ${width} has ${width * height}.`);
    paint(canvas, pixels);
    canvas.classList.remove("vae-stale");
    tell(pixels.some(Number.isNaN) ? "The image at this z holds NaN." : missing ? `The browser cannot run ${missing}: the kernel computes each image.` : "");
  };
  const without = (text) => {
    canvas.classList.add("vae-stale"); // what is drawn is the image of another z
    tell(text);
  };
  const late = () => without(`The browser cannot run ${missing}: this image needs a running kernel, and none has answered yet.`);
  const failed = (text) => without(`The kernel could not compute this image. ${text}`);
  const busy = (is) => canvas.setAttribute("aria-busy", is);
  const decode = missing ? null : load(network, model.get("weights"));
  const ask = missing ? askKernel(model, { show, late, failed, busy }) : null;
  const draw = (z) => {
    missing ? ask(z) : show(decode(z));
    place.textContent = say(model, "place", { z });
    const near = nearest(z);
    neighbour.textContent = near && labels.length ? say(model, "nearest", { label: labels[near.which], distance: number(near.distance) }) : "";
    return near;
  };
  return { canvas, reading, draw, decode };
}

/** Ask the kernel for images: returns ask(z). At most MOST_ASKED are under way; beyond that the newest z waits, and the last is always asked.
 *
 * Then show(pixels) for each answer newer than those before, failed(text) in place of an image, late() when the kernel is silent for
 * `patience`, busy(true or false) around it all.
 */
export function askKernel(model, { show, late, failed, busy }, patience = PATIENCE) {
  const view = Math.random().toString(36).slice(2); // other views of this model hear our answers too
  let asked = 0, answered = 0, shown = 0, waiting = null, silence = null;
  const send = (z) => {
    try {
      model.send({ ask: "image", view, number: ++asked, z });
    } catch {
      late(); // the link to the kernel is closed
    }
  };
  model.on("msg:custom", (message, [bytes] = []) => {
    if (message.answer !== "image" || message.view !== view) return;
    answered++;
    clearTimeout(silence);
    silence = null;
    if (waiting) send(waiting);
    waiting = null;
    if (asked > answered) silence = setTimeout(late, patience);
    if (message.number < shown) return;
    shown = message.number;
    message.error ? failed(message.error) : show(float32s(bytes));
    busy(asked > shown);
  });
  return (z) => {
    busy(true);
    silence ??= setTimeout(late, patience);
    if (asked - answered < MOST_ASKED) send(z);
    else waiting = z;
  };
}

/** z → the nearest of the codes, { which, distance }, or null where none were given. */
function makeNearest(model) {
  const codes = float32s(model.get("codes"));
  if (!codes.length) return () => null;
  return (z) => {
    let best = Infinity, which = 0;
    for (let n = 0; n < codes.length / z.length; n++) {
      let square = 0;
      for (let l = 0; l < z.length; l++) square += (codes[n * z.length + l] - z[l]) ** 2;
      if (square < best) [best, which] = [square, n];
    }
    return { which, distance: Math.sqrt(best) };
  };
}
