"""Each rule of health, on results that just do and just do not meet it."""

import pytest

from shoal.analysis import health
from shoal.analysis.rules import RULES
from shoal.analysis.rules.curves import chance_interval
from sick_results import healthy, put
from synthetic import make_result

STEPS = (0, 100, 200, 300)
STUCK = [2.3, 2.25, 2.2, 1.2]  # above half of ln 10 at the end
FALLING = [2.3, 2.2, 2.0, 1.1]  # below it


def rules_of(result):
    return {finding.name: finding for finding in health(result).findings}


def stuck(result=None, curve=STUCK):
    result = healthy() if result is None else result
    for part in ("train", "validation"):
        result[f"{part}_loss"].values[:] = curve
    return result


def test_a_healthy_result_has_no_findings_and_says_by_how_many_rules():
    found = health(healthy())
    assert found.findings == ()
    assert found.measured
    assert len(found.checked) == len(RULES) == 11
    assert found.verdict == "All 2 networks are healthy by 11 rules."


@pytest.mark.parametrize(
    ("rule", "name", "layer"),
    [
        ("dying-units", "dead_fraction", "relu_1"),
        ("saturation", "saturated_fraction", "tanh_1"),
        ("lagging-statistics", "running_mean_lag", "batch_norm_1"),
        ("lagging-statistics", "running_deviation_lag", "batch_norm_1"),
    ],
)
def test_a_layer_is_judged_at_the_last_record_and_the_steps_before_are_named(rule, name, layer):
    threshold = next(r.threshold for r, _ in RULES if r.name == rule)
    assert rules_of(put(healthy(), name, threshold - 1e-9, layer)) == {}
    assert rules_of(put(healthy(), name, 0.9, layer, step=[0, 100])) == {}  # it recovered
    result = put(
        put(healthy(), name, threshold, layer, seed=1, step=[200, 300]), name, 0.7, layer, seed=1, step=200
    )
    (finding,) = health(result).findings
    assert (finding.name, finding.layers, finding.seeds, finding.steps) == (rule, (layer,), (1,), (200, 300))
    assert (finding.value, finding.layer, finding.seed, finding.step) == (0.7, layer, 1, 200)
    assert "1 of 2 networks" in finding.sentence
    assert f"in {layer} at step 200, seed 1" in finding.sentence


def test_gradients_vanish_below_a_hundredth_of_the_loss_of_guessing_and_explode_above_a_hundred_times():
    scale = 2.3 / 10  # the first loss, just below ln 10, and the norm of the weights
    assert rules_of(put(stuck(), "gradient_norm", 1.001e-2 * scale, "affine_1")) == {}
    finding = rules_of(put(stuck(), "gradient_norm", 0.999e-2 * scale, "affine_1"))["vanishing-gradients"]
    assert finding.layers == ("affine_1",)
    assert finding.value == pytest.approx(0.999e-2, rel=1e-3)
    assert finding.steps == STEPS
    assert rules_of(put(healthy(), "gradient_norm", 99.9 * scale, "affine_2", step=0)) == {}
    finding = rules_of(put(healthy(), "gradient_norm", 100.1 * scale, "affine_2", step=0))[
        "exploding-gradients"
    ]
    assert (finding.layers, finding.steps) == (("affine_2",), (0,))


def test_small_gradients_of_a_network_that_learned_are_no_finding():
    assert rules_of(put(healthy(), "gradient_norm", 1e-9, "affine_1")) == {}
    assert rules_of(put(stuck(curve=FALLING), "gradient_norm", 1e-9, "affine_1")) == {}
    once = put(stuck(), "gradient_norm", 1e-9, "affine_1", step=0)  # at one step of four
    assert rules_of(once) == {}


def test_a_rate_is_too_high_where_an_update_is_three_tenths_of_the_weights_and_little_was_learned():
    assert rules_of(put(healthy(), "update_ratio", 0.9, "affine_3", step=0)) == {}  # it learned all the same
    assert rules_of(put(stuck(), "update_ratio", 0.299, "affine_3", step=0)) == {}
    finding = rules_of(put(stuck(), "update_ratio", 0.3, "affine_3", step=0))["rate-too-high"]
    assert (finding.layers, finding.steps) == (("affine_3",), (0,))
    lost = put(healthy(diverged=((0, 1),)), "update_ratio", 0.5, "affine_1", step=0, seed=1)
    assert rules_of(lost)["rate-too-high"].seeds == (1,)


