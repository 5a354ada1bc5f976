"""Makes the reference values of what AnomalyDiffusion and O2MAG do to attention: torch's own operations on small tensors,
in float64, written as float32.

    python -m venv venv && venv/bin/pip install torch numpy safetensors
    venv/bin/python make_attention.py

weights:  AnomalyDiffusion's adaptive map of a latent (as released).
reweight: cross-attention under such a map: as released it multiplies the scores, in the paper the probabilities.
graft:    O2MAG's self-attention of the target: inside its mask from the reference's masked keys and values,
          outside from the normal picture's.
words:    O2MAG's words made stronger inside the mask, and the rows normalised again.
"""
import json

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file


def dilated(mask, radius):
    return F.max_pool2d(mask[None, None], 2 * radius + 1, 1, radius)[0, 0] if radius > 0 else mask


def radius(t, steps):
    """In cells of a 32x32 latent: 8 or 16 at the noisy end, 0 at the other."""
    return (t + 100) * (16 if steps == 50 else 8) // 1000


def weight_map(z, normal, mask, low=1.0, high=1.5):
    """Cells of the mask that differ least from the normal latent weigh most; [low, high], low outside."""
    d = ((mask * (z - normal)) ** 2).mean(0)
    inverse = torch.where(d == 0, -1.0, 1 / torch.where(d == 0, 1.0, d)) * mask
    if inverse.sum() == 0:
        return torch.ones_like(mask)
    w = mask.sum() * inverse / inverse.sum()
    return torch.where(w < low, low, w).clamp(max=high)


def heads(x, n):
    return x.reshape(x.shape[0], x.shape[1], n, -1).transpose(1, 2)


def reweighted(q, k, v, n, weights, words, released):
    q, k, v = heads(q, n), heads(k, n), heads(v, n)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    w = torch.ones_like(scores)
    w[..., words[0]:words[1]] = weights.flatten()[None, None, :, None]
    if released:
        w[..., 0] = weights.flatten()[None, None]  # the start token is weighted with the words
        p = (scores * w).softmax(-1)
    else:
        p = scores.softmax(-1) * w
    return (p @ v).transpose(1, 2).flatten(2)


def grafted(q, reference, normal, n, mask_reference, mask_target, temperature=0.7):
    (kr, vr), (kn, vn) = [(heads(k, n), heads(v, n)) for k, v in (reference, normal)]
    q = heads(q, n)
    scale = q.shape[-1] ** -0.5
    inside = (q @ kr.transpose(-1, -2) * scale).masked_fill(mask_reference.flatten() == 0, -torch.inf)
    outside = (q @ kn.transpose(-1, -2) * scale).masked_fill(mask_target.flatten() == 1, -torch.inf)
    fg, bg = (inside / temperature).softmax(-1) @ vr, outside.softmax(-1) @ vn
    m = mask_target.flatten()[None, None, :, None]
    return (m * fg + (1 - m) * bg).transpose(1, 2).flatten(2)


def stronger(p, mask, words, factor):
    gain = torch.ones_like(p)
    gain[..., words] = 1 + mask.flatten()[None, None, :, None] * (factor - 1)
    p = p * gain
    return p / p.sum(-1, keepdim=True).clamp_min(1e-6)


def main():
    g = torch.Generator().manual_seed(3)
    rand = lambda *s: torch.randn(*s, generator=g, dtype=torch.float64)
    t, said = {}, {"weights": []}
    mask = torch.zeros(16, 16, dtype=torch.float64)
    mask[5:9, 6:12] = 1
    t["mask"] = mask
    normal = rand(4, 16, 16)
    t["normal"] = normal
    for time, steps, noise in ((981, 200, 1.0), (501, 200, 0.5), (101, 200, 0.05), (1, 200, 0.0), (321, 50, 0.4)):
        z = normal + noise * rand(4, 16, 16)
        r = radius(time, steps)
        big = dilated(mask, r)
        key = f"weights.{time}.{steps}"
        t[key + ".z"], t[key + ".dilated"], t[key] = z, big, weight_map(z, normal, big)
        said["weights"].append({"key": key, "time": time, "steps": steps, "radius": r})
    n, words = 2, (3, 7)
    q, k, v = rand(1, 16, 12), rand(1, 9, 12), rand(1, 9, 12)
    w = 1 + 0.5 * torch.rand(4, 4, generator=g, dtype=torch.float64)
    t |= {"reweight.q": q, "reweight.k": k, "reweight.v": v, "reweight.w": w,
          "reweight.released": reweighted(q, k, v, n, w, words, True), "reweight.paper": reweighted(q, k, v, n, w, words, False)}
    kr, vr, kn, vn = rand(1, 16, 12), rand(1, 16, 12), rand(1, 16, 12), rand(1, 16, 12)
    mr, mt = torch.zeros(4, 4, dtype=torch.float64), torch.zeros(4, 4, dtype=torch.float64)
    mr[0, 1:3] = mr[1, 2] = 1
    mt[2:, 1:3] = 1
    t |= {"graft.q": q, "graft.k_reference": kr, "graft.v_reference": vr, "graft.k_normal": kn, "graft.v_normal": vn, "graft.mask_reference": mr,
          "graft.mask_target": mt, "graft.output": grafted(q, (kr, vr), (kn, vn), n, mr, mt)}
    p = (heads(q, n) @ heads(k, n).transpose(-1, -2)).softmax(-1)
    t |= {"words.p": p, "words.output": stronger(p, mt, [4, 5], 100.0)}
    save_file({k: np.ascontiguousarray(v.numpy(), np.float32) for k, v in t.items()}, "attention.safetensors")
    json.dump(said | {"heads": n, "reweight_words": words, "stronger_words": [4, 5], "stronger_factor": 100, "temperature": 0.7}, open("attention.json", "w"), indent=1)


if __name__ == "__main__":
    main()
