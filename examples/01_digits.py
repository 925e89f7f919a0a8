"""Trains a classifier of handwritten digits.

NumPy arrays go in; SciPy's ndimage turns and shifts the images inside the traced training step; a gradient tape and
Variables do the learning; a strict array-API function judges the result. Writes digits.html, one page with the loss curve,
some digits with their predictions, and the drawn graph of the training step.
"""

from __future__ import annotations

import base64
import io
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import scipy.ndimage
import tnp
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import numpy as np

SIZE, CLASSES, HIDDEN = 8, 10, 192
BATCH, EPOCHS, RATE = 64, 100, 4e-3
OUTPUT = Path(__file__).resolve().parent / "output"


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images (float32, 0 to 1, flat) and labels to train on, and such to test with."""
    digits = load_digits()
    images = (digits.data / 16.0).astype(np.float32)
    return train_test_split(
        images, digits.target.astype(np.int64), test_size=0.2, random_state=0, stratify=digits.target
    )


_augmentation = np.random.default_rng(1)


def augment(images: np.ndarray) -> np.ndarray:
    """Every other image turned by up to 8 degrees and shifted by up to half a pixel: plain NumPy and SciPy."""
    out = images.copy()
    angles = np.deg2rad(_augmentation.uniform(-8, 8, len(images)))
    shifts = _augmentation.uniform(-0.5, 0.5, (len(images), 2))
    centre = (SIZE - 1) / 2
    for i in range(0, len(images), 2):
        c, s = np.cos(angles[i]), np.sin(angles[i])
        turn = np.array([[c, -s], [s, c]])
        offset = centre - turn @ (centre + shifts[i])
        out[i] = scipy.ndimage.affine_transform(images[i].reshape(SIZE, SIZE), turn, offset, order=3).ravel()
    return out


def initial_parameters() -> list[np.ndarray]:
    """Weights and biases of two layers, float32."""
    rng = np.random.default_rng(0)
    sizes = [(SIZE * SIZE, HIDDEN), (HIDDEN, CLASSES)]
    parameters: list[np.ndarray] = []
    for n, m in sizes:
        parameters += [(rng.standard_normal((n, m)) * np.sqrt(2 / n)).astype(np.float32), np.zeros(m, np.float32)]
    return parameters


def logits(x, w1, b1, w2, b2, np):
    """The network, for any NumPy-like `np`."""
    return np.maximum(x @ w1 + b1, 0) @ w2 + b2


def cross_entropy(z, labels):
    """The mean negative log-likelihood of the labels under softmax(z)."""
    z = z - z.max(axis=1, keepdims=True)
    log_probabilities = z - tnp.log(tnp.exp(z).sum(axis=1, keepdims=True))
    one_hot = labels[:, None] == tnp.arange(CLASSES)
    return -tnp.where(one_hot, log_probabilities, 0).sum(axis=1).mean()


class Model:
    """Parameters and Adam's moments as Variables, and the training step over them."""

    def __init__(self) -> None:
        self.parameters = [
            tnp.Variable(p, name=n) for p, n in zip(initial_parameters(), ["w1", "b1", "w2", "b2"], strict=True)
        ]
        self.first = [tnp.Variable(np.zeros(p.shape, np.float32), trainable=False) for p in self.parameters]
        self.second = [tnp.Variable(np.zeros(p.shape, np.float32), trainable=False) for p in self.parameters]
        self.count = tnp.Variable(np.float32(0), trainable=False)

    def step(self, images, labels):
        """One step of Adam on augmented images; the loss."""
        x = tnp.numpy_function(augment, [images], tnp.ArraySpec((None, SIZE * SIZE), tnp.float32))
        with tnp.GradientTape() as tape:
            loss = cross_entropy(logits(x, *self.parameters, np=tnp), labels)
        gradients = tape.gradient(loss, self.parameters)
        self.count.assign_add(1.0)
        rate = RATE * tnp.sqrt(1 - 0.999**self.count) / (1 - 0.9**self.count)
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            m.assign(0.9 * m + 0.1 * g)
            v.assign(0.999 * v + 0.001 * g * g)
            p.assign_sub(rate * m / (tnp.sqrt(v) + 1e-7))
        return loss


def numpy_step(state: dict, images: np.ndarray, labels: np.ndarray) -> float:
    """The same step written by hand in NumPy, for comparison."""
    w1, b1, w2, b2 = state["parameters"]
    x = augment(images)
    hidden = x @ w1 + b1
    active = np.maximum(hidden, 0)
    z = active @ w2 + b2
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    p /= np.float32(len(labels))
    back = (p @ w2.T) * (hidden > 0)
    gradients = [x.T @ back, back.sum(0), active.T @ p, p.sum(0)]
    state["count"] += 1
    rate = np.float32(RATE * np.sqrt(1 - 0.999 ** state["count"]) / (1 - 0.9 ** state["count"]))
    for i, g in enumerate(gradients):
        state["first"][i] = np.float32(0.9) * state["first"][i] + np.float32(0.1) * g
        state["second"][i] = np.float32(0.999) * state["second"][i] + np.float32(0.001) * g * g
        state["parameters"][i] = state["parameters"][i] - rate * state["first"][i] / (
            np.sqrt(state["second"][i]) + np.float32(1e-7)
        )
    return float(loss)


