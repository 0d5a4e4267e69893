"""Whole networks against PyTorch's autograd in float64, where PyTorch is installed."""

import numpy as np
import pytest

from networks import draw_batch, small_network
from shoal.layers import (
    BatchNorm,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)

torch = pytest.importorskip("torch")
F = torch.nn.functional

LOSSES = {
    SoftmaxCrossEntropy(): lambda s, t: F.cross_entropy(s, t),
    SigmoidCrossEntropy(): lambda s, t: F.binary_cross_entropy_with_logits(s, t, reduction="sum") / len(s),
    SquaredError(): lambda s, t: F.mse_loss(s, t, reduction="sum") / len(s),
}
ACTIVATIONS = {ReLU(): torch.relu, Sigmoid(1.5): lambda x: torch.sigmoid(1.5 * x), Tanh(): torch.tanh}


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.kind)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.kind)
def test_scores_cost_and_gradients_are_pytorchs(rng, loss, activation):
    network = small_network(loss=loss, activation=activation, batch_norm=BatchNorm(epsilon=1e-3))
    batch = draw_batch(network, rng)
    costs, gradients, _, scores = network.cost_and_gradients(batch.parameters, batch.x, batch.targets, 0.01)

    p = {
        name: {key: torch.tensor(value, requires_grad=True) for key, value in own.items()}
        for name, own in batch.parameters.items()
    }
    x = torch.tensor(batch.x)
    for i in (1, 2):
        norm = p[f"batch_norm_{i}"]
        x = F.linear(x, p[f"affine_{i}"]["W"].T, p[f"affine_{i}"]["b"])
        x = F.batch_norm(x, None, None, norm["gamma"], norm["beta"], training=True, eps=1e-3)
        x = ACTIVATIONS[activation](x)
    x = F.linear(x, p["affine_3"]["W"].T, p["affine_3"]["b"])
    cost = LOSSES[loss](x, torch.tensor(batch.targets)) + 0.01 * sum(
        (own["W"] ** 2).sum() for own in p.values() if "W" in own
    )
    cost.backward()

    np.testing.assert_allclose(scores, x.detach().numpy(), rtol=1e-10, atol=1e-12)
    assert costs.cost == pytest.approx(cost.item(), rel=1e-12)
    for name, own in gradients.items():
        for key, gradient in own.items():
            np.testing.assert_allclose(gradient, p[name][key].grad.numpy(), rtol=1e-9, atol=1e-12)
