// The scenes of a lecture: a section in some state, the controls that belong to it, and what to say first.
// A control brings its slider, its choice or its exercise along. A state is written like the part of an address after #.

export const SCENES = [
  {
    section: "partition", state: "width=1&depth=1&seed=7", controls: ["width", "bias", "seed"],
    title: "One unit, one line",
    text: "On one side of its line the unit is off, on the other it is on.",
  },
  {
    section: "partition", state: "width=6&depth=1&bias=0.3&seed=7", controls: ["width", "bias", "seed"],
    title: "More units, more lines",
    text: "A new line gains a region for each line that it crosses in the square, and one more.",
  },
  {
    section: "partition", state: "width=6&depth=1&bias=0&seed=7", controls: ["width", "bias", "seed"],
    title: "Without biases",
    text: "All lines pass through the middle, and each of them cuts two sectors only.",
  },
  {
    section: "partition", state: "width=6&depth=2&seed=7", controls: ["width", "depth", "seed"],
    title: "A second layer bends",
    text: "A deeper unit reads what has bent already: its border bends where it crosses an earlier one.",
  },
  {
    section: "partition", state: "width=12&depth=2&seed=7&colour=output&step=300", controls: ["step", "target", "colour"],
    title: "Training moves the borders",
    text: "The network learns the picture in the colours. Watch where borders gather.",
  },
  {
    section: "partition", state: "width=8&depth=2&seed=3&grid=0.5&bias=0.5", controls: ["grid", "seed", "width"],
    title: "Where floats go wrong",
    text: "Lines coincide, run parallel, meet three at a time: signs are decided in whole numbers there.",
  },
  {
    section: "fit", state: "neurons=16&fitstep=1000", controls: ["neurons", "fitstep"],
    title: "One input: a chain of pieces",
    text: "Learning is moving the joints to where the curve bends.",
  },
  {
    section: "heads-section", state: "sharpness=2", controls: ["heads", "context", "sharpness"],
    title: "Softmax bends every border",
    text: "The query moves on a plane; each border is drawn where it was proven to be.",
  },
  {
    section: "heads-section", state: "sharpness=hard", controls: ["heads", "context", "sharpness"],
    title: "Hard attention cuts straight",
    text: "Each head looks at one token: a power diagram, of which the MLP cuts every part again.",
  },
  {
    section: "predict", state: "", controls: ["six-guess"],
    title: "Predict: six lines",
    text: "Guess first, aloud.",
  },
  {
    section: "predict", state: "", controls: ["fold-guess"],
    title: "Predict: three folds",
    text: "What depth is good for.",
  },
];
