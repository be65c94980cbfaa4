// Small tools that all views share. Each view's file exports `render({ model, el })`, as anywidget wants it.

/** element("div", { class: "a", role: "img" }, child, "text") → a DOM element. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** svgElement("circle", { cx: 1 }) → an SVG element. */
export function svgElement(tag, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Build a view; an error is shown in it, never a silent blank. */
export const guarded = (build) => ({ model, el }) => {
  el.classList.add("vae-view");
  try {
    return build({ model, el });
  } catch (error) {
    el.replaceChildren(element("p", { class: "vae-error", role: "alert" }, `This view cannot be shown. ${error.message}`));
    throw error;
  }
};

/** Call `draw` after a change of the named traits, from the hand or from Python: at once, so that the hand's own frame shows it; what comes
 * on top of that before the next screen refresh is drawn with the refresh. The last state is always drawn, and a slow view never queues.
 */
export function follow(model, names, draw) {
  let drawn = false, waiting = false; // since the last refresh
  const refresh = () => {
    drawn = false;
    if (waiting) draw();
    waiting = false;
  };
  const redraw = () => {
    if (drawn) return void (waiting = true);
    drawn = true;
    requestAnimationFrame(refresh);
    draw();
  };
  names.forEach((name) => model.on(`change:${name}`, redraw));
  draw();
  return () => names.forEach((name) => model.off(`change:${name}`, redraw));
}

/** Tell the model, and through it Python: one message in flight, the newest value wins, the last one always arrives. */
export function put(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

/** Keys on `node` belong to it alone: JupyterLab would take arrows to move between cells and letters as commands. `onKey` returns true for a key it used. */
export function ownKeys(node, onKey = () => false) {
  node.setAttribute("data-lm-suppress-shortcuts", "true");
  node.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (onKey(event)) event.preventDefault();
  });
}

/** Mouse, pen or touch on `node` → onMove(u, v), shares of its width and height from the top left. Divided by the rectangle on screen, because zoom and slides scale the page. */
export function drag(node, onMove) {
  const move = (event) => {
    const box = node.getBoundingClientRect();
    onMove((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  node.style.touchAction = "none"; // a finger drags the knob, not the page
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    move(event);
  });
  node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && move(event));
}

/** Pixels in [0, 1] as dark ink on white paper; the canvas has one dot a pixel, and CSS enlarges it without blur on any screen. */
export function paint(canvas, pixels) {
  const picture = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < pixels.length; i++) {
    picture.data.fill(255 * (1 - Math.min(1, Math.max(0, pixels[i]))), 4 * i, 4 * i + 3);
    picture.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** A trait of bytes as an <img> address. */
export const pngAddress = (bytes) => URL.createObjectURL(new Blob([bytes], { type: "image/png" }));

/** 1.5 → "1.50", −1.5 → "−1.50" with a true minus sign, and never "−0.00". */
export function number(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
}

export const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));
