"""The judge: a segmenter that knows every subject with every defect, the unseen pairs too. It only evaluates what
the model has generated and never helps to generate it. Its pictures are changed a lot, and half of them have gone
through the model's autoencoder, since those that it will judge have.

Trained on crops first, which are cheap, then on whole pictures, since the group norms take their statistics over
all of what they see. Its thresholds are set on one half of the test drawings, its figures measured on the other.
"""

import copy
import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

from common import DEFECTS, SIZE, Average, Drawings, Progress, flip, replace
from optim import optimizers
from training import fit

CHANNELS = (24, 48, 96)
CROP, CROPS, PICTURES = 64, 8, 2  # side of a crop; how many crops, or whole pictures, make a batch
COPIES, TESTS = 1500, 1000  # drawings that are also shown, and that are tested, as the autoencoder has them


class Level(nn.Module):
    """Two convolutions, each normalised, at one size."""

    def __init__(self, before, after):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(8, after)
        self.conv2, self.norm2 = nn.Conv2d(after, after, 3, padding=1), nn.GroupNorm(8, after)

    def forward(self, x):
        return F.silu(self.norm2(self.conv2(F.silu(self.norm1(self.conv1(x))))))


class Judge(nn.Module):
    """A U-Net (Ronneberger et al., 2015): pictures [B, 3, H, W] in [-1, 1] to logits [B, 7, H, W], of no defect and
    of each of DEFECTS."""

    def __init__(self):
        super().__init__()
        c, deeper = CHANNELS, list(zip(CHANNELS, CHANNELS[1:]))
        self.down = nn.ModuleList([Level(3, c[0])] + [Level(b, b) for _, b in deeper])
        self.shrink = nn.ModuleList([nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in deeper])
        self.grow = nn.ModuleList([nn.Conv2d(b, a, 3, padding=1) for a, b in deeper])
        self.up = nn.ModuleList([Level(2 * a, a) for a, _ in deeper])
        self.out = nn.Conv2d(c[0], 1 + len(DEFECTS), 3, padding=1)

    def forward(self, x):
        kept = []
        for i, level in enumerate(self.down):
            x = level(self.shrink[i - 1](x) if i else x)
            kept.append(x)
        for i in reversed(range(len(self.up))):
            x = self.grow[i](F.interpolate(x, scale_factor=2, mode="nearest"))
            x = self.up[i](torch.cat([x, kept[i]], 1))
        return self.out(x)


def run(data, test, vae, out, work, steps, whole=0.4):
    """Trains on the drawings in data for so many steps, the last share `whole` of them on whole pictures; vae is the
    directory of the model's autoencoder. Writes OUT/judge.safetensors with the classes and thresholds, OUT/judge.json
    with figures on the drawings in test as the autoencoder has them, and OUT/testdata/golden.json, what a picture
    gives, for tests of other implementations."""
    drawings = Drawings(data)
    coded = autoencoded(drawings, vae, work / "judge_data.npy", COPIES)
    classes = torch.tensor([1 + DEFECTS.index(row["defect"]) if row["defect"] else 0 for row in drawings.rows])
    torch.manual_seed(3)
    generator = torch.Generator().manual_seed(3)
    model = Judge().to(memory_format=torch.channels_last)
    opts = optimizers(model, 3e-3, 3e-3, keep=("down.0.conv1", "out"))
    average = Average(model, 0.998)
    weights = class_weights(drawings, classes)

    def step(i):
        source = coded if torch.rand((), generator=generator) < 0.5 else drawings
        return losses(model, *batch(source, classes, generator, i >= (1 - whole) * steps), weights)

    fit("judge", model, opts, average, generator, work / "judge.pt", steps, 250, step)
    model.load_state_dict(average.weights)
    finish(model.half().float().eval(), autoencoded(Drawings(test), vae, work / "judge_test.npy", TESTS), out)


