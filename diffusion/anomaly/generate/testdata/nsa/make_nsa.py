"""NSA (Schlueter et al., ECCV 2022) on small pictures, with every random draw written down.

An independent reference of what the released program computes, on OpenCV's and scikit-image's functions: what
TestNSA compares with. cases.json has each case's options and draws, in order, with what they were drawn between; beside
it are the pictures, labels in 16 bits, and what medians make of grain.

pip install opencv-python-headless scikit-image  (4.10.0.84 and 5.0.0.93, 0.24.0 and 0.26.0 give the same)
"""
import json

import cv2
import numpy as np
import skimage.data as sd
from skimage.filters import median
from skimage.morphology import disk


class Draws:
    """Draws from a seeded generator and keeps what came."""

    def __init__(self, seed):
        self.r, self.log = np.random.RandomState(seed), []

    def _keep(self, kind, a, b, value):
        self.log.append([kind, a, b, value])
        return value

    def whole(self, low, high):  # low <= n < high
        return self._keep("integer", int(low), int(high), int(self.r.randint(low, high)))

    def uniform(self, low, high):
        return self._keep("uniform", low, high, float(self.r.uniform(low, high)))

    def gamma(self, shape, scale):
        return self._keep("gamma", shape, scale, float(self.r.gamma(shape, scale)))

    def normal(self, mean, sigma):
        return self._keep("normal", mean, sigma, float(self.r.normal(mean, sigma)))


DEFAULTS = dict(mode="normal", patches=1, half_widths=((0.05, 0.2), (0.05, 0.2)), gamma=None, min_object=0.25,
                min_overlap=0.25, shift=True, resize=True, resize_bounds=(0.7, 1.3), background=None, tolerance=1,
                label="binary", logistic=(1 / 6, 20), ellipses=None, attempts=200)


def object_mask(picture, background):
    """1 where the grey value is further from the background's than the threshold, without grain."""
    brightness, threshold = background
    m = (np.abs(picture.mean(-1) - brightness) > threshold).astype(np.uint8)
    return cv2.medianBlur(m, 7)


def rounded(x):
    return int(np.round(x))


