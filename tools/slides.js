// Starts an exported show. `show` has its width and height in pixels and whether its sections have minutes (slides.py).

/** Pictures and views of the screen as large as it allows, while its code is folded. */
function grow() {
  const screen = Reveal.getCurrentSlide(), pictures = [...screen.querySelectorAll(".output > img, .output > .view")];
  pictures.forEach((picture) => (picture.style.zoom = ""));
  if (!pictures.length || document.body.classList.contains("show-code")) return void Reveal.layout();
  const boxes = pictures.map((picture) => picture.getBoundingClientRect()), scale = Reveal.getScale();
  const tall = boxes.reduce((sum, box) => sum + box.height, 0) / scale, wide = Math.max(...boxes.map((box) => box.width)) / scale;
  const factor = Math.min(2, 1 + (show.height - 16 - screen.scrollHeight) / tall, (show.width - 112) / wide);
  if (factor > 1) pictures.forEach((picture) => (picture.style.zoom = factor * getComputedStyle(picture).zoom));
  Reveal.layout(); // which centres the screen
}

Reveal.initialize({
  width: show.width, height: show.height, margin: 0, minScale: 0.2, maxScale: 4, hash: true, slideNumber: "c/t", transition: "none",
  navigationMode: "linear", // one order for space, arrows, page keys and a presenter's remote: no screen is passed by
  defaultTiming: show.timed ? 0 : null, plugins: [RevealNotes],
});
Reveal.on("ready", grow);
Reveal.on("slidechanged", () => {
  if (document.fullscreenElement?.matches(".vae-view")) document.exitFullscreen(); // a view on the whole screen (room.js)
  grow();
});
const lives = new MutationObserver(grow); // a view takes the place of its still picture
document.querySelectorAll(".view").forEach((view) => lives.observe(view, { attributeFilter: ["class"] }));
giveBack();
projector();
codeByKey(() => true, grow);
