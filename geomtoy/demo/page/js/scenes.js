// The scenes of a lecture: a section in some state, the controls that belong to it, and what to say first.
// A control brings its slider, its choice or its exercise along. A state is written like the part of an address after #.

export const SCENES = [
  {
    section: "first", state: "scene=1", controls: [],
    title: "One unit, one line",
    text: "On one side of its line the unit is off, on the other it is on.",
  },
  {
    section: "first", state: "scene=2", controls: [],
    title: "A second unit, a second line",
    text: "One piece for each way of being on and off that occurs.",
  },
  {
    section: "first", state: "scene=3", controls: [],
    title: "A fold",
    text: "Where a sheet is negative it is set to 0: that is all a ReLU does.",
  },
  {
    section: "first", state: "scene=4", controls: [],
    title: "A deeper unit bends",
    text: "It reads what has folded already, and its border bends at the folds.",
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
    title: "Two layers",
    text: "A deeper unit reads what has bent already: its border bends where it crosses an earlier one.",
  },
  {
    section: "partition", state: "width=12&depth=2&seed=7&colour=output&step=300", controls: ["step", "target", "colour"],
    title: "Training moves the borders",
    text: "The network learns the picture in the colours. Watch where borders gather.",
  },
  {
    section: "workshop", state: "task=spiral&units1=8&units2=8", controls: ["task", "activation"],
    title: "A network and its function",
    text: "Units and weights, the plane they cut, and the surface: one flat facet for each cell.",
  },
  {
    section: "sampled", state: "countby=floats&tolerance=0.01", controls: ["countby", "tolerance", "sampleof", "sampleseed"],
    title: "Where floats go wrong",
    text: "Rings mark what is missed, crosses what is invented; exact signs do neither.",
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