def patch(dest, source, dest_object, source_object, o, draw, factor):
    """One patch: the new picture, the rectangle (y0, y1, x0, x1) and mask where it went; None where none fits."""
    H, W = dest.shape[:2]
    low = [rounded(o["half_widths"][i][0] * n) for i, n in enumerate((H, W))]
    high = [rounded(o["half_widths"][i][1] * n) for i, n in enumerate((H, W))]
    if o["gamma"]:
        shape, scale, least = o["gamma"]
        half = [int(np.clip((least + draw.gamma(shape, scale)) * n, low[i], high[i])) for i, n in enumerate((H, W))]
    else:
        half = [draw.whole(low[i], high[i]) for i in (0, 1)]
    for attempt in range(o["attempts"]):  # a place in the source with enough object in it
        cy, cx = draw.whole(low[0], H - low[0]), draw.whole(low[1], W - low[1])
        y0, y1 = max(cy - half[0], 0), min(cy + half[0], H)
        x0, x1 = max(cx - half[1], 0), min(cx + half[1], W)
        mask = ellipses(y1 - y0, x1 - x0, low, half, o["ellipses"], draw) if o["ellipses"] else np.ones((y1 - y0, x1 - x0), np.uint8)
        area = mask.sum() if o["ellipses"] else mask.size
        found = source_object is None or (mask & source_object[y0:y1, x0:x1]).sum() / area > o["min_object"]
        if attempt + 1 == o["attempts"]:
            return None  # the last attempt counts as failed even where it found one
        if found:
            break
    stuff = source[y0:y1, x0:x1]
    h, w = stuff.shape[:2]
    if o["resize"]:  # heights are held against the bounds of HALF widths, so patches stay below half of what the bounds say
        s = np.clip(draw.normal(1, 0.5), *o["resize_bounds"])
        nh = np.clip(s * h, low[0], high[0])
        nw = int(np.clip(int(nh / h * w), low[1], high[1]))
        nh = int(np.clip(int(nw / w * h), low[0], high[0]))
        stuff, mask = cv2.resize(stuff, (nw, nh)), cv2.resize(mask, (nw, nh))
        h, w = nh, nw
    part = None if source_object is None else cv2.resize(np.ascontiguousarray(source_object[y0:y1, x0:x1]), (w, h))
    if o["shift"]:  # a place in the destination where source object and destination object overlap enough
        for attempt in range(o["attempts"]):
            cy, cx = draw.whole(h // 2 + 1, H - h // 2 - 1), draw.whole(w // 2 + 1, W - w // 2 - 1)
            y0, y1, x0, x1 = cy - h // 2, cy + (h + 1) // 2, cx - w // 2, cx + (w + 1) // 2
            found = part is None or (part.sum() / mask.size > o["min_object"] and
                                     (dest_object[y0:y1, x0:x1] & part & mask).sum() / part.sum() > o["min_overlap"])
            if attempt + 1 == o["attempts"]:
                return None
            if found:
                break
    here = None if part is None else dest_object[y0:y1, x0:x1]
    if part is not None:
        mask = mask & (part | here)
    out = blend(dest, stuff, mask, part, here, (y0, y1, x0, x1), o["mode"], factor)
    return None if out is None else (out, (y0, y1, x0, x1), mask)


def ellipses(h, w, low, half, n, draw):
    """n ellipses; their equation has a + where a rotation has a -, so that all lean one way."""
    mask = np.zeros((h, w), np.uint8)
    y, x = np.arange(h)[:, None], np.arange(w)[None]
    for _ in range(n):
        theta = draw.uniform(0, np.pi)
        cy, cx = draw.whole(0, h), draw.whole(0, w)
        a = draw.whole(low[0], max(low[0] + 1, half[0] // 2))
        b = draw.whole(low[1], max(low[1] + 1, half[1] // 2))
        u, v = (y - cy) * np.cos(theta) + (x - cx) * np.sin(theta), (y - cy) * np.sin(theta) + (x - cx) * np.cos(theta)
        mask |= ((u / a) ** 2 + (v / b) ** 2 <= 1).astype(np.uint8)
    return mask


def blend(dest, stuff, mask, part, here, at, mode, factor):
    y0, y1, x0, x1 = at
    out = dest.copy()
    if mode in ("swap", "uniform"):
        f = (factor if mode == "uniform" else 1.0) * mask[..., None]
        before = 1.0 * dest[y0:y1, x0:x1]
        out[y0:y1, x0:x1] = np.floor(before - f * before + f * stuff).astype(np.uint8)
        return out
    weight = mask if part is None else mask | ((1 - part) & (1 - here))  # the background around an object blends too
    weight = weight * np.uint8(np.ceil(factor * 255))
    weight[[0, -1]] = weight[:, [0, -1]] = 0
    if (weight > 0).sum() < 50:
        return None
    point = (x1 - (x1 - x0) // 2, y0 + (y1 - y0) // 2)  # one pixel to the right of the rectangle's middle where its width is odd
    flag = cv2.NORMAL_CLONE if mode == "normal" else cv2.MIXED_CLONE
    try:
        return cv2.seamlessClone(np.ascontiguousarray(stuff), dest, weight, point, flag)
    except cv2.error:
        return None


def nsa(dest, source, options, draw):
    o = DEFAULTS | options
    if o["mode"] == "mix":
        o["mode"] = ("normal", "mixed")[draw.whole(0, 2)]
    objects = [None, None] if o["background"] is None else [object_mask(p, o["background"]) for p in (dest, source)]
    mask, out = np.zeros(dest.shape[:2], np.uint8), dest.copy()
    factor = draw.uniform(0.05, 0.95) if o["label"] == "continuous" else 1
    for i in range(o["patches"]):
        if i == 0 or draw.whole(0, 2) > 0:
            got = patch(out, source, *objects, o, draw, factor)
            if got:
                out, (y0, y1, x0, x1), m = got
                mask[y0:y1, x0:x1] = m  # zeros too: a later patch can take an earlier one's label away
    return out, label(dest, out, mask, o, factor)


def label(before, after, mask, o, factor):
    """The released program's three labels; every one is 0 outside the changed part of the mask."""
    difference = np.abs(1.0 * before - after).mean(-1)
    changed = cv2.medianBlur(((mask * difference) > o["tolerance"]).astype(np.uint8), 5)
    if o["label"] == "binary":
        return changed.astype(np.float64)
    if o["label"] == "continuous":
        return changed * factor
    smooth = median(changed * difference, disk(5))  # 81 values, the border repeated
    if o["label"] == "intensity":
        return smooth
    k, x0 = o["logistic"]
    return changed / (1 + np.exp(-k * (smooth - x0)))


def cases():
    wide = ((0.05, 0.4), (0.05, 0.4))
    texture = dict(mode="mixed", patches=4, half_widths=wide, gamma=(2, 0.05, 0.03), resize_bounds=(0.5, 2), label="logistic", logistic=(1 / 3, 7))
    thing = dict(mode="normal", patches=3, half_widths=((0.06, 0.35), (0.06, 0.35)), gamma=(2, 0.05, 0.03), min_object=0.5,
                 background=(20, 20), label="logistic", logistic=(1 / 12, 24))
    return [("texture", 8, texture), ("texture_mix", 22, texture | dict(mode="mix")), ("thing", 13, thing), ("thing_binary", 14, thing | dict(label="binary")),
            ("ellipses", 26, texture | dict(ellipses=5, patches=2)), ("cutpaste", 3, texture | dict(mode="swap", resize=False, label="binary", patches=1)),
            ("fpi", 16, texture | dict(mode="uniform", resize=False, shift=False, label="continuous", patches=1)),
            ("fpi_poisson", 38, texture | dict(mode="mixed", resize=False, shift=False, label="continuous", patches=1)),
            ("intensity", 14, texture | dict(label="intensity")), ("nowhere", 1, thing | dict(background=(20, 250)))]


def texture(at):
    """Three photographed textures of scikit-image's, CC0, as the three channels."""
    return np.stack([p[y:y + 80, x:x + 80] for p, (y, x) in zip((sd.brick(), sd.grass(), sd.gravel()), at)], -1)


def object_on_dark(seed):
    """A disc of gravel on a dark ground, as a hazelnut lies."""
    y, x = np.mgrid[:64, :64]
    disc = (y - 31.5 - 2 * seed) ** 2 + (x - 30.5 + 3 * seed) ** 2 <= 24 ** 2
    ground = 14 + sd.grass()[seed:seed + 64, :64] // 20
    stuff = 60 + sd.gravel()[90 * seed:90 * seed + 64, 30:94] // 2
    grey = np.where(disc, stuff, ground)
    return np.stack([grey, grey * 0.9, grey * 0.75], -1).round().astype(np.uint8)


def write(name, picture):
    cv2.imwrite(name + ".png", picture[..., ::-1] if picture.ndim == 3 else picture)


def main():
    said = []
    flat = texture(((100, 100), (0, 0), (50, 60))), texture(((300, 260), (200, 100), (250, 300)))
    disc = object_on_dark(0), object_on_dark(1)
    for i, (d, s) in enumerate((flat, disc)):
        write(f"destination{i}", d)
        write(f"source{i}", s)
    for name, seed, options in cases():
        which = 1 if "background" in options else 0
        draw = Draws(seed)
        out, lab = nsa(*(flat, disc)[which], options, draw)
        write(name, out)
        write(name + "-label", np.round(lab / (255 if options["label"] == "intensity" else 1) * 65535).astype(np.uint16))
        said.append({"name": name, "pictures": which, "options": options, "draws": draw.log})
    noise = (flat[0][:40, :40, 0] > 120).astype(np.uint8)
    write("median-from", noise * 255)
    write("median-5", cv2.medianBlur(noise, 5) * 255)
    write("median-7", cv2.medianBlur(noise, 7) * 255)
    write("disc-from", flat[1][:40, :40, 2])
    write("disc-5", median(flat[1][:40, :40, 2], disk(5)))
    write("gravel0", sd.gravel()[:256, :256])  # of TestNSAStatistics, which has quantiles of 1200 calls with texture's options
    write("gravel1", sd.gravel()[256:, :256])
    with open("cases.json", "w") as f:
        f.write("[" + ",\n".join(map(json.dumps, said)) + "]\n")


if __name__ == "__main__":
    main()
