"""One hidden layer, one example and one unit at a time. theta = [W1, b1, W2, b2]."""

import math

import numpy as np

grad = []


def feed(theta, x):
    W1, b1, W2, b2 = theta
    hidden = []
    for j in range(len(b1)):
        z = b1[j]
        for i in range(len(x)):
            z += W1[i][j] * x[i]
        hidden.append(z if z > 0 else 0.01 * z)
    out = []
    for k in range(len(b2)):
        z = b2[k]
        for j in range(len(hidden)):
            z += W2[j][k] * hidden[j]
        out.append(z)
    return hidden, out


def loss(theta, X, T):
    total = 0.0
    for x, t in zip(X, T, strict=True):
        _, out = feed(theta, x)
        for k in range(len(out)):
            total += (out[k] - t[k]) ** 2
    return 0.5 * total / len(X)


def gradients(theta, X, T):
    if not grad:
        for array in theta:
            grad.append(np.zeros(array.shape))
    gW1, gb1, gW2, gb2 = grad
    W2 = theta[2]
    for x, t in zip(X, T, strict=True):
        hidden, out = feed(theta, x)
        error = [(out[k] - t[k]) / len(X) for k in range(len(out))]
        for k in range(len(out)):
            gb2[k] += error[k]
            for j in range(len(hidden)):
                gW2[j][k] += error[k] * hidden[j]
        for j in range(len(hidden)):
            back = math.fsum(error[k] * W2[j][k] for k in range(len(out)))
            if hidden[j] < 0:
                back *= 0.01
            gb1[j] += back
            for i in range(len(x)):
                gW1[i][j] += back * x[i]
    return grad
