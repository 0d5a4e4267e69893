"""Studies trained by SciPy on all examples at once, held against SciPy on a NumPy cost and scikit-learn."""

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression

import shoal
from shoal.api import run
from shoal.errors import StudyError
from shoal.lr_range.ramp import Ramp, grid_study, ramp_study
from shoal.population.plan import plan_study
from shoal.study.load import make_study
from shoal.training.randomness import initial_noise, seed_key
from shoal.training.runtime import numerics
from small_studies import blobs, raw_study

STEPS_AWAY = {"steps": None, "batch_size": None, "learning_rate": None}
METHODS = ("tnc", "l-bfgs", "cg", "newton-cg")


def raw(optimizer="l-bfgs", seeds=2, vary=None, network=None, record=None, data=None, **training):
    return raw_study(
        training={**STEPS_AWAY, "optimizer": optimizer, **training},
        network=network or {"hidden": [4], "activation": {"sigmoid": 2.0}},
        record=record or {"points": 30},
        data=data or {},
        vary={**(vary or {}), "seed": seeds},
    )


def study(*args, **kwargs):
    return make_study(raw(*args, **kwargs))


def train(*args, check=False, **kwargs):
    return run(study(*args, **kwargs), dataset=blobs(), check=check)


def numpy_cost(x, targets, shapes, slope, l2):
    """Two sigmoid layers and summed binary cross-entropy, by hand, of one vector (W1, b1, W2, b2)."""
    sizes = np.cumsum([np.prod(shape) for shape in shapes])[:-1]

    def cost(p):
        W1, b1, W2, b2 = (part.reshape(s) for part, s in zip(np.split(p, sizes), shapes, strict=True))
        h = 1 / (1 + np.exp(-slope * (x @ W1 + b1)))
        q = 1 / (1 + np.exp(-slope * (h @ W2 + b2)))
        n = len(x)
        loss = -np.sum(targets * np.log(q) + (1 - targets) * np.log(1 - q)) / n
        dz2 = slope * (q - targets) / n
        dz1 = dz2 @ W2.T * slope * h * (1 - h)
        gradients = (x.T @ dz1 + 2 * l2 * W1, dz1.sum(0), h.T @ dz2 + 2 * l2 * W2, dz2.sum(0))
        return loss + l2 * (np.sum(W1**2) + np.sum(W2**2)), np.concatenate([g.ravel() for g in gradients])

    return cost


@pytest.mark.parametrize(
    ("kind", "limits"),
    [("tnc", {"evaluations": 40}), ("l-bfgs", {"iterations": 15}), ("cg", {"iterations": 10})],
)
def test_a_member_walks_as_scipy_on_a_numpy_cost(kind, limits, tmp_path):
    network = {
        "hidden": [4],
        "activation": {"sigmoid": 2.0},
        "loss": {"sigmoid_cross_entropy": 2.0},
        "initial": {"uniform": 0.5},
    }
    asked = study(kind, network=network, l2=0.01, **limits)
    result = run(asked, tmp_path / "run", dataset=blobs(), check=False)
    ended = shoal.open_run(tmp_path / "run").weights("the only cell/seed=1/")
    inputs = plan_study(asked, dataset=blobs()).programs[0].inputs.splits.train
    shapes = [(5, 4), (4,), (4, 3), (3,)]
    cost = numpy_cost(inputs.inputs.astype(float), np.eye(3)[inputs.labels], shapes, 2.0, 0.01)
    names = ("affine_1.W", "affine_1.b", "affine_2.W", "affine_2.b")
    start = np.concatenate([value.ravel() for value in started(asked, 1)])
    seen = [cost(start)[0]]
    options = {"maxfun": limits["evaluations"]} if kind == "tnc" else {"maxiter": limits["iterations"]}
    alone = scipy.optimize.minimize(
        cost,
        start,
        jac=True,
        method={"tnc": "TNC", "l-bfgs": "L-BFGS-B", "cg": "CG"}[kind],
        callback=lambda p: seen.append(cost(p)[0]),
        options=options,
    )
    ours = np.concatenate([ended[f"the only cell/seed=1/{name}"].ravel() for name in names])
    own = result.sel(seed=1)
    assert own["optimizer_message"].item() == alone.message
    assert (own["optimizer_status"], own["iterations"], own["evaluations"]) == (
        alone.status,
        alone.nit,
        alone.nfev,
    )
    assert_allclose(own["train_cost"].sel(step=range(alone.nit + 1)), seen[: alone.nit + 1], rtol=1e-5)
    rounding = 1e-4 if kind == "tnc" else 1e-8  # TNC's differences of gradients multiply it by 1e8
    assert_allclose(own["final_cost"], alone.fun, rtol=rounding / 10)
    assert_allclose(ours, alone.x, rtol=rounding, atol=rounding)


