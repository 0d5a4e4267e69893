import numpy as np

from shoal.report.summary import summarize
from shoal.report.words import answer
from synthetic import make_result


def said(result):
    return answer(summarize(result))


def with_finals(accuracies, **more):
    accuracies = np.asarray(accuracies, dtype=np.float32)
    levels = {"l2": [10.0**-i for i in range(len(accuracies))]}
    result = make_result(("l2",), seeds=accuracies.shape[1], levels=levels, data="", best_cell="", **more)
    result["validation_accuracy"].values[:, :, -1] = accuracies
    return result


def test_a_clear_winner():
    sentences = said(with_finals([[0.50, 0.51, 0.52], [0.60, 0.61, 0.62], [0.401, 0.41, 0.421]]))
    assert sentences[0].startswith("Best: L2 0.1, with 61.00 ± 2.48 % validation accuracy (mean over 3 seeds")
    assert sentences[1].startswith(
        "Its lead over the next cell (L2 1) is 10.00 ± 0.00 points, paired by seed: more than noise"
    )
    assert sentences[2] == "It can be told from every one of the other 2 cells."
    assert sentences[3].startswith(
        "L2: best at 0.1, which is 19.93 ± 0.21 points better than the worst, 0.01"
    )
    assert sentences[3].endswith("more than noise; every other level can be told from the best.")


def test_noise_and_ties():
    sentences = said(with_finals([[0.50, 0.52, 0.51], [0.51, 0.50, 0.53], [0.1, 0.1, 0.1]]))
    assert "no more than noise" in sentences[1]
    assert "adjusted for 2 comparisons" in sentences[1]
    assert sentences[2] == "1 of the other 2 cells cannot be told from it."


def test_all_alike():
    sentences = said(make_result(("l2",), effect=0.0, noise=0.02))
    assert sentences[2] == "None of the other 3 cells can be told from it."
    assert "no other level can be told from the best" in sentences[3]


def test_an_erratic_cell_is_neither_tied_nor_beaten():
    sentences = said(with_finals([[0.53, 0.54, 0.54], [0.10, 0.10, 0.44], [0.30, 0.31, 0.30]]))
    assert sentences[2] == "None of the other 2 cells ties with it; 1 more is too erratic to compare."


def test_two_levels_of_a_single_factor_are_said_once():
    assert len(said(make_result(("batch_norm",)))) == 2


def test_an_effect_that_depends_on_the_rest_gives_its_range():
    (effect,) = [s for s in said(make_result(("batch_norm", "l2"))) if s.startswith("Batch norm")]
    assert "averaged over L2 (4 levels)" in effect
    assert "depending on the rest" in effect


def test_one_network_gets_the_sampling_of_its_test_examples():
    sentences = said(make_result((), 1))
    assert (
        sentences[0]
        == "The network reached 52.21 % validation accuracy (one seed: no interval) and 51.21 % on test data."
    )
    assert sentences[1].startswith("360 test examples alone leave anything from 45.96 to 56.24 % open")


def test_what_diverged_is_a_fraction_with_its_interval():
    sentence = said(make_result(("l2",), 5, diverged=((3, 0), (3, 1))))[-1]
    assert sentence.startswith("2 of 20 networks diverged (10.0 %, 95 % Wilson interval 2.8 to 30.1 %)")


def test_an_unfinished_run_ranks_what_it_can():
    everyone = tuple((cell, seed) for cell in range(4) for seed in range(2))
    assert said(make_result(("l2",), 2, unfinished=everyone)) == [
        "No cell has all of its seeds finished: nothing can be ranked yet."
    ]
    assert said(make_result(("l2",), 2, unfinished=everyone[2:]))[0].startswith("Best: L2 1e-5, with")
