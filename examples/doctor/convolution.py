"""conv 3@3x3, tanh, average pool 2, conv 4@2x2, tanh, softmax on 8x8 digits."""

import numpy as np


def conv(x, W, b):
    K = W.shape[0]
    rows, cols = x.shape[1] - K + 1, x.shape[2] - K + 1
    z = np.zeros((len(x), rows, cols, W.shape[3])) + b
    for k in range(K):
        for m in range(K):
            z += x[:, k : k + rows, m : m + cols] @ W[k, m]
    return z


def conv_backward(x, W, dz):
    K, (rows, cols) = W.shape[0], dz.shape[1:3]
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for k in range(K):
        for m in range(K):
            dW[k, m] = np.einsum("nijc,nijf->cf", x[:, k : k + rows, m : m + cols], dz)
            dx[:, k : k + rows, m : m + cols] += dz @ W[K - 1 - k, K - 1 - m].T
    return dx, dW, dz.sum(axis=(0, 1, 2))


def pool(h):
    n, rows, cols, channels = h.shape
    return h.reshape(n, rows // 2, 2, cols // 2, 2, channels).mean(axis=(2, 4))


def pool_backward(da):
    return da.repeat(2, axis=1).repeat(2, axis=2)


def forward(p, x):
    h1 = np.tanh(conv(x, p["W1"], p["b1"]))
    a1 = pool(h1)
    h2 = np.tanh(conv(a1, p["W2"], p["b2"]))
    flat = h2.reshape(len(x), -1)
    return h1, a1, h2, flat, flat @ p["W3"] + p["b3"]


def probabilities(s):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def loss(p, x, y):
    return -np.log(probabilities(forward(p, x)[-1])[np.arange(len(y)), y]).mean()


def gradients(p, x, y):
    h1, a1, h2, flat, s = forward(p, x)
    ds = probabilities(s)
    ds[np.arange(len(y)), y] -= 1
    ds /= len(y)
    grads = {"W3": flat.T @ ds, "b3": ds.sum(axis=0)}
    dh2 = (ds @ p["W3"].T).reshape(h2.shape)
    da1, grads["W2"], grads["b2"] = conv_backward(a1, p["W2"], dh2 * (1 - h2**2))
    dh1 = pool_backward(da1)
    _, grads["W1"], grads["b1"] = conv_backward(x, p["W1"], dh1 * (1 - h1**2))
    return grads
