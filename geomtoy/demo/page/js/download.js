// Gives a network to the reader as a file.

import { networkFile } from "./npz.js";

export function downloadNetwork(network, name, interval = null) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([networkFile(network, interval)], { type: "application/zip" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
