// The script of the page's workers: trains, and counts what was trained, so that the page never waits.
//
// A message {own}, a reader's network, is answered by its counts, see own_count.js. All others are about training.
// Messages in: {start} a network, points, values and options; {advance} the step to train to; {rate}.
// Messages out: {id, first, kept} networks that were passed, then {id, first, counts} of their regions.

import { enumerateRegions } from "./enumerate.js";
import { makeNetwork } from "./network.js";
import { countOwn } from "./own_count.js";
import { Training } from "./train.js";

const CHUNK = 24; // ms between looks at what has been asked

let run = null;

globalThis.onmessage = ({ data }) => {
  if (data.own) return postMessage(countOwn(data.own));
  if (data.start) start(data);
  else if (run && data.advance !== undefined) run.wanted = Math.max(run.wanted, data.advance);
  else if (run && data.rate !== undefined) run.training.rate = data.rate;
  if (run && !run.busy) work(run);
};

function start({ id, start: { layers, activation }, points, values, every, rate, counting }) {
  const training = new Training(makeNetwork(layers, activation), points, values, { every, rate });
  run = { id, training, counting, wanted: 0, sent: 1, counted: 1, busy: false };
}

/** A chunk of work for the run that is on, as long as there is some. */
function work(own) {
  own.busy = own === run && (ahead(own) || own.counted < own.sent);
  if (!own.busy) return;
  const until = performance.now() + CHUNK;
  if (ahead(own)) train(own, until);
  else count(own, until);
  setTimeout(() => work(own));
}

const ahead = ({ training, wanted }) => training.kept.length <= wanted / training.every;

function train(own, until) {
  const { training, sent, wanted } = own;
  training.advance(wanted, () => performance.now(), until);
  const kept = training.kept.slice(sent).map(({ layers }) => layers);
  own.sent += kept.length;
  if (!own.counting) own.counted = own.sent;
  if (kept.length) postMessage({ id: own.id, first: sent, kept });
}

function count(own, until) {
  const counts = [];
  const first = own.counted;
  while (own.counted < own.sent && performance.now() < until) {
    counts.push(enumerateRegions(own.training.kept[own.counted++]).regions);
  }
  postMessage({ id: own.id, first, counts });
}
