// After a drag or a button the keys belong to the slides again. Used by the show in JupyterLab (deck.js) and by the exported one (tools/slides.py).

const KEEP = "select, textarea, input:not([type=range], [type=checkbox], [type=radio]), [contenteditable=true]"; // what is written into

/** Whatever a pointer has focused in a view lets go once the pointer is lifted, while `shown()`; `after()` may focus something else. What Tab has
 * reached, and fields to write in, keep the keys. */
export function giveBack(shown = () => true, after = () => {}) {
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
