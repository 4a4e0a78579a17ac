// The exercises of "Predict, then reveal". Answers are not written here: they are counted.
//
// Each is {id, title, question, hint, reason, wrong, answer} and what its picture needs. `answer` is a function
// of what was counted; `wrong` lists likely wrong answers, worked out from the right one, with what to think of.

import { makeLayer, makeNetwork } from "./network.js";

const SIX = [
  [1, 0.25, 0],
  [0.75, 0.75, -0.3125],
  [0.25, 1, -0.0625],
  [-0.25, 1, 0.3125],
  [-0.75, 0.75, 0.125],
  [-1, 0.25, -0.4375],
]; // a x + b y + c: every two of these lines cross within the square
const GRATING = [[0, 1, 0.5], [0, 1, 0], [0, 1, -0.5], [1, 1, 0.25], [1, -1, 0.125], [1, 0.125, -0.25]];
const CONCURRENT = [[1, 0.25, 0], [0.25, 1, 0], [-0.75, 0.75, 0], [0.75, 0.75, -0.3125], [-0.25, 1, 0.3125], [-1, 0.25, -0.4375]];
const OUTGOING = [1, -2, 1.5, 1, -1, 2];

/** A layer with a unit for each line. */
function lines(all) {
  const layer = makeLayer(all.length, 2);
  all.forEach(([a, b, c], u) => {
    layer.W.set([a, b], 2 * u);
    layer.b[u] = c;
  });
  return layer;
}

const layer = (rows, b) => makeLayer(rows.length, rows[0].length, Float64Array.from(rows.flat()), Float64Array.from(b));

/** One hidden layer, read with these weights. */
const oneLayer = (all, outgoing = OUTGOING) => makeNetwork([lines(all), layer([outgoing.slice(0, all.length)], [0])]);

/** Tent maps after one another: each folds [0, 1] onto itself (Telgarsky 2016, arXiv:1602.04485). */
function tents(folds) {
  const layers = [layer([[1], [1]], [0, -0.5])];
  for (let k = 1; k < folds; k++) layers.push(layer([[2, -4], [2, -4]], [0, -0.5]));
  return makeNetwork([...layers, layer([[2, -4]], [0])]);
}

const regions = (partition) => partition.regions;
const linear = (partition) => partition.linearRegions;
const ofLayer = (k) => ({ edges }) => edges.filter((edge) => edge.layer === k).length;

