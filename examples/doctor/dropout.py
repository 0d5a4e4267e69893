"""Two hidden layers with inverted dropout; masks come from outside."""

import numpy as np

KEEP = 0.5
REG = 0.01


def forward(params, X, masks):
    z1 = X.dot(params["W1"]) + params["b1"]
    a1 = np.maximum(z1, 0) * masks[0] / KEEP
    z2 = a1.dot(params["W2"]) + params["b2"]
    a2 = np.maximum(z2, 0) * masks[1] / KEEP
    scores = a2.dot(params["W3"]) + params["b3"]
    exp_scores = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    return z1, a1, z2, a2, probs


def loss(params, X, y, masks):
    probs = forward(params, X, masks)[-1]
    data_loss = np.mean(-np.log(probs[range(len(y)), y]))
    return data_loss + 0.5 * REG * sum(np.sum(params[w] ** 2) for w in ("W1", "W2", "W3"))


def gradients(params, X, y, masks):
    z1, a1, z2, a2, probs = forward(params, X, masks)
    d3 = probs
    d3[range(len(y)), y] -= 1
    d3 /= len(y)
    d2 = d3.dot(params["W3"].T) * masks[1] * (z2 > 0)
    d1 = d2.dot(params["W2"].T) * masks[0] * (z1 > 0)
    return {
        "dW1": X.T.dot(d1) + REG * params["W1"],
        "db1": np.mean(d1, axis=0),
        "dW2": a1.T.dot(d2) + REG * params["W2"],
        "db2": np.mean(d2, axis=0),
        "dW3": a2.T.dot(d3) + REG * params["W3"],
        "db3": np.mean(d3, axis=0),
    }
