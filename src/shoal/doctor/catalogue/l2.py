"""Mistakes in the term of the L2 cost, coefficient * sum of W^2."""

from __future__ import annotations

from shoal.doctor.mistake import Mistake, Way, always, page

_RIGHT = "dW = (the loss's part) + 2 l2 W"


def _of_weights(name: str, title: str, sentence: str, mark: str, remedy: str, *ways: Way) -> Mistake:
    return Mistake(
        name, "l2", title, sentence, f"{_RIGHT}   <- {mark}", remedy, page("l2", name), always(*ways)
    )


MISTAKES = (
    _of_weights(
        "l2-missing",
        "L2 term missing",
        "the L2 cost's term left out",
        "this term is missing",
        "Add 2 l2 W to the weights' derivative.",
        Way({"l2": 0.0}, ("W",)),
    ),
    _of_weights(
        "l2-halved",
        "L2 term halved",
        "half of the L2 cost's term: l2 W in place of 2 l2 W",
        "the 2 is missing: d(W^2)/dW = 2 W",
        "Add the factor 2, or put a 1/2 in front of the L2 cost itself.",
        Way({"l2": 1.0}, ("W",)),
    ),
    _of_weights(
        "l2-doubled",
        "L2 term doubled",
        "twice the L2 cost's term: 4 l2 W in place of 2 l2 W",
        "added twice, or a 2 too many",
        "Add it once.",
        Way({"l2": 4.0}, ("W",)),
    ),
    _of_weights(
        "l2-wrong-sign",
        "L2 term with the wrong sign",
        "the L2 cost's term subtracted in place of added",
        "plus, not minus",
        "Add it: the derivative of l2 * sum W^2 is + 2 l2 W.",
        Way({"l2": -2.0}, ("W",)),
        Way({"l2": -1.0}, ("W",), "and halved"),
    ),
    _of_weights(
        "l2-divided-by-n",
        "L2 term divided by N",
        "the L2 cost's term divided by the number of examples",
        "the L2 cost is no mean over examples",
        "Divide the loss's part by N, not the sum of both.",
        Way({"l2_over": "N"}, ("W",)),
    ),
    Mistake(
        "l2-on-biases",
        "l2",
        "L2 on the biases",
        "an L2 term on b, which the cost does not have",
        "db = sum over N of dy   <- no 2 l2 b",
        "Leave the biases out, or put them into the cost as well.",
        page("l2", "l2-on-biases"),
        always(Way({"l2_b": 2.0}, ("b",)), Way({"l2_b": 1.0}, ("b",), "and halved")),
    ),
)

ON_BATCH_NORM = Mistake(
    "l2-on-biases",
    "l2",
    "L2 on gamma or beta",
    "an L2 term on gamma or beta, which the cost does not have",
    "dgamma = sum over N of dy xhat,  dbeta = sum over N of dy   <- no L2 term",
    "Leave gamma and beta out, or put them into the cost as well.",
    page("l2", "l2-on-biases"),
    always(
        Way({"l2_gamma": 2.0, "l2_beta": 2.0}, ("gamma", "beta")),
        Way({"l2_gamma": 2.0}, ("gamma",)),
        Way({"l2_beta": 2.0}, ("beta",)),
    ),
)

ONE_LAYER_ONLY = Mistake(
    "l2-on-one-layer-only",
    "l2",
    "L2 on one layer only",
    "the L2 cost's term in one layer only",
    f"{_RIGHT}   <- for every W of the network",
    "Add the term inside the loop over layers, not behind it.",
    page("l2", "l2-on-one-layer-only"),
)
