"""Each optimizer against its equation written out in NumPy, for three steps, and against PyTorch's."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shoal.study.settings.training import Adagrad, Adam, AdamW, Lion, Momentum, Nesterov, RmsProp, Sgd
from shoal.training.optimizers import make_optimizer, only_weights

pytestmark = pytest.mark.usefixtures("float64")

RATE = 0.1
START = {"affine_1": {"W": np.array([[1.0, -2.0]]), "b": np.array([0.5, 3.0])}}
GRADIENTS = [
    {"affine_1": {"W": np.array([[0.3, -1.0]]), "b": np.array([0.2, 0.0])}},
    {"affine_1": {"W": np.array([[-0.7, 2.0]]), "b": np.array([0.1, 5.0])}},
    {"affine_1": {"W": np.array([[0.01, 0.5]]), "b": np.array([-4.0, 1.0])}},
]
MOMENTUM, NESTEROV = Momentum(kind="momentum", momentum=0.8), Nesterov(kind="nesterov", momentum=0.8)
RMSPROP = RmsProp(kind="rmsprop", decay=0.7, epsilon=1e-3)
ADAM = Adam(kind="adam", beta1=0.8, beta2=0.95, epsilon=1e-3)
ADAGRAD = Adagrad(kind="adagrad", initial=0.2, epsilon=1e-3)
LION = Lion(kind="lion", beta1=0.8, beta2=0.95, weight_decay=0.5)
ADAMW = AdamW(kind="adamw", beta1=0.8, beta2=0.95, epsilon=1e-3, weight_decay=0.5)


def trained(table, dtype=np.float64) -> dict:
    """The parameters after a step with each of GRADIENTS, compiled."""

    def step(parameters, state, gradients):
        directions, state = make_optimizer(table).update(gradients, state, parameters)
        return optax.apply_updates(parameters, optax.tree.scale(jnp.asarray(-RATE, dtype), directions)), state

    cast = jax.tree.map(lambda a: jnp.asarray(a, dtype), (START, GRADIENTS))
    parameters, state = cast[0], make_optimizer(table).init(cast[0])
    for gradients in cast[1]:
        parameters, state = jax.jit(step)(parameters, state, gradients)
    return jax.tree.map(np.asarray, parameters)


def by_hand(rule) -> dict:
    """The same from `rule(p, g, memory, t, name) -> p`, for each array on its own."""
    parameters = {name: start.copy() for name, start in START["affine_1"].items()}
    memory = {name: {} for name in parameters}
    for t, gradients in enumerate(GRADIENTS, start=1):
        for name, g in gradients["affine_1"].items():
            parameters[name] = rule(parameters[name], g, memory[name], t, name)
    return {"affine_1": parameters}


def sgd(p, g, memory, t, name):
    return p - RATE * g


def momentum(p, g, memory, t, name):
    memory["v"] = 0.8 * memory.get("v", 0) + g
    return p - RATE * memory["v"]


def nesterov(p, g, memory, t, name):
    memory["v"] = 0.8 * memory.get("v", 0) + g
    return p - RATE * (g + 0.8 * memory["v"])


def rmsprop(p, g, memory, t, name):
    memory["s"] = 0.7 * memory.get("s", 0) + 0.3 * g**2
    return p - RATE * g / (np.sqrt(memory["s"]) + 1e-3)


def adam(p, g, memory, t, name):
    memory["m"] = 0.8 * memory.get("m", 0) + 0.2 * g
    memory["s"] = 0.95 * memory.get("s", 0) + 0.05 * g**2
    return p - RATE * (memory["m"] / (1 - 0.8**t)) / (np.sqrt(memory["s"] / (1 - 0.95**t)) + 1e-3)


def adagrad(p, g, memory, t, name):
    memory["s"] = memory.get("s", 0.2) + g**2
    return p - RATE * g / np.sqrt(memory["s"] + 1e-3)


def lion(p, g, memory, t, name):
    m = memory.get("m", 0)
    memory["m"] = 0.95 * m + 0.05 * g
    decay = 0.5 if name == "W" else 0.0
    return p - RATE * (np.sign(0.8 * m + 0.2 * g) + decay * p)


def adamw(p, g, memory, t, name):
    decay = 0.5 if name == "W" else 0.0  # never on biases
    return adam(p, g, memory, t, name) - RATE * decay * p


RULES = [(Sgd(kind="sgd"), sgd), (MOMENTUM, momentum), (NESTEROV, nesterov), (RMSPROP, rmsprop), (ADAM, adam),
         (ADAMW, adamw), (ADAGRAD, adagrad), (LION, lion)]  # fmt: skip


@pytest.mark.parametrize(("table", "rule"), RULES, ids=lambda v: getattr(v, "kind", ""))
def test_three_steps_are_those_of_the_equation(table, rule):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-13), trained(table), by_hand(rule))


@pytest.mark.parametrize("table", [table for table, _ in RULES], ids=lambda table: table.kind)
def test_parameters_and_memory_keep_the_dtype_of_training(table):
    assert {leaf.dtype for leaf in jax.tree.leaves(trained(table, np.float32))} == {np.dtype(np.float32)}
    state = make_optimizer(table).init(jax.tree.map(lambda a: jnp.asarray(a, np.float32), START))
    assert {leaf.dtype for leaf in jax.tree.leaves(state)} <= {np.dtype(np.float32), np.dtype(np.int32)}


def test_a_schedule_s_momentum_takes_the_place_of_the_optimizer_s():
    moved = make_optimizer(MOMENTUM, momentum=jnp.asarray(0.5)).update(
        {"W": jnp.ones(1)}, optax.TraceState({"W": jnp.ones(1)})
    )
    assert moved[0]["W"] == 1.5


def test_only_parameters_named_W_are_weights():
    tree = {"affine_1": {"W": 1.0, "b": 2.0}, "batch_norm_1": {"gamma": 3.0, "beta": 4.0}}
    assert only_weights(tree) == {
        "affine_1": {"W": True, "b": False},
        "batch_norm_1": {"gamma": False, "beta": False},
    }


def torch_optimizers(torch):
    optim = torch.optim
    return {
        "sgd": lambda p: optim.SGD(p, lr=RATE),
        "momentum": lambda p: optim.SGD(p, lr=RATE, momentum=0.8),
        "nesterov": lambda p: optim.SGD(p, lr=RATE, momentum=0.8, nesterov=True),
        "rmsprop": lambda p: optim.RMSprop(p, lr=RATE, alpha=0.7, eps=1e-3),
        "adam": lambda p: optim.Adam(p, lr=RATE, betas=(0.8, 0.95), eps=1e-3),
        "adamw": lambda p: optim.AdamW(
            [{"params": p[:1], "weight_decay": 0.5}, {"params": p[1:], "weight_decay": 0.0}],
            lr=RATE, betas=(0.8, 0.95), eps=1e-3,
        ),
    }  # fmt: skip


IN_PYTORCH = [table for table, _ in RULES if table not in (ADAGRAD, LION)]  # epsilon elsewhere; no Lion


@pytest.mark.parametrize("table", IN_PYTORCH, ids=lambda table: table.kind)
def test_three_steps_are_those_of_pytorch(table):
    torch = pytest.importorskip("torch")
    parameters = [torch.tensor(START["affine_1"][name], requires_grad=True) for name in ("W", "b")]
    optimizer = torch_optimizers(torch)[table.kind](parameters)
    for gradients in GRADIENTS:
        for parameter, name in zip(parameters, ("W", "b"), strict=True):
            parameter.grad = torch.tensor(gradients["affine_1"][name])
        optimizer.step()
    found = trained(table)["affine_1"]
    np.testing.assert_allclose(found["W"], parameters[0].detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(found["b"], parameters[1].detach().numpy(), rtol=1e-12)