def train(step, images: np.ndarray, labels: np.ndarray) -> list[float]:
    """The mean loss of each epoch."""
    rng = np.random.default_rng(2)
    losses = []
    for _ in tqdm(range(EPOCHS), desc="training", unit="epoch"):
        order = rng.permutation(len(images))
        total = [step(images[i], labels[i]) for i in np.array_split(order, len(order) // BATCH)]
        losses.append(float(np.mean([float(loss) for loss in total])))
    return losses


def accuracy(predictions, labels) -> float:
    """The share of right predictions: portable array-API code, run in the strict namespace."""
    xp = predictions.__array_namespace__()
    return float(xp.mean(xp.astype(predictions == labels, xp.float64)))


def milliseconds(step, images: np.ndarray, labels: np.ndarray, repeats: int = 30) -> float:
    """The least time of a step, without the augmentation's share, which is the same for all."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        float(step(images, labels))
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def compare_times(images: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Milliseconds of the same step eager, compiled and in plain NumPy, with the augmentation replaced by the identity."""
    global augment
    real, augment = augment, lambda x: x.copy()
    try:
        eager, compiled = Model(), Model()
        parameters = initial_parameters()
        state = {"parameters": parameters, "count": 0, "first": [np.zeros_like(p) for p in parameters]}
        state["second"] = [np.zeros_like(p) for p in parameters]
        step = tnp.function(compiled.step)
        return {
            "plain NumPy": milliseconds(lambda x, y: numpy_step(state, x, y), images, labels),
            "tnp, eager": milliseconds(eager.step, images, labels),
            "tnp, compiled": milliseconds(step, images, labels),
        }
    finally:
        augment = real


def figure(draw) -> str:
    """A figure as an <img> element."""
    draw()
    data = io.BytesIO()
    plt.savefig(data, format="png", dpi=110, bbox_inches="tight")
    plt.close()
    return f'<img src="data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}">'


def write_page(losses, times, score, images, labels, predictions, graph) -> Path:
    """One self-contained HTML page."""

    def loss_curve():
        plt.figure(figsize=(6, 3))
        plt.plot(losses)
        plt.yscale("log")
        plt.xlabel("epoch")
        plt.ylabel("training loss")
        plt.grid(alpha=0.3)

    def digits():
        wrong = np.flatnonzero(predictions != labels)
        right = np.flatnonzero(predictions == labels)
        shown = np.concatenate([wrong, right])[:20]
        _, axes = plt.subplots(2, 10, figsize=(10, 2.6))
        for axis, i in zip(axes.flat, shown, strict=False):
            axis.imshow(images[i].reshape(SIZE, SIZE), cmap="gray_r")
            axis.set_title(f"{predictions[i]}", color="green" if predictions[i] == labels[i] else "red")
            axis.axis("off")

    rows = "".join(f"<tr><td>{name}</td><td>{ms:.3f} ms</td></tr>" for name, ms in times.items())
    OUTPUT.mkdir(exist_ok=True)
    page = OUTPUT / "digits.html"
    page.write_text(
        f"""<!doctype html><meta charset="utf-8"><title>Digits with tnp</title>
<style>body{{font-family:sans-serif;max-width:70em;margin:2em auto;color:#1e293b}}table{{border-collapse:collapse}}
td{{border:1px solid #cbd5e1;padding:.3em .8em}}.graph{{overflow:auto;border:1px solid #cbd5e1;max-height:50em}}</style>
<h1>Handwritten digits</h1><p>Test accuracy: <b>{score:.2%}</b> on {len(labels)} held-out images.</p>
<h2>Loss</h2>{figure(loss_curve)}
<h2>Predictions</h2><p>Mistakes first, in red.</p>{figure(digits)}
<h2>Time of one training step</h2><table>{rows}</table>
<h2>The traced training step</h2><p>{graph.num_operations} operations.</p><div class="graph">{graph.svg()}</div>
"""
    )
    return page


def main() -> None:
    images, test_images, labels, test_labels = load()
    model = Model()
    step = tnp.function(model.step)
    losses = train(step, images, labels)
    predict = tnp.function(lambda x: logits(x, *model.parameters, np=tnp).argmax(axis=1))
    predictions = predict(test_images)

    xp = tnp.array_api
    score = accuracy(xp.asarray(predictions), xp.asarray(test_labels))
    print(f"test accuracy: {score:.2%}")
    times = compare_times(images[:BATCH], labels[:BATCH])
    for name, ms in times.items():
        print(f"one step, {name}: {ms:.3f} ms ({ms / times['plain NumPy']:.2f} of NumPy's)")
    page = write_page(
        losses,
        times,
        score,
        test_images,
        test_labels,
        np.asarray(predictions),
        step.graph(images[:BATCH], labels[:BATCH]),
    )
    print(f"wrote {page}")
    if score < 0.97:
        raise SystemExit("the accuracy is below 97 %")


if __name__ == "__main__":
    main()
