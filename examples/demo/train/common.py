"""What the stages share: the drawn pictures, checkpoints, progress and averaged weights."""

import json
import os
import pathlib
import sys
import time

import numpy as np
import torch
from PIL import Image

SIZE = 128
SUBJECTS = ["hazelnut", "bottle cap", "metal nut", "capsule", "cookie",
            "tile", "wood", "leather", "carpet", "grid", "brick", "concrete"]
DEFECTS = ["crack", "scratch", "hole", "stain", "dent", "missing chunk"]


def replace(path, write):
    """Writes a file by write(file), so that at path there is all of it or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as f:
        write(f)
    os.replace(partial, path)


class Drawings:
    """A dataset that examples/demo/draw wrote: pictures uint8 [N, 128, 128, 3], masks bool [N, 128, 128],
    and rows, the lines of captions.jsonl. The pictures are read once and kept in one array on disk."""

    def __init__(self, directory, include=lambda row: True):
        directory = pathlib.Path(directory)
        rows = [json.loads(line) for line in (directory / "captions.jsonl").read_text().splitlines()]
        cache = directory / "pictures.npz"
        if not cache.exists():
            pictures = np.stack([np.asarray(Image.open(directory / row["file"]).convert("RGB")) for row in rows])
            masks = np.stack([np.asarray(Image.open(directory / row["mask"]).convert("L")) > 127 if row["mask"]
                              else np.zeros((SIZE, SIZE), bool) for row in rows])
            replace(cache, lambda f: np.savez(f, pictures=pictures, masks=masks))
        kept = np.array([i for i, row in enumerate(rows) if include(row)])
        with np.load(cache) as stored:
            self.pictures, self.masks = stored["pictures"][kept], stored["masks"][kept]
        self.rows = [rows[i] for i in kept]

    def __len__(self):
        return len(self.rows)

    def batch(self, indices):
        """Pictures [B, 3, 128, 128] in [-1, 1] and masks [B, 1, 128, 128], as float32 tensors."""
        pictures = torch.from_numpy(self.pictures[indices]).permute(0, 3, 1, 2).float() / 127.5 - 1
        return pictures, torch.from_numpy(self.masks[indices])[:, None].float()


def flip(generator, *tensors):
    """The tensors, each mirrored and turned by quarters in the same random way: a drawing has no up."""
    k, mirrored = (int(torch.randint(n, (1,), generator=generator)) for n in (4, 2))
    out = [torch.rot90(t, k, (-2, -1)) for t in tensors]
    return [t.flip(-1) for t in out] if mirrored else out


class Checkpoint:
    """Everything a stage needs to go on after an interruption, in one file that is replaced whole."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def load(self):
        return torch.load(self.path, weights_only=False) if self.path.exists() else None

    def save(self, **state):
        replace(self.path, lambda f: torch.save(state, f))


class Average:
    """An exponential moving average of a model's weights, which samples better than the weights themselves."""

    def __init__(self, model, decay):
        self.decay, self.steps = decay, 0
        self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for k, v in model.state_dict().items():
            if v.dtype.is_floating_point:
                self.weights[k].lerp_(v, 1 - decay)
            else:
                self.weights[k].copy_(v)


class Progress:
    """One line on standard error: steps done of all, seconds gone and to go, and smoothed numbers."""

    def __init__(self, name, total, done=0):
        self.name, self.total, self.first = name, total, done
        self.started = self.shown = time.time()
        self.numbers = {}

    def __call__(self, step, **numbers):
        for k, v in numbers.items():
            v = float(v.detach() if torch.is_tensor(v) else v)
            self.numbers[k] = v if k not in self.numbers else 0.98 * self.numbers[k] + 0.02 * v
        now = time.time()
        if now - self.shown < 5 and step < self.total:
            return
        self.shown = now
        rate = max(step - self.first, 1) / (now - self.started)
        text = " ".join(f"{k} {v:.4f}" for k, v in self.numbers.items())
        print(f"{self.name} {step}/{self.total} {now - self.started:.0f}s, {(self.total - step) / rate:.0f}s to go: {text}",
              file=sys.stderr, flush=True)


def cosine(step, total, warmup=200, floor=0.02):
    """The learning rate's factor: rises over the warm-up, then falls along a cosine to the floor."""
    if step < warmup:
        return (step + 1) / warmup
    return floor + (1 - floor) * 0.5 * (1 + np.cos(np.pi * (step - warmup) / max(1, total - warmup)))
