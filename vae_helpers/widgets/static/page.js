// A page without a kernel: gives each view a model that lives in the page alone. `widgets/page.py` writes the page around it.

/** Where a view asks the kernel for something, the reader is told once, below it. */
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

/** Bring to life every view of the page whose JavaScript has this name. */
export function define(name, render) {
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
      render({ model: makeModel(revive(JSON.parse(place.querySelector("script").textContent), bytes), unheard), el });
      place.querySelector(".still").remove();
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

const found = new Map();

/** Bytes of the page by their name; several views share them. */
function bytes(name) {
  if (!found.has(name)) {
    const text = atob(document.getElementById(`bytes-${name}`).textContent);
    found.set(name, new DataView(Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer));
  }
  return found.get(name);
}

/** Equal as values; bytes only if they are the same ones. */
const same = (a, b) => a === b || (!binary(a) && !binary(b) && JSON.stringify(a) === JSON.stringify(b));

const binary = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
