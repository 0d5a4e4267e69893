"""400-20-20-10 network for digits: weights and biases in one list [W1, b1, W2, b2, W3, b3]."""

import numpy as np

lamb = 1.0


def g(z):
    return 1 / (1 + np.exp(-2 * z))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(theta, X):
    W1, b1, W2, b2, W3, b3 = theta
    a1 = g(X @ W1 + b1)
    a2 = g(a1 @ W2 + b2)
    a3 = sigmoid(a2 @ W3 + b3)
    return a1, a2, a3


def loss(theta, X, Y):
    m = len(X)
    a3 = forward(theta, X)[-1]
    J = -np.sum(Y * np.log(a3) + (1 - Y) * np.log(1 - a3)) / m
    J += lamb / (2 * m) * sum(np.sum(W**2) for W in theta[0::2])
    return J


def gradients(theta, X, Y):
    m = len(X)
    W1, _, W2, _, W3, _ = theta
    a1, a2, a3 = forward(theta, X)
    delta3 = a3 - Y
    delta2 = (delta3 @ W3.T) * a2 * (1 - a2)
    delta1 = (delta2 @ W2.T) * a1 * (1 - a1)
    dW1 = (X.T @ delta1 + lamb * W1) / m
    dW2 = (a1.T @ delta2 + lamb * W2) / m
    dW3 = (a2.T @ delta3 + lamb * W3) / m
    db1 = np.sum(delta1, axis=0) / m
    db2 = np.sum(delta2, axis=0) / m
    db3 = np.sum(delta3, axis=0) / m
    return [dW1, db1, dW2, db2, dW3, db3]
