// Section "Fit": sin(x), learned by a ReLU network or by a one-block transformer.
//
// The network trains here, and its joints are counted here. The block was trained by geomtoy, which proved
// the number of its joints at every step that is shown; the page reads those numbers.

import { oncePerFrame } from "./canvas.js";
import { SaveButton } from "./download.js";
import { enumerateRegions } from "./enumerate.js";
import { drawFit } from "./fit_view.js";
import { plainLine, signAt } from "./geometry.js";
import { HIGH, LOW } from "./interval.js";
import { evaluate } from "./network.js";
import { countFile, pythonBeside } from "./python.js";
import { randomNetwork } from "./random.js";
import { Trainer } from "./remote_training.js";
import { curveData, sine } from "./targets.js";

const BINS = 16;
const RATE = 0.02;

export class FitSection {
  constructor(state, data) {
    Object.assign(this, { state, data, canvas: document.querySelector("#fit-canvas") });
    this.trainer = new Trainer();
    this.draw = oncePerFrame(() => this.frame());
    state.listen(["neurons", "fitseed"], () => this.restart());
    state.listen(["model", "fitheads", "fitstep"], () => this.wait());
    this.save = new SaveButton(document.querySelector("#fit-save"), "sin.npz", this.draw, { window: [LOW, HIGH] });
    pythonBeside(document.querySelector("#fit-python"), () => countFile("sin.npz"));
    new ResizeObserver(this.draw).observe(this.canvas);
  }

  restart() {
    const start = randomNetwork({
      dIn: 1,
      widths: [this.state.number("neurons")],
      biasScale: HIGH, // spreads the joints over the interval
      seed: this.state.number("fitseed"),
    });
    const { points, values } = curveData(sine, LOW, HIGH, 128);
    this.training = this.trainer.train(start, points, values, { every: 10, rate: RATE }, this.draw);
    this.shown = null;
    this.wait();
  }

  wait() {
    this.canvas.setAttribute("aria-busy", true);
    this.draw();
  }

  frame() {
    const block = this.state.text("model") === "block";
    for (const [id, hidden] of [["#mlp-controls", block], ["#block-controls", !block]]) {
      document.querySelector(id).hidden = hidden;
    }
    if (block) this.showBlock();
    else this.showNetwork();
  }

  showNetwork() {
    if (!this.training) return;
    const wanted = this.state.number("fitstep");
    this.training.advance(wanted);
    const { network, step } = this.training.at(wanted);
    if (this.shown?.network !== network) this.shown = measured(network);
    const n = this.state.number("neurons");
    this.tell(this.shown, `Counted here, exactly; at most ${n + 1} with ${n} units.`);
    document.querySelector("#fit-counted-step").textContent = step < wanted ? ` at step ${step}` : "";
    this.save.offer(network, { step, wanted });
    this.canvas.setAttribute("aria-busy", step < wanted);
  }

  showBlock() {
    const { steps, fit } = this.data;
    const record = fit.blocks[this.state.text("fitheads")][steps.indexOf(this.state.number("fitstep"))];
    this.tell(record, `Certified by geomtoy: each joint is proven one simple zero. Context ${fit.context}, 16 units.`);
    document.querySelector("#fit-counted-step").textContent = "";
    this.canvas.setAttribute("aria-busy", false);
  }

  tell(record, remark) {
    const put = (id, text) => (document.querySelector(id).textContent = text);
    put("#fit-regions", record.regions);
    put("#fit-remark", remark);
    put("#fit-error", record.rmse.toPrecision(2));
    const bins = record.bins.join(", ");
    this.canvas.setAttribute("aria-label", `sin(x), dashed, and the fitted curve; regions in 16 intervals: ${bins}`);
    drawFit(this.canvas, record);
  }
}

/** Exact counts of a network on the interval, and curves to draw. */
function measured(network) {
  const partition = enumerateRegions(network, [LOW, HIGH, -1, 1]);
  const curve = sampled(257, (x) => evaluate(network, [x]));
  const errors = sampled(1001, (x) => evaluate(network, [x]) - sine(x));
  return {
    network,
    regions: partition.regions,
    borders: joints(partition),
    bins: regionsPerBin(partition),
    curve,
    rmse: Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length),
  };
}

const sampled = (n, f) => Array.from({ length: n }, (_, i) => f(LOW + ((HIGH - LOW) * i) / (n - 1)));

/** Where pieces meet, in order; cells of the plane are strips there. */
function joints({ cells }) {
  const starts = cells.map(({ loop }) => Math.min(...loop.map(({ x }) => x)));
  return starts.sort((p, q) => p - q).slice(1);
}

/** Regions that meet the inside of each bin; signs at the bins' ends are exact like all others. */
function regionsPerBin({ cells }) {
  const tally = { signs: 0, exactSigns: 0 };
  return Array.from({ length: BINS }, (_, k) => {
    const ends = [k, k + 1].map((j) => plainLine(1, 0, -(LOW + ((HIGH - LOW) * j) / BINS)));
    const passes = (loop, line, sign) => loop.some((vertex) => signAt(line, vertex, tally) === sign);
    return cells.filter(({ loop }) => passes(loop, ends[0], 1) && passes(loop, ends[1], -1)).length;
  });
}
