"""Poisson blending on a mask, solved exactly: what TestPoisson compares with.

Pérez, Gangnet, Blake, "Poisson image editing", SIGGRAPH 2003, equations 7, 11 and 13, as a sparse system per colour.
Wants numpy, scipy, scikit-image (0.26; its pictures of gravel and grass are CC0), pillow, safetensors.

    python make_poisson.py
"""
import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve
from skimage import data

H, W = 62, 73


def exact(source, destination, mask, mixed):
    s, d = source.astype(float), destination.astype(float)
    ys, xs = np.nonzero(mask)
    place = -np.ones(mask.shape, int)
    place[ys, xs] = np.arange(len(ys))
    a, b = lil_matrix((len(ys), len(ys))), np.zeros((len(ys), 3))
    for k, (y, x) in enumerate(zip(ys, xs)):
        for v, u in ((y, x - 1), (y, x + 1), (y - 1, x), (y + 1, x)):
            if not (0 <= v < H and 0 <= u < W):
                continue
            a[k, k] += 1
            step, other = s[y, x] - s[v, u], d[y, x] - d[v, u]
            b[k] += np.where(mixed & (np.abs(other) > np.abs(step)), other, step)
            if place[v, u] >= 0:
                a[k, place[v, u]] = -1
            else:
                b[k] += d[v, u]
    out = d.copy()
    out[ys, xs] = spsolve(a.tocsr(), b)
    return out.astype(np.float32)


y, x = np.mgrid[:H, :W]
colour = np.array([1.0, 0.8, 0.6])
source = (data.grass()[:H, :W, None] * colour).astype(np.uint8)
destination = (data.gravel()[100 : 100 + H, 40 : 40 + W, None] * colour[::-1]).astype(np.uint8)
ellipse = ((y - 30) / 22) ** 2 + ((x - 36) / 29) ** 2 <= 1
two = (((y - 20) ** 2 + (x - 20) ** 2 <= 150) | ((y > 35) & (x > 40))) & ~((abs(y - 48) < 4) & (abs(x - 55) < 5))
for name, picture in (("source", source), ("destination", destination), ("ellipse", ellipse * np.uint8(255)), ("two", two * np.uint8(255))):
    Image.fromarray(picture).save(f"poisson-{name}.png")
save_file(
    {
        "ellipse.normal": exact(source, destination, ellipse, False),
        "ellipse.mixed": exact(source, destination, ellipse, True),
        "two.normal": exact(source, destination, two, False),
    },
    "poisson.safetensors",
)
