"""Writes otsu.json: scikit-image's threshold_otsu of made-up maps.

    python make_otsu.py
"""

import json
import pathlib

import numpy as np
from skimage.filters import threshold_otsu

rng = np.random.default_rng(3)
y, x = np.mgrid[0:24, 0:24] / 24
maps = {
    "blob": np.exp(-((x - 0.6) ** 2 + (y - 0.4) ** 2) / 0.02),
    "noise": rng.random((24, 24)),
    "two levels": (x > 0.5).astype(float),
    "two classes": np.where(rng.random((24, 24)) > 0.8, rng.normal(2, 0.3, (24, 24)), rng.normal(-1, 0.5, (24, 24))),
    "ramp": x,
    "negative": -5 - y,
    "one value": np.full((4, 4), 0.3),
    "one outlier": np.where((x == 0) & (y == 0), 100.0, 0.01 * x),
}
out = []
for name, m in maps.items():
    m = m.astype(np.float32)
    out.append({"name": name, "values": [round(float(v), 7) for v in m.ravel()], "threshold": float(threshold_otsu(m))})
text = json.dumps(out).replace('{"name"', '\n{"name"')
pathlib.Path(__file__).with_name("otsu.json").write_text(text + "\n")
