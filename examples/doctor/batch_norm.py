"""k-layer network with batch normalization. Columns are examples: X (d, n), Y (K, n), W (m, d), b (m, 1)."""

import numpy as np

LAMBDA = 0.005
EPS = 1e-5


def softmax(s):
    e = np.exp(s - np.max(s, axis=0))
    return e / np.sum(e, axis=0)


def batch_normalize(S, mu, v):
    return (S - mu) / np.sqrt(v + EPS)


def evaluate_classifier(X, net):
    layers = len(net["W"])
    cache = {"X": [X], "S": [], "S_hat": [], "mu": [], "v": []}
    for i in range(layers - 1):
        S = net["W"][i] @ cache["X"][i] + net["b"][i]
        mu = S.mean(axis=1, keepdims=True)
        v = S.var(axis=1, keepdims=True)
        S_hat = batch_normalize(S, mu, v)
        S_tilde = net["gamma"][i] * S_hat + net["beta"][i]
        cache["S"].append(S)
        cache["S_hat"].append(S_hat)
        cache["mu"].append(mu)
        cache["v"].append(v)
        cache["X"].append(np.maximum(0, S_tilde))
    P = softmax(net["W"][-1] @ cache["X"][-1] + net["b"][-1])
    return P, cache


def loss(net, X, Y):
    P, _ = evaluate_classifier(X, net)
    cross_entropy = -np.sum(Y * np.log(P)) / X.shape[1]
    return cross_entropy + LAMBDA * sum(np.sum(W**2) for W in net["W"])


def batch_norm_back_pass(G, S, mu, v):
    return G / np.sqrt(v + EPS)


def gradients(net, X, Y):
    n = X.shape[1]
    layers = len(net["W"])
    P, cache = evaluate_classifier(X, net)
    grads = {
        "W": [None] * layers,
        "b": [None] * layers,
        "gamma": [None] * (layers - 1),
        "beta": [None] * (layers - 1),
    }
    G = P - Y
    grads["W"][-1] = G @ cache["X"][-1].T / n + 2 * LAMBDA * net["W"][-1]
    grads["b"][-1] = np.sum(G, axis=1, keepdims=True) / n
    G = net["W"][-1].T @ G
    G = G * (cache["X"][-1] > 0)
    for i in range(layers - 2, -1, -1):
        grads["gamma"][i] = np.sum(G * cache["S_hat"][i], axis=1, keepdims=True) / n
        grads["beta"][i] = np.sum(G, axis=1, keepdims=True) / n
        G = G * net["gamma"][i]
        G = batch_norm_back_pass(G, cache["S"][i], cache["mu"][i], cache["v"][i])
        grads["W"][i] = G @ cache["X"][i].T / n + 2 * LAMBDA * net["W"][i]
        grads["b"][i] = np.sum(G, axis=1, keepdims=True) / n
        if i > 0:
            G = net["W"][i].T @ G
            G = G * (cache["X"][i] > 0)
    return grads
