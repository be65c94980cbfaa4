import { number } from "./kit/common.js";
import { button, element, follow, svg, view } from "./kit/controls.js";
import { float32s } from "./kit/engine.js";

const DASHES = ["", "7 4"]; // the second line of a panel is dashed: no meaning by colour alone

export default view(({ model, el }) => {
  const usable = (command) => model.get("usable")[model.get("status")].includes(command);
  const buttons = ["play", "pause", "step", "stop"].map((command) => {
    const node = button(command[0].toUpperCase() + command.slice(1), () => usable(command) && model.send({ command }), { class: `vae-${command}` });
    return { node, draw: () => node.setAttribute("aria-disabled", !usable(command)) }; // not "disabled": the focus stays
  });
  const bar = element("progress", { "aria-label": "steps done" });
  const status = element("span", { class: "vae-status" });
  const reading = element("p", { class: "vae-reading" });
  const error = element("p", { class: "vae-error", role: "alert" });
  const spoken = element("p", { class: "vae-quiet", role: "status" });
  const curves = svg("svg", { viewBox: "0 0 520 328", role: "img", class: "vae-curves" });
  const plane = svg("svg", { viewBox: "0 0 320 328", role: "img", class: "vae-plane" });
  const strips = model.get("rows").map((name) => element("canvas", { role: "img", "aria-label": name }));
  const pictures = element("div", { class: "vae-strips" }, ...model.get("rows").flatMap((name, i) => [element("span", {}, name), strips[i]]));
  const charts = element("div", { class: "vae-charts" }, curves, ...(model.get("codes").byteLength ? [plane] : []));
  el.append(element("div", { class: "vae-dashboard" }, element("div", { class: "vae-bar" }, ...buttons.map((each) => each.node), bar, status), error, reading, charts, pictures, spoken));

  follow(model, ["status", "error"], () => {
    const now = model.get("status");
    buttons.forEach((each) => each.draw());
    buttons[0].node.textContent = model.get("over").includes(now) ? "Restart" : "Play";
    status.textContent = now;
    error.textContent = model.get("error");
    spoken.textContent = `${now}. ${model.get("reading")}`; // spoken when the status changes, not ten times a second
  });
  follow(model, ["curves", "progress", "reading"], () => {
    [bar.value, bar.max] = model.get("progress");
    reading.textContent = model.get("reading");
    curves.setAttribute("aria-label", `Training curves. ${model.get("reading")}`);
    curves.replaceChildren(...drawCurves(model));
  });
  follow(model, ["pixels"], () => strips.forEach((canvas, i) => paintStrip(canvas, model, i)));
  follow(model, ["codes"], () => {
    plane.setAttribute("aria-label", `Code plane, ${model.get("plane_title")}; both axes from −${model.get("reach")} to ${model.get("reach")}`);
    plane.replaceChildren(...drawPlane(model));
  });
});

// --- drawing; SVG, because it follows the theme's colours by itself and is sharp on any screen ---

function drawCurves(model) {
  const panels = model.get("panels"), epochs = model.get("epochs"), colours = model.get("colours");
  const lines = panels.flatMap((panel) => panel.lines), width = 1 + lines.length, all = float32s(model.get("curves"));
  const points = Array.from({ length: all.length / width }, (_, i) => all.subarray(i * width, (i + 1) * width));
  const heights = panels.length === 2 ? [166, 62] : [252];
  const shapes = [];
  let top = 24, column = 1;
  panels.forEach(({ lines: names, unit, range }, k) => {
    const box = { left: 58, right: 498, top, bottom: top + heights[k] };
    const x = (v) => box.left + (v / epochs) * (box.right - box.left);
    const y = (v) => box.bottom - ((v - range[0]) / (range[1] - range[0])) * heights[k];
    shapes.push(...axes(box, x, y, [0, epochs], points.length && range, k === panels.length - 1 ? "epoch" : ""));
    shapes.push(svg("text", { x: box.right, y: box.top - 8, "text-anchor": "end" }, unit));
    const clip = `clip-${Math.random().toString(36).slice(2)}`; // ids are the whole page's
    shapes.push(svg("clipPath", { id: clip }, svg("rect", { x: box.left, y: top, width: box.right - box.left, height: heights[k] })));
    let legend = box.left;
    names.forEach((name, j) => {
      const stroke = colours[column - 1], at = points.map((point) => [x(point[0]), y(point[column])]), last = points.at(-1);
      const style = { fill: "none", stroke, "stroke-width": 2, "stroke-dasharray": DASHES[j] };
      shapes.push(svg("polyline", { points: at.map((p) => p.map((v) => v.toFixed(1)).join()).join(" "), "clip-path": `url(#${clip})`, ...style }));
      if (last) shapes.push(svg("circle", { cx: at.at(-1)[0], cy: at.at(-1)[1], r: 3.5, fill: stroke, "clip-path": `url(#${clip})` }));
      shapes.push(svg("line", { x1: legend, x2: legend + 22, y1: top - 12, y2: top - 12, ...style }));
      const text = last ? `${name} ${number(last[column])}` : name;
      shapes.push(svg("text", { x: legend + 27, y: top - 8 }, text));
      legend += 45 + 7.2 * text.length;
      column++;
    });
    top += heights[k] + 36;
  });
  return shapes;
}

