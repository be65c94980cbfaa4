// What a room needs, in JupyterLab's show (deck.js), in the exported one (tools/slides.js) and on a page: `shown()` says whether it is on.

const KEEP = "select, textarea, input:not([type=range], [type=checkbox], [type=radio]), [contenteditable=true]"; // what is written into
const always = () => true;

/** After a drag or a button the keys belong to the slides again: whatever a pointer has focused in a view lets go once it is lifted. `after()`
 * may focus something else. What Tab has reached, and fields to write in, keep the keys. */
export function giveBack(shown = always, after = () => {}) {
  const later = (event) => {
    if (event.type === "click" && event.detail === 0) return; // a key pressed the button
    setTimeout(() => {
      const focused = document.activeElement;
      if (!shown() || !focused?.closest(".vae-view") || focused.matches(KEEP)) return;
      focused.blur();
      after();
    });
  };
  for (const name of ["pointerup", "pointercancel", "click"]) addEventListener(name, later, true);
}

/** The key C shows code beside its result and opens its folds, and folds it again. */
export const codeByKey = (shown = always, after = () => {}) =>
  onKey("c", shown, () => {
    const open = document.body.classList.toggle("show-code");
    document.querySelectorAll("details.code").forEach((fold) => (fold.open = open));
    after(open);
  });

/** Printed lines, code and tables in letters as large as there is room for, up to the text's, no line broken for it; then, while code is folded,
 * the pictures; what an open fold has too much is scrolled to. `parts` are what is on the screen, `room` has what it may fill, `used()` the height
 * that it has: pixels, of which each is `scale` on the screen. */
export function grow(parts, pictures, room, used, scale = 1) {
  pictures.forEach(({ style }) => (style.zoom = style.maxWidth = ""));
  const inside = (kind) => parts.flatMap((part) => [...part.querySelectorAll(kind)]), prints = inside("pre, .cm-content"), unwrapped = inside("table, .cm-scroller");
  const folds = inside("details[open] > :is(.highlight, pre)"); // code, and checks
  folds.forEach(({ style }) => (style.maxHeight = ""));
  const set = (size) => parts.forEach((part) => part.style.setProperty("--jp-code-font-size", `${size}px`));
  const lines = (size) => prints.map((one) => one.offsetHeight / size);
  set(USUAL);
  const whole = lines(USUAL);
  PRINT.find((size) => {
    set(size);
    return used() <= room.height && lines(size).every((n, k) => n < whole[k] + 0.6) && unwrapped.every((one) => one.scrollWidth <= one.clientWidth + 1);
  });
  if (!document.body.classList.contains("show-code")) enlarge(pictures, room, used, scale);
  const over = (used() - room.height) / folds.length;
  if (over > 0) folds.forEach((fold) => (fold.style.maxHeight = `${Math.max(LEAST, fold.offsetHeight - over)}px`));
}

function enlarge(pictures, room, used, scale) {
  const boxes = pictures.map((picture) => picture.getBoundingClientRect());
  const tall = boxes.reduce((sum, box) => sum + box.height, 0) / scale, wide = Math.max(...boxes.map((box) => box.width)) / scale;
  if (!tall) return;
  const free = Math.min(room.width, ...pictures.map((picture) => picture.closest(".output, .jp-OutputArea-output").clientWidth));
  const factor = Math.min(2, Math.max(0.5, 1 + (room.height - used()) / tall), free / wide);
  for (const picture of pictures) {
    const zoom = factor * getComputedStyle(picture).zoom;
    Object.assign(picture.style, { zoom, maxWidth: `${free / zoom}px` }); // measured while a side bar stood beside it, too
  }
}

/** The key Z puts the figure under the pointer, or else the one in the middle, on the whole screen, a view with lines and letters wide enough for
 * the last row, and what only says how to move it left out; Z or Escape brings it back. */
export function projector(shown = always) {
  document.head.append(Object.assign(document.createElement("style"), { textContent: LARGE }));
  onKey("z", shown, () => bringBack() || nearest()?.requestFullscreen());
  let last = null;
  const fit = () => {
    for (const name of ["zoom", "--vae-letters", "--vae-lines"]) last?.style.removeProperty(name);
    last = enlarged(".vae-view"); // a still picture the browser itself makes as large as the screen
    for (let round = 0; last && round < 4; round++) { // larger letters leave less room for the zoom, which makes them larger
      last.style.zoom = "";
      const boxes = [...last.children].map((child) => child.getBoundingClientRect()).filter((box) => box.width);
      const side = (low, high) => Math.max(...boxes.map((box) => box[high])) - Math.min(...boxes.map((box) => box[low])) + 2 * MARGIN;
      const zoom = Math.min(innerWidth / side("left", "right"), innerHeight / side("top", "bottom"));
      last.style.setProperty("--vae-letters", `${Math.min(LARGEST, (LETTERS * innerHeight) / zoom)}px`);
      last.style.setProperty("--vae-lines", `${(LINES * innerHeight) / zoom}px`);
      last.style.zoom = zoom;
    }
    dispatchEvent(new Event("vae-room")); // what lies on a code plane is drawn anew, with these letters (plane.js)
  };
  document.addEventListener("fullscreenchange", fit);
  addEventListener("resize", fit);
}

const MARGIN = 12; // around the view, before it is enlarged
const PRINT = [18, 17, 16, 15, 14], USUAL = 15; // pixels, from the text's (tools/slides.css); 14 only where 15 has no room
const LEAST = 96; // pixels that an open fold keeps
const LETTERS = 20 / 720, LINES = 3 / 720, LARGEST = 18; // the least, of the screen's height; letters before they are enlarged, in pixels
const LARGE = `:is(.vae-view, img):fullscreen { background: var(--jp-layout-color0, var(--paper, Canvas)); }
.vae-view:fullscreen { display: flex; flex-direction: column; align-items: center; justify-content: center; }
.vae-view:fullscreen .vae-row { justify-content: center; }
.vae-view:fullscreen .vae-help { visibility: hidden; height: 0; overflow: hidden; } /* columns keep the width that it gives them */
.vae-view:fullscreen :is(p, div, span, output, label, button, figure, figcaption):not(.vae-knob) { font-size: max(14px, var(--vae-letters)); }
.vae-view:fullscreen svg:not(.vae-overlay) > text { font-size: max(13px, 0.9 * var(--vae-letters)); }`;
const FIGURES = ".vae-view, .output > img, .jp-RenderedImage > img";

/** The figure that is on the whole screen, or null; and what brings it back to its place. */
export const enlarged = (kind = FIGURES) => (document.fullscreenElement?.matches(kind) ? document.fullscreenElement : null);
export const bringBack = () => enlarged() && document.exitFullscreen();

function nearest() {
  const distance = (figure) => {
    const box = figure.getBoundingClientRect();
    return Math.hypot(box.left + box.width / 2 - innerWidth / 2, box.top + box.height / 2 - innerHeight / 2);
  };
  const seen = (figure) => {
    const box = figure.getBoundingClientRect();
    return figure.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && box.bottom > 0 && box.top < innerHeight;
  };
  const figures = [...document.querySelectorAll(FIGURES)].filter(seen);
  return figures.find((figure) => figure.matches(":hover")) ?? figures.sort((a, b) => distance(a) - distance(b))[0];
}

function onKey(key, shown, act) {
  const listener = (event) => {
    const held = event.ctrlKey || event.altKey || event.metaKey;
    if (event.key.toLowerCase() !== key || held || !shown() || event.target.closest(KEEP)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  };
  addEventListener("keydown", listener, true);
}
