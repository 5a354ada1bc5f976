"""DRAEM's mask and blend of given choices, and its ten augmentations: perlin-numpy, imgaug with OpenCV, and the paper's
equation 1 on parts of scikit-image's pictures (CC0).

pip install 'numpy<2' opencv-python-headless==4.10.0.84 scikit-image==0.24.0 scipy shapely imageio six pillow==13.0.0 \
    safetensors perlin-numpy==0.0.1
pip install --no-deps imgaug==0.4.0; python make_draem.py
"""
import json
from types import SimpleNamespace

import numpy as np

np.bool = bool  # imgaug 0.4.0 is older than numpy 1.24
import imgaug.augmenters as iaa
import skimage.data
from perlin_numpy import generate_perlin_noise_2d
from PIL import Image
from safetensors.numpy import save_file

AUGMENTERS = {
    "gamma": iaa.GammaContrast(1.7),
    "brightness": iaa.MultiplyAndAddToBrightness(mul=1.15, add=-22, to_colorspace="HSV", random_order=False),
    "sharpness": iaa.pillike.EnhanceSharpness(factor=1.8),
    "softness": iaa.pillike.EnhanceSharpness(factor=0.4),
    "hue": iaa.AddToHueAndSaturation(value_hue=37, value_saturation=-20),
    "hue back": iaa.AddToHueAndSaturation(value_hue=-41, value_saturation=33),
    "solarize": iaa.Solarize(1.0, threshold=90),
    "posterize": iaa.Posterize(nb_bits=3),
    "invert": iaa.Invert(1.0),
    "autocontrast": iaa.pillike.Autocontrast(cutoff=12),
    "equalize": iaa.pillike.Equalize(),
    "rotate": iaa.Affine(rotate=33.0),
}
CASES = [((4, 4), 35.0, 1.0), ((2, 8), -71.5, 0.69), ((16, 16), 12.25, 0.21)]  # cells, degrees, the texture's weight

textures = np.stack([skimage.data.brick()[100:164, 100:164], skimage.data.grass()[:64, :64], skimage.data.gravel()[50:114, 60:124]], -1)
coffee = np.ascontiguousarray(skimage.data.coffee()[120:184, 200:264])
pictures, tensors, cases = {"image": textures, "source": coffee}, {}, []
for i, (cells, degrees, weight) in enumerate(CASES):
    u = np.random.default_rng(200 + i).random((cells[0] + 1, cells[1] + 1)).astype(np.float32)
    noise = generate_perlin_noise_2d((64, 64), cells, rng=SimpleNamespace(uniform=lambda size: u.astype(np.float64)))
    turned = iaa.Affine(rotate=degrees)(image=noise)
    mask = (turned > 0.5)[..., None]
    x, a = textures.astype(np.float32) / 255, coffee.astype(np.float32) / 255
    blend = x * (1 - mask) + weight * mask * a + (1 - weight) * mask * x
    pictures[f"{i}.mask"] = np.repeat(255 * mask.astype(np.uint8), 3, -1)
    tensors[f"{i}.u"] = u
    tensors[f"{i}.turned"], tensors[f"{i}.blend"] = [np.ascontiguousarray(v[::4].astype(np.float32)) for v in (turned, blend)]
    cases.append({"cells": cells, "degrees": degrees, "weight": weight})
for name, augmenter in AUGMENTERS.items():
    pictures[name] = augmenter(image=coffee)
save_file(tensors, "draem.safetensors")
Image.fromarray(np.concatenate(list(pictures.values()))).save("draem.png", optimize=True)
json.dump({"cases": cases, "pictures": list(pictures)}, open("draem.json", "w"))