function axes(box, x, y, xRange, yRange, xLabel) {
  const shapes = [svg("path", { class: "vae-axis", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` })];
  for (const v of yRange ? ticks(yRange, box.bottom - box.top > 100 ? 5 : 2) : []) {
    shapes.push(svg("path", { class: "vae-axis", d: `M${box.left - 4} ${y(v)}h4` }), svg("text", { x: box.left - 7, y: y(v) + 4, "text-anchor": "end" }, short(v)));
  }
  for (const v of ticks(xRange, 5).filter(Number.isInteger)) {
    shapes.push(svg("path", { class: "vae-axis", d: `M${x(v)} ${box.bottom}v4` }));
    if (xLabel) shapes.push(svg("text", { x: x(v), y: box.bottom + 17, "text-anchor": "middle" }, short(v)));
  }
  if (xLabel) shapes.push(svg("text", { x: (box.left + box.right) / 2, y: box.bottom + 32, "text-anchor": "middle" }, xLabel));
  return shapes;
}

function drawPlane(model) {
  const codes = float32s(model.get("codes")), labels = model.get("labels"), reach = model.get("reach"), colours = model.get("label_colours");
  const box = { left: 42, right: 312, top: 28, bottom: 292 }, range = [-reach, reach];
  const x = (v) => box.left + ((v + reach) / (2 * reach)) * (box.right - box.left), y = (v) => box.bottom - ((v + reach) / (2 * reach)) * (box.bottom - box.top);
  const shapes = axes(box, x, y, range, range, "z\u2081");
  shapes.push(svg("text", { x: 8, y: 52 }, "z\u2082"), svg("text", { x: box.right, y: 14, "text-anchor": "end" }, model.get("plane_title")));
  if (model.get("has_prior")) shapes.push(...[1, 2].map((r) => svg("ellipse", { class: "vae-prior", cx: x(0), cy: y(0), rx: x(r) - x(0), ry: y(0) - y(r) })));
  for (let i = 0; i < codes.length / 2; i++) {
    const style = `fill: ${colours[labels[i] ?? "•"]}; font-size: 11px; font-weight: 600`;
    shapes.push(svg("text", { x: x(codes[2 * i]).toFixed(1), y: (y(codes[2 * i + 1]) + 4).toFixed(1), "text-anchor": "middle", style }, labels[i] ?? "•"));
  }
  return shapes;
}

/** A row of images side by side, dark ink on white paper, white paper between them. */
function paintStrip(canvas, model, row) {
  const [height, width] = model.get("image_shape"), bytes = model.get("pixels"), n = bytes.byteLength / model.get("rows").length / (height * width);
  const pixels = new Uint8Array(bytes.buffer, bytes.byteOffset + row * n * height * width, n * height * width);
  const gap = Math.max(1, Math.round(width / 8)), full = n * (width + gap) - gap;
  [canvas.width, canvas.height] = [full, height];
  const picture = new ImageData(full, height);
  picture.data.fill(255);
  pixels.forEach((value, i) => {
    const image = Math.floor(i / (height * width)), line = Math.floor(i / width) % height, dot = i % width;
    const at = 4 * (line * full + image * (width + gap) + dot);
    picture.data.fill(255 - value, at, at + 3);
  });
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** About `n` round numbers in the range. */
function ticks([low, high], n) {
  const rough = (high - low) / n, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * power >= rough) * power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9; k++) found.push(k * step);
  return found;
}

const short = (v) => String(Number(v.toPrecision(6))).replace("-", "\u2212");
