"""What a region of a ReLU network is: see one, read its affine map, count them all."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(app_title="What is a region?")

with app.setup:
    import exercises
    import marimo as mo
    import numpy as np

    from geomtoy import count_regions, enumerate_regions
    from geomtoy.models.gaussian import gaussian_network
    from geomtoy.plots.colours import pattern_colours
    from geomtoy.plots.partition import draw_partition
    from geomtoy.plots.style import new_figure, paper_style


@app.cell(hide_code=True)
def _():
    mo.md("""
    # What is a region?
    **You will see** how a small ReLU network cuts a square into convex cells, that it is *one* affine
    map on each, and that their number is known exactly. Four exercises at the end check themselves.

    A unit is off on one side of a line and on, and affine, on the other. Where every unit stays on or
    stays off is an **activation region**. Colours stand for patterns of on and off. Lines of the first
    layer, blue, are straight; those of the second, orange, bend where they meet a line of the first.
    """)


@app.cell
def _():
    width = mo.ui.slider(1, 24, value=6, label="units in a layer", show_value=True)
    depth = mo.ui.slider(1, 3, value=2, label="hidden layers", show_value=True)
    biases = mo.ui.slider(0, 1, step=0.1, value=0.5, label="size of biases", show_value=True)
    seed = mo.ui.slider(0, 20, value=0, label="seed", show_value=True)
    mo.vstack([width, depth, biases, seed])
    return biases, depth, seed, width


@app.cell
def _(biases, depth, seed, width):
    widths = (2, *[width.value] * depth.value, 1)
    net = gaussian_network(widths, seed=seed.value, bias_scale=biases.value)
    cells, whole = enumerate_regions(net), count_regions(net, window=None)
    chosen = mo.ui.slider(0, len(cells) - 1, label="look at cell", show_value=True)
    mo.vstack([mo.md("## One cell, one affine map"), chosen])
    return cells, chosen, net, whole


@app.cell
def _(cells, chosen, net, whole):
    k = chosen.value
    colours = pattern_colours(cells.activation_patterns)
    colours[k] = 0.35
    with paper_style():
        figure = new_figure(4, 4)
        ax = figure.add_subplot(title=f"{len(cells)} regions in the square; cell {k} is dark")
        draw_partition(ax, cells, colours=colours, by_layer=True, linewidth=0.9)
    middle, (a, b), c = cells.polygon(k).mean(axis=0), cells.A_omega[k, 0], cells.b_omega[k, 0]
    by_map, by_network = cells.A_omega[k] @ middle + cells.b_omega[k], net(middle[None])[0]
    words = mo.md(f"""
    Cell {k} has the pattern `{"".join(map(str, cells.activation_pattern(k)))}`, area
    {cells.cell_areas[k]:.4g} and neighbours {cells.neighbours(k).tolist()}. On it the network is
    {a:.4g} x {b:+.4g} y {c:+.4g}: that makes {by_map[0]:.12g} in its middle, and the network gives
    {by_network[0]:.12g}. Neighbours whose maps agree form one **linear region**: here
    {cells.n_linear_regions} linear regions of {len(cells)} activation regions. The picture is the square
    [-1, 1]²; some borders cross beyond it. On the *whole plane* there are {whole.regions} regions.
    """)
    mo.vstack([figure, words])
    return by_map, by_network


@app.cell
def _():
    answer_1, answer_2 = None, None
    mo.md(f"""## Exercises
1. How many regions do 6 lines make of the whole plane, no two parallel and no three through a point?
   {exercises.six_lines(answer_1)}
2. And 6 units without biases? {exercises.six_lines(answer_2, bias_scale=0)}""")


@app.cell
def _():
    answer_3 = None  # (W1, b1), W1 three rows of two numbers, b1 three numbers
    mo.md(f"3. Give 3 units that make 4 regions. {exercises.three_units(answer_3, regions=4)}")


@app.cell
def _():
    layer = np.array([[1, 0], [0, 1], [1, 1]]), np.array([0, 0, -1])  # units x, y and x + y - 1
    answer_4 = None  # three output weights
    mo.md(f"""4. This layer makes 7 activation regions. Give output weights that leave as many linear
   regions as its first two units make alone. {exercises.unread_unit(answer_4, layer)}""")


if __name__ == "__main__":
    app.run()
