"""Judges decide by what the results show: each holds on results made for it, and fails on others."""

import numpy as np
import pytest
import xarray as xr

from made_results import evidence, result
from shoal.reproduce.claims import JUDGES
from shoal.reproduce.evidence import StudyNotRun
from shoal.reproduce.model import reports

ACCURACIES = ("train_accuracy", "validation_accuracy", "test_accuracy")
INITIAL = ["he_normal", "normal 0.01", "normal 0.001"]
SIGMAS = ["normal 0.1", "normal 0.001", "normal 0.0001"]


def judged(name, study, factors, of, seeds=5, **more):
    """The word of a judge on a result of of(**levels)."""

    def value(name, step, **levels):
        return of(**levels)

    return JUDGES[name](evidence({study: result(factors, value, names=ACCURACIES, seeds=seeds)}, **more))


def nine(he_off=0.1):
    return lambda batch_norm, initial: 0.5 if batch_norm else he_off if initial == "he_normal" else 0.1


def test_nine_layers_at_chance_by_their_initial_weights():
    factors = {"batch_norm": [False, True], "initial": INITIAL}
    assert judged("nine_layers_at_chance", "001-nine-layer", factors, nine()).word == "holds"
    found = judged("nine_layers_at_chance", "001-nine-layer", factors, nine(he_off=0.45))
    assert found.word == "fails"
    assert "initial weights" in found.cause


def test_batch_norm_lets_nine_layers_train():
    factors = {"batch_norm": [False, True], "initial": INITIAL}
    assert judged("deeper_networks_train", "001-nine-layer", factors, nine()).word == "holds"
    assert judged("deeper_networks_train", "001-nine-layer", factors, nine(he_off=0.6)).word == "fails"


def test_insensitive_to_sigma_needs_the_contrast_without_batch_norm():
    factors = {"batch_norm": [False, True], "initial": SIGMAS}

    def of(low):
        return lambda batch_norm, initial: 0.53 if batch_norm or initial == "normal 0.1" else low

    assert judged("insensitive_to_sigma", "001-sensitivity", factors, of(0.1)).word == "holds"
    assert judged("insensitive_to_sigma", "001-sensitivity", factors, of(0.53)).word == "fails"


@pytest.mark.parametrize(("rise", "word"), [(0.01, "holds"), (0.05, "fails")])
def test_fifty_penalties_differ_little_or_not(rise, word):
    factors = {"l2": list(np.geomspace(1e-2, 1e-8, 50))}
    assert (
        judged("small_differences", "001-search", factors, lambda l2: 0.53 + rise * (l2 > 1e-4)).word == word
    )


def test_gaps_between_penalties_against_the_spread_of_seeds(rng):
    factors = {"l2": list(np.geomspace(1e-2, 1e-8, 50))}
    one = result(factors, lambda name, step, l2: 0.53, names=ACCURACIES)
    noisy = one.copy()
    noisy["validation_accuracy"] = one.validation_accuracy + rng.normal(0, 0.01, (50, 5, 1))
    assert JUDGES["gaps_below_spread"](evidence({"001-search": noisy})).word == "holds"
    exact = one.copy()
    exact["validation_accuracy"] = (
        one.validation_accuracy + rng.normal(0, 1e-6, (50, 5, 1)) - (one.validation_accuracy - 0.53)
    )
    assert JUDGES["gaps_below_spread"](evidence({"001-search": exact})).word == "fails"


@pytest.mark.parametrize(("gain", "three", "nine"), [(0.0, "holds", "undecided"), (0.05, "fails", "holds")])
def test_batch_norm_at_three_and_at_nine_layers(gain, three, nine):
    factors = {"batch_norm": [False, True]}
    of = lambda batch_norm: 0.5 + gain * batch_norm  # noqa: E731
    assert judged("hardly_matters_at_three", "002-three-layer", factors, of).word == three
    assert judged("helps_at_nine", "002-nine-layer", factors, of).word == nine


def test_the_best_penalty_with_and_without_batch_norm():
    factors = {"batch_norm": [False, True], "l2": [1e-5, 1.93e-3, 7.2e-3, 2.68e-2, 1e-1]}

    def of(best_off):
        return lambda batch_norm, l2: 0.5 + 0.05 * (l2 == (7.2e-3 if batch_norm else best_off))

    assert judged("same_best_lambda", "002-search", factors, of(7.2e-3)).word == "holds"
    assert judged("same_best_lambda", "002-search", factors, of(1e-5)).word == "fails"


