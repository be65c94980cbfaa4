// What every view is made of: elements, the link to the traits that are its whole state, and the controls that a hand or a key moves.

/** element("div", { class: "a", role: "img" }, child, "text") → a DOM element. */
export const element = (tag, attributes, ...children) => set(document.createElement(tag), attributes, ...children);

/** svg("circle", { cx: 1 }) → an element of a drawing. */
export const svg = (tag, attributes, ...children) => set(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, ...children);

/** Give a node attributes and further children; returns it. */
export function set(node, attributes = {}, ...children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A PNG's bytes as an <img>, which has its shape before the browser has read it: what stands around it never jumps. */
export function image(png, attributes) {
  const header = new DataView(png.buffer, png.byteOffset);
  const node = element("img", { src: URL.createObjectURL(new Blob([png], { type: "image/png" })), draggable: "false", ...attributes });
  node.style.aspectRatio = `${header.getUint32(16)} / ${header.getUint32(20)}`;
  node.addEventListener("load", () => URL.revokeObjectURL(node.src)); // it has its picture now
  return node;
}

/** A view as anywidget wants it: `export default view(({ model, el }) => …)` fills `el`, and may return what is to be done when it goes.
 * An error is shown in it, never a silent blank. */
export const view = (build) => ({
  render({ model, el }) {
    el.classList.add("vae-view");
    try {
      return build({ model, el });
    } catch (error) {
      el.replaceChildren(element("p", { class: "vae-error", role: "alert" }, `This view cannot be shown. ${error.message}`));
      throw error;
    }
  },
});

/** Call `draw` after a change of the named traits, from the hand or from Python: at once, so that the hand's own frame shows it; what comes
 * on top of that before the next screen refresh is drawn with the refresh. The last state is always drawn, and a slow view never queues.
 * It ends with the view: anywidget drops the listeners.
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
}

/** Tell the model new values of traits, and through it Python: one message in flight, the newest value wins, the last one always arrives. */
export function put(model, values) {
  model.set(values);
  model.save_changes();
}

/** Keys on `node` belong to it alone: JupyterLab would take arrows to move between cells and letters as commands. `onKey` returns true for a key it used. */
export function ownKeys(node, onKey = () => false) {
  node.setAttribute("data-lm-suppress-shortcuts", "true");
  node.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (onKey(event)) event.preventDefault();
  });
  return node;
}

/** Two fingers on `node` → onPinch(how far they have parted, where their middle was, where it is), as shares of width and height. Begin with this before
 * `drag`, which then hears of none of it until all fingers are up. */
export function pinch(node, onPinch) {
  const fingers = new Map();
  let pinching = false;
  const spread = ([[a, b], [c, d]]) => Math.max(1, Math.hypot(a - c, b - d)), middle = ([[a, b], [c, d]]) => [(a + c) / 2, (b + d) / 2];
  const hear = (event) => {
    if (event.pointerType !== "touch") return;
    const before = [...fingers.values()], box = node.getBoundingClientRect();
    if (["pointerup", "pointercancel"].includes(event.type)) fingers.delete(event.pointerId);
    else if (event.type === "pointerdown" || fingers.has(event.pointerId)) fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const now = [...fingers.values()], shares = ([x, y]) => [(x - box.left) / box.width, (y - box.top) / box.height];
    if (before.length === 2 && now.length === 2) onPinch(spread(now) / spread(before), shares(middle(before)), shares(middle(now)));
    pinching = now.length > 1 || (pinching && now.length > 0);
    if (pinching && event.type === "pointermove") event.stopImmediatePropagation();
  };
  ["pointerdown", "pointermove", "pointerup", "pointercancel"].forEach((name) => node.addEventListener(name, hear));
}

const TAP = 10; // pixels within which a finger stays that taps

/** Mouse, pen or finger on `node` → onMove(places, begins): where it is, and was since the last call, as shares [u, v] of width and height from the
 * top left. Divided by the rectangle on screen, because zoom and slides scale the page. `onLift` when it leaves, or is taken away by the system.
 * Where the style sheet lets a finger scroll the page past `node` (touch-action), one that comes down on a knob drags, elsewhere one that taps moves.
 */
