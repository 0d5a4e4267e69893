"""Fully connected net as a class that keeps what its backward pass needs."""

import numpy as np


class FullyConnectedNet:
    def __init__(self, params, reg):
        self.params = params
        self.reg = reg
        self.cache = {}

    def forward(self, X):
        p, c = self.params, self.cache
        c["X"] = X
        c["a1"] = X @ p["W1"] + p["b1"]
        c["h1"] = np.maximum(c["a1"], 0)
        c["a2"] = c["h1"] @ p["W2"] + p["b2"]
        c["h2"] = np.maximum(c["a2"], 0)
        return c["h2"] @ p["W3"] + p["b3"]

    def softmax_loss(self, scores, y):
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        N = len(y)
        data_loss = -log_probs[np.arange(N), y].mean()
        dscores = np.exp(log_probs)
        dscores[np.arange(N), y] -= 1
        return data_loss, dscores / N

    def loss(self, X, y):
        data_loss, _ = self.softmax_loss(self.forward(X), y)
        weights = (self.params[name] for name in ("W1", "W2", "W3"))
        return data_loss + self.reg * sum(np.sum(W * W) for W in weights)

    def backward(self, X, y):
        _, dscores = self.softmax_loss(self.forward(X), y)
        p, c = self.params, self.cache
        grads = {}
        grads["W3"] = c["h2"].T @ dscores + self.reg * p["W3"]
        grads["b3"] = dscores.sum(axis=0)
        dh2 = dscores @ p["W3"].T
        dh2[c["a2"] <= 0] = 0
        grads["W2"] = c["h1"].T @ dh2 + self.reg * p["W2"]
        grads["b2"] = dh2.sum(axis=0)
        dh1 = dh2 @ p["W2"].T
        dh1[c["a2"] <= 0] = 0
        grads["W1"] = c["X"].T @ dh1 + self.reg * p["W1"]
        grads["b1"] = dh1.sum(axis=0)
        return grads


def loss(params, X, y, reg=0.05):
    return FullyConnectedNet(params, reg).loss(X, y)


def gradients(params, X, y, reg=0.05):
    return FullyConnectedNet(params, reg).backward(X, y)
