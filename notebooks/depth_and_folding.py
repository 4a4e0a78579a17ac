"""Depth and folding: k layers of two units make 2^k pieces, counted with nothing rounded."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(app_title="Depth and folding")

with app.setup:
    from fractions import Fraction

    import exercises
    import marimo as mo
    import numpy as np

    from geomtoy import Network, count_regions, enumerate_regions
    from geomtoy.plots.functions import draw_joints
    from geomtoy.plots.partition import draw_partition
    from geomtoy.plots.style import new_figure, paper_style


@app.cell(hide_code=True)
def _():
    folds = mo.ui.slider(1, 6, value=4, label="folds", show_value=True)
    text = mo.md("""
    # Depth and folding
    **You will see** how a layer of two units folds [0, 1] in two, why k such layers make 2^k pieces
    where one layer needs 2^k - 1 units, what a sample of points misses, and how rounded weights make
    *another* function. Three exercises at the end check themselves.

    A zigzag is a weighted sum of units max(0, x - j): each changes the slope at its joint j. Joints and
    weights are Fractions here, so nothing is rounded.
    """)
    mo.vstack([text, folds])
    return (folds,)


@app.function
def zigzag(joints, weights, folds):
    """The sum of weights[i] max(0, x - joints[i]), applied `folds` times."""
    n, biases = len(joints), [-j for j in joints]
    return Network([([[1]] * n, biases), *[([weights] * n, biases)] * (folds - 1), ([weights], [0])])


@app.function
def sawtooth(folds, into=2, number=Fraction):
    """Up and down over [0, 1] `into` times, applied `folds` times; in Fractions or in floats."""
    turns = [number(2 * into * (-1) ** k) for k in range(1, into)]
    return zigzag([number(k) / into for k in range(into)], [number(into), *turns], folds)


@app.cell
def _(folds):
    net = sawtooth(folds.value)
    pieces = enumerate_regions(net, window=(0, 1))
    x = np.array([Fraction(0), *pieces.exact_breakpoints(), Fraction(1)])
    square = Network([(np.kron(np.eye(2, dtype=int), W), np.tile(b, 2)) for W, b in net.layers])
    cells = enumerate_regions(square, window=[(0, 0), (1, 0), (1, 1), (0, 1)])
    with paper_style():
        figure = new_figure(6.8, 2.6)
        graph, plane = figure.subplots(1, 2, width_ratios=[2, 1])
        graph.plot(x.astype(float), net(x[:, None]).astype(float))
        draw_joints(graph, pieces.breakpoints)
        graph.set(xlabel="x", title=f"exactly {len(pieces)} pieces")
        draw_partition(plane, cells, by_layer=True)
        plane.set_title(f"x and y both folded: {len(cells)} cells")
    words = mo.md(f"""{2 * folds.value} units make {len(pieces)} pieces: the layers add
    {np.bincount(pieces.breakpoint_layer)[1:].tolist()} joints, the first at {x[1]}. One layer needs
    {len(pieces) - 1} units.""")
    mo.vstack([figure, words])
    return cells, pieces


@app.cell
def _():
    on = np.hstack(sawtooth(12).preactivations(np.linspace(0, 1, 1000)[:, None])) > 0
    seen = 1 + (on[1:] != on[:-1]).any(axis=1).sum()
    true = count_regions(sawtooth(12), window=(0, 1)).regions
    fifths = {kind: count_regions(sawtooth(4, 5, kind), window=(0, 1)) for kind in (Fraction, float)}
    mo.md(f"""## What a sample misses, and what rounding changes
    Of the {true} pieces of 12 folds, 1000 points see {seen}. Four folds into five make
    {fifths[Fraction].linear_regions} pieces. In floats 1/5 is not 1/5, and the function has
    {fifths[float].linear_regions}: a valley that dips below 0 by a hair is cut off flat, and that is
    folded on. Both counts are exact, each for its own function.""")
    return fifths, seen, true


@app.cell
def _():
    answer_1, answer_2, answer_3 = None, None, None
    mo.md(f"""## Exercises
1. How many pieces do 10 folds make on [0, 1]? {exercises.ten_folds(answer_1, sawtooth)}
2. How many units does one layer need at least for as many pieces as 5 folds?
   {exercises.one_layer_instead(answer_2, sawtooth(5))}
3. Give three weights for units with joints 0, 1/3, 2/3 that fold [0, 1] into three, twice into 9.
   {exercises.fold_in_three(answer_3, zigzag)}""")


if __name__ == "__main__":
    app.run()