export function drag(node, onMove, onLift = () => {}) {
  let pointer = null, tap = null; // where a finger came down that may only mean to scroll
  const place = (event) => {
    const box = node.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const begin = (event) => {
    node.focus({ preventScroll: true });
    onMove([place(event)], true);
  };
  node.addEventListener("pointerdown", (event) => {
    if (tap) { // a second finger: they zoom, and the ring stays in the window
      begin(tap);
      pointer = tap = null;
    } else if (event.button === 0 && pointer === null) {
      const scrolls = event.pointerType !== "mouse" && getComputedStyle(node).touchAction !== "none" && !event.target.closest(".vae-knob");
      node.setPointerCapture((pointer = event.pointerId));
      if (scrolls) tap = event;
      else begin(event);
    }
  });
  node.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer || tap) return;
    const all = event.getCoalescedEvents?.() ?? []; // a fast hand moves several times a frame
    onMove((all.length ? all : [event]).map(place), false);
  });
  const lift = (event) => {
    if (event.pointerId !== pointer) return;
    if (tap && event.type === "pointerup" && Math.hypot(event.clientX - tap.clientX, event.clientY - tap.clientY) < TAP) begin(event);
    pointer = tap = null;
    onLift();
  };
  ["pointerup", "pointercancel", "lostpointercapture"].forEach((name) => node.addEventListener(name, lift));
}

/** A button; `content` is words or a picture. */
export function button(content, onClick, attributes) {
  const node = ownKeys(element("button", { type: "button", ...attributes }, content)); // Enter presses it; JupyterLab must not run the cell as well
  node.addEventListener("click", onClick);
  return node;
}

/** A slider in a row: its name, the slider, its value in words. Returns .row and .show(value, words, words to be spoken). A finger may only mean to
 * scroll the page (the browser then cancels its pointer): the jump to where it came down counts once it moves along the slider, or lifts. */
export function slider(name, attributes, onInput) {
  const input = ownKeys(element("input", { type: "range", step: 1, "aria-label": name, ...attributes }));
  const words = element("span", { class: "vae-value", "aria-hidden": "true" });
  let found = null, moved = false, jumped = false; // the value that a finger found; what it has done since
  const tell = () => {
    found = null;
    onInput(Number(input.value));
  };
  input.addEventListener("pointerdown", ({ pointerType }) => ([found, moved, jumped] = [pointerType === "touch" ? input.value : null, false, false]));
  input.addEventListener("pointermove", () => (moved = true));
  input.addEventListener("input", () => (found === null || moved ? tell() : (jumped = true)));
  input.addEventListener("pointerup", () => jumped && found !== null && tell());
  input.addEventListener("pointercancel", () => found !== null && ((input.value = found), (found = null)));
  const show = (value, text, spoken = text) => {
    input.value = value;
    input.setAttribute("aria-valuetext", spoken);
    words.textContent = text;
  };
  return { row: element("label", { class: "vae-slider" }, element("span", {}, ...[].concat(name)), input, words), show };
}

/** Boxes to tick (`type` "checkbox") or radio buttons ("radio"), one for each [value, content, …]; `onChange(value, ticked)` hears of the hand.
 * Radio buttons are one stop for Tab, with arrows within, as every group of them. Returns .labels and .show(value → whether it is ticked).
 */
export function choices(type, options, onChange) {
  const name = `vae-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map(([value]) => {
    const input = ownKeys(element("input", { type, name }));
    input.addEventListener("change", () => onChange(value, input.checked));
    return input;
  });
  const labels = options.map(([, ...content], k) => element("label", {}, inputs[k], ...content));
  return { labels, show: (ticked) => inputs.forEach((input, k) => (input.checked = ticked(options[k][0]))) };
}

const PLAY_SECONDS = 4, PLAY_STEPS = 12; // for a whole way; in how many steps where the reader has asked for less motion

/** A button that plays a way: `go(share of it)` from `begin()` to 1, a frame at a time, and no further once something else has moved what `at()` tells.
 * `begin` may return null where there is nothing to play; Escape anywhere in the view `el` stops. Returns .node and .stop().
 */
export function player(el, { begin, go, at, name = "play" }) {
  let frame = null;
  const stop = () => {
    cancelAnimationFrame(frame);
    frame = null;
    node.textContent = `▶ ${name}`;
  };
  const start = () => {
    const first = begin(), steps = matchMedia("(prefers-reduced-motion: reduce)").matches ? PLAY_STEPS : Infinity;
    if (first === null) return;
    let began = null, last = String(at());
    const step = (now) => {
      began ??= now;
      const share = Math.min(1, first + (now - began) / 1000 / PLAY_SECONDS);
      if (!node.isConnected || String(at()) !== last) return stop();
      go(steps === Infinity || share === 1 ? share : first + Math.floor((share - first) * steps) / steps);
      last = String(at());
      if (share === 1) stop();
      else frame = requestAnimationFrame(step);
    };
    node.textContent = "■ stop";
    frame = requestAnimationFrame(step);
  };
  const node = button(`▶ ${name}`, () => (frame === null ? start() : stop()), { class: "vae-player" });
  const escape = (event) => {
    if (event.key !== "Escape" || frame === null) return;
    stop();
    event.preventDefault();
    event.stopPropagation();
  };
  el.addEventListener("keydown", escape, { capture: true });
  return { node, stop };
}
