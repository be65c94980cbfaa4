import { element, follow, image, put, slider, view } from "./kit/controls.js";

export default view(({ model, el }) => {
  const values = model.get("values"), texts = model.get("texts"); // one list a parameter; the same, as shown beside the sliders
  const frames = model.get("frames").map((png) => image(png)); // the last parameter varies fastest
  const canvas = element("canvas", { class: "vae-frame", role: "img", "aria-label": model.get("caption") });
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" }), longest = (all) => all.reduce((a, b) => (b.length > a.length ? b : a));
  const said = element("div", { class: "vae-said", "data-longest": longest(model.get("readings")) }, reading);

  const places = () => [].concat(model.get("value")).map((value, k) => values[k].indexOf(value));
  const go = (at) => put(model, { value: values.length > 1 ? at.map((i, k) => values[k][i]) : values[0][at[0]] });
  const sliders = model.get("names").map((name, k) =>
    slider(name, { min: 0, max: values[k].length - 1 }, (value) => go(places().map((i, m) => (m === k ? value : i)))));
  sliders.forEach(({ row }, k) => (row.querySelector(".vae-value").style.minWidth = `${longest(texts[k]).length}ch`));
  el.append(element("div", { class: "vae-stack" }, element("div", { class: "vae-sheet" }, canvas), ...sliders.map((each) => each.row), said));

  const draw = () => {
    const at = places(), n = at.reduce((index, i, k) => index * values[k].length + i, 0), frame = frames[n];
    sliders.forEach(({ show }, k) => show(at[k], texts[k][at[k]]));
    if (!frame.complete) return frame.decode().then(draw); // only while the first pictures arrive: the old one stays until then
    if (canvas.width !== frame.naturalWidth || canvas.height !== frame.naturalHeight) {
      [canvas.width, canvas.height] = [frame.naturalWidth, frame.naturalHeight];
      canvas.style.width = `${frame.naturalWidth / 2}px`; // two dots a pixel
    }
    canvas.getContext("2d").drawImage(frame, 0, 0);
    reading.textContent = model.get("readings")[n];
  };
  follow(model, ["value"], draw);
});