def test_a_rate_is_too_low_where_all_updates_together_move_no_layer_by_a_tenth():
    def moved(path, result):
        return put(
            put(result, "update_ratio", 1e-5, ["affine_1", "affine_3"]),
            "update_ratio",
            path / 300,
            "affine_2",
        )

    assert rules_of(moved(0.1001, stuck())) == {}
    finding = rules_of(moved(0.0999, stuck()))["rate-too-low"]
    assert finding.value == pytest.approx(0.0999)
    assert finding.seeds == (0, 1)
    assert rules_of(moved(0.0999, healthy())) == {}
    blocked = put(moved(0.01, stuck()), "gradient_norm", 1e-9, "affine_1")
    assert rules_of(blocked).keys() == {"vanishing-gradients"}


def test_a_member_that_diverged_says_at_which_step():
    finding = rules_of(healthy(diverged=((0, 1),)))["divergence"]
    assert (finding.seeds, finding.steps, finding.step) == ((1,), (350,), 350)


def test_no_learning_is_an_accuracy_that_guessing_may_reach():
    low, high = chance_interval(300, 0.1)
    assert low == pytest.approx(17 / 300)
    assert high == pytest.approx(44 / 300)
    assert chance_interval(300, 0.1, 0.2)[1] > 0.25  # always naming a class that is common
    at = {"step": 300}
    assert rules_of(put(healthy(), "validation_accuracy", high + 1 / 300, **at)) == {}
    finding = rules_of(put(healthy(), "validation_accuracy", high, **at))["no-learning"]
    assert finding.value == pytest.approx(high)
    assert "guessing reaches 5.7% to 14.7%" in finding.sentence


def test_overfitting_is_a_validation_loss_a_tenth_above_its_lowest_while_the_training_loss_falls():
    def ends(value, train=0.3):
        result = healthy()
        result["validation_loss"].values[:] = [2.3, 1.3, 0.8, value]
        result["train_loss"].values[..., -1] = train
        return rules_of(result)

    assert ends(0.879) == {}
    assert ends(0.881)["overfitting"].value == pytest.approx(0.101, abs=1e-3)
    assert ends(0.95, train=0.81) == {}


def test_underfitting_stands_still_above_half_of_the_loss_of_guessing_on_both_splits():
    still = stuck(curve=[2.3, 1.3, 1.22, 1.2])
    assert rules_of(still)["underfitting"].value == pytest.approx(1.2 / 2.3)
    assert rules_of(stuck(curve=[2.3, 1.3, 1.23, 1.2])) == {}  # still falling
    assert rules_of(stuck(curve=[2.3, 1.3, 1.15, 1.15])) == {}  # below half
    gap = stuck(curve=[2.3, 1.3, 1.22, 1.2])
    gap["validation_loss"].values[:] = [2.3, 1.5, 1.4, 1.35]
    assert rules_of(gap) == {}
    explained = put(stuck(curve=[2.3, 1.3, 1.22, 1.2]), "dead_fraction", 0.8, "relu_1")
    assert rules_of(explained).keys() == {"dying-units"}


def test_without_health_the_rules_of_curves_are_asked_and_the_verdict_says_what_is_missing():
    found = health(make_result((), 2, diverged=((0, 0),)))
    assert {finding.name for finding in found.findings} == {"divergence"}
    assert not found.measured
    assert "7 more rules look inside the layers; they need health = true under [record]." in found.verdict


def test_unfinished_members_have_no_findings():
    found = health(healthy(("l2",), unfinished=tuple((cell, seed) for cell in range(4) for seed in range(2))))
    assert found.findings == ()
    assert found.verdict.startswith("No network is finished")


def test_cells_are_found_by_their_levels_and_each_has_its_own_finding():
    result = put(healthy(("batch_norm",)), "dead_fraction", 0.75, "relu_1", batch_norm=True)
    (finding,) = health(result).findings
    assert (finding.cell, finding.levels, finding.seeds) == (1, {"batch_norm": True}, (0, 1))
    assert health(result).verdict == "2 of 4 networks show dying units."
    assert health(result).sick == 2


def test_every_rule_has_a_page_a_remedy_and_a_number():
    for rule, _ in RULES:
        assert rule.page == f"docs/health.md#{rule.name}"
        assert rule.remedy.endswith(".")
        assert rule.written(0.25)
