// What training did to the start that sliders describe, measured on the networks themselves.

/** A sentence where the sliders of the start no longer describe the network; empty otherwise. */
export function startSentence(start, network, step) {
  if (step === 0) return "";
  const moved = changed(parameters(start), parameters(network));
  const largest = Math.max(...network.layers.slice(0, -1).flatMap(({ b }) => [...b].map(Math.abs)));
  return (
    `Bias scale and rounding describe step 0: up to step ${step} training changed ${moved} of ` +
    `${parameters(start).length} parameters, and the largest hidden bias is now ≈ ${largest.toPrecision(2)}.`
  );
}

const parameters = ({ layers }) => layers.flatMap(({ W, b }) => [...W, ...b]);
const changed = (before, after) => before.filter((value, k) => value !== after[k]).length;
