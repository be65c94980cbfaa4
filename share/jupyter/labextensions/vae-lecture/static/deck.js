// The slide show in JupyterLab (jupyterlab-slideshow) in one order, the same as that of exported slides: what is further comes after the core,
// and no press of a key is in vain. That extension shows the screen of the active cell; this one says which cell comes next.
import { codeByKey, giveBack, projector } from "./room.js";

const NEXT = ["ArrowRight", "ArrowDown", "PageDown", " "], BACK = ["ArrowLeft", "ArrowUp", "PageUp"]; // remotes send the page keys
const OTHERS = "input, textarea, select, [contenteditable=true], [data-lm-suppress-shortcuts], .lm-Menu, .jp-Dialog"; // whose keys are their own
const presenting = () => document.body.dataset.jpDeckMode === "presenting";

/** The cells at which a press stops, as indices: slides, screens and fragments, first of the core, then of what is further. */
export function stops(cells) {
  const found = [[], []];
  let further = 0;
  cells.forEach(({ kind, heading, tags }, index) => {
    if (heading) further = Number(tags.includes("further"));
    if (["slide", "subslide", "fragment"].includes(kind) || index === 0) found[further].push(index);
  });
  return found.flat();
}

/** The stop after that of cell `active`, or before it; null at the ends. */
export function beside(stops, active, step) {
  const here = Math.max(...stops.filter((index) => index <= active));
  return stops[stops.indexOf(here) + step] ?? null;
}

const described = ({ model }) => ({
  kind: model.getMetadata("slideshow")?.slide_type,
  heading: model.type === "markdown" && model.sharedModel.getSource().startsWith("## "),
  tags: model.getMetadata("tags") ?? [],
});

const activate = ({ shell }) => {
  const notebook = () => shell.currentWidget.content;
  const go = (step) => {
    const { widgets, activeCellIndex } = notebook();
    const index = beside(stops(widgets.map(described)), activeCellIndex, step);
    if (index !== null) notebook().activeCellIndex = index;
  };
  const take = (event, step) => {
    event.preventDefault();
    event.stopImmediatePropagation(); // JupyterLab would move the active cell, jupyterlab-slideshow pass screens by
    go(step);
  };
  const onKey = (event) => {
    const { key, target } = event, step = NEXT.includes(key) ? 1 : BACK.includes(key) ? -1 : 0;
    if (!step || !presenting() || event.ctrlKey || event.altKey || event.metaKey || target.closest(OTHERS)) return;
    if (key === " " && target.matches(":is(button, summary, a):focus-visible")) return; // reached by Tab, to be pressed
    if (document.fullscreenElement?.matches(".vae-view")) document.exitFullscreen(); // a view on the whole screen (room.js)
    take(event, key === " " && event.shiftKey ? -1 : step);
  };
  const onClick = (event) => {
    const arrow = presenting() && event.target.closest(".jp-deck-mod-direction-forward, .jp-deck-mod-direction-back");
    if (arrow) take(event, arrow.matches(".jp-deck-mod-direction-forward") ? 1 : -1);
  };
  addEventListener("keydown", onKey, true);
  addEventListener("click", onClick, true);
  projector(presenting);
  codeByKey(presenting);
  giveBack(presenting, () => notebook().activeCell?.node.focus());
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("deck.css", import.meta.url) }));
};

export default { id: "vae-lecture:deck", description: "One order for the slide show.", autoStart: true, activate };
