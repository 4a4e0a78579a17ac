"""The paper on truncation: its figures at their tiny size, and its verdicts by their rules."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_twice import draw_twice, figures_of
from truncation import (
    fig_lens_truncation,
    fig_trunc_gain,
    fig_trunc_gradients,
    fig_trunc_matrices,
    fig_trunc_memory,
    fig_trunc_order,
    fig_trunc_training,
)
from truncation.config import BOTH, LAST, Alphas

from geomtoy.errors import SettingError
from geomtoy.theory.associative_memory import descend


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Shared by all figures, as they share their runs."""
    return tmp_path_factory.mktemp("results")


@pytest.mark.parametrize("name", figures_of("truncation"))
def test_a_figure_is_the_same_again_and_computes_once(name, store, tmp_path):
    draw_twice(name, store, tmp_path)


def memory(*sizes: int, times: float | None = None) -> str:
    """The outcome for memories of these sizes; p(noise) after truncation is so many times that before,
    or as it is."""
    looks = np.array([3000])
    histories = {n: descend(n, 0.3, 3000, 1.0) for n in sizes}
    before = {n: fig_trunc_memory.whole(n, history, looks) for n, history in histories.items()}
    cut = {
        str(n): [
            fig_trunc_memory.after_truncation(n, histories[n], looks, seed) if times is None
            else times * before[n]
            for seed in range(3)
        ]
        for n in sizes
    }  # fmt: skip
    whole = {str(n): values for n, values in before.items()}
    numbers = {fig_trunc_memory.CUT: cut, fig_trunc_memory.WHOLE: whole, "steps": [3000]}
    return fig_trunc_memory.verdicts(numbers)[0].outcome


def test_the_memory_is_cured_below_four():
    assert memory(2, 3, 4) == "holds"
    assert memory(2, 3, 4, times=1.0) == "mixed"  # n = 4 is as claimed
    assert memory(2, 3, times=1.0) == "fails"
    assert memory(4, times=0.01) == "fails"


def test_the_shown_alpha_must_be_there():
    with pytest.raises(SettingError, match="shown is 0"):
        Alphas(shown=0.9)


def gains(ratios, answers=(0.1, 0.2)) -> dict:
    """Numbers of two alphas; ratios (alphas, seeds) of p(noise), answers gained by seed."""
    shape = np.shape(ratios)
    dropped, half = np.full(shape, 0.01), np.full(shape, 0.5)
    gained = half + np.reshape(answers, (2, -1))
    found = {
        "p_noise": np.stack([dropped * ratios, dropped], axis=-1),
        "p_correct": np.stack([half, gained], axis=-1),
    }
    return {"alphas": [0.1, 0.3], fig_trunc_gain.FOUND: found}


@pytest.mark.parametrize(
    ("ratios", "outcome"),
    [
        ([[15, 16, 15], [30, 31, 30]], "holds"),
        ([[9.9, 20, 30], [30, 31, 30]], "mixed"),
        ([[5, 6, 5], [8, 8, 8.1]], "fails"),
        ([[15, 16], [30, 31]], "too few seeds"),
    ],
)
def test_tenfold_is_asked_at_every_alpha(ratios, outcome):
    lowers, tenfold, course, _ = fig_trunc_gain.verdicts(gains(ratios))
    assert tenfold.outcome == outcome
    assert lowers.outcome == ("too few seeds" if outcome == "too few seeds" else "holds")
    assert course.outcome == "untested"  # the numbers have no course


@pytest.mark.parametrize(("late", "outcome"), [(12, "holds"), (9, "fails")])
def test_the_course_is_judged_where_it_is_least_in_its_second_half(late, outcome):
    course = np.add([[[1, 1, 99, late, 99]] * 3] * 2, [[[0.0], [0.1], [0.2]]])
    found = {"steps": [0, 5, 50, 75, 100], fig_trunc_gain.COURSE: course, **gains(np.full((2, 3), 20.0))}
    assert fig_trunc_gain.verdicts(found)[2].outcome == outcome


@pytest.mark.parametrize(("answers", "outcome"), [((0.1, 0.2), "holds"), ((0.2, 0.1), "fails")])
def test_growth_is_asked_from_each_alpha_to_the_next(answers, outcome):
    assert fig_trunc_gain.verdicts(gains(np.full((2, 3), 20), answers))[3].outcome == outcome


def test_the_share_is_chosen_where_other_sequences_say():
    scores = {"p_correct": [[0.5, 0.4, 0.8]] * 3, "loss": [[1.0, 2.0, 0.5]] * 3}
    other = {"p_correct": [[0.5, 0.9, 0.8]] * 3}
    numbers = {
        "rhos": [1, 0.5, 0],
        fig_trunc_training.END: {"0.3": scores},
        fig_trunc_training.CHOICE: {"0.3": other},
    }
    (verdict,) = fig_trunc_training.verdicts(numbers)
    assert verdict.outcome == "fails"
    assert "0.5 at alpha 0.3" in verdict.note


@pytest.mark.parametrize(("mlp", "outcome"), [(4.0, "holds"), (0.5, "fails")])
def test_signal_to_noise_is_that_of_the_first_steps(mlp, outcome):
    def powers(signal):
        early = [[signal * (1 + 0.01 * s), 2.0] for s in range(3)]
        return [[one, [99.0, 1.0] if signal == 1 else [0.0, 1.0]] for one in early]

    parts = {part: powers(1) for part in fig_trunc_gradients.PARTS}
    parts[fig_trunc_gradients.MLP] = powers(mlp)
    numbers = {"steps": [0, 26], fig_trunc_gradients.POWERS: {"0.5": parts}}
    found = fig_trunc_gradients.verdicts(numbers)
    assert [verdict.outcome for verdict in found] == [outcome] * 2
    assert found[0].statistic["alpha 0.5"] == pytest.approx(mlp, rel=1e-6)


