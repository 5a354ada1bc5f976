"""Perlin noise of anomalib 2.7.0, of given angles: 2*pi*u, u [rows of cells + 1, columns + 1].

pip install anomalib==2.7.0; python make_perlin.py
"""
import json
from unittest import mock

import numpy as np
import torch
from anomalib.data.utils.generators.perlin import generate_perlin_noise
from safetensors.numpy import save_file

CASES = [  # size, cells, and which rows are kept
    ((64, 64), (1, 2), 4), ((64, 128), (32, 8), 4), ((256, 256), (2, 16), 16), ((48, 80), (8, 4), 2),
]
tensors, cases = {}, []
for i, (size, cells, every) in enumerate(CASES):
    u = np.random.default_rng(101 + i).random((cells[0] + 1, cells[1] + 1)).astype(np.float32)
    with mock.patch.object(torch, "rand", lambda *shape, device=None: torch.from_numpy(u)):
        noise = generate_perlin_noise(*size, scale=cells, device=torch.device("cpu")).numpy()
    tensors[f"{i}.u"], tensors[f"{i}.noise"] = u, np.ascontiguousarray(noise[::every])
    cases.append({"size": size, "cells": cells, "every": every})
save_file(tensors, "perlin.safetensors")
json.dump(cases, open("perlin.json", "w"))
