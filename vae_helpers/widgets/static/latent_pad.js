import { element, follow, guarded, put } from "./common.js";
import { makeDecoder } from "./decoder.js";
import { makePlane } from "./plane.js";

export const render = guarded(({ model, el }) => {
  const decoder = makeDecoder(model);
  const plane = makePlane(model, {
    label: "Code plane: arrow keys move z, Shift for fine steps, Home for the origin",
    z: () => model.get("z"),
    onMove: (x, y) => put(model, "z", [x, y]),
  });
  const help = element("p", { class: "vae-help" }, "Drag the ring, or use the arrow keys (Shift: fine steps, Home: origin).");
  const side = element("div", { class: "vae-side" }, decoder.canvas, decoder.reading, plane.switches, help);
  el.append(element("div", { class: "vae-row" }, plane.node, side));

  const stop = follow(model, ["z"], () => {
    plane.place(...model.get("z"));
    decoder.draw(model.get("z"));
  });
  return () => {
    stop();
    plane.close();
  };
});

export default { render };