@pytest.mark.parametrize(("loss", "outcome"), [(0.5, "holds"), (1.5, "mixed")])
def test_recall_improves_where_probability_rises_and_loss_falls(loss, outcome):
    scores = {"p_correct": [[0.5, 0.4, 0.8]] * 3, "loss": [[1.0, 2.0, loss]] * 3}
    numbers = {
        "rhos": [1, 0.5, 0],
        fig_trunc_training.END: {"0.3": scores},
        fig_trunc_training.CHOICE: {"0.3": scores},
    }
    (verdict,) = fig_trunc_training.verdicts(numbers)
    assert verdict.outcome == outcome
    assert "0 at alpha 0.3" in verdict.note


def history(margins, masses) -> dict[str, np.ndarray]:
    layers = np.stack([np.zeros(len(masses)), masses], axis=1)
    at = np.array([0, 50, 100, 200, 300])
    return {"at": at, "margin_mlp": np.array(margins), "mass_answer": layers}


@pytest.mark.parametrize(
    ("margins", "masses", "steps", "first"),
    [
        ([-1, 1, 1, 1, 1], [0.1, 0.2, 0.2, 0.6, 0.6], (50, 200), True),
        ([1, -1, -1, 1, 1], [0.1, 0.6, 0.6, 0.6, 0.1], (200, 50), False),  # the first look does not last
        ([1, 1, 1, -1, -1], [0.1, 0.1, 0.1, 0.1, 0.9], (0, None), True),  # it may be lost later
        ([-1, 1, -1, 1, -1], [0.1] * 5, (None, None), False),
    ],
)
def test_the_first_part_to_learn(margins, masses, steps, first):
    assert fig_trunc_order.learning_steps(history(margins, masses)) == steps
    assert fig_trunc_order.precedes(*steps) is first


def test_the_order_is_asked_of_every_run():
    def outcome(*pairs):
        return fig_trunc_order.order_verdict({"0.3": pairs}).outcome

    assert outcome((5, 10), (5, None), (10, 50)) == "holds"
    assert outcome((5, 10), (5, None), (None, None)) == "mixed"
    assert outcome(*[(10, 5)] * 3) == "fails"


def test_a_cure_lowers_noise_tenfold_and_costs_nothing_where_other_sequences_say():
    scores = {
        "p_noise": [[0.4, 0.1, 0.03], [0.4, 0.1, 0.03], [0.4, 0.1, 0.05], [0.4, 0.1, 0.03]],
        "p_correct": [[0.5, 0.5, 0.6], [0.5, 0.5, 0.4], [0.5, 0.5, 0.6], [0.5, 0.5, 0.6]],
        fig_trunc_matrices.CHOICE: [[0.9, 0.5, 0.6]] * 3 + [[0.9, 0.6, 0.5]],
    }
    arrays = {key: np.array(values) for key, values in scores.items()}
    assert fig_trunc_matrices.cured(arrays).tolist() == [True, False, False, False]


def scores(low: float, zero: float = 0.01) -> dict[str, list[list[float]]]:
    """p(noise) of three seeds at full rank, low rank and rank 0; p(correct) grows."""
    p_correct = [[0.5, 0.6, 0.7]] * 3
    noise = [[0.4, low, zero]] * 3
    return {"p_noise": noise, "p_correct": p_correct, fig_trunc_matrices.CHOICE: p_correct}


def matrices(last_in: float, last_out: float, other: float) -> list[str]:
    """Outcomes where these are p(noise) at low rank of the last MLP's matrices, and at rank 0 of W_O."""
    table = {
        "layers.1.mlp.hidden.0.kernel": scores(last_in),
        "layers.1.mlp.out.kernel": scores(last_out),
        "layers.1.attention.W_O": scores(0.4, other),
    }
    found = fig_trunc_matrices.verdicts({fig_trunc_matrices.TABLES: {LAST: table, BOTH: table}})
    return [verdict.outcome for verdict in found]


def test_places_and_sides():
    assert matrices(0.02, 0.03, 0.4) == ["holds", "holds", "holds"]
    assert matrices(0.02, 0.3, 0.4) == ["holds", "holds", "mixed"]
    assert matrices(0.3, 0.3, 0.01) == ["mixed", "mixed", "fails"]


@pytest.mark.parametrize(("left", "outcome"), [(0.4, "holds"), (0.5, "fails"), (0.8, "fails")])
def test_regions_are_cut_where_recall_has_most_of_its_gain(left, outcome):
    by_rank = {
        "p_correct": np.array([[0.5, 0.6, 0.79, 0.8]] * 3),  # nine tenths of the gain at the third
        "regions": np.array([[100, 100, 100 * left, 1.0]] * 3),
    }
    verdict = fig_lens_truncation.cut_verdict("regions", (8, 4, 2, 0), by_rank)
    assert verdict.outcome == outcome
    assert "2, 2, 2 by seed" in verdict.note


@pytest.mark.parametrize(
    ("ends", "outcome"), [((4, 4.1, 4), "holds"), ((4, 11, 8), "mixed"), ((7.9, 8.1, 8), "fails")]
)
def test_a_jump_is_seen_where_all_seeds_move_one_way(ends, outcome):
    along = {
        "p_correct": np.array([[0.02, 0.03, 0.9]] * 3),
        "patterns": np.array([[9, 8, end] for end in ends]),
    }
    verdict = fig_lens_truncation.jump_verdict("patterns", [0, 50, 100], along)
    assert verdict.outcome == outcome
    assert "50, 50, 50 seed by seed" in verdict.note
