// The slide show in JupyterLab (jupyterlab-slideshow) in one order, the same as that of exported slides: what is further comes after the core,
// and no press of a key is in vain. That extension shows the screen of the active cell; this one says which cell comes next, and shows a
// derivation line by line.
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

/** The stop at which cell `active` is seen, and the one after it, or before it; null at the ends. */
export const stopOf = (stops, active) => Math.max(...stops.filter((index) => index <= active));
export const beside = (stops, active, step) => stops[stops.indexOf(stopOf(stops, active)) + step] ?? null;

/** Of the derivations in an element, which give a reason in their fourth column: each line after the first, as its parts, with its number's. */
function lines(node) {
  return [...node.querySelectorAll("mjx-math > mjx-mtable:has(> mjx-table > mjx-itable > * > mjx-mtd:nth-child(4))")].flatMap((table) => {
    const numbers = [...table.querySelectorAll(":scope > mjx-labels > mjx-itable > :has(> mjx-mtd)")];
    const rows = [...table.querySelectorAll(":scope > mjx-table > mjx-itable > *")];
    return rows.map((row) => (row.matches("mjx-mlabeledtr") ? [row, numbers.shift()] : [row])).slice(1);
  });
}
const said = ([row]) => row.classList.contains("vae-said"); // deck.css hides the others
const say = (line, yes) => line.forEach((part) => part.classList.toggle("vae-said", yes));

const described = ({ model }) => ({
  kind: model.getMetadata("slideshow")?.slide_type,
  heading: model.type === "markdown" && model.sharedModel.getSource().startsWith("## "),
  tags: model.getMetadata("tags") ?? [],
});

const activate = ({ shell }) => {
  const notebook = () => shell.currentWidget.content;
  const go = (step) => {
    const { widgets, activeCellIndex } = notebook(), cells = widgets.map(described), all = stops(cells);
    const linesAt = (stop) => {
      const end = Math.min(...all.filter((index) => index > stop), widgets.length);
      return widgets.slice(stop, end).filter((_, k) => cells[stop + k].kind !== "skip").flatMap(({ node }) => lines(node));
    };
    const here = linesAt(stopOf(all, activeCellIndex)), line = step > 0 ? here.find((one) => !said(one)) : here.findLast(said);
    if (line) return say(line, step > 0);
    const index = beside(all, activeCellIndex, step);
    if (index === null) return;
    linesAt(index).forEach((one) => say(one, step < 0));
    notebook().activeCellIndex = index;
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
  const sheets = ["deck.css", "choices.css"].map((name) => new URL(name, import.meta.url));
  document.head.append(...sheets.map((href) => Object.assign(document.createElement("link"), { rel: "stylesheet", href })));
};

export default { id: "vae-lecture:deck", description: "One order for the slide show.", autoStart: true, activate };
