// A page without a kernel: gives each view a model that lives in the page alone. `widgets/page.py` writes the page around it.

/** Where a view asks the kernel for something, as it does before anything is pressed, the reader is told below it. */
const NEEDS = "This needs Python, which is not in this page: open the notebook in JupyterLab and run it.";

/** A stand-in for anywidget's model: the same get, set, save_changes, on, off and send, with nobody at the other end. */
export function makeModel(state, unheard = () => {}) {
  const listeners = new Map(); // event → functions
  const tell = (event, ...args) => [...(listeners.get(event) ?? [])].forEach((listener) => listener(...args));
  const model = {
    get: (name) => state[name],
    set(name, value) {
      const given = typeof name === "string" ? { [name]: value } : name;
      const changed = Object.keys(given).filter((key) => !same(state[key], given[key]));
      changed.forEach((key) => (state[key] = given[key]));
      changed.forEach((key) => tell(`change:${key}`, model, state[key]));
      if (changed.length) tell("change", model);
    },
    save_changes() {},
    on(events, listener) {
      for (const event of events.split(" ")) listeners.set(event, [...(listeners.get(event) ?? []), listener]);
    },
    off(events, listener) {
      for (const event of events ? events.split(" ") : [...listeners.keys()]) {
        listeners.set(event, listener ? (listeners.get(event) ?? []).filter((other) => other !== listener) : []);
      }
    },
    send: () => unheard(),
  };
  return model;
}

/** Bring to life every view of the page whose JavaScript has this name: as anywidget would, `render` of its default export. */
export function define(name, { render }) {
  for (const place of document.querySelectorAll(`[data-view="${name}"]`)) {
    const needs = Object.assign(document.createElement("p"), { className: "needs", hidden: true });
    needs.setAttribute("role", "status");
    const unheard = () => {
      needs.hidden = false;
      needs.textContent = NEEDS;
    };
    const el = document.createElement("div");
    place.append(el, needs);
    try {
      render({ model: makeModel(revive(JSON.parse(place.querySelector("script").textContent), (name) => found.get(name)), unheard), el });
      place.classList.add("live"); // the picture hides, and comes back on paper
    } catch (error) {
      console.error(error); // the view says what is wrong, and the picture stays
    }
  }
}

/** The state as it is written, { $bytes: name } in the place of bytes → the state with a DataView in each place, as anywidget gives it. */
export function revive(value, find) {
  if (Array.isArray(value)) return value.map((v) => revive(v, find));
  if (value === null || typeof value !== "object") return value;
  if ("$bytes" in value) return find(value.$bytes);
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, revive(v, find)]));
}

const found = new Map(); // name → bytes, which several views share

/** Unpack the page's bytes, then run the JavaScript of its views, each of which calls `define`. Until then, and where that fails, the still pictures stand. */
export async function start() {
  for (const place of document.querySelectorAll("script[id^=bytes-]")) {
    found.set(place.id.slice("bytes-".length), new DataView(await unpacked(place)));
  }
  const modules = JSON.parse(new TextDecoder().decode(await unpacked(document.getElementById("code"))));
  for (const [name, text] of Object.entries(modules)) {
    const script = Object.assign(document.createElement("script"), { type: "module" });
    script.textContent = `${text.replace(/^export default /m, "const vaeView = ")}\nglobalThis.vaePage.define("${name}", vaeView);`;
    document.body.append(script);
  }
}

const unpacked = (place) => unpack(place.textContent, "pairs" in place.dataset);

/** What `widgets/page.py` has packed: base64 of deflated bytes, in `pairs` first those at even places, then those at odd ones → an ArrayBuffer. */
export async function unpack(text, pairs) {
  const deflated = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const bytes = await new Response(new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
  if (!pairs) return bytes;
  const sorted = new Uint8Array(bytes), half = Math.ceil(sorted.length / 2);
  return Uint8Array.from(sorted, (_, i) => sorted[i % 2 ? half + (i - 1) / 2 : i / 2]).buffer;
}

/** Equal as values; bytes only if they are the same ones. */
const same = (a, b) => a === b || (!binary(a) && !binary(b) && JSON.stringify(a) === JSON.stringify(b));

const binary = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
