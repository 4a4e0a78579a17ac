"""Attention and regions: what a head looks at, and how a block cuts time and its query's plane."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(app_title="Attention and regions")

with app.setup:
    from dataclasses import replace

    import exercises
    import marimo as mo
    import numpy as np

    from geomtoy import Slice
    from geomtoy.block_arrays import unstack_blocks
    from geomtoy.models.block import BlockConfig
    from geomtoy.plots.functions import draw_fit, draw_joints
    from geomtoy.plots.partition import draw_partition
    from geomtoy.plots.style import new_figure, paper_style
    from geomtoy.theory.intrinsic_dimension import intrinsic_dimension
    from geomtoy.training.blocks import BlockFitConfig, fit_block_arrays
    from geomtoy.training.trainer import FitConfig
    from geomtoy.views.along_time import count_regions_along, estimate_pattern_changes
    from geomtoy.views.hard_attention import enumerate_hard_attention


@app.cell(hide_code=True)
def _():
    heads = mo.ui.slider(1, 5, value=2, label="heads", show_value=True)
    context = mo.ui.slider(2, 40, value=10, label="context length", show_value=True)
    text = mo.md("""# Attention and regions
    **You will see** a one-block transformer that learned sin(t): what a head looks at, how many tokens
    that is (the *intrinsic dimension*), the proven number of intervals of time on which its MLP keeps
    one pattern, and how *hard* attention cuts a plane on which the query moves. Four exercises at the
    end check themselves. A new setting trains anew, for some seconds.""")
    bridge = mo.md("""
    **From a plane to time.** In the first notebook a point moved on a plane, and a unit switched on a
    line. Here one number moves, the time t, and a unit switches at some *times*: the intervals between
    are the regions. The block reads t and the times before it as **tokens**, vectors of sines and
    cosines. A **head** compares the last token, the **query**, with all of them; softmax turns these
    scores into positive weights that sum to 1. What it passes on to a layer of ReLU units is the mean of
    the (linearly mapped) tokens by these weights. Softmax is smooth, so between two switches the curve
    is not straight as it was before; a switch is still a sharp event.
    """)
    mo.vstack([text, bridge, heads, context])
    return context, heads


@app.cell
def _(context, heads):
    config = BlockConfig(8, heads.value, d_head=4, context_length=context.value, hidden=16)
    training = BlockFitConfig(config, FitConfig(steps=300, learning_rate=1e-2, seeds=1), bins=200)
    (block,) = unstack_blocks(fit_block_arrays(training))
    span, times = (-2 * np.pi, 2 * np.pi), np.linspace(-2 * np.pi, 2 * np.pi, 801)
    along, sampled = count_regions_along(block, span), estimate_pattern_changes(block, span)
    attention = block.attention_pattern(block.tokens(times))
    with paper_style():
        figure = new_figure(6.8, 4.6)
        fit, head, dimension = figure.subplots(3, 1, sharex=True)
        draw_fit(fit, times, np.sin(times), block(times))
        draw_joints(fit, along.borders)
        fit.set_title(f"{along.kind}: {along.regions} regions along time")
        head.pcolormesh(times, np.arange(1, context.value + 1), attention[:, 0].T, rasterized=True)
        head.set(ylabel="token", title="weights of head 1; the query is the last token, on top")
        for relative, label in enumerate(["weight > 0.1", "weight > 0.1 of the greatest"]):
            found = intrinsic_dimension(attention, relative=bool(relative), last_row=True)
            dimension.step(times, found, where="mid", label=label)
        dimension.set(xlabel="time t", title="intrinsic dimension")
        figure.legend(loc="outside lower center", ncols=5)
    words = mo.md(f"""The count: {along.guarantee}. The paper's way, by pattern changes over 1000 points,
    gives {sampled.regions}: what returns between two points is not seen.""")
    mo.vstack([figure, words])
    return along, block, sampled


@app.cell
def _(block):
    *still, query = block.tokens(np.array([1.0]))[0]
    plane = Slice(query, *np.eye(8)[[0, 4]])  # sine and cosine of its fastest frequency
    hard, square = replace(block, hard=True), [(-2, -2), (2, -2), (2, 2), (-2, 2)]
    cut = enumerate_hard_attention(hard, still, plane, window=square)
    with paper_style():
        picture = new_figure(4, 4)
        ax = picture.add_subplot()
        for piece, corners in zip(cut.cells.pieces, cut.cells.polygons, strict=True):
            draw_partition(ax, piece, linewidth=0.25)
            ax.fill(*np.array(corners, float).T, fill=False)
        ax.set(xlim=(-2, 2), ylim=(-2, 2), title=f"exactly {cut.regions} regions")
    mo.vstack([mo.md("## Hard attention: on thick lines scores tie, and the output can jump"), picture])
    return cut, hard, plane, still


@app.cell
def _(block, hard, plane, still):
    answer_1, answer_2, answer_3, answer_4 = None, None, None, None
    mo.md(f"""## Exercises
1. Two heads attend to 20 tokens evenly. What is the intrinsic dimension by the absolute threshold 0.1?
   {exercises.even_attention(answer_1, heads=2, context=20)}
2. What is the greatest that it can be for two heads and any attention?
   {exercises.greatest_dimension(answer_2, heads=2)}
3. How many attention cells are left when W_Q is 0?
   {exercises.without_queries(answer_3, hard, still, plane)}
4. Give times (low, high) with 3 regions between. {exercises.interval(answer_4, block, regions=3)}""")


if __name__ == "__main__":
    app.run()
