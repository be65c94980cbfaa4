// What lies on a code plane under all that moves: ticks, the prior's circles, ellipses of q(z|x), codes. Drawn anew when another part of it is seen.
import { number } from "./common.js";
import { element } from "./controls.js";
import { float32s } from "./engine.js";

const WIDTH = 400, SHARP = 2.5; // of the pad, in the pixels that sizes are said in; dots of the canvas to one of them
const TICK = 12, GLYPH = 9.5, DOT = 6, LARGEST = 2, FEW = 100; // sizes of letters; how many times as large a code's may grow, as do those of few
const NEAR = 60, THUMBNAIL = 30; // so few codes are shown as their images, where there are some; their size

/** `plane` is what Python has sent (plane.py); `picture(n)`, of code n, may return a canvas. Returns .canvas, of the pad's shape, and
 * .draw(window, shown): the part of the plane [x0, x1, y0, y1] that is seen, and the names of the layers. */
export function makeGround({ box: [left, top, width, height], aspect, extent, ...plane }, picture = () => null) {
  const canvas = element("canvas", { class: "vae-layer", width: WIDTH * SHARP, height: Math.round(WIDTH * SHARP * aspect), "aria-hidden": "true" });
  const pen = canvas.getContext("2d"), { labels, looks } = plane, codes = float32s(plane.codes), scales = float32s(plane.scales), count = codes.length / 2;
  const [colour, glyph] = [0, 1].map((k) => (n) => looks[labels[n] ?? ""][k]);
  const size = [WIDTH, WIDTH * aspect];

  const least = (name) => ((parseFloat(getComputedStyle(canvas).getPropertyValue(name)) || 0) * WIDTH) / canvas.clientWidth || 0; // in a room (room.js)
  const draw = ([x0, x1, y0, y1], shown) => {
    const letters = least("--vae-letters"), lines = least("--vae-lines");
    const x = (v) => size[0] * (left + (width * (v - x0)) / (x1 - x0)), y = (v) => size[1] * (top + (height * (y1 - v)) / (y1 - y0));
    const unit = [x(1) - x(0), y(0) - y(1)], near = Math.min(LARGEST, (count < FEW ? 1.4 : 1) * ((extent[1] - extent[0]) / (x1 - x0)) ** 0.5);
    const ring = (at, radii, stroke, wide, dash = []) => {
      pen.setLineDash(dash);
      Object.assign(pen, { strokeStyle: stroke, lineWidth: Math.max(wide, lines) });
      pen.beginPath();
      pen.ellipse(x(at[0]), y(at[1]), radii[0] * unit[0], radii[1] * unit[1], 0, 0, 2 * Math.PI);
      pen.stroke();
    };
    pen.setTransform(SHARP, 0, 0, SHARP, 0, 0);
    pen.clearRect(0, 0, ...size);
    Object.assign(pen, { fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, font: `${Math.max(TICK, letters)}px sans-serif` });
    const [bottom, first] = [size[1] * (top + height), size[0] * left];
    for (const { value, text } of ticks(x0, x1)) {
      pen.fillRect(x(value) - 0.5, bottom, 1, 4);
      write(pen, text, x(value), bottom + 7, "center", "top");
    }
    for (const { value, text } of ticks(y0, y1)) {
      pen.fillRect(first - 4, y(value) - 0.5, 4, 1);
      write(pen, text, first - 7, y(value), "right", "middle");
    }
    pen.save();
    pen.beginPath();
    pen.rect(first, size[1] * top, size[0] * width, size[1] * height);
    pen.clip();
    if (shown.includes("prior")) for (const radius of [1, 2, 3]) ring([0, 0], [radius, radius], "#555", 1.5, [5, 3]);
    const every = Math.ceil(count / plane.most_ellipses);
    if (shown.includes("posteriors")) for (let n = 0; n < scales.length / 2; n += every) ring(codes.subarray(2 * n, 2 * n + 2), scales.subarray(2 * n, 2 * n + 2), colour(n), 1.2);
    if (shown.includes("codes")) {
      const seen = [];
      for (let n = 0; n < count; n++) if (codes[2 * n] >= x0 && codes[2 * n] <= x1 && codes[2 * n + 1] >= y0 && codes[2 * n + 1] <= y1) seen.push(n);
      for (const n of seen) {
        const image = seen.length <= NEAR && x1 - x0 < extent[1] - extent[0] ? picture(n) : null, at = [x(codes[2 * n]), y(codes[2 * n + 1])];
        pen.fillStyle = pen.strokeStyle = colour(n);
        if (image) framed(pen, image, at);
        else {
          pen.font = `${Math.max(near, letters / GLYPH) * (glyph(n).match(/[●•]/) ? DOT : GLYPH)}px sans-serif`;
          write(pen, glyph(n), ...at, "center", "middle");
        }
      }
    }
    pen.restore();
  };
  return { canvas, draw };
}

/** Round values over [low, high], five or so, each with its text. */
export function ticks(low, high) {
  const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) => ({ value: (first + k) * step, text: number((first + k) * step, digits) }));
}

function write(pen, text, x, y, textAlign, textBaseline) {
  Object.assign(pen, { textAlign, textBaseline });
  pen.fillText(text, x, y);
}

function framed(pen, image, [x, y]) {
  Object.assign(pen, { imageSmoothingEnabled: false, lineWidth: 2 });
  pen.setLineDash([]);
  const high = (THUMBNAIL * image.height) / image.width, corner = [x - THUMBNAIL / 2, y - high / 2];
  pen.drawImage(image, ...corner, THUMBNAIL, high);
  pen.strokeRect(...corner, THUMBNAIL, high);
}
