"""The checks of the notebooks' exercises: each works out the answer with geomtoy when it is asked.

They are kept apart from the notebooks so that nobody reads an answer before giving one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np

from geomtoy import Network, RegionCount, Slice, count_regions, enumerate_regions
from geomtoy.block_arrays import BlockArrays
from geomtoy.models.gaussian import gaussian_network
from geomtoy.theory.arrangements import arrangement_regions
from geomtoy.theory.intrinsic_dimension import intrinsic_dimension
from geomtoy.views.along_time import count_regions_along
from geomtoy.views.hard_attention import enumerate_hard_attention

OPEN, RIGHT, WRONG = "**Open.**", "**Right.**", "**Not yet.**"


def judge(
    answer: Any,
    truth: Any,
    look_at: str,
    because: str,
    *,
    measure: Callable[[Any], Any] | None = None,
    what: str = "",
) -> str:
    """A line of Markdown about an answer; nothing is wrong until somebody answers.

    Args:
        answer: what the learner gave; None is no answer.
        truth: what the answer, or its measure, has to be.
        look_at: what to think of where it is not; it does not give the truth away.
        because: why the truth is what it is, said once it has been found.
        measure: of an answer that was built, what counts; what it refuses is said in its own words.
        what: name of that measure.
    """
    if answer is None:
        return f"{OPEN} Put your answer in place of `None`; the check runs by itself."
    try:
        found = answer if measure is None else measure(answer)
    except (TypeError, ValueError) as error:
        return f"{WRONG} That cannot be counted: {error}. {look_at}"
    said = f"{what}: {found}." if measure else f"{found}."
    if np.array_equal(found, truth):
        return f"{RIGHT} {said} {because}"
    return f"{WRONG} {said} {look_at}"


# --- what_is_a_region -----------------------------------------------------------------------------


def one_layer(layer: Any, weights: Any) -> RegionCount:
    """Counts on the whole plane of a hidden layer (W, b) whose units are read with these weights."""
    return count_regions(Network([layer, ([weights], [0])]), window=None)


def six_lines(answer: Any, *, bias_scale: float = 0.5) -> str:
    net = gaussian_network((2, 6, 1), seed=0, bias_scale=bias_scale)
    look_at = (
        "A new line crosses every earlier one: into how many parts do the crossings cut it? The picture "
        "above shows the square only; the count of the whole plane is below it."
    )
    because = "The k-th line crosses k - 1 earlier ones and gains k regions: 1 + 1 + 2 + ... + 6."
    if not bias_scale:
        look_at = "Set hidden layers to 1 and the size of biases to 0 above: where do all lines meet?"
        because = "All lines pass through the origin, and each of them cuts two of the sectors there."
    return judge(answer, count_regions(net, window=None).regions, look_at, because)


def three_units(answer: Any, *, regions: int) -> str:
    look_at = "Lines that all cross make 7. Which need not cross, or not be there?"
    return judge(
        answer,
        regions,
        look_at,
        "Parallel lines do not cross, so each adds one region; a unit that never switches adds none.",
        measure=lambda layer: one_layer(layer, [1, 1, 1]).regions,
        what="Regions",
    )


def unread_unit(answer: Any, layer: tuple[np.ndarray, np.ndarray]) -> str:
    """The answer is (3,): output weights that leave as many linear regions as two of the units make."""
    two = one_layer((layer[0][:2], layer[1][:2]), [1, 1]).linear_regions
    look_at = "Across a unit's line the map changes by its output weight times its slope."
    return judge(
        answer,
        two,
        look_at,
        "A line stays where its output weight is not 0. A unit of weight 0 is not read: across its line "
        "the map is the same, and the cells on both sides are one linear region.",
        measure=lambda v: one_layer(layer, v).linear_regions,
        what="Linear regions",
    )


# --- depth_and_folding ----------------------------------------------------------------------------


def pieces(net: Network) -> int:
    """Linear regions on [0, 1]."""
    found: int = enumerate_regions(net, window=(0, 1)).n_linear_regions
    return found


def ten_folds(answer: Any, sawtooth: Callable[[int], Network]) -> str:
    return judge(
        answer,
        pieces(sawtooth(10)),
        "Each fold runs over the graph twice: forth and back.",
        "Every fold doubles the number of pieces: 2^10.",
    )


def one_layer_instead(answer: Any, net: Network) -> str:
    """How many units of one layer make as many pieces as a network."""
    goal = pieces(net)
    least = next(n for n in count() if arrangement_regions(n, 1) >= goal)
    return judge(
        answer,
        least,
        "n points cut a line into how many parts?",
        "A unit has one joint, and n joints make n + 1 pieces.",
    )


def fold_in_three(answer: Any, zigzag: Callable[..., Network]) -> str:
    thirds = [Fraction(k, 3) for k in range(3)]
    ends = [*thirds, Fraction(1)]

    def graph(weights: Any) -> str:
        net = [zigzag(thirds, [Fraction(w) for w in weights], folds) for folds in (1, 2)]
        heights = net[0](np.array(ends)[:, None]).ravel()
        said = ", ".join(map(str, heights))
        return f"{pieces(net[1])} pieces of two folds; heights {said} at 0, 1/3, 2/3, 1"

    return judge(
        answer,
        graph([3, -6, 6]),
        "The graph has to go up to 1, down to 0 and up to 1: what are its three slopes, and by how much "
        "does each joint change the slope before it?",
        "Each third is stretched over all of [0, 1], so the second fold puts a zigzag into each: 3 * 3.",
        measure=graph,
        what="Found",
    )


# --- attention_and_regions ------------------------------------------------------------------------


def even_attention(answer: Any, *, heads: int, context: int) -> str:
    """The intrinsic dimension, by the absolute rule, of heads that look at all tokens alike."""
    truth = intrinsic_dimension(np.full((heads, context), 1 / context), relative=False, last_row=True)
    return judge(
        answer,
        int(truth),
        "How large is each weight, and with what is it compared?",
        "Every weight is 1/20, below 0.1.",
    )


def greatest_dimension(answer: Any, *, heads: int, context: int = 50) -> str:
    """By the absolute rule; even weights over some of the tokens bring most above a threshold."""
    even = np.tri(context) / np.arange(1, context + 1)[:, None]
    found = intrinsic_dimension(np.stack([even] * heads, axis=1), relative=False, last_row=True)
    return judge(
        answer,
        int(found.max()),
        "A head's weights sum to 1: how many can be above 0.1?",
        "Ten above 0.1 sum to more than 1, so 9 a head.",
    )


def without_queries(answer: Any, block: BlockArrays, tokens: np.ndarray, plane: Slice) -> str:
    """How many attention cells are left when all scores are 0."""
    blind = replace(block, W_Q=0 * block.W_Q)
    cells = enumerate_hard_attention(blind, tokens, plane, linear=False).cells
    return judge(
        answer,
        len(cells.polygons),
        "All scores are 0 then: which of equals has the greatest?",
        "All tokens tie everywhere, and one rule breaks the tie the same way at every query.",
    )


def interval(answer: Any, block: BlockArrays, *, regions: int) -> str:
    """The answer is (low, high): times between which the block has so many regions."""
    return judge(
        answer,
        regions,
        "Look at the joints below the curve: an interval has one region more than joints inside.",
        "Between its ends lie two times at which a unit switches.",
        measure=lambda ends: count_regions_along(block, ends).regions,
        what="Regions",
    )
