import { element, follow, put, view } from "./kit/controls.js";
import { makeDecoder } from "./kit/decoder.js";
import { makePath } from "./kit/path.js";
import { makePlane } from "./kit/plane.js";

export default view(({ model, el }) => {
  const decoder = makeDecoder(model);
  const go = (x, y) => put(model, { z: [x, y] });
  const plane = makePlane(model, {
    label: "Code plane: arrow keys move z, Shift for fine steps, Home for the origin, Enter adds this point to the path",
    z: () => model.get("z"),
    onMove: (x, y, begins) => {
      go(x, y);
      path.moved(x, y, begins);
    },
    onLift: () => path.lift(),
    onKey: ({ key }) => key === "Enter" && path.add(),
  });
  const path = makePath(model, { el, plane, go });
  const help = "Drag the ring, or use the arrow keys (Shift: fine steps, Home: origin, Enter: add this point to the path).";
  const side = element("div", { class: "vae-side" }, decoder.canvas, decoder.reading, plane.switches, element("p", { class: "vae-help" }, help));
  el.append(element("div", { class: "vae-row" }, element("div", { class: "vae-field" }, plane.node, path.controls), side));

  follow(model, ["z"], () => {
    plane.place(...model.get("z"));
    decoder.draw(model.get("z"));
  });
});