def started(asked, seed):
    """The initial parameters of a member, as its key draws them."""
    program = plan_study(asked, dataset=blobs()).programs[0]
    with numerics("float64") as dtype:
        network = program.network()
        parameters = network.initialize(initial_noise(network, seed_key(seed), dtype))
    return [np.asarray(parameters[layer][name]) for layer in ("affine_1", "affine_2") for name in ("W", "b")]


@pytest.mark.parametrize("kind", METHODS)
def test_a_convex_cost_ends_where_scikit_learn_does(kind):
    l2, data = 0.02, blobs()
    tight = {
        "tnc": {"gtol": 1e-10, "ftol": 1e-16, "xtol": 1e-12},
        "l-bfgs": {"gtol": 1e-10, "ftol": 1e-16},
        "cg": {"gtol": 1e-8},
        "newton-cg": {"xtol": 1e-12},
    }
    asked = raw({"kind": kind, **tight[kind]}, seeds=1, network={"hidden": []}, l2=l2, iterations=500)
    result = run(make_study(asked), dataset=data, check=False)
    train = plan_study(make_study(asked), dataset=data).programs[0].inputs.splits.train
    n = len(train.labels)
    theirs = LogisticRegression(C=1 / (2 * l2 * n), tol=1e-12, max_iter=5000)
    theirs.fit(train.inputs.astype(float), train.labels)
    scores = train.inputs.astype(float) @ theirs.coef_.T + theirs.intercept_
    log_p = scores - scipy.special.logsumexp(scores, axis=1, keepdims=True)
    best = -np.mean(log_p[np.arange(n), train.labels]) + l2 * np.sum(theirs.coef_**2)
    assert abs(result["final_cost"].item() - best) < 1e-9
    assert_allclose(result["train_accuracy"].isel(seed=0, step=-1), theirs.score(train.inputs, train.labels))


def test_the_result_says_how_each_member_went():
    result = train(iterations=25, l2=0.01, vary={"training.l2": [0.01, 0.1]})
    for name in ("iterations", "evaluations", "final_cost", "optimizer_status", "optimizer_message"):
        assert result[name].dims == ("l2", "seed")
    assert result["step"].attrs["long_name"] == "iteration"
    assert (result["iterations"] <= 25).all()
    assert (result["evaluations"] >= result["iterations"]).all()
    last = result["train_cost"].isel(step=-1)
    assert_allclose(last, result["final_cost"], rtol=1e-6)
    assert set(result["optimizer_message"].values.ravel()) <= {
        "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT",
        "CONVERGENCE: NORM OF PROJECTED GRADIENT <= PGTOL",
        "CONVERGENCE: RELATIVE REDUCTION OF F <= FACTR*EPSMCH",
    }
    assert result.attrs["status"] == "complete"


def test_a_member_that_ended_early_stays_where_it_is():
    result = train({"kind": "l-bfgs", "gtol": 0.02}, iterations=60, vary={"training.l2": [0.001, 1.0]})
    early, late = result["iterations"].isel(seed=0).values[::-1]
    assert early < late
    held = result["train_cost"].isel(l2=1, seed=0).sel(step=slice(int(early), None)).values
    assert len(held) > 1
    assert_array_equal(held, held[0])


