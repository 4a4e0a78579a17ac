// All sliders and choices of the page, and the part of the address after # that keeps them.
//
// The controls in the HTML are the one list of what may be set: range inputs and selects with the attribute
// data-state, their limits, and their defaults. A range with data-values chooses from that list; a hidden
// input keeps what was set by hand, a text of its data-pattern.

const PAUSE = 300; // ms

export class PageState {
  constructor(root) {
    this.controls = new Map();
    this.listeners = [];
    this.sections = new Set([...root.querySelectorAll("main section[id]")].map(({ id }) => id));
    this.section = null;
    for (const control of root.querySelectorAll("[data-state]")) {
      this.controls.set(control.id, control);
      control.dataset.default = this.text(control.id);
      control.addEventListener("input", () => this.changed([control.id]));
    }
  }

  /** Call `listener(names)` when controls of these names changed. */
  listen(names, listener) {
    this.listeners.push({ names: new Set(names), listener });
  }

  text(name) {
    const control = this.controls.get(name);
    return control.dataset.values ? choices(control)[Number(control.value)] : control.value;
  }

  number(name) {
    return Number(this.text(name));
  }

  /** Set a control as if it had been moved. */
  set(name, text) {
    this.put(name, text);
    this.changed([name]);
  }

  put(name, text) {
    const control = this.controls.get(name);
    control.value = control.dataset.values ? choices(control).indexOf(String(text)) : text;
  }

  changed(names) {
    for (const name of names) this.describe(name);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.store(), PAUSE);
    for (const { names: wanted, listener } of this.listeners) {
      if (names.some((name) => wanted.has(name))) listener(names);
    }
  }

  /** Show a control's value beside it, and say it to screen readers. */
  describe(name) {
    const control = this.controls.get(name);
    if (control.type !== "range") return;
    const text = control.dataset.words?.split("|")[Number(control.value)] ?? this.text(name);
    control.setAttribute("aria-valuetext", text);
    document.querySelector(`output[for="${name}"]`).textContent = text;
    const share = (control.value - control.min) / (control.max - control.min);
    control.style.setProperty("--filled", `${100 * share}%`);
  }

  /** The hash that restores the section and everything that is not at its default. */
  hash() {
    const parts = [...this.controls]
      .filter(([name, control]) => this.text(name) !== control.dataset.default)
      .map(([name]) => `${name}=${encodeURIComponent(this.text(name))}`);
    return [this.section, ...parts].filter(Boolean).join("&");
  }

  /** Put the state into the address: after a pause, as browsers ration how often that may be done. */
  store() {
    clearTimeout(this.timer);
    const hash = this.hash();
    if (hash !== location.hash.slice(1)) {
      history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    }
  }

  /** Take the state from a hash; returns sentences about what it could not take. */
  restore(hash) {
    const problems = [];
    const before = this.restored ? this.texts() : new Map();
    for (const [name, control] of this.controls) this.put(name, control.dataset.default);
    this.section = null;
    for (const part of hash.replace(/^#/, "").split("&").filter(Boolean)) {
      const [name, text] = decoded(part);
      const control = this.controls.get(name);
      if (this.sections.has(part)) this.section = part;
      else if (control && accepts(control, text)) this.put(name, text);
      else if (control) problems.push(`${name} cannot be “${text}”; it is ${this.text(name)}`);
      else problems.push(`there is no setting “${name}”`);
    }
    this.restored = true;
    this.changed([...this.texts()].filter(([name, text]) => text !== before.get(name)).map(([name]) => name));
    return problems;
  }

  texts() {
    return new Map([...this.controls.keys()].map((name) => [name, this.text(name)]));
  }
}

const choices = (control) => control.dataset.values.split(" ");

function decoded(part) {
  const [name, ...rest] = part.split("=");
  try {
    return [decodeURIComponent(name), decodeURIComponent(rest.join("="))];
  } catch {
    return [name, rest.join("=")]; // a broken %-sequence is shown as it is
  }
}

/** Whether a control can have exactly this value. */
function accepts(control, text) {
  if (control.dataset.values) return choices(control).includes(text);
  if (control.dataset.pattern) return new RegExp(`^(?:${control.dataset.pattern})$`).test(text);
  if (control.tagName === "SELECT") return [...control.options].some(({ value }) => value === text);
  if (!/^-?\d+(\.\d+)?$/.test(text)) return false;
  const [value, min, max, step] = [text, control.min, control.max, control.step].map(Number);
  const steps = (value - min) / step;
  return value >= min && value <= max && Math.abs(steps - Math.round(steps)) < 1e-9;
}
