// Training in a worker, with what a page needs of it: the networks that were kept, as they come in.

import { makeNetwork } from "./network.js";

/** A worker of this page; its script is inlined, so that the page opens from disk. */
export function openWorker() {
  const blob = new Blob([document.querySelector("#worker").textContent], { type: "text/javascript" });
  const address = URL.createObjectURL(blob);
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  return worker;
}

/** Runs after one another in one worker; a new one takes the place of the last. */
export class Trainer {
  constructor() {
    this.runs = 0;
    this.worker = null; // opened when first needed
  }

  /**
   * @param start network at step 0.
   * @param options {every, rate, counting}: whether regions of all kept networks are counted too.
   * @param changed called after news.
   */
  train(start, points, values, options, changed) {
    this.worker ??= openWorker();
    const run = new RemoteRun(this.worker, ++this.runs, start, options);
    const { layers, activation } = start;
    this.worker.postMessage({ id: run.id, start: { layers, activation }, points, values, ...options });
    this.worker.onmessage = ({ data }) => {
      if (data.id !== run.id) return; // of a run before
      run.take(data);
      changed();
    };
    return run;
  }
}

class RemoteRun {
  constructor(worker, id, start, { every }) {
    Object.assign(this, { worker, id, every, wanted: 0, kept: [start], counts: [] });
  }

  /** The last step that has come in. */
  get step() {
    return (this.kept.length - 1) * this.every;
  }

  take({ first, kept = [], counts = [] }) {
    const { activation } = this.kept[0];
    this.kept.push(...kept.map((layers) => makeNetwork(layers, activation)));
    counts.forEach((count, k) => (this.counts[first + k] = count));
  }

  advance(step) {
    if (step <= this.wanted) return;
    this.wanted = step;
    this.worker.postMessage({ advance: step });
  }

  set rate(rate) {
    this.worker.postMessage({ rate });
  }

  /** The kept network at a step or the latest before it, and its step. */
  at(step) {
    const k = Math.min(Math.floor(step / this.every), this.kept.length - 1);
    return { network: this.kept[k], step: k * this.every };
  }
}
