// The slide show in JupyterLab (jupyterlab-slideshow) in one order, the same as that of exported slides (tools/slides.py): the core, what is
// further, the exercises, and no press of a key is in vain. That extension shows the screen of the active cell; this one says which cells are
// seen of it, which comes next, shows a derivation line by line, and opens what answers.
import { bringBack, codeByKey, enlarged, giveBack, grow, projector } from "./room.js";

const NEXT = ["ArrowRight", "ArrowDown", "PageDown", " "], BACK = ["ArrowLeft", "ArrowUp", "PageUp"]; // remotes send the page keys
const ENDS = { Home: -Infinity, End: Infinity };
const OTHERS = "input, textarea, select, [contenteditable=true], [data-lm-suppress-shortcuts], .lm-Menu, .jp-Dialog"; // whose keys are their own
const PICTURES = ".jp-RenderedImage > img, .vae-stack"; // still ones, and those of a FrameStack with its sliders
const presenting = () => document.body.dataset.jpDeckMode === "presenting";

/** The screens in their order, each as its steps, the cells that one press shows, as indices. What stands below a fragment comes with it; folded
 * code without a result, `silent`, is no press and no screen: it goes with the next cell. */
export function screens(cells) {
  const found = [[], [], []], silent = (index) => cells[index].silent; // the core, what is further, the exercises
  let part = 0;
  cells.forEach(({ kind, heading, tags }, index) => {
    if (heading) part = ["Exercises", "What comes next"].includes(heading) ? 2 : Number(tags.includes("further"));
    const shown = found[part], screen = shown.at(-1);
    if (["skip", "notes", "empty"].includes(kind)) return;
    if (kind === "slide" || !screen) shown.push([[index]]);
    else if (kind === "subslide") {
      const folds = [];
      while (screen.length && screen.at(-1).every(silent)) folds.unshift(...screen.pop());
      while (screen.length && silent(screen.at(-1).at(-1))) folds.unshift(screen.at(-1).pop());
      if (!screen.length) shown.pop();
      shown.push([[...folds, index]]);
    } else if (kind === "fragment" && !screen.at(-1).every(silent)) screen.push([index]);
    else screen.at(-1).push(index);
  });
  return found.flat();
}

/** The cells at which a press stops, the first of each step. */
export const stops = (cells) => screens(cells).flat().map(([first]) => first);

/** The stop at which cell `active` is seen, and the one after it, or before it; null at the ends. */
export const stopOf = (stops, active) => Math.max(...stops.filter((index) => index <= active));
export const beside = (stops, active, step) => stops[stops.indexOf(stopOf(stops, active)) + step] ?? null;

/** What a press shows in an element, in order: of a derivation, which gives a reason in its fourth column, each line after the first, as its parts,
 * with its number's; and each fold that answers (those of choices and checks have a class, and open by hand alone). */
function lines(node) {
  return [...node.querySelectorAll(`${DERIVATION}, .jp-RenderedMarkdown details:not([class])`)].flatMap((part) => {
    if (part.matches("details")) return [[part]];
    const numbers = [...part.querySelectorAll(":scope > mjx-labels > mjx-itable > :has(> mjx-mtd)")];
    const rows = [...part.querySelectorAll(":scope > mjx-table > mjx-itable > *")];
    return rows.map((row) => (row.matches("mjx-mlabeledtr") ? [row, numbers.shift()] : [row])).slice(1);
  });
}
const DERIVATION = "mjx-math > mjx-mtable:has(> mjx-table > mjx-itable > * > mjx-mtd:nth-child(4))";
const said = ([part]) => part.open ?? part.classList.contains("vae-spoken-line"); // deck.css hides the others
const say = (line, yes) => line.forEach((part) => ("open" in part ? (part.open = yes) : part.classList.toggle("vae-spoken-line", yes)));

