"""Makes the reference values of PaDiM and PatchCore, with anomalib, SciPy and the formulas of the methods' own code.

    python -m venv venv && venv/bin/pip install anomalib==2.7.0 scipy==1.17.1 safetensors==0.8.0 \
        torch --extra-index-url https://download.pytorch.org/whl/cpu
    venv/bin/python make.py [FOLDER]

What a network's layers say is random. Layers are [pictures, channels, height, width]; train is what is learned from, test
what is judged.

winclip: on the weights of testdata/openclip, the method by its definition, in PyTorch: windows of tokens after the positions,
through ln_pre and all blocks; equal to anomalib's model with open_clip 2.24 to 2e-6. Of maps every seventh pixel of every
seventh row. memory: AnomalyDINO's and SubspaceAD's formulas on random tokens, OpenCV's resize and SciPy's Gaussian; of the
map every ninth. Both were written by hand once.
"""

import json
import os
import random
import sys

import numpy as np
import torch
import torch.nn.functional as F
from anomalib.models.components import MultiVariateGaussian
from anomalib.models.image.padim.anomaly_map import AnomalyMapGenerator as PadimMap
from anomalib.models.image.patchcore.anomaly_map import AnomalyMapGenerator as PatchcoreMap
from anomalib.models.image.patchcore.torch_model import PatchcoreModel
from safetensors.torch import save_file
from scipy import ndimage

GRID, PICTURE = (7, 9), (28, 36)
torch.manual_seed(2208)
rng = np.random.RandomState(2208)


