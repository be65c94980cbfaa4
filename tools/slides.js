// Starts an exported show. `show` has its width and height in pixels and whether its sections have minutes (slides.py).

/** A fold that answers opens with a key, or by hand; the folds of code, checks and choices have a class, and open by hand alone. */
document.querySelectorAll(".slides details:not([class])").forEach((fold) => {
  fold.classList.add("fragment", "custom"); // seen before, as its question
  fold.addEventListener("toggle", () => fold.open && !fold.matches(".visible") && Reveal.nextFragment());
});
const opens = (open) => ({ fragments }) => fragments.forEach((part) => part.matches("details") && (part.open = open));

/** What stands below the lines of a derivation comes with the last of them, what stands below an answer with it: no end is read before its beginning. */
document.querySelectorAll(".slides > section > section").forEach((screen) => {
  let press = -1;
  screen.querySelectorAll(".fragment, div.fragment > *, section > :not(aside), .markdown > *, .markdown > p > .equation").forEach((part) => {
    if (part.matches(".fragment")) press += 1;
    else if (press >= 0) part.classList.add("fragment");
    if (press >= 0) part.dataset.fragmentIndex = press;
  });
});

/** What is printed, pictures and views as large as the screen allows. */
function fit() {
  const screen = Reveal.getCurrentSlide(), pictures = [...screen.querySelectorAll(".output > img, .output > .view")];
  grow([screen], pictures, { width: show.width - 112, height: show.height - 16 }, () => screen.scrollHeight, Reveal.getScale());
  Reveal.layout(); // which centres the screen
}

const end = () => (({ h, v }) => [h, v])(Reveal.getIndices(Reveal.getSlides().at(-1)));

Reveal.initialize({
  width: show.width, height: show.height, margin: 0, minScale: 0.2, maxScale: 4, hash: true, slideNumber: "c/t", transition: "none",
  navigationMode: "linear", // one order for space, arrows, page keys and a presenter's remote: no screen is passed by
  keyboard: {
    27: () => [Reveal.toggleHelp(false), Reveal.toggleOverview(false)], // Escape closes; O opens the overview, in which the keys hop
    35: () => Reveal.slide(...end(), Infinity), 36: () => Reveal.slide(0, 0, -1), // End and Home
  },
  defaultTiming: show.timed ? 0 : null, plugins: [RevealNotes],
});
Reveal.on("ready", fit);
Reveal.on("fragmentshown", opens(true));
Reveal.on("fragmenthidden", opens(false));
Reveal.on("slidechanged", () => {
  bringBack();
  fit();
});
addEventListener("toggle", fit, true); // an answer has come
const lives = new MutationObserver(fit); // a view takes the place of its still picture
document.querySelectorAll(".view").forEach((view) => lives.observe(view, { attributeFilter: ["class"] }));
giveBack();
projector();
codeByKey(() => true, fit);
Reveal.registerKeyboardShortcut("C", "Show and fold code"); // for the help that ? opens
Reveal.registerKeyboardShortcut("Z", "A figure on the whole screen, and back");
