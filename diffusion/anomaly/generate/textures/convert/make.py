"""The textures, of scikit-image's pictures: half as wide and high, each pixel the mean of four.

pip install scikit-image==0.26.0 pillow==13.0.0 numpy; python convert/make.py
"""
import numpy as np
import skimage.data
from PIL import Image

for name in "brick", "grass", "gravel":
    p = getattr(skimage.data, name)().astype(np.uint16)
    p = (p[::2, ::2] + p[1::2, ::2] + p[::2, 1::2] + p[1::2, 1::2] + 2) // 4
    Image.fromarray(p.astype(np.uint8)).save(name + ".png", optimize=True)
