"""Generators of defects for peers.py: OpenCV's blending, anomalib's augmenter and the released NSA."""

import functools
import os
import sys

MADE = 40  # as generators.go has it


def textures():
    """The folder with the pictures of generators.go, which it writes beside this file."""
    here = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.exists(os.path.join(here, "brick.png"))
    return here if beside else os.path.join(here, "../../diffusion/anomaly/generate/textures")


@functools.cache
def pictures():
    """Brick and gravel, 256x256."""
    import cv2

    return [cv2.imread(os.path.join(textures(), name + ".png")) for name in ("brick", "gravel")]


def run_poisson():
    """A square of 200x200 of one picture in another; OpenCV is given the point where its middle is to be."""
    import cv2
    import numpy as np

    brick, gravel = pictures()
    weights = np.full((200, 200), 255, np.uint8)
    for _ in range(MADE):
        cv2.seamlessClone(gravel[:200, :200], brick, weights, (120, 120), cv2.MIXED_CLONE)


@functools.cache
def released_nsa():
    """patch_ex of NSA's repository, which make bench-peers puts into this interpreter's environment."""
    import importlib.util

    path = os.path.join(sys.prefix, "nsa", "self_sup_tasks.py")
    spec = importlib.util.spec_from_file_location("self_sup_tasks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.patch_ex


def run_nsa(source, **options):
    """The released NSA, always with the same draws."""

    def run():
        import numpy as np

        np.random.seed(1)
        of = pictures()
        for _ in range(MADE):
            released_nsa()(of[0], of[source], verbose=False, **options)

    return run


CARPET = {  # its training's options, but for OpenCV's number of mixed gradients
    "num_patches": 4, "width_bounds_pct": ((0.03, 0.4), (0.03, 0.4)), "gamma_params": (2, 0.05, 0.03),
    "resize_bounds": (0.5, 2), "label_mode": "logistic-intensity", "intensity_logistic_params": (1 / 3, 7), "mode": 2,
}


@functools.cache
def perlin_generator():
    """anomalib's augmenter of DRAEM, which reads its texture for every picture, and what it is given."""
    import torch
    from anomalib.data.utils.generators.perlin import PerlinAnomalyGenerator

    generator = PerlinAnomalyGenerator(anomaly_source_path=textures(), probability=1.0)
    return generator, torch.from_numpy(pictures()[0]).permute(2, 0, 1).float() / 255


def run_perlin():
    import torch

    torch.manual_seed(1)
    generator, picture = perlin_generator()
    for _ in range(MADE):
        generator(picture)
