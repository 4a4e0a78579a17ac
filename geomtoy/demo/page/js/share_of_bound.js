// A count beside its bound: in the window or on the whole plane, where the bound holds; bar linear or logarithmic.

import { serraUpperBound } from "./bounds.js";
import { widths } from "./network.js";
import { countWholePlane } from "./whole_plane.js";

const PAUSE = 60; // ms without a new network before the whole plane is counted

export class ShareOfBound {
  /** @param redraw called when the whole plane has been counted. */
  constructor(state, redraw) {
    Object.assign(this, { state, redraw, wholes: new WeakMap() });
  }

  tell(network, regions) {
    this.forget();
    const bound = Number(serraUpperBound(widths(network), 2));
    const plane = this.state.text("domain") === "plane";
    const counted = plane ? this.whole(network)?.regions : regions;
    this.draw(counted, bound, plane);
  }

  forget() {
    clearTimeout(this.timer);
  }

  /** Counts of the whole plane; null at first, while they are worked out. */
  whole(network) {
    if (!this.wholes.has(network)) {
      this.timer = setTimeout(() => {
        this.wholes.set(network, countWholePlane(network));
        this.redraw();
      }, PAUSE);
      return null;
    }
    return this.wholes.get(network);
  }

  draw(counted, bound, plane) {
    const [meter, text] = ["#meter", "#share"].map((id) => document.querySelector(id));
    const linear = this.state.text("bar") === "linear";
    if (counted === undefined) {
      text.textContent = "The whole plane is being counted …";
      return;
    }
    const share = linear ? counted / bound : Math.log(counted) / Math.log(bound);
    meter.style.setProperty("--share", `${100 * share}%`);
    const percent = Number(((100 * counted) / bound).toPrecision(2));
    const where = plane ? ` with ${counted.toLocaleString("en")} regions on the whole plane` : "";
    const scale = linear ? "linear, from 0 to the bound" : "logarithmic, from 1 to the bound";
    text.textContent = `${percent} % of the bound${where}; the bar is ${scale}`;
  }
}
