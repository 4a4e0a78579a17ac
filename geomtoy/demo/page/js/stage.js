// A lecture: one scene at a time over the whole screen, with large type. Arrow keys turn scenes, Escape leaves.

import { drawCode } from "./share.js";
import { SCENES } from "./scenes.js";

const [FORTH, BACK] = [["ArrowRight", "PageDown"], ["ArrowLeft", "PageUp"]];
const root = document.documentElement;

export class Stage {
  /** @param restore (hash) => put the page into that state. */
  constructor(state, restore) {
    Object.assign(this, { state, restore, scene: -1, before: "" });
    this.bar = document.querySelector("#stage-bar");
    document.querySelector("#present").addEventListener("click", () => this.open(0));
    const buttons = { "#stage-back": () => this.turn(-1), "#stage-forth": () => this.turn(1), "#stage-leave": () => this.leave(), "#stage-code": () => this.toggleCode() };
    for (const [id, act] of Object.entries(buttons)) document.querySelector(id).addEventListener("click", act);
    addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("fullscreenchange", () => document.fullscreenElement ?? this.leave());
  }

  get on() {
    return this.scene >= 0;
  }

  async open(scene) {
    this.before = this.state.hash();
    this.show(scene);
    try {
      await root.requestFullscreen();
    } catch {
      root.dataset.windowed = ""; // not every window may fill the screen; the stage then fills the window
    }
  }

  show(scene) {
    this.clear();
    this.scene = scene;
    const { section, state, controls, title, text } = SCENES[scene];
    const place = document.getElementById(section);
    root.classList.add("staging");
    place.classList.add("on-stage");
    for (const id of controls) document.getElementById(id).closest(".slider, label, article").classList.add("in-scene");
    this.bar.hidden = false;
    this.restore(state);
    document.querySelector("#stage-title").textContent = title;
    document.querySelector("#stage-text").textContent = text;
    document.querySelector("#stage-place").textContent = `${scene + 1} of ${SCENES.length}`;
    document.querySelector("#stage-back").disabled = scene === 0;
    document.querySelector("#stage-forth").disabled = scene === SCENES.length - 1;
    document.querySelector("#stage-title").focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  turn(way) {
    const scene = this.scene + way;
    if (scene >= 0 && scene < SCENES.length) this.show(scene);
  }

  clear() {
    root.classList.remove("staging");
    for (const one of document.querySelectorAll(".on-stage, .in-scene")) one.classList.remove("on-stage", "in-scene");
    document.querySelector("#stage-qr").hidden = true;
  }

  /** Back to the page as it was. */
  leave() {
    if (!this.on) return;
    this.scene = -1;
    this.clear();
    this.bar.hidden = true;
    delete root.dataset.windowed;
    if (document.fullscreenElement) document.exitFullscreen();
    this.restore(this.before);
    document.querySelector("#present").focus();
  }

  key(event) {
    if (!this.on) return;
    if (event.key === "Escape") {
      this.leave();
      return;
    }
    if (event.target.closest("input, select, textarea, canvas, table, svg, [role=slider]")) return; // they have arrow keys of their own
    if (FORTH.includes(event.key)) this.turn(1);
    else if (BACK.includes(event.key)) this.turn(-1);
    else return;
    event.preventDefault();
  }

  /** The address of the scene, for telephones in the room. */
  toggleCode() {
    const place = document.querySelector("#stage-qr");
    place.hidden = !place.hidden;
    if (place.hidden) return;
    this.state.store();
    drawCode(place.querySelector("canvas"), place.querySelector("p"));
  }
}
