import { imageCanvas, paint, say } from "./kit/common.js";
import { choices, element, follow, put, view } from "./kit/controls.js";
import { makeDecoder } from "./kit/decoder.js";
import { makePath } from "./kit/path.js";
import { makePlane } from "./kit/plane.js";

export default view(({ model, el }) => {
  const decoder = makeDecoder(model), picture = makePictures(model);
  const here = () => model.get("z").slice(0, 2), go = (x, y) => put(model, { z: [x, y, ...model.get("z").slice(2)] });
  const labels = choices("radio", model.get("switch").map((name, k) => [k, name]), (k) => put(model, { z: [...here(), k] }));
  const plane = makePlane(model, {
    label: "Code plane: arrow keys move z, Shift for fine steps, Home for the origin, Enter adds this point to the path",
    z: here,
    onMove: (x, y, begins) => {
      go(x, y);
      path.moved(x, y, begins);
    },
    onLift: () => path.lift(),
    onPinch: () => path.drop(),
    onKey: ({ key }) => key === "Enter" && path.add(),
    picture,
  });
  const path = makePath(model, { el, plane, go, here });
  const help = "Drag the ring, or use the arrow keys (Shift: fine steps, Home: origin, Enter: add this point to the path). After “draw a path” a drag draws one; play walks it. Zoom: + and −, Ctrl and wheel, or two fingers.";
  const real = imageCanvas(model.get("image_shape"), { class: "vae-image" }, "The real image whose code is nearest.");
  const images = picture(0)
    ? element("div", { class: "vae-pair" }, element("figure", {}, decoder.canvas, element("figcaption", {}, say(model, "decoded"))), element("figure", {}, real, element("figcaption", {}, say(model, "real"))))
    : decoder.canvas;
  const label = element("div", { class: "vae-switches vae-label", role: "radiogroup", "aria-label": "The label" }, ...labels.labels);
  const side = element("div", { class: "vae-side vae-beside-field" }, ...(labels.labels.length ? [label] : []), images, decoder.reading, plane.switches, element("p", { class: "vae-help" }, help));
  el.append(element("div", { class: "vae-row" }, element("div", { class: "vae-field" }, plane.node, path.controls), side));

  follow(model, ["z"], () => {
    plane.place(...here());
    labels.show((k) => k === model.get("z")[2]);
    const near = decoder.draw(model.get("z"));
    if (!near || !picture(near.which)) return;
    real.getContext("2d").drawImage(picture(near.which), 0, 0);
  });
});

/** n → a canvas with the image whose code is number n, made when it is first asked for; null where there are no images. */
function makePictures(model) {
  const bytes = model.get("images"), [height, width] = model.get("image_shape"), made = [];
  if (!bytes.byteLength) return () => null;
  const levels = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
  return (n) => {
    if (!made[n]) paint((made[n] = imageCanvas([height, width])), Array.from(levels.subarray(n * height * width, (n + 1) * height * width), (v) => v / 255));
    return made[n];
  };
}