export const EXERCISES = [
  {
    id: "six", kind: "plane", network: oneLayer(SIX), answer: regions,
    title: "Six lines",
    question: "Six units, six lines. All crossings lie in the square. How many activation regions?",
    hint: "The first line makes two. How many regions does a new line gain, if it crosses all earlier ones?",
    reason: "A new line gains one region for each line it crosses, and one more: 1 + 1 + 2 + … + 6.",
    wrong: [
      [() => 2 ** 6, "So many on-off patterns there are, but three lines in the plane already miss one of their eight."],
      [() => 7, "That would be six lines that never cross."],
      [(n) => n - 1, "Count the square itself, before the first line, as one."],
    ],
  },
  {
    id: "zero", kind: "plane", network: oneLayer(SIX.map(([a, b]) => [a, b, 0])), answer: regions,
    title: "The same lines, without bias",
    question: "All six biases are set to 0, so that every line passes through the origin. How many now?",
    hint: "All crossings fall together. How many sectors does one more line through the middle cut?",
    reason: "Each line through one common point cuts two of the sectors: two more a line.",
    wrong: [
      [() => 22, "That is the count with biases. Where do the lines cross now?"],
      [() => 7, "A line through the common point cuts two sectors, not one."],
    ],
  },
  {
    id: "grating", kind: "plane", network: oneLayer(GRATING), answer: regions,
    title: "Three of them parallel",
    question: "Three of six lines are parallel; all other crossings lie in the square. How many activation regions?",
    hint: "Start with the parallel lines; then each of the others crosses everything that is there.",
    reason: "Each pair of lines that does not cross costs one region of the 22, and there are three such pairs.",
    wrong: [
      [() => 22, "Parallel lines never cross, and each missing crossing is a missing region."],
      [() => 21, "How many pairs of parallel lines do three lines make?"],
    ],
  },
  {
    id: "triple", kind: "plane", network: oneLayer(CONCURRENT), answer: regions,
    title: "Three through one point",
    question: "Of six lines three meet in one point; all crossings lie in the square. How many activation regions?",
    hint: "Move one of the three a little: which region appears?",
    reason: "The small triangle between the three lines has shrunk to a point: one region less than 22. Floats that round the point see it again.",
    wrong: [
      [() => 22, "Three lines through one point have no triangle between them."],
      [() => 19, "The three still cross each other, in one place."],
    ],
  },
  {
    id: "twins", kind: "plane", network: oneLayer([...SIX.slice(0, 5), SIX[4].map((value) => 2 * value)]), answer: regions,
    title: "Twice the weights",
    question: "The sixth unit has twice the weights and twice the bias of the fifth. How many activation regions?",
    hint: "Where is 2 w · x + 2 b equal to 0?",
    reason: "A unit and its double switch on the same line, so there are five lines.",
    wrong: [
      [() => 22, "Scaling a unit does not move its line."],
      [() => 6, "Five lines that all cross make more than their number and one."],
    ],
  },
  {
    id: "opposite", kind: "plane", network: oneLayer([SIX[1], SIX[1].map((value) => -value)]), answer: regions,
    title: "A unit and its opposite",
    question: "Two units; the second has the weights and the bias of the first with all signs turned. How many activation regions?",
    hint: "Which of the two is on, on either side of the line?",
    reason: "Where one is on the other is off, so that two of the four patterns occur.",
    wrong: [
      [() => 4, "Both on would need the same number to be above and below 0."],
      [() => 3, "On the line itself both are 0, but a line is no region."],
    ],
  },
  {
    id: "deaf", kind: "plane", network: oneLayer(SIX, [...OUTGOING.slice(0, 5), 0]), answer: linear, colour: "linear",
    title: "A unit that nobody listens to",
    question:
      "Six lines again, but the last unit has outgoing weight 0. There are as many activation regions as in the first exercise. How many linear regions?",
    hint: "By how much does the map change across the sixth line?",
    reason: "Across the sixth line the map stays the same, so the cells beside it join: five lines are left.",
    wrong: [
      [() => 22, "Those are the activation regions; a linear region goes on where the map stays the same."],
      [() => 21, "The sixth line runs along many regions, and all of them join with those across it."],
    ],
  },
  {
    id: "bend", kind: "plane", answer: ofLayer(2),
    network: makeNetwork([lines([[1, 0.25, 0], [0.25, 1, 0]]), layer([[1, 1]], [-0.375]), layer([[1]], [0])]),
    title: "A border that bends",
    question:
      "Two units, then a third in a second layer; it is on where the sum of the two exceeds a positive number. Of how many straight pieces is its border?",
    hint: "In each of the four regions of the first layer it reads another affine function. Is that 0 anywhere there?",
    reason: "It has one piece where both units are on and one where either is; where both are off the sum is 0 and stays below.",
    wrong: [
      [() => 1, "It would be straight if what it reads were affine, but that has bent already."],
      [() => 4, "Where both first units are off, the sum is 0, which is not enough."],
      [() => 2, "Three of the four regions have at least one unit that is on."],
    ],
  },
  {
    id: "silent", kind: "plane", answer: regions,
    network: makeNetwork([lines(SIX.slice(0, 3)), layer([[-1, -1, -1], [-2, -1, -3]], [-0.5, -0.25]), layer([[1, 1]], [0])]),
    title: "Two units that are never on",
    question:
      "Three lines; then a second layer of two units whose weights and biases are all negative. How many activation regions?",
    hint: "What comes out of a ReLU is never negative. What can a sum with negative weights be?",
    reason: "The sums are negative everywhere, so the two units never switch: three lines that all cross.",
    wrong: [
      [() => 16, "That is five lines of one layer. Do the last two units have a border at all?"],
      [() => 8, "Three lines in the plane miss one of their eight patterns."],
    ],
  },
  {
    id: "fold", kind: "curve", network: tents(3), shownFirst: tents(1), answer: linear,
    title: "Three folds",
    question:
      "Two units make the tent drawn here. Three such layers are put after one another. How many linear pieces?",
    hint: "The second tent reads a graph that goes up and down again. How often does it see all of [0, 1]?",
    reason: "Each fold doubles the pieces; six units in a single layer could make at most seven.",
    wrong: [
      [() => 6, "Folds work one on the other: they multiply and do not add."],
      [() => 7, "So many could six units of one layer make. These are three layers."],
      [() => 4, "That is two folds."],
    ],
  },
  {
    id: "flat", kind: "curve", network: tents(3), answer: (partition) => linear(partition) - 1,
    title: "In one layer instead",
    question: "The network drawn here has six units in three layers. How many units of one layer would make as many pieces?",
    hint: "A unit of one layer has one joint. Into how many parts do n points cut a line?",
    reason: "n joints make n + 1 pieces, so one unit less than there are pieces.",
    wrong: [
      [(n) => n + 1, "The first piece needs no joint."],
      [() => 6, "With six joints there are seven pieces; count those of the graph."],
    ],
  },
  {
    id: "queries", kind: "attention", answer: ({ attention }) => attention.length,
    title: "A head that asks nothing",
    question:
      "One head of the block above chooses between the tokens that stand still; its cells are drawn. Set W_Q to 0. How many attention cells are left?",
    hint: "All scores are 0 then. Which of equals is the greatest?",
    reason: "All tokens tie everywhere, and one rule, the first of equals, breaks the tie the same way at every query.",
    wrong: [
      [() => 0, "The head still has to look somewhere."],
      [(_, before) => before, "So many there are before W_Q is 0. What do scores compare then?"],
    ],
  },
];
