"""Colour jitter of torchvision 0.29.2 and rotation of Pillow 13.0.0, as CutPaste's unofficial code has them.

pip install torchvision==0.29.2 pillow==13.0.0 numpy; python make_cutpaste.py >cutpaste.json
"""
import json

import numpy as np
from PIL import Image
from torchvision.transforms import functional as F

CHANGES = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue]
rng = np.random.default_rng(1)
colours = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
colours[0, :3] = [[0, 0, 0], [255, 255, 255], [10, 10, 10]]


def numbers(picture):
    return np.array(picture).reshape(-1).tolist()


jitters = []
for by in [rng.uniform((.9, .9, .9, -.1), (1.1, 1.1, 1.1, .1)).tolist() for _ in range(3)] + [[1.7, .2, 1.9, -.45]]:
    picture, order = Image.fromarray(colours), rng.permutation(4).tolist()
    for i in order:
        picture = CHANGES[i](picture, by[i])
    jitters.append({"order": order, "by": by, "out": numbers(picture)})
turns = []
for w, h, degrees in ((7, 5, 30), (2, 14, -44.3), (9, 10, 17.25)):
    patch = rng.integers(1, 256, (h, w, 3)).astype(np.uint8)
    turned = Image.fromarray(patch).convert("RGBA").rotate(degrees, expand=True)
    turns.append({"size": [w, h], "degrees": degrees, "in": numbers(patch), "turned": turned.size, "out": numbers(turned)})
print(json.dumps({"colours": numbers(colours), "jitters": jitters, "turns": turns}, separators=(",", ":")))
