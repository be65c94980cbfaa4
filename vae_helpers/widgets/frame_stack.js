import { element, follow, guarded, ownKeys, pngAddress, put } from "./kit/common.js";

export const render = guarded(({ model, el }) => {
  const values = model.get("values"); // one list a parameter
  const texts = model.get("texts"); // the same, as shown beside the sliders
  const frames = model.get("frames").map((png) => element("img", { src: pngAddress(png), alt: "" })); // the last parameter varies fastest
  const canvas = element("canvas", { class: "vae-frame", role: "img", "aria-label": model.get("caption") });
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" });

  const places = () => [].concat(model.get("value")).map((value, k) => values[k].indexOf(value));
  const go = (at) => put(model, "value", values.length > 1 ? at.map((i, k) => values[k][i]) : values[0][at[0]]);
  const rows = values.map((list, k) => {
    const slider = element("input", { type: "range", min: 0, max: list.length - 1, step: 1, "aria-label": model.get("names")[k] });
    const value = element("span", { class: "vae-value", "aria-hidden": "true" });
    ownKeys(slider);
    slider.addEventListener("input", () => go(places().map((i, m) => (m === k ? Number(slider.value) : i))));
    return { slider, value, row: element("label", { class: "vae-slider" }, element("span", {}, model.get("names")[k]), slider, value) };
  });
  el.append(element("div", { class: "vae-stack" }, canvas, ...rows.map((r) => r.row), reading));

  const draw = () => {
    const at = places();
    const n = at.reduce((index, i, k) => index * values[k].length + i, 0);
    rows.forEach(({ slider, value }, k) => {
      slider.value = at[k];
      slider.setAttribute("aria-valuetext", texts[k][at[k]]);
      value.textContent = texts[k][at[k]];
    });
    const frame = frames[n];
    if (!frame.complete) return frame.decode().then(draw); // only while the first pictures arrive: the old one stays until then
    if (canvas.width !== frame.naturalWidth || canvas.height !== frame.naturalHeight) {
      [canvas.width, canvas.height] = [frame.naturalWidth, frame.naturalHeight];
      canvas.style.width = `${frame.naturalWidth / 2}px`; // two dots a pixel
    }
    canvas.getContext("2d").drawImage(frame, 0, 0);
    reading.textContent = model.get("readings")[n];
  };
  const stop = follow(model, ["value"], draw);
  return () => {
    stop();
    frames.forEach((frame) => URL.revokeObjectURL(frame.src));
  };
});

export default { render };
