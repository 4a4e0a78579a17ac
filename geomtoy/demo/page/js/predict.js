// Section "Predict, then reveal": guesses are judged by counting, a wrong one gets something to think of.

import { blockOf } from "./attention_block.js";
import { enumerateRegions, SQUARE } from "./enumerate.js";
import { EXERCISES } from "./exercises.js";
import { drawExercise } from "./exercise_view.js";
import { enumerateHardAttention } from "./hard_attention.js";
import { networkLiteral, pythonBeside } from "./python.js";
import { onThemeChange } from "./theme.js";

const UNIT_INTERVAL = [0, 1, -1, 1];
const CONTEXT = 8;

export function predictSection(list, data) {
  const template = document.querySelector("#exercise");
  const solved = new Set();
  const tell = (id) => {
    solved.add(id);
    document.querySelector("#solved").textContent = `${solved.size} of ${EXERCISES.length} found.`;
  };
  for (const exercise of EXERCISES) new Card(exercise, template.content.cloneNode(true), data, tell).addTo(list);
  document.querySelector("#solved").textContent = `${EXERCISES.length} exercises.`;
}

class Card {
  constructor(exercise, fragment, data, found) {
    Object.assign(this, { exercise, fragment, data, found, counted: null });
    const find = (selector) => fragment.querySelector(selector);
    [this.form, this.guess, this.answer, this.canvas] = ["form", "input", ".answer", "canvas"].map(find);
    find("h3").textContent = exercise.title;
    find(".question").textContent = exercise.question;
    find("article").id = exercise.id;
    this.guess.id = `${exercise.id}-guess`;
    find("label").htmlFor = this.guess.id;
    this.canvas.setAttribute("aria-label", `Picture: ${exercise.title}`);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.judge();
    });
    find(".hint").addEventListener("click", () => this.say("Think: ", exercise.hint));
    find(".show").addEventListener("click", () => this.reveal(""));
    pythonBeside(find(".in-python"), () => program(exercise));
    onThemeChange(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  addTo(list) {
    list.append(this.fragment);
  }

  /** What the page counts for this exercise; not before it is asked for. */
  count() {
    const { kind, network } = this.exercise;
    this.counted ??= kind === "attention" ? this.head(0) : enumerateRegions(network, kind === "plane" ? SQUARE : UNIT_INTERVAL);
    return this.counted;
  }

  /** The cells of one head whose W_Q is multiplied by a number. */
  head(factor) {
    const block = blockOf(this.data.block, 1, CONTEXT);
    const heads = block.heads.map((head) => ({ ...head, Q: head.Q.map((value) => factor * value) }));
    const { reach } = this.data;
    return { ...enumerateHardAttention({ ...block, heads }, [-reach, reach, -reach, reach]), reach };
  }

  judge() {
    if (this.guess.value === "") {
      this.say("", "Put a number first.");
      return;
    }
    const said = Number(this.guess.value);
    const right = this.exercise.answer(this.count());
    if (said === right) {
      this.found(this.exercise.id);
      this.reveal("Right. ");
    } else {
      this.say(`Not ${said}. `, this.explanation(said, right));
    }
  }

  /** What to think of after a wrong answer; it does not give the right one away. */
  explanation(said, right) {
    const before = this.exercise.kind === "attention" ? this.head(1).attention.length : null;
    const known = this.exercise.wrong.find(([value]) => value(right, before) === said);
    if (known) return known[1];
    return `That is too ${said > right ? "many" : "few"}. ${this.exercise.hint}`;
  }

  reveal(praise) {
    this.shown = this.count();
    this.say(`${this.exercise.answer(this.shown)}. `, praise + this.exercise.reason);
    this.draw();
  }

  say(strong, rest) {
    const [first, second] = [document.createElement("strong"), document.createElement("span")];
    first.textContent = strong;
    second.textContent = rest;
    this.answer.replaceChildren(first, second);
  }

  draw() {
    const before = this.exercise.kind === "attention" && !this.shown ? this.head(1) : null;
    drawExercise(this.canvas, this.exercise, this.shown ?? null, before);
  }
}

/** The network of an exercise in Python, counted; that of attention is the block that the page gives away. */
function program({ kind, network }) {
  if (kind === "attention") return HEAD;
  const window = kind === "plane" ? "" : ", window=(0, 1)";
  return ["import geomtoy", "", `network = ${networkLiteral(network)}`, `print(geomtoy.count_regions(network${window}))`];
}

const HEAD = [
  "# block.npz: the button under the picture of hard attention",
  "from dataclasses import replace",
  "",
  "import geomtoy",
  "from geomtoy import views",
  "",
  'stored = geomtoy.load_block("block.npz")',
  "block = replace(stored.block, W_Q=0 * stored.block.W_Q)",
  "found = views.enumerate_hard_attention(block, stored.tokens, stored.plane, window=stored.window, linear=False)",
  'print(len(found.cells.polygons), "attention cells")',
];