@torch.no_grad()
def autoencoded(drawings, vae, cache, count):
    """The first drawings as they are after encoding and decoding; they are kept in the file cache."""
    coded = copy.copy(drawings)
    if not cache.exists():
        model, pictures = AutoencoderKL.from_pretrained(vae).eval(), []
        progress = Progress("autoencoder", count)
        for k in range(0, count, 16):
            x = drawings.batch(slice(k, min(k + 16, count)))[0]
            y = model.decode(model.encode(x).latent_dist.mean).sample.clamp(-1, 1)
            pictures.append(((y + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
            progress(min(k + 16, count))
        replace(cache, lambda f: np.save(f, np.concatenate(pictures)))
    coded.pictures = np.load(cache)
    coded.masks, coded.rows = drawings.masks[:count], drawings.rows[:count]
    return coded


def class_weights(drawings, classes):
    """The square root of how rare each class's pixels are, 1 on average over the pixels."""
    pixels = torch.from_numpy(drawings.masks).flatten(1).sum(1)
    count = torch.zeros(1 + len(DEFECTS)).index_add_(0, classes, pixels.float())
    count[0] = drawings.masks.size - count.sum()
    weights = (count.sum() / count.clamp(min=1)).sqrt()
    return weights * count.sum() / (weights * count).sum()


def batch(drawings, classes, generator, whole):
    n = PICTURES if whole else CROPS
    chosen = torch.randint(len(drawings), (n,), generator=generator)
    x, masks = drawings.batch(chosen.numpy())
    target = (masks[:, 0] * classes[chosen, None, None]).long()
    if not whole:
        corners = [corner(t, generator) for t in target]
        x = torch.stack([p[:, t:t + CROP, l:l + CROP] for p, (t, l) in zip(x, corners)])
        target = torch.stack([p[t:t + CROP, l:l + CROP] for p, (t, l) in zip(target, corners)])
    x, target = flip(generator, x, target)
    return degrade(x, generator).contiguous(memory_format=torch.channels_last), target


def corner(target, generator):
    """The upper left corner of a crop: three times of four one that holds a pixel of the defect."""
    free = torch.randint(SIZE - CROP + 1, (2,), generator=generator)
    inside = target.nonzero()
    if len(inside) and torch.rand((), generator=generator) < 0.75:
        pixel = inside[int(torch.randint(len(inside), (), generator=generator))]
        free = pixel - torch.randint(CROP, (2,), generator=generator)
    return free.clamp(0, SIZE - CROP).tolist()


def losses(model, x, target, weights):
    """Cross entropy with the classes' weights, and 1 - Dice of the defects (Milletari et al., 2016)."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(x).float()
    entropy = F.cross_entropy(logits, target, weights)
    p = logits.softmax(1)[:, 1:]
    truth = F.one_hot(target, 1 + len(DEFECTS)).permute(0, 3, 1, 2)[:, 1:].float()
    both, all_ = (p * truth).sum((0, 2, 3)), (p + truth).sum((0, 2, 3))
    present = truth.sum((0, 2, 3)) > 0
    dice = (1 - (2 * both[present] + 1) / (all_[present] + 1)).mean() if present.any() else logits.new_zeros(())
    found = (logits.argmax(1) == target)[target > 0].float()
    numbers = {"entropy": entropy.detach()} | ({"dice": dice.detach(), "recall": found.mean()} if present.any() else {})
    return entropy + 0.5 * dice, numbers


def degrade(x, generator):
    """Pictures as another camera or an autoencoder would show them, each in its own way: light and colours, blur,
    what a code of 8×8 blocks loses, smooth blotches, noise."""
    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand((len(x), *(shape or (1, 1, 1))), generator=generator)

    def sometimes(p):
        return (torch.rand((len(x), 1, 1, 1), generator=generator) < p).float()

    x = (x + 1) / 2
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * uniform(0.5, 1.3)
    x = (x.clamp(1e-3, 1) ** uniform(0.75, 1.33)) * uniform(0.8, 1.2) * uniform(0.9, 1.1, 3, 1, 1) + uniform(-0.08, 0.08)
    blurred = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), 3, stride=1)
    x = x + sometimes(0.5) * uniform(-0.4, 1) * (blurred - x)
    x = x + sometimes(0.5) * (coarse(x, uniform(0.01, 0.12), uniform(0.6, 1)) - x)
    blotches = torch.randn((len(x), 3, x.shape[2] // 8, x.shape[3] // 8), generator=generator)
    x = x + sometimes(0.5) * uniform(0, 0.04) * F.interpolate(blotches, scale_factor=8, mode="bilinear")
    noise = torch.randn(x.shape, generator=generator)
    return 2 * (x + sometimes(0.5) * uniform(0, 0.05) * noise).clamp(0, 1) - 1


def coarse(x, step, kept):
    """Pictures whose blocks of 8×8 have their cosine transform's coefficients rounded, the finer the coarser, and
    the fine ones made weaker."""
    n = torch.arange(8.0)
    basis = torch.cos(torch.pi / 8 * (n[None] + 0.5) * n[:, None]) / 2
    basis[0] /= 2 ** 0.5
    b, c, h, w = x.shape
    blocks = x.view(b, c, h // 8, 8, w // 8, 8)
    coefficients = torch.einsum("ua,bcjake,ve->bcjukv", basis, blocks, basis)
    fineness = (n[:, None] + n[None]).view(1, 1, 1, 8, 1, 8)
    step, kept = step[..., None, None] * (1 + fineness), kept[..., None, None] ** (fineness / 2)
    coefficients = (coefficients / step).round() * step * kept
    return torch.einsum("ua,bcjukv,ve->bcjake", basis, coefficients, basis).reshape(x.shape)


@torch.no_grad()
def finish(model, drawings, out):
    """Sets the thresholds on half of the drawings, measures on the others, and writes all files.

    A pixel belongs to the mask where its probability to be defective is at least `threshold`, chosen for the masks'
    overlap with the truth. A picture is defective where at least `least_area` pixels reach `sure`, chosen so that as
    many defects as possible are found while two good pictures of a hundred are called defective."""
    batches = [drawings.batch(slice(k, k + 16))[0] for k in range(0, len(drawings), 16)]
    p = torch.cat([model(x).softmax(1) for x in batches])
    some, masks = 1 - p[:, 0], torch.from_numpy(drawings.masks)
    names = torch.tensor([DEFECTS.index(row["defect"]) if row["defect"] else -1 for row in drawings.rows])
    first = torch.randperm(len(drawings), generator=torch.Generator().manual_seed(4)) % 2 == 0

    def overlap(chosen, threshold):
        a, b = some[chosen] >= threshold, masks[chosen]
        return (a & b).sum((1, 2)) / (a | b).sum((1, 2)).clamp(min=1)

    threshold = max((k / 20 for k in range(4, 20)), key=lambda t: float(overlap(first & (names >= 0), t).mean()))
    best = -1.0
    for candidate in (0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.993, 0.995):
        areas = (some >= candidate).sum((1, 2)).float()
        least = max(8, int(areas[first & (names < 0)].quantile(0.98, interpolation="higher")) + 1)
        found = float((areas[first & (names >= 0)] >= least).float().mean())
        if found > best:
            best, sure, least_area = found, candidate, least
    votes = (p[:, 1:] * (some >= threshold)[:, None]).sum((2, 3)).argmax(1)
    found = (some >= sure).sum((1, 2)) >= least_area

    def figures(chosen):
        return {"found": rate(found[chosen]), "found_and_named": rate((found & (votes == names))[chosen]),
                "iou": rate(overlap(chosen, threshold))}

    good, bad = ~first & (names < 0), ~first & (names >= 0)
    report = {"good_drawings": int(good.sum()), "defective_drawings": int(bad.sum()), "false_alarms": rate(found[good])}
    report |= figures(bad) | {"defects": {d: figures(bad & (names == k)) for k, d in enumerate(DEFECTS)}}
    print(json.dumps(report, indent=1), flush=True)
    (out / "testdata").mkdir(parents=True, exist_ok=True)
    metadata = {"format": "pt", "classes": json.dumps(["", *DEFECTS]), "size": str(SIZE),
                "threshold": str(threshold), "sure": str(sure), "least_area": str(least_area)}
    save_file({k: v.half().contiguous() for k, v in model.state_dict().items()}, out / "judge.safetensors", metadata)
    (out / "judge.json").write_text(json.dumps(report, indent=1) + "\n")
    golden(out)


def rate(x):
    return round(float(x.float().mean()), 4)


@torch.no_grad()
def golden(out):
    """Writes the logits of some pixels of a made-up picture: channel c of pixel (x, y) is ((7x + 13y + 29c) mod 64) / 32 - 1."""
    model = Judge().eval()
    model.load_state_dict(load_file(out / "judge.safetensors"))
    n = 32
    y, x, c = torch.arange(n)[:, None], torch.arange(n)[None], torch.arange(3)[:, None, None]
    logits = model((((7 * x + 13 * y + 29 * c) % 64) / 32 - 1)[None].float())[0]
    pixels = [[0, 0], [5, 17], [16, 16], [31, 30]]
    (out / "testdata" / "golden.json").write_text(json.dumps(
        {"size": n, "pixels": pixels, "logits": [logits[:, py, px].tolist() for py, px in pixels]}, indent=1) + "\n")
