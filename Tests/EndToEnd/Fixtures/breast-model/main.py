"""Trains a logistic model of the diagnosis on what the job is shown and writes it as safetensors."""

import json
import struct

import numpy
import pandas

# The bounds of the public description, by which the site brings every input to [0, 1].
BOUNDS = {
    "mean_radius": 50, "mean_texture": 50, "mean_perimeter": 300, "mean_area": 5000, "mean_smoothness": 0.5,
    "mean_compactness": 1, "mean_concavity": 1, "mean_concave_points": 0.5, "mean_symmetry": 1,
    "mean_fractal_dimension": 0.2,
}


def train(x, y, steps=4000, rate=2.0, decay=1e-3):
    weight, bias = numpy.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        error = 1 / (1 + numpy.exp(-(x @ weight + bias))) - y
        weight -= rate * (x.T @ error / len(y) + decay * weight)
        bias -= rate * error.mean()
    return weight, bias


def write(path, tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        raw = numpy.asarray(values, "<f4").tobytes()
        header[name] = {
            "dtype": "F32", "shape": list(numpy.shape(values)), "data_offsets": [len(data), len(data) + len(raw)]
        }
        data += raw
    text = json.dumps({"__metadata__": {"author": "alice"}, **header}).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


rows = pandas.read_csv("/data/breast/breast.csv")
x = numpy.column_stack([rows[name] / bound for name, bound in BOUNDS.items()])
weight, bias = train(x, rows["diagnosis"].to_numpy())
write("/out/model.safetensors", {"weight": weight.reshape(1, -1), "bias": numpy.array([bias])})
