"""The paper on matching: figures at their tiny size, runs against plain loops, verdicts by rules."""

from __future__ import annotations

from types import SimpleNamespace

import jax
import numpy as np
import pytest
from drawn_twice import draw_twice, figures_of
from figure import Machine
from matching import (
    fig_lens_matching,
    fig_match_data,
    fig_match_depth,
    fig_match_flow,
    fig_match_gamma,
    fig_match_matrices,
    fig_match_noise,
    fig_match_orders,
    fig_match_starts,
    fig_match_training,
)
from matching.config import (
    IDENTITY,
    LENS,
    MLP,
    NO_MLP,
    NO_MLP_RANDOM,
    PLAIN,
    RANDOM,
    SINGLE,
    WORKS,
    deep,
)
from matching.run import restore, run_chain
from matching.trained import named, seen_by, steps_to_learn, trained

from geomtoy.models.named import named_parameters
from geomtoy.store import run


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Shared by all figures, as they share their runs."""
    return tmp_path_factory.mktemp("results")


@pytest.mark.parametrize("name", figures_of("matching"))
def test_a_figure_is_the_same_again_and_computes_once(name, store, tmp_path):
    draw_twice(name, store, tmp_path)


@pytest.fixture(scope="module")
def result(store):
    """A model with MLPs."""
    return run(run_chain, [LENS.tiny.settings[PLAIN]], store)[0]


def test_what_is_measured_is_what_the_stored_model_does(result):
    """Accuracy by hand, question by question, and attention masses row by row."""
    probe, seen = seen_by(result)
    with jax.enable_x64(True):
        model = restore(result.config, named(result, "final/"))
        logits = np.asarray(model(probe.batches[0].tokens))
    batch = probe.batches[0]
    asked = [
        logits[b, t].argmax() == batch.targets[b, t]
        for b, t in zip(*np.nonzero(np.asarray(batch.weights)), strict=True)
    ]
    assert result.arrays["train_accuracy"][-1] == pytest.approx(np.mean(asked))
    T, questions = seen["pattern"].shape[-1], result.config.task.questions
    roles = probe.roles[1]["hop 1"]
    by_hand = [
        seen["pattern"][1, 1, b, 0, q][roles[b, q]].sum()
        for b in range(result.config.test)
        for q in range(T - questions, T)
    ]
    assert result.arrays["mass/hop 1"][-1, 1, 1] == pytest.approx(np.mean(by_hand), rel=1e-5)


def test_kept_parameters_are_those_at_their_steps(result):
    kept, final = named(result, "kept/"), named(result, "final/")
    assert result.arrays["kept_at"].tolist() == [0, 2, 4]
    for name, array in final.items():
        np.testing.assert_array_equal(kept[name][-1], array)
    with jax.enable_x64(True):
        start = {name: np.asarray(a) for name, a in named_parameters(restore(result.config, {})).items()}
    for name, array in kept.items():
        np.testing.assert_array_equal(array[0], start[name])


def test_settings_are_trained_with_every_seed(store):
    config = type(LENS.tiny)(**{**vars(LENS.tiny), "seeds": 1})
    machine = Machine(store)
    runs = trained(machine, config)
    assert list(runs) == [RANDOM, PLAIN]
    assert runs[PLAIN][0].config.fit.seed == 0
    assert [one.made_by["task"] for one in machine.asked] == ["matching.run.run_chain"]


def held_out(*accuracies: float, at: int = 100) -> SimpleNamespace:
    arrays = {"held_out_accuracy": np.array(accuracies)[:, None], "at": at * np.arange(len(accuracies))}
    return SimpleNamespace(arrays=arrays, config=SimpleNamespace(fit=SimpleNamespace(warmup=at)))


def test_learning_is_from_when_it_stays():
    found = steps_to_learn([held_out(0.1, 0.96, 0.2, 0.97, 1), held_out(0.1, 0.5), held_out(1, 1)])
    assert found == [300, None, 0]


def test_a_jump_goes_from_the_last_low_to_the_first_high_look():
    jump = fig_lens_matching.find_jump
    assert jump(held_out(0.3, 0.1, 0.12, 0.5, 0.97, 1.0)) == (2, 4)
    assert jump(held_out(0.3, 0.1, 0.5, 0.9)) is None


@pytest.mark.parametrize(("before", "seen"), [(1.1, True), (9.0, False)])
def test_the_largest_change_is_compared_with_as_long_stretches(before, seen):
    one = held_out(0.3, 0.1, 0.1, 0.1, 1.0, 1.0)
    one.arrays["patterns"] = np.array([[1], [1], [before], [before], [4 * before], [4 * before]])
    assert fig_lens_matching.largest_in_jump(one, "patterns", (3, 4)) == [seen]


def test_a_dip_is_after_the_first_peak():
    lowest, peak = fig_match_training.dip(np.array([0.02, 0.3, 0.1, 0.25, 0.96, 1.0]))
    assert (lowest, peak) == (0.1, 0.3)


def test_the_dip_is_asked_of_every_seed():
    curves = [[0.02, 0.3, 0.1, 1.0], [0.02, 0.3, 0.12, 1.0], [0.02, 0.3, 0.1, 0.97]]

    def outcome(*found):
        return fig_match_training.verdicts({"held-out accuracy on 2 steps (seeds, looks)": [*found]})[
            0
        ].outcome

    assert outcome(*curves) == "holds"
    assert outcome(*curves[:2]) == "too few seeds"
    assert outcome(*curves[:2], [0.02, 0.3, 0.2, 1.0]) == "mixed"
    assert outcome(*[[0.02, 0.3, 0.2, 0.5]] * 3) == "fails"


def test_hops_must_be_found_one_after_the_other():
    in_order = fig_match_orders.in_order
    masses = np.array([[0.1, 0.9, 0.0], [0.0, 0.1, 0.8]])  # hops, layers
    assert in_order(masses, 2)
    assert not in_order(masses[::-1], 2)
    assert not in_order(0.5 * masses, 2)


def test_numbers_of_steps_that_are_not_learned_are_no_evidence():
    good, bad = np.array([[0.1, 0.9, 0.0], [0.0, 0.1, 0.8]]), np.full((2, 3), 0.1)

    def outcome(masses, *accuracies):
        numbers = {
            "masses": {"L = 3": [[masses, masses]] * len(accuracies)},
            "accuracy": {"L = 3": accuracies},
            "steps": {"L = 3": [1, 2]},
        }
        return fig_match_orders.verdicts(numbers)[0].outcome

    assert outcome(good, *[[1, 0.99]] * 3) == "holds"
    assert outcome(bad, *[[1, 0.99]] * 3) == "fails"
    assert outcome(bad, *[[0.5, 0.2]] * 3) == "untested"
    assert outcome(good, [1, 0.1], [1, 0.1], [0.1, 0.1]) == "too few seeds"


@pytest.mark.parametrize(
    ("one", "other", "half"),
    [
        (400, 800, 1),
        (401, 800, 0),
        (None, 800, 0),
        (500, None, 1),
        (501, None, None),
        (None, None, None),
    ],
)
def test_a_run_that_never_learned_needs_more_than_was_given(one, other, half):
    found = fig_match_noise.is_half(one, other, budget=1000)
    assert np.isnan(found) if half is None else found == half


def test_random_matrices_are_faster_and_the_identity_is_not():
    def outcomes(plain, random, identity, **others):
        steps = {PLAIN: plain, RANDOM: random, IDENTITY: identity, **others}
        found = fig_match_noise.verdicts({"steps": steps, "never is more than": 1000})
        return [verdict.outcome for verdict in found]

    signs = {"MLP, random +-": [900] * 3, "MLP, random --": [300] * 3}
    without = {NO_MLP: [300] * 3, NO_MLP_RANDOM: [300, 290, 300]}
    fast = [900, 800, 900], [300, 400, 300]
    assert outcomes(*fast, [None, 900, 700]) == ["holds", *["untested"] * 3]
    found = outcomes(*fast, [None, 900, 700], **signs, **without)
    assert found == ["holds", "holds", "holds", "fails"]
    swapped = {"MLP, random +-": [300] * 3, "MLP, random --": [900] * 3}
    assert outcomes(*fast, [None] * 3, **swapped)[1:3] == ["fails", "fails"]
    assert outcomes(*fast, [100, 100, 100])[0] == "mixed"
    assert outcomes([900, 800, 900], [800, 800, None], [100, 100, 100])[0] == "fails"
    assert outcomes([None] * 3, [300, 400, 300], [None] * 3)[0] == "mixed"  # the identity's is unknown


def test_steps_are_learned_one_after_the_other():
    most = fig_match_depth.max_learned
    assert most(np.array([1, 0.97, 0.2])) == 2
    assert most(np.array([1, 0.2, 0.97])) == 1
    assert most(np.array([0.5, 1, 1])) == 0


def test_depth_asks_for_a_step_a_layer_and_parallel_reasoning_for_more():
    def outcomes(*most, layers=3):
        numbers = {fig_match_depth.MOST: {str(layers): [*most]}, "training steps": 10}
        depth = fig_match_depth.depth_verdict(numbers)
        return depth.outcome, fig_match_depth.parallel_verdict(numbers).outcome

    assert outcomes(2, 2, 2) == ("holds", "fails")
    assert outcomes(3, 3, 3) == ("holds", "holds")
    assert outcomes(2, 1, 3) == ("mixed", "mixed")
    assert outcomes(1, 1, 1) == ("fails", "fails")
    assert outcomes(2, 2) == ("too few seeds", "too few seeds")
    assert outcomes(1, 1, 1, layers=2) == ("holds", "untested")  # the rules give two layers one step


def test_each_depth_is_asked_one_step_more_than_claimed():
    for layers in (2, 3, 4, 5):
        assert deep(layers).steps[-1] == layers
        assert deep(layers).pairs == layers + 3


def test_the_rules_of_propagation_are_checked_for_each_depth():
    assert fig_match_depth.bound_verdict({"reached": {"2": [1, 1], "3": [3, 4]}}).outcome == "holds"
    assert fig_match_depth.bound_verdict({"reached": {"2": [1, 1], "3": [3, 5]}}).outcome == "mixed"


def test_matching_needs_the_small_start_and_post_norm():
    def outcomes(small, smaller, large, pre, **mlp):
        accuracy = {"post": [[large] * 3, [small] * 3, [smaller] * 3], "pre": [[pre] * 3]}
        gammas = {"post": [0.3, 0.8, 1.0], "pre": [0.8]}
        numbers = {"gammas": gammas, "accuracy": accuracy, "steps": 10}
        if mlp:
            gammas[MLP] = [0.5, 0.8]
            accuracy[MLP] = [[0.1] * 3, [mlp["mlp"]] * 3]
        return [verdict.outcome for verdict in fig_match_gamma.verdicts(numbers)]

    assert outcomes(0.99, 1.0, 0.3, 0.2) == ["holds", "holds"]
    assert outcomes(0.99, 1.0, 0.3, 0.7) == ["holds", "mixed"]
    assert outcomes(0.99, 0.6, 0.3, 0.2) == ["mixed", "holds"]
    assert outcomes(0.4, 0.4, 0.6, 0.7) == ["fails", "fails"]
    assert outcomes(0.99, 1.0, 0.3, 0.2, mlp=0.97) == ["holds", "holds", "holds"]
    assert outcomes(0.99, 1.0, 0.3, 0.2, mlp=0.9)[2] == "fails"


def test_only_settings_that_fail_are_asked_for_what_they_know_of_trained_pairs():
    def outcome(trained, *held_out):
        numbers = {
            fig_match_starts.HELD_OUT: {"a": [[held_out]] * 3},
            fig_match_starts.TRAINED: {"a": [[trained]] * 3},
        }
        return fig_match_starts.verdicts(numbers)[0].outcome

    assert outcome(0.9, 0.9, 0.3) == "holds"
    assert outcome(0.5, 0.9, 0.3) == "fails"
    assert outcome(0.99, 0.9, 0.97) == "untested"


def test_the_flow_is_asked_of_models_that_have_learned():
    def outcome(masses, *accuracies):
        numbers = {
            "mass": {"3": {role: [masses] * 3 for role in ("mate", "hop 1", "hop 2")}},
            "accuracy": {"3": [*accuracies]},
        }
        return fig_match_flow.verdicts(numbers)[0].outcome

    assert outcome(0.9, 0.99, 0.99, 0.99) == "holds"
    assert outcome(0.7, 0.99, 0.99, 0.99) == "fails"
    assert outcome(0.9, 0.99, 0.99, 0.5) == "too few seeds"
    assert outcome(0.9, 0.5, 0.5, 0.5) == "untested"


def test_scores_are_those_of_the_worse_layer():
    works = {"trained": [[1, 0.9]] * 3, "fresh": [[0.8, 0.7]] * 3}
    fails = {"trained": [[0.9, 0.1]] * 3, "fresh": [[0.1, 0.1]] * 3}
    scores = {WORKS: works, **dict.fromkeys(fig_match_matrices.FAILS, fails)}
    first, second = fig_match_matrices.verdicts({"scores": scores})
    assert (first.outcome, second.outcome) == ("holds", "holds")
    scores[WORKS] = {"trained": [[1, 0.3]] * 3, "fresh": [[0.8, 0.2]] * 3}
    first, second = fig_match_matrices.verdicts({"scores": scores})
    assert (first.outcome, second.outcome) == ("mixed", "mixed")


def test_a_shared_pair_is_seen():
    common, *sizes = fig_match_data.shared_pairs(SINGLE, 50)
    assert common == 0
    assert min(sizes) > 0
    (check,) = fig_match_data.self_checks({"pairs": {"in both": 1, "trained": 9, "held out": 9}})
    assert (check.outcome, check.checked) == ("fails", 17)


def test_a_chain_is_followed_both_ways():
    assert fig_match_data.chain_from([5, 7, 1, 5, 8, 9], 5) == {1, 5, 7}
