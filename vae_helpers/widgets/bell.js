import { clamp, number } from "./kit/common.js";
import { button, drag, element, follow, image, ownKeys, put, set, svg, view } from "./kit/controls.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }; // of μ and σ
const KEYS = "left and right arrow keys move μ, up and down arrow keys widen and narrow σ, Shift for fine steps, Home to begin again";
const LEFT = 0, RIGHT = 1, TOP = 2; // the bell's knobs

/** ELBO of q = N(μ, σ²) in nats: E_q[log p(x, z)] against a table of log p(x, z) at first, first + step, …, plus q's entropy. */
export function elbo(table, [first, step], mu, sigma) {
  let sum = 0, area = 0;
  for (let i = 0; i < table.length; i++) {
    const q = Math.exp(-0.5 * ((first + i * step - mu) / sigma) ** 2);
    sum += q * table[i];
    area += q;
  }
  return sum / area + 0.5 * Math.log(2 * Math.PI * Math.E * sigma * sigma);
}

const mix = ([low, high], share) => low + share * (high - low), shareOf = ([low, high], value) => (value - low) / (high - low);
const density = (z, mu, sigma) => Math.exp(-0.5 * ((z - mu) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));

/** Axes that Python has drawn, with knobs and an SVG over them. Places are shares (u, v) of the axes from the bottom left. */
function makePanel({ underlay, box: [left, top, width, height] }, label, marks, onMove) {
  const overlay = svg("svg", { class: "vae-overlay", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  Object.assign(overlay.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
  const knobs = marks.map((mark) => element("div", { class: "vae-knob", "aria-hidden": "true" }, mark));
  const node = element("div", { class: "vae-pad", tabindex: 0, role: "application", "aria-label": label }, image(underlay, { alt: "" }), overlay, ...knobs);
  drag(node, (places, begins) => {
    const [u, v] = places.at(-1);
    onMove((u - left) / width, (top + height - v) / height, begins);
  });
  const place = (k, u, v) => Object.assign(knobs[k].style, { left: `${100 * (left + width * u)}%`, top: `${100 * (top + height * (1 - v))}%` });
  return { node, overlay, place };
}

export default view(({ model, el }) => {
  const table = model.get("log_joint"), grid = model.get("grid"), { density: bell, map: plane } = model.get("panels");
  const ceiling = model.get("log_evidence"), floor = model.get("floor");
  const across = bell.extent.slice(0, 2), highest = bell.extent[3], mus = plane.extent.slice(0, 2), sigmas = plane.extent.slice(2), logs = sigmas.map(Math.log);
  const at = () => [model.get("mu"), model.get("sigma")], start = at();
  const go = (mu, sigma) => put(model, { mu: clamp(mu, mus), sigma: clamp(sigma, sigmas) });
  const keys = ({ key, shiftKey }) => {
    const [mu, sigma] = at(), step = shiftKey ? 0.002 : 0.02; // a fiftieth of the map
    if (key === "Home") go(...start);
    else if (key in WAYS) go(mu + WAYS[key][0] * step * (mus[1] - mus[0]), sigma * Math.exp(WAYS[key][1] * step * (logs[1] - logs[0])));
    else return false;
    return true;
  };

  const knobs = () => { // where they are: the flanks one σ from the top, and all within the picture
    const [mu, sigma] = at(), place = (z, most) => [shareOf(across, z), Math.min(most, density(z, mu, sigma) / highest)];
    return [place(mu - sigma, 0.65), place(mu + sigma, 0.65), place(mu, 1)];
  };
  let held = TOP; // the knob that the hand took, the one nearest to where it came down
  const left = makePanel(bell, `The bell q over the posterior: ${KEYS}`, ["σ", "σ", "μ"], (u, v, begins) => {
    const { width, height } = left.overlay.getBoundingClientRect(), away = knobs().map(([a, b]) => Math.hypot((a - u) * width, (b - v) * height));
    if (begins) held = away.indexOf(Math.min(...away));
    const [mu, sigma] = at(), z = mix(across, u);
    if (held === TOP) go(z, sigma);
    else go(mu, held === LEFT ? mu - z : z - mu);
  });
  const right = makePanel(plane, `Map of the ELBO over μ and σ: ${KEYS}`, [""], (u, v) => go(mix(mus, u), Math.exp(mix(logs, v))));
  const curve = svg("path", { class: "vae-line vae-bell-line" });
  left.overlay.append(curve);

  const solid = element("div", { class: "vae-bell-solid" }), [most, gap, bound] = ["", "vae-bell-kl", "vae-bell-elbo"].map((name) => element("p", { class: name }));
  const bar = element("div", { class: "vae-bell-bar", "aria-hidden": "true" }, most, element("div", { class: "vae-bell-track" }, solid), gap, bound);
  const reading = element("output", { class: "vae-reading", "aria-live": "polite" });
  const help = "Drag the top of the bell (μ), a flank (σ) or the ring on the map; or arrow keys (Shift: fine steps, Home: begin again).", again = button("begin again", () => go(...start));
  const map = element("div", { class: "vae-bell-map" }, right.node, bar);
  [left.node, right.node].forEach((node) => ownKeys(node, keys));
  el.append(element("div", { class: "vae-bell" }, element("div", { class: "vae-bell-row" }, left.node, map), reading, element("div", { class: "vae-bell-again" }, again, element("p", { class: "vae-help" }, help))));

  follow(model, ["mu", "sigma"], () => {
    const [mu, sigma] = at(), value = elbo(table, grid, mu, sigma), points = [across[0]];
    for (let t = -4; t <= 4; t += 0.1) points.push(mu + t * sigma);
    set(curve, { d: `M${[...points, across[1]].map((z) => `${shareOf(across, z)},${1 - density(z, mu, sigma) / highest}`).join(" ")}` });
    knobs().forEach((place, k) => left.place(k, ...place));
    right.place(0, shareOf(mus, mu), shareOf(logs, Math.log(sigma)));
    solid.style.height = `${100 * clamp(shareOf([floor, ceiling], value), [0, 1])}%`;
    [most.textContent, gap.textContent, bound.textContent] = [`log p(x) ${number(ceiling)}`, `KL ${number(ceiling - value)}`, `ELBO ${number(value)}`];
    reading.textContent = `μ = ${number(mu)}, σ = ${number(sigma, 3)}: ELBO ${number(value)} + KL ${number(ceiling - value)} = log p(x) ${number(ceiling)} nats`;
  });
});