def test_a_fall_that_comes_later_with_batch_norm():
    factors = {"batch_norm": [False, True], "l2": [7.2e-3, 2.68e-2, 1e-1]}
    fall = {7.2e-3: 0.0, 2.68e-2: 0.05, 1e-1: 0.2}
    later = lambda batch_norm, l2: 0.5 - fall[l2] * (0.5 if batch_norm else 1)  # noqa: E731
    sooner = lambda batch_norm, l2: 0.5 - fall[l2] * (1 if batch_norm else 0.5)  # noqa: E731
    assert judged("falls_off_later", "002-search", factors, later).word == "holds"
    assert judged("falls_off_later", "002-search", factors, sooner).word == "fails"


@pytest.mark.parametrize(("accuracy", "word"), [(0.1, "holds"), (0.5, "fails")])
def test_small_sigma_that_learns_or_not(accuracy, word):
    factors = {"batch_norm": [False, True], "initial": SIGMAS}
    of = lambda batch_norm, initial: accuracy  # noqa: E731
    assert judged("small_sigma_does_not_learn", "002-sensitivity", factors, of).word == word


def losses(study, factors, of, steps=(0, 100)):
    return {study: result(factors, of, names=("train_loss", "train_cost"), steps=steps)}


@pytest.mark.parametrize(("part", "word"), [(0.05, "holds"), (-0.05, "fails"), (0.0, "undecided")])
def test_a_final_cost_that_can_only_be_one_of_the_two(part, word):
    def of(name, step, variant):
        reported = 0.17435
        cost = reported if part >= 0 else reported - part
        return cost if name == "train_cost" else cost - abs(part)

    found = losses("003-full-batch", {"variant": ["three layers", "two layers"]}, of)
    assert JUDGES["cost_includes_l2"](evidence(found)).word == word


def gradients(fall):
    """Gradient deviations that fall by `fall` powers of ten from the last hidden layer to the first."""
    layers = [f"affine_{i}" for i in range(1, 8)]
    initial = ["normal 0.01", "normal 0.1", "normal 0.8", "glorot_normal"]
    deviation = 10.0 ** (-fall * (6 - np.arange(1, 8)) / 4)
    values = np.broadcast_to(deviation, (4, 5, 2, 7)) * (1 + 0.01 * np.arange(5)[None, :, None, None])
    dims = ("initial", "seed", "step", "layer")
    return xr.Dataset(
        {"gradient_deviation": (dims, values)}, {"initial": initial, "layer": layers, "seed": np.arange(5)}
    )


@pytest.mark.parametrize(("fall", "vanish", "keeps"), [(3.0, "holds", "fails"), (0.3, "fails", "holds")])
def test_gradients_that_vanish_and_those_that_are_kept(fall, vanish, keeps):
    found = evidence({f"003-initialization-{name}": gradients(fall) for name in ("tanh", "sigmoid")})
    assert JUDGES["gradients_vanish"](found).word == vanish
    assert JUDGES["glorot_keeps_gradients"](found).word == keeps