def test_cells_side_by_side_are_what_they_are_alone():
    together = train("cg", iterations=8, vary={"training.l2": [0.0, 0.1]}, seeds=[3, 5])
    alone = train("cg", iterations=8, l2=0.1, seeds=[5])
    chosen = together.sel(l2=0.1, seed=5)
    assert_array_equal(chosen["train_cost"], alone["train_cost"].isel(seed=0))
    assert chosen["final_cost"] == alone["final_cost"].item()


def test_batch_norm_is_evaluated_with_the_statistics_of_the_whole_training_split():
    network = {"hidden": [4], "batch_norm": True}
    result = train(network=network, iterations=10)
    assert_allclose(result["train_cost"].isel(step=-1), result["final_cost"], rtol=1e-6)


def test_the_points_of_a_function_are_learned():
    asked = make_study(
        {
            "data": {"name": "function", "function": "sin", "range": [-3, 3], "examples": 40},
            "network": {"hidden": [6], "activation": "tanh", "loss": "squared_error"},
            "training": {"optimizer": "l-bfgs", "iterations": 60},
            "vary": {"seed": 2},
        }
    )
    result = run(asked, check=False)
    assert (result["train_loss"].isel(step=-1) < 0.02).all()
    assert_allclose(result["train_cost"].isel(step=-1), result["final_cost"], rtol=1e-6)


def test_float32_is_there_for_who_asks():
    result = train(iterations=5, precision="float32")
    assert (result["train_cost"].isel(step=-1) < result["train_cost"].isel(step=0)).all()
    assert study(iterations=5).base.training.precision == "float64"


REFUSED = [
    ({"batch_size": 10, "iterations": 5}, 'training: the full-batch optimizer "l-bfgs" has no `batch_size`'),
    (
        {"learning_rate": 0.1, "iterations": 5},
        "has no `learning_rate`: it sees all training examples at once",
    ),
    ({"schedule": {"kind": "cosine", "rate": 0.1}, "epochs": 2}, "has no `epochs`, `schedule`"),
    ({}, "needs its most `iterations`, its most `evaluations` of the cost, or both; neither given"),
    ({"iterations": 0}, "training.iterations: got 0; expected a number above 0"),
    (
        {"optimizer": {"kind": "l-bfgs", "memory": 5}, "iterations": 5},
        "training.optimizer.memory: unknown key",
    ),
    ({"optimizer": {"kind": "tnc", "ftol": "low"}, "iterations": 5}, "training.optimizer.ftol: got 'low'"),
    ({"optimizer": "l-bgfs", "iterations": 5}, "did you mean `l-bfgs`?"),
    ({"optimizer": "sgd", "iterations": 5}, "are for the full-batch optimizers (tnc, l-bfgs, cg, newton-cg)"),
]


@pytest.mark.parametrize(("training", "told"), REFUSED)
def test_what_makes_no_sense_is_refused(training, told):
    with pytest.raises(StudyError) as refusal:
        study(**training)
    assert told in str(refusal.value)


def test_dropout_and_health_are_refused():
    with pytest.raises(StudyError, match="dropout draws a cost afresh at each evaluation"):
        study(iterations=5, network={"hidden": [4], "dropout": 0.5})
    with pytest.raises(StudyError, match="dropout draws a cost afresh"):
        study(iterations=5, network={"hidden": None, "layers": [{"dense": 4}, {"dropout": 0.5}]})
    with pytest.raises(StudyError, match=r"record\.health measures the updates"):
        study(iterations=5, record={"health": True})


def test_a_learning_rate_is_not_looked_for():
    with pytest.raises(StudyError, match=r'training\.optimizer is "l-bfgs"'):
        ramp_study(study(iterations=5), Ramp(1e-4, 1.0, 10))
    with pytest.raises(StudyError, match="no learning rate to look for"):
        grid_study(study(iterations=5), 1e-4, 1.0)
