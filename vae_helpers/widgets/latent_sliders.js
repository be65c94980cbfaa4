import { clamp, imageCanvas, number, say } from "./kit/common.js";
import { button, element, follow, put, slider, view } from "./kit/controls.js";
import { makeDecoder } from "./kit/decoder.js";
import { float32s } from "./kit/engine.js";
import { readExamples } from "./kit/examples.js";

export default view(({ model, el }) => {
  const ranges = model.get("ranges"), examples = readExamples(model);
  const decoder = makeDecoder(model);
  const go = (z, more = {}) => put(model, { ...more, z: z.map((v, l) => clamp(v, ranges[l])) });

  const rows = ranges.map(([min, max], l) => {
    const kl = klCell(model, l), name = ["z", element("sub", {}, String(l + 1))];
    const move = (value) => go(model.get("z").map((v, m) => (m === l ? value : v)));
    const { row, show } = slider(name, { min, max, step: (max - min) / 200, "aria-label": `z${l + 1}${kl.words}` }, move);
    row.append(...kl.nodes);
    const input = row.querySelector("input"), tick = element("span", { class: "vae-tick", "aria-hidden": "true", hidden: "" });
    const track = element("span", { class: "vae-ticked" }, tick);
    input.replaceWith(track);
    track.prepend(input);
    row.classList.toggle("vae-dead", kl.dead);
    const point = (value) => {
      tick.hidden = false;
      tick.style.left = `calc(8px + ${clamp((value - min) / (max - min), [0, 1])} * (100% - 16px))`; // the middle of the knob goes from 8 to 8 pixels
    };
    return { row, show, point };
  });
  const buttons = element("div", { class: "vae-buttons" },
    button("all zeros", () => go(ranges.map(() => 0), { example: -1 })),
    button(model.get("random").label, () => go(draw(model.get("random"), ranges), { example: -1 })));
  const thumbnails = examples.map(({ name, code, thumbnail }, example) =>
    button(thumbnail(), () => go(code, { example }), { class: "vae-example", "aria-label": `encode ${name}` }));

  const original = imageCanvas(model.get("image_shape"), { class: "vae-image" }, "The original."), originalName = element("figcaption", {});
  const chosen = element("figure", { class: "vae-original" }, original, originalName);
  const side = element("div", { class: "vae-side" }, decoder.canvas, decoder.reading);
  if (examples.length) {
    el.append(element("div", { class: "vae-strip", role: "group", "aria-label": "Encode one of these images" },
      element("span", { class: "vae-strip-name", "aria-hidden": "true" }, "encode this image:"), ...thumbnails));
    side.classList.add("vae-side-wide");
    side.prepend(element("div", { class: "vae-pair" }, element("figure", {}, decoder.canvas, element("figcaption", {}, say(model, "decoded"))), chosen));
  }
  const sliders = element("div", { class: "vae-sliders" }, ...model.get("order").map((l) => rows[l].row), buttons);
  if (model.get("kl").length) {
    sliders.classList.add("vae-sliders-kl");
    sliders.prepend(element("div", { class: "vae-kl-head", "aria-hidden": "true" }, "KL, nats"));
  }
  const codes = float32s(model.get("codes")), ticked = codes.length ? " The mark under each slider is the nearest code's number." : "";
  const how = `Move a slider by hand or with the arrow keys${examples.length ? ", or encode one of the images above" : ""}.${ticked}`;
  const dead = model.get("kl").some((kl) => kl < model.get("dead_below"));
  sliders.append(element("p", { class: "vae-help" }, how + (dead ? ` A dimension with a KL below ${model.get("dead_below")} nats is dead: it tells nothing about the image.` : "")));
  el.append(element("div", { class: "vae-row" }, side, sliders));

  follow(model, ["z", "example"], () => {
    const z = model.get("z"), example = model.get("example");
    rows.forEach(({ show }, l) => show(z[l], number(z[l])));
    thumbnails.forEach((node, n) => node.setAttribute("aria-pressed", String(n === example)));
    chosen.hidden = example < 0;
    if (example >= 0) {
      examples[example].show(original);
      originalName.textContent = examples[example].name;
    }
    const near = decoder.draw(z);
    if (near) rows.forEach(({ point }, l) => point(codes[near.which * z.length + l]));
  });
});

/** The KL of dimension l as a bar and a number, dead dimensions as a word too. */
function klCell(model, l) {
  const kl = model.get("kl");
  if (!kl.length) return { nodes: [], dead: false, words: "" };
  const dead = kl[l] < model.get("dead_below"), text = number(kl[l]) + (dead ? " dead" : "");
  const bar = element("span", { class: "vae-kl-bar" });
  bar.style.width = `${(100 * kl[l]) / Math.max(...kl, 1e-9)}%`;
  const node = element("span", { class: "vae-kl", "aria-hidden": "true" }, element("span", { class: "vae-kl-track" }, bar), element("span", { class: "vae-kl-text" }, text));
  return { nodes: [node], dead, words: `, KL ${number(kl[l])} nats${dead ? ", dead" : ""}` };
}

/** A random z: uniform in the box of the sliders, or mean + scale · ε with ε standard normal. */
function draw({ kind, mean, scale }, ranges) {
  if (kind === "box") return ranges.map(([low, high]) => low + (high - low) * Math.random());
  const eps = mean.map(() => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
  return mean.map((m, l) => scale[l].reduce((sum, s, k) => sum + s * eps[k], m));
}