const described = ({ model }) => {
  const source = model.sharedModel.getSource(), tags = model.getMetadata("tags") ?? [];
  const folded = model.getMetadata("jupyter")?.source_hidden || tags.includes("setup");
  return {
    kind: source.trim() ? model.getMetadata("slideshow")?.slide_type : "empty",
    heading: model.type === "markdown" && source.match(/^## +(.+)/)?.[1].trim(),
    tags,
    silent: model.type === "code" && folded && !model.outputs.length,
  };
};

const activate = ({ shell }) => {
  const notebook = () => shell.currentWidget?.content, cellsOf = () => notebook()?.widgets ?? [];
  const linesOf = (step) => step.flatMap((index) => lines(cellsOf()[index].node));

  /** Shows what the active cell's step has come to: its screen, without what is to come. */
  const show = () => {
    const all = screens(cellsOf().map(described)), stop = stopOf(all.flat().map(([first]) => first), notebook().activeCellIndex);
    const screen = all.find((steps) => steps.some(([first]) => first === stop));
    if (!screen) return;
    const at = screen.findIndex(([first]) => first === stop), seen = screen.slice(0, at + 1).flat();
    linesOf(screen.slice(0, at).flat()).forEach((line) => say(line, true));
    const waits = linesOf(screen[at]).find((line) => !said(line))?.[0]; // with what stands below it
    cellsOf().forEach(({ node }, index) => {
      node.classList.toggle("jp-deck-mod-onscreen", screen.flat().includes(index));
      node.classList.toggle("jp-deck-mod-visible", seen.includes(index));
      if (!screen.flat().includes(index)) return;
      for (const part of [node, ...node.querySelectorAll(".jp-RenderedMarkdown > *")])
        part.classList.toggle("vae-later", !!waits && !!(waits.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING));
    });
  };

  /** What is printed and pictures as large as the screen allows, but not while one of them fills the screen: then it has no place to be measured. */
  const fit = () => {
    if (!presenting() || enlarged()) return;
    const nodes = cellsOf().map(({ node }) => node).filter((node) => node.matches(".jp-deck-mod-onscreen"));
    const pictures = nodes.flatMap((node) => [...node.querySelectorAll(PICTURES)]);
    const high = Math.min(innerHeight, document.getElementById("jp-main-dock-panel").offsetHeight); // less by the menu, once the window has changed
    const used = () => nodes.reduce((sum, node) => sum + node.offsetHeight, 0), room = { width: innerWidth - 112, height: high - 16 };
    grow(nodes, pictures, room, used);
  };
  const resized = new ResizeObserver(fit); // JupyterLab's side bars have gone, or the window has another size
  let later;
  const seen = () => {
    show();
    fit();
    clearTimeout(later);
    later = setTimeout(fit, 250); // formulas are set, and pictures loaded, a moment after their cell is seen
  };

  const to = (index, ended) => {
    const step = screens(cellsOf().map(described)).flat().find(([first]) => first === index);
    linesOf(step).forEach((line) => say(line, ended));
    notebook().activeCellIndex = index;
    seen();
  };
  const go = (step) => {
    const { activeCellIndex } = notebook(), all = screens(cellsOf().map(described)).flat(), firsts = all.map(([first]) => first);
    if (Math.abs(step) === Infinity) return to(firsts.at(step > 0 ? -1 : 0), step > 0);
    const here = linesOf(all[firsts.indexOf(stopOf(firsts, activeCellIndex))]), line = step > 0 ? here.find((one) => !said(one)) : here.findLast(said);
    if (line) {
      say(line, step > 0);
      return seen();
    }
    const index = beside(firsts, activeCellIndex, step);
    if (index !== null) to(index, step < 0);
  };

  // The extension has set its own classes, or the show begins: at its beginning where Run All has left its mark, the last cell.
  new MutationObserver((records) => {
    const turned = records.some(({ attributeName }) => attributeName === "data-jp-deck-mode");
    if (turned && !presenting()) document.querySelectorAll(PICTURES).forEach(({ style }) => (style.zoom = style.maxWidth = ""));
    if (!presenting() || !cellsOf().length) return;
    if (turned) resized.observe(notebook().node);
    if (turned && notebook().activeCellIndex === cellsOf().length - 1) notebook().activeCellIndex = 0;
    if (turned || records.some(({ target }) => target.matches(".jp-Cell"))) seen();
  }).observe(document.body, { subtree: true, attributeFilter: ["class", "data-jp-deck-mode"] });

  const take = (event, step) => {
    event.preventDefault();
    event.stopImmediatePropagation(); // JupyterLab would move the active cell, jupyterlab-slideshow pass screens by
    go(step);
  };
  const onKey = (event) => {
    const { key, target } = event, step = NEXT.includes(key) ? 1 : BACK.includes(key) ? -1 : (ENDS[key] ?? 0);
    if (!step || !presenting() || event.ctrlKey || event.altKey || event.metaKey || target.closest(OTHERS)) return;
    if (key === " " && target.matches(":is(button, summary, a):focus-visible")) return; // reached by Tab, to be pressed
    bringBack();
    take(event, key === " " && event.shiftKey ? -1 : step);
  };
  const onClick = (event) => {
    const arrow = presenting() && event.target.closest(".jp-deck-mod-direction-forward, .jp-deck-mod-direction-back");
    if (arrow) take(event, arrow.matches(".jp-deck-mod-direction-forward") ? 1 : -1);
  };
  addEventListener("keydown", onKey, true);
  addEventListener("click", onClick, true);
  projector(presenting);
  codeByKey(presenting, (open) => {
    for (const cell of cellsOf().filter(({ model }) => model.getMetadata("jupyter")?.source_hidden)) {
      cell.syncCollapse = !open; // what the key opens the notebook does not keep
      if (open) cell.inputHidden = false;
    }
    seen();
  });
  addEventListener("toggle", fit, true); // an answer has come
  document.addEventListener("fullscreenchange", fit);
  giveBack(presenting, () => notebook().activeCell?.node.focus());
  const sheets = ["deck.css", "folds.css"].map((name) => new URL(name, import.meta.url));
  document.head.append(...sheets.map((href) => Object.assign(document.createElement("link"), { rel: "stylesheet", href })));
};

export default { id: "vae-lecture:deck", description: "One order for the slide show.", autoStart: true, activate };
