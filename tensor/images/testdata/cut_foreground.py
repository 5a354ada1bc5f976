"""foreground-*.png, of foreground.safetensors, which make_foreground.py makes with OpenCV 4.10 and scikit-image 0.24: a
picture, and four masks below each other, Otsu's and the triangle's, each closed and opened with squares of 6 and of 3.

pip install pillow safetensors numpy; python cut_foreground.py FOLDER
"""
import sys

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

tensors = load_file(sys.argv[1] + "/foreground.safetensors")
for name in "dark_ground", "light_ground", "photograph", "coins":
    Image.fromarray(tensors[name]).save(f"foreground-{name}.png", optimize=True)
    masks = [tensors[f"{name}.{kind}.{side}.{side}"] for kind in ("otsu", "triangle") for side in (6, 3)]
    Image.fromarray(np.concatenate(masks).astype(bool)).save(f"foreground-{name}-masks.png", optimize=True)
