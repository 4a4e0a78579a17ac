// Gives a network to the reader as a file.

import { networkFile } from "./npz.js";

export const downloadNetwork = (network, name, where) => downloadFile(networkFile(network, where), name);

export function downloadFile(bytes, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/zip" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A button that gives the network of the step that was asked for: while training, it waits for that step. */
export class SaveButton {
  /** @param draw called when the button is pressed; it has to lead to `offer`. */
  constructor(button, name, draw, where = {}) {
    Object.assign(this, { button, name, where, pressed: false });
    button.addEventListener("click", () => {
      this.pressed = true;
      draw();
    });
  }

  /** The network that is there now, of a step at most the one that is wanted. */
  offer(network, { step, wanted }) {
    const ready = step === wanted;
    if (this.pressed && ready) downloadNetwork(network, this.name, this.where);
    this.pressed &&= !ready;
    this.button.textContent = this.pressed ? `Downloads at step ${wanted} …` : `Download ${this.name}`;
  }
}
