"""Makes the reference values of the metrics, with scikit-learn and SciPy.

    python -m venv venv && venv/bin/pip install scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6 safetensors==0.8.0
    venv/bin/python make.py [FOLDER]

image_level and pixel_level: scores, or maps and masks, as float32 tensors, and a JSON file of the same name with what
they are worth. The curve of per-region overlap is written down here as in MVTec AD's own code, but in float64; every
37th point of it is kept where it has more than 400.

generation: random logits, features and distances, and what torch-fidelity 0.4.0 (metric_isc, metric_fid, metric_kid), NumPy's
RandomState, CMMD's formula in NumPy and the rules of AnomalyDiffusion's and SeaS's IC-LPIPS scripts make of them; written by
hand once, with scores of one split and in the order of the pictures from the same formulas.
"""

import json
import os
import sys

import numpy as np
from safetensors.numpy import save_file
from scipy import ndimage
from sklearn import metrics

SEED = 101


def judged(scores, labels):
    out = {"normal": int((labels == 0).sum()), "anomalous": int((labels == 1).sum())}
    if out["normal"] == 0 or out["anomalous"] == 0:
        return out | {"one_class": True}
    precision, recall, thresholds = metrics.precision_recall_curve(labels, scores)
    f1 = np.divide(2 * precision * recall, precision + recall, out=np.zeros_like(precision), where=precision + recall > 0)
    best = int(np.argmax(f1))
    return out | {
        "auroc": float(metrics.roc_auc_score(labels, scores)),
        "ap": float(metrics.average_precision_score(labels, scores)),
        "f1_max": float(f1[best]),
        "f1_threshold": float(thresholds[best]),
        "f1_precision": float(precision[best]),
        "f1_recall": float(recall[best]),
    }


def pro_curve(maps, masks):
    regions, sizes = np.zeros(masks.shape, int), []
    for k, mask in enumerate(masks):
        labelled, n = ndimage.label(mask, np.ones((3, 3), int))
        for i in range(1, n + 1):
            sizes.append(int((labelled == i).sum()))
            regions[k][labelled == i] = len(sizes)
    score, region = maps.ravel().astype(float), regions.ravel()
    order = np.argsort(-score, kind="stable")
    score, region = score[order], region[order]
    false = np.cumsum(region == 0)
    overlap = np.cumsum(np.where(region > 0, 1 / np.array([1] + sizes, float)[region], 0.0))
    last = np.append(np.diff(score) != 0, True)
    fpr = np.concatenate([[0.0], false[last] / false[-1], [1.0]])
    pro = np.concatenate([[0.0], overlap[last] / len(sizes), [1.0]])
    return fpr, np.minimum(pro, 1), sizes


def area(x, y, limit):
    """That of trapezoids up to the limit, where y is interpolated, over the limit."""
    i = np.searchsorted(x, limit, side="right")
    total = np.sum((y[1:i] + y[: i - 1]) * (x[1:i] - x[: i - 1])) / 2
    if x[i - 1] < limit:
        at = y[i - 1] + (y[i] - y[i - 1]) * (limit - x[i - 1]) / (x[i] - x[i - 1])
        total += (at + y[i - 1]) / 2 * (limit - x[i - 1])
    return float(total / limit)


def image_level(rng):
    n = 61
    labels = (rng.rand(n) < 0.4).astype(int)
    ties = np.round(rng.rand(n) * 12 + 3 * labels) / 12
    yield "ties", ties, labels
    yield "perfect", labels + 0.25 * rng.rand(n), labels
    yield "inverted", 1 - labels + 0.25 * rng.rand(n), labels
    yield "constant", np.full(n, 0.5), labels
    yield "large", 1e4 + 300 * rng.rand(n) + 120 * labels, labels  # a sigmoid makes all of them 1
    yield "negative", -5 + rng.rand(n) + 0.3 * labels, labels
    yield "two", np.array([0.3, 0.7]), np.array([1, 0])
    yield "normal_only", rng.rand(5), np.zeros(5, int)
    yield "anomalous_only", rng.rand(5), np.ones(5, int)


def pixel_level(rng):
    h, w = 48, 40
    for case in "ties", "smooth":
        masks = np.zeros((6, h, w), np.uint8)  # the last two are normal
        masks[0, 3:9, 4:14] = 1
        masks[0, 20:23, 30:33] = 1
        masks[1, 10, 10] = masks[1, 11, 11] = masks[1, 12, 12] = 1  # touch at corners: one region
        masks[2] = ndimage.gaussian_filter(rng.rand(h, w), 2) > 0.53
        masks[3, h - 5 :, w - 7 :] = 1  # at the border
        maps = np.stack([ndimage.gaussian_filter(rng.rand(h, w), 1.5) for _ in masks]) + 0.04 * masks
        if case == "ties":
            maps = np.round(maps * 40) / 40
        yield case, maps.astype(np.float32), masks


def write(folder, name, tensors, values):
    tensors = {k: np.ascontiguousarray(v, np.float32) for k, v in tensors.items()}
    save_file(tensors, os.path.join(folder, name + ".safetensors"))
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump(values, f, indent=1, allow_nan=False)
        f.write("\n")


def main(folder):
    rng = np.random.RandomState(SEED)
    tensors, values = {}, {}
    for case, scores, labels in image_level(rng):
        scores = scores.astype(np.float32)
        tensors |= {case + ".scores": scores, case + ".labels": labels}
        values[case] = judged(scores, labels)
    write(folder, "image_level", tensors, values)

    tensors, values = {}, {}
    for case, maps, masks in pixel_level(rng):
        fpr, pro, sizes = pro_curve(maps, masks)
        some = masks.reshape(len(masks), -1).any(1)
        values[case] = judged(maps.ravel(), masks.ravel().astype(int)) | {
            "regions": sizes,
            "aupro": {str(limit): area(fpr, pro, limit) for limit in (0.05, 0.3, 1)},
            "auroc_of_defective_pictures": float(metrics.roc_auc_score(masks[some].ravel(), maps[some].ravel())),
        }
        tensors |= {case + ".maps": maps, case + ".masks": masks}
    write(folder, "pixel_level", tensors, values)


main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