@pytest.mark.parametrize(("fresh", "carried", "word"), [(1.0, 0.9, "fails"), (0.9, 1.0, "holds")])
def test_whose_losses_are_the_reported_ones(fresh, carried, word):
    reported = [2.3135, 2.3135, 2.3133, 2.3105, 2.2862, 2.1044, 0.8966, 0.5078, 0.3196, 33.92, 384.5]
    rates = list(np.geomspace(1e-9, 10, 11))
    steps = (0, *(4300 * (i + 1) for i in range(11)))
    one = losses(
        "003-learning-rate",
        {"training_learning_rate": rates},
        lambda name, step, training_learning_rate: fresh * reported[rates.index(training_learning_rate)],
    )
    other = losses(
        "003-rates-carried-on", {}, lambda name, step: carried * reported[max(step // 4300 - 1, 0)], steps
    )
    assert JUDGES["rates_carried_on"](evidence(one | other)).word == word


@pytest.mark.parametrize(("slope", "word"), [(0.05, "holds"), (-0.05, "fails")])
def test_loss_that_grows_with_the_batch(slope, word):
    found = losses(
        "003-batch-size",
        {"batch_size": [32, 64, 128]},
        lambda name, step, batch_size: 1 + slope * np.log2(batch_size),
    )
    assert JUDGES["loss_grows_with_batch"](evidence(found)).word == word


def test_steps_that_rise_and_flatten():
    def of(late):
        def value(name, step, schedule_rate):
            return 0.3 + 0.1 * min(step, 4000) / 4000 + late * max(step - 4000, 0) / 6000

        return result(
            {"schedule_rate": [1e-4, 1e-3]}, value, names=ACCURACIES, steps=(0, 1000, 4000, 7000, 10000)
        )

    assert JUDGES["rises_then_flattens"](evidence({"004-iterations": of(0.01)})).word == "holds"
    assert JUDGES["rises_then_flattens"](evidence({"004-iterations": of(0.5)})).word == "fails"


@pytest.mark.parametrize(("rise", "word"), [(0.0, "holds"), (0.03, "fails")])
def test_a_plateau_from_50_units(rise, word):
    factors = {"hidden": [str(10 * i) for i in range(1, 13)]}
    of = lambda hidden: 0.5 + rise * (int(hidden) - 50) / 70  # noqa: E731
    assert judged("plateau_from_50", "004-hidden-units", factors, of).word == word


@pytest.mark.parametrize(("best", "word"), [(200, "holds"), (300, "fails")])
def test_the_best_batch(best, word):
    factors = {"hidden": ["50", "100"], "batch_size": [100, 200, 300, 400, 500]}
    of = lambda hidden, batch_size: 0.5 + 0.05 * (batch_size == best)  # noqa: E731
    assert judged("batch_200_is_best", "004-batch-size", factors, of).word == word


@pytest.mark.parametrize(("gain", "word"), [(-0.02, "holds"), (0.05, "fails")])
def test_what_l2_does(gain, word):
    factors = {"hidden": ["50", "100"], "l2": [0.0, 0.25, 0.5, 0.75, 1.0]}
    of = lambda hidden, l2: 0.5 + gain * (l2 > 0)  # noqa: E731
    assert judged("l2_does_not_raise", "004-l2", factors, of).word == word


@pytest.mark.parametrize(("gain", "word"), [(-0.05, "holds"), (0.05, "fails")])
def test_what_dropout_does(gain, word):
    factors = {"hidden": ["50", "100"], "dropout": [0.75, 0.5, 0.25, 0.0]}
    of = lambda hidden, dropout: 0.5 + gain * (dropout > 0)  # noqa: E731
    assert judged("dropout_lowers", "004-dropout", factors, of).word == word


@pytest.mark.parametrize(("gain", "word"), [(-0.05, "holds"), (0.0, "fails")])
def test_what_principal_components_do(gain, word):
    factors = {"pca": ["none", "250", "0.95"], "setting": ["1000 steps at 1e-4", "5000 steps at 1e-3"]}
    of = lambda pca, setting: 0.5 + gain * (pca != "none")  # noqa: E731
    assert judged("pca_lowers", "004-pca", factors, of).word == word


@pytest.mark.parametrize(("best", "word"), [(1e-3, "holds"), (1e-4, "fails")])
def test_a_rate_that_was_not_tuned_again(best, word):
    factors = {"pca": ["none", "250", "0.95"], "schedule_rate": [1e-4, 3e-4, 1e-3, 3e-3]}
    of = lambda pca, schedule_rate: 0.5 + 0.05 * (schedule_rate == best)  # noqa: E731
    assert judged("pca_untuned", "004-pca-rate", factors, of).word == word


@pytest.mark.parametrize(
    ("small", "overfit", "initialization"), [(0.1, "fails", "holds"), (0.9, "holds", "fails")]
)
def test_deep_networks_that_never_began_or_that_know_their_images(small, overfit, initialization):
    factors = {
        "hidden": ["50", "50-50", "50-50-50", "50-50-50-50"],
        "initial": ["normal 0.0001", "he_normal"],
    }
    of = lambda hidden, initial: small if initial == "normal 0.0001" else 0.4  # noqa: E731
    found = judged("deep_overfit", "004-depth", factors, of)
    assert found.word == overfit
    assert judged("deep_initialization", "004-depth", factors, of).word == initialization


@pytest.mark.parametrize(
    "claim", [claim for report in reports() for claim in report.claim], ids=lambda c: c.judge
)
def test_what_was_not_run_is_missing_and_never_guessed(claim):
    with pytest.raises(StudyNotRun):
        JUDGES[claim.judge](evidence())
