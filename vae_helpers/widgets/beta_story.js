import { imageCanvas, paint, say } from "./kit/common.js";
import { element, follow, image, put, slider, svg, view } from "./kit/controls.js";
import { float32s, load } from "./kit/engine.js";
import { makePlane } from "./kit/plane.js";

export default view(({ model, el }) => {
  const name = model.get("name"), values = model.get("values");
  const decoders = model.get("networks").map(({ weights, ...network }) => load(network, weights));
  const { row, show } = slider(name, { min: 0, max: values.length - 1 }, (k) => put(model, { value: values[k] }));
  const plane = makePlane(model, {
    label: "Code plane: arrow keys move z, Shift for fine steps, Home for the origin",
    z: () => model.get("z"),
    onMove: (x, y) => put(model, { z: [x, y] }),
  });
  const cloud = makeCloud(model, plane);
  const images = values.map((value) => imageCanvas(model.get("image_shape"), { class: "vae-image" }, `What ${name} = ${value} decodes at the ring.`));
  const each = images.map((canvas, k) => {
    const node = element("figure", {}, canvas, element("figcaption", { "aria-hidden": "true" }, `${values[k]}`));
    node.addEventListener("click", () => put(model, { value: values[k] })); // as the slider does, which keys reach
    return node;
  });
  const all = element("div", { class: "vae-story-all", role: "group", "aria-label": "decoded at the ring" }, ...each);
  const reached = element("span"), place = element("span");
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" }, reached, " ", place);
  const curve = image(model.get("chart"), { alt: `Reconstruction term against KL, one point for each ${name}.` });
  const mark = element("div", { class: "vae-mark" });
  const help = element("p", { class: "vae-help" }, "Above: what each model decodes at the ring. Move the slider, or drag the ring; arrow keys move either.");
  const side = element("div", { class: "vae-story-side" },
    reading, element("div", { class: "vae-story-chart" }, curve, mark), help);
  el.append(element("div", { class: "vae-story" }, row, all, element("div", { class: "vae-row" }, plane.node, side), plane.switches));

  let drawn = -1; // the model whose codes are on the plane
  follow(model, ["value", "z"], () => {
    const k = values.indexOf(model.get("value")), z = model.get("z");
    if (k !== drawn) {
      each.forEach((node, i) => node.classList.toggle("vae-chosen", i === k));
      cloud.draw(k);
      show(k, values[k], `${name} = ${values[k]}`);
      const [u, v] = model.get("marks")[k];
      Object.assign(mark.style, { left: `${100 * u}%`, top: `${100 * v}%` });
      reached.replaceChildren(...model.get("readings")[k].split(/(?<=[:,] )/).map((part) => element("span", {}, part))); // one line each
      drawn = k;
    }
    plane.place(...z);
    images.forEach((canvas, i) => paint(canvas, decoders[i](z)));
    place.textContent = say(model, "place", { z });
  });
  follow(model, ["shown"], () => cloud.show(model.get("shown")));
  follow(model, ["window"], () => {
    plane.overlay.classList.add("vae-at-once"); // letters keep their size, and do not glide to it
    cloud.draw(drawn);
    plane.overlay.getBoundingClientRect();
    plane.overlay.classList.remove("vae-at-once");
  });
});

/** The codes and posteriors of the same images under each model, as letters and ellipses on `plane`: .draw(which model), .show(layers).
 *
 * Each is one SVG shape that is moved by its style, so that it glides from model to model (beta_story.css) and never blinks.
 */
function makeCloud(model, { overlay, seen }) {
  const labels = model.get("labels"), colours = model.get("colours"), codes = float32s(model.get("codes")), scales = float32s(model.get("scales"));
  const count = codes.length / (2 * model.get("values").length), every = Math.ceil(count / model.get("most_ellipses"));
  const { box: [, , width, height] } = model.get("plane");
  const colour = (n) => colours[labels[n] ?? "•"];
  const images = [...Array(count).keys()];
  const letters = images.map((n) => svg("text", { fill: colour(n) }, labels[n] ?? "•"));
  const ellipses = images.filter((n) => n % every === 0).map((n) => svg("circle", { r: 1, class: "vae-line", stroke: colour(n) }));
  const groups = { posteriors: svg("g", {}, ...ellipses), codes: svg("g", { class: "vae-letters" }, ...letters) };
  overlay.prepend(...Object.values(groups));
  const draw = (k) => {
    const at = (n) => 2 * (k * count + n), [x0, x1, y0, y1] = seen();
    const dot = [(x1 - x0) / (400 * width), (y1 - y0) / (400 * height)]; // a pixel of the pad at full size, in units of z
    const move = (shape, n, sx, sy) => (shape.style.transform = `translate(${codes[at(n)]}px, ${-codes[at(n) + 1]}px) scale(${sx}, ${sy})`);
    letters.forEach((letter, n) => move(letter, n, ...dot));
    ellipses.forEach((ellipse, i) => move(ellipse, i * every, scales[at(i * every)], scales[at(i * every) + 1]));
  };
  const show = (shown) => Object.entries(groups).forEach(([layer, group]) => (group.style.display = shown.includes(layer) ? "" : "none"));
  return { draw, show };
}