def layers(pictures, *channels):
    """Each layer has half the size of the one before, rounded up."""
    sizes = [(-(-GRID[0] // 2**i), -(-GRID[1] // 2**i)) for i in range(len(channels))]
    return [torch.randn(pictures, c, *s) for c, s in zip(channels, sizes)]


def smooth(maps):
    """Bilinear to the picture, and SciPy's Gaussian."""
    maps = F.interpolate(maps[:, None].double(), PICTURE, mode="bilinear", align_corners=False)[:, 0]
    return torch.stack([torch.from_numpy(ndimage.gaussian_filter(m.numpy(), 4)) for m in maps])


def write(folder, name, numbers, tensors):
    tensors = {k: v.to(torch.float32).contiguous().clone() for k, v in tensors.items()}
    save_file(tensors, os.path.join(folder, name + ".safetensors"))
    with open(os.path.join(folder, name + ".json"), "w") as f:
        f.write(json.dumps(numbers, separators=(",", ":")) + "\n")


def padim(folder):
    train, test = layers(5, 6, 8, 12), layers(2, 6, 8, 12)
    index = torch.from_numpy(rng.permutation(26)[:14].copy())

    def vectors(maps):
        maps = maps[:1] + [F.interpolate(m, size=GRID, mode="nearest") for m in maps[1:]]
        return torch.cat(maps, 1)[:, index]

    x, y = vectors(train), vectors(test)
    t = {f"train.layer{i + 1}": v for i, v in enumerate(train)} | {f"test.layer{i + 1}": v for i, v in enumerate(test)}
    t["index"] = index

    mean, inverse = MultiVariateGaussian().fit(x)
    anomalib = PadimMap(sigma=4)
    t["distance"] = anomalib.compute_distance(y, [mean, inverse])[:, 0]
    t["anomalib.map"] = anomalib(embedding=y, mean=mean, inv_covariance=inverse, image_size=PICTURE)[:, 0]
    t["anomalib.score"] = t["anomalib.map"].amax((1, 2))

    # The implementation that others compare with: a covariance of each place, and 0.01 more on its diagonal.
    x, y = x.double(), y.double()
    distance = torch.empty(len(y), *GRID, dtype=torch.float64)
    for row in range(GRID[0]):
        for column in range(GRID[1]):
            v = x[:, :, row, column]
            inverse = torch.linalg.inv(torch.cov(v.T) + 0.01 * torch.eye(v.shape[1], dtype=torch.float64))
            d = y[:, :, row, column] - v.mean(0)
            distance[:, row, column] = torch.einsum("qi,ij,qj->q", d, inverse, d).sqrt()
    t["reference.distance"], t["reference.map"] = distance, smooth(distance)
    t["reference.score"] = t["reference.map"].amax((1, 2))

    # One picture has no covariance.
    t["one_shot.distance"] = ((y - x[0]) ** 2).sum(1).div(0.01).sqrt()
    t["one_shot.map"] = smooth(t["one_shot.distance"])

    chosen = {}
    for name, total, count in (("resnet18", 448, 100), ("wide_resnet50_2", 1792, 550)):
        random.seed(1024)
        chosen[name] = random.sample(range(total), count)
    write(folder, "padim", {"index_of_the_reference_implementation": chosen, "picture": PICTURE}, t)


def farthest(x, distance, chosen, count):
    """Goes on to choose what is farthest from all that was chosen; of equal distances the first."""
    while len(chosen) < count:
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, (x - x[chosen[-1]]).norm(dim=1))
    return chosen


def patchcore(folder):
    train, test = layers(3, 10, 20), layers(2, 10, 20)
    each, together, share = 16, 12, 0.1
    t = {f"train.layer{i + 2}": v for i, v in enumerate(train)} | {f"test.layer{i + 2}": v for i, v in enumerate(test)}
    in_grid = lambda v: v.reshape(2, *GRID)

    def official(maps):
        pooled = []
        for m in maps:
            windows = F.unfold(m, 3, padding=1).reshape(len(m), -1, *m.shape[-2:])
            windows = F.interpolate(windows, size=GRID, mode="bilinear", align_corners=False)
            pooled.append(F.adaptive_avg_pool1d(windows.permute(0, 2, 3, 1).reshape(-1, 1, windows.shape[1]), each))
        return F.adaptive_avg_pool1d(torch.cat(pooled, 2), together)[:, 0]

    x, y = official(train), official(test)
    starts = rng.choice(len(x), 10, replace=False)
    first = torch.cdist(x.double(), x[starts].double()).mean(1)
    selected = farthest(x.double(), first, [], int(share * len(x)))
    t["official.bank"], t["official.query"], t["official.coreset"] = x, y, x[selected]
    squared = in_grid(torch.cdist(y.double(), x[selected].double()).amin(1) ** 2)
    t["official.patch_scores"], t["official.score"], t["official.map"] = squared, squared.amax((1, 2)), smooth(squared)
    numbers = {"picture": PICTURE, "pretrain_dimension": each, "target_dimension": together,
               "official": {"starts": starts.tolist(), "selected": selected}}

    model = PatchcoreModel.__new__(PatchcoreModel)  # without its network
    torch.nn.Module.__init__(model)
    model.layers, model.num_neighbors = ["layer2", "layer3"], 9
    average = torch.nn.AvgPool2d(3, 1, 1)

    def anomalib(maps):
        v = model.generate_embedding({n: average(m) for n, m in zip(model.layers, maps)})
        return v.permute(0, 2, 3, 1).reshape(-1, v.shape[1])

    x, y = anomalib(train), anomalib(test)
    start = int(rng.randint(len(x)))
    double = x.double()
    selected = farthest(double, (double - double[start]).norm(dim=1), [start], int(share * len(x)))
    model.register_buffer("memory_bank", x[selected])
    distance, row = model.nearest_neighbors(y, 1)
    t["anomalib.bank"], t["anomalib.query"], t["anomalib.coreset"] = x, y, x[selected]
    t["anomalib.patch_scores"] = in_grid(distance)
    t["anomalib.score"] = model.compute_anomaly_score(distance.reshape(2, -1), row.reshape(2, -1), y)
    t["anomalib.map"] = PatchcoreMap()(in_grid(distance)[:, None], PICTURE)[:, 0]
    numbers["anomalib"] = {"start": start, "selected": selected, "neighbours": 9}
    write(folder, "patchcore", numbers, t)


if __name__ == "__main__":
    to = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    padim(to)
    patchcore(to)
