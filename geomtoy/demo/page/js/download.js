// Gives a network to the reader as a file.

import { networkFile } from "./npz.js";

function downloadNetwork(network, name, interval) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([networkFile(network, interval)], { type: "application/zip" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A button that gives the network of the step that was asked for: while training, it waits for that step. */
export class SaveButton {
  /** @param draw called when the button is pressed; it has to lead to `offer`. */
  constructor(button, name, draw, interval = null) {
    Object.assign(this, { button, name, interval, pressed: false });
    button.addEventListener("click", () => {
      this.pressed = true;
      draw();
    });
  }

  /** The network that is there now, of a step at most the one that is wanted. */
  offer(network, { step, wanted }) {
    const ready = step === wanted;
    if (this.pressed && ready) downloadNetwork(network, this.name, this.interval);
    this.pressed &&= !ready;
    this.button.textContent = this.pressed ? `Downloads at step ${wanted} …` : `Download ${this.name}`;
  }
}
