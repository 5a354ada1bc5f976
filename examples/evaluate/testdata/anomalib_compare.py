#!/usr/bin/env python3
"""anomalib's PatchCore and PaDiM beside `evaluate detection`: the same weights, pictures and shots, turn by turn.

    anomalib_compare.py --data DIR --weights FILE --evaluate PROGRAM --out OUT

Both learn from every picture of CATEGORY/train/good, squashed to 256×256, with the network's own scaling: EfficientNet-Lite0
of nn/vision/lite0, which timm knows as tf_efficientnet_lite0. PatchCore keeps every vector: a coreset of ratio 1 is the bank
itself, and anomalib would take minutes to find that out. PaDiM's channels are those that anomalib has drawn. Scores and maps
of anomalib are judged as they are by scikit-learn, at 256×256 with masks resized by nearest; its own metrics squash them.
Each detector has a process of its own for each category, whose peak memory is its own. Decoding pictures counts as fitting
and scoring, loading programs and networks does not.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZE = 256
# timm's stages that end with the blocks 2, 4 and 10 of efficientnet-lite, counted from 0.
LAYERS = {"patchcore": ["blocks.2", "blocks.4"], "padim": ["blocks.1", "blocks.2", "blocks.4"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="in the layout of MVTec AD")
    parser.add_argument("--weights", type=Path, required=True, help="of the network, safetensors, with the names of efficientnet-lite-pytorch")
    parser.add_argument("--evaluate", type=Path, help="the program, built; without it anomalib runs alone")
    parser.add_argument("--out", type=Path, required=True, help="a row that is there is not computed again")
    parser.add_argument("--categories", default="", help="names, separated by commas (default: all with normal pictures)")
    parser.add_argument("--detectors", default="patchcore,padim")
    parser.add_argument("--channels", type=int, default=100, help="that PaDiM takes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--maps", action="store_true", help="keep what each detector sees, in OUT/maps")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(judge(args, *args.child)))
        return
    names = args.categories.split(",") if args.categories else sorted(p.parent.parent.name for p in args.data.glob("*/train/good"))
    args.out.mkdir(parents=True, exist_ok=True)
    file = args.out / "rows.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    for category in names:
        for detector in args.detectors.split(","):
            if any(r["category"] == category and r["detector"] == detector for r in rows):
                continue
            print(category, detector, file=sys.stderr)
            out, _ = started([sys.executable, __file__, *sys.argv[1:], "--child", category, detector])
            rows.append(json.loads(out.splitlines()[-1]))
            if args.evaluate:
                rows[-1]["ours"] = ours(args, rows[-1])
            file.write_text("".join(json.dumps(r) + "\n" for r in rows))
    sys.exit(compare([r for r in rows if r["category"] in names]))


def started(command):
    """What a program prints, and the most memory that it took, in 10⁹ bytes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as p:
        out = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode:
        sys.exit(f"{command[0]} ended with status {p.returncode}")
    return out, usage.ru_maxrss * 1024 / 1e9


def ours(args, theirs):
    """The row of evaluate for the same detector and category."""
    with tempfile.TemporaryDirectory() as out:
        command = [args.evaluate, "detection", "--data", args.data, "--layout", "mvtec", "--categories", theirs["category"],
                   "--detector", theirs["detector"], "--shots", "all", "--seeds", "0", "--reading", "anomalib",
                   "--resolution", "method", "--threads", str(args.threads), "--out", out]
        if "channels" in theirs:
            command += ["--channels", ",".join(map(str, theirs["channels"]))]
        _, rss = started(command)
        row = json.loads(Path(out, "results.jsonl").read_text())
    return {what: row[what] for what in ("picture", "pixel", "seconds", "scores")} | {"peak_rss_gb": rss}


def network(weights):
    """timm's tf_efficientnet_lite0 with the tensors of efficientnet-lite-pytorch, which correspond in order."""
    import timm
    from safetensors import safe_open

    model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    names = [n for n in model.state_dict() if not n.endswith("num_batches_tracked")]
    with safe_open(weights, "pt") as f:
        theirs = {n: f.get_tensor(n).float() for n in f.keys()}
    order = sorted((n for n in theirs if not n.endswith("num_batches_tracked")), key=place)
    if len(order) != len(names):
        sys.exit(f"{weights} has {len(order)} tensors, want {len(names)}")
    return {ours: theirs[name] for ours, name in zip(names, order)}


def place(name):
    """Where a tensor stands in efficientnet-lite-pytorch's state dict: safetensors files are in another order."""
    parts = name.split(".")
    if parts[0] != "_blocks":
        block, layer = {"_conv_stem": -2, "_bn0": -1, "_conv_head": 10**6, "_bn1": 10**6 + 1, "_fc": 10**6 + 2}[parts[0]], ""
    else:
        block, layer = int(parts[1]), parts[2]
    layers = ["", "_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
    return block, layers.index(layer), ["weight", "bias", "running_mean", "running_var"].index(parts[-1])


def model(args, detector):
    import torch

    torch.manual_seed(0)  # of PaDiM's channels
    if detector == "patchcore":
        from anomalib.models.image.patchcore.torch_model import PatchcoreModel
        m = PatchcoreModel(layers=LAYERS[detector], backbone="tf_efficientnet_lite0", pre_trained=False)
    else:
        from anomalib.models.image.padim.torch_model import PadimModel
        m = PadimModel(layers=LAYERS[detector], backbone="tf_efficientnet_lite0", pre_trained=False, n_features=args.channels)
    missing, _ = m.feature_extractor.feature_extractor.load_state_dict(network(args.weights), strict=False)
    if missing := [n for n in missing if not n.endswith("num_batches_tracked")]:
        sys.exit(f"tensors that the file has not: {missing}")
    return m


def judge(args, category, detector):
    """One detector on one category: what it says, and how long it takes, pictures' decoding included."""
    import torch
    from anomalib.data.utils import read_image
    from torchvision.transforms.v2 import Compose, Normalize, Resize

    torch.set_num_threads(args.threads)
    m = model(args, detector)
    see = Compose([Resize((SIZE, SIZE), antialias=True), Normalize([127 / 255] * 3, [128 / 255] * 3)])

    def look(path):
        return m(see(read_image(path, as_tensor=True))[None])

    folder = args.data / category
    normal, tested = pictures(folder / "train/good"), [p for d in sorted((folder / "test").iterdir()) for p in pictures(d)]
    scores, maps = [], []
    with torch.inference_mode():
        start, start_cpu = time.perf_counter(), time.process_time()
        m.train()
        m.feature_extractor.eval()
        for path in normal:
            look(path)
        if detector == "patchcore":
            m.memory_bank = torch.vstack(m.embedding_store)
            m.embedding_store.clear()
        else:
            m.fit()
        fit, fit_cpu = time.perf_counter() - start, time.process_time() - start_cpu
        m.eval()
        start, start_cpu = time.perf_counter(), time.process_time()
        for path in tested:
            out = look(path)
            scores.append(out.pred_score.item())
            maps.append(out.anomaly_map[0, 0].clone())
        score, score_cpu = time.perf_counter() - start, time.process_time() - start_cpu
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    row = {"category": category, "detector": detector, "threads": args.threads, "references": len(normal), "tested": len(tested),
           "fit_seconds": fit, "fit_cpu_seconds": fit_cpu, "score_seconds": score, "score_cpu_seconds": score_cpu, "peak_rss_gb": rss,
           "scores": {p.relative_to(args.data).as_posix(): s for p, s in zip(tested, scores)}}
    if detector == "padim":
        row["channels"] = m.idx.tolist()
    if args.maps:
        from safetensors.torch import save_file
        (args.out / "maps").mkdir(exist_ok=True)
        save_file({p.relative_to(args.data).as_posix(): x.contiguous() for p, x in zip(tested, maps)},
                  args.out / f"maps/{category}.{detector}.safetensors")
    return row | figures(folder, tested, scores, maps)


def pictures(folder):
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in (".png", ".jpg", ".jpeg", ".bmp"))


def figures(folder, tested, scores, maps):
    """AUROC of pictures and pixels; None where there is one class only."""
    import numpy as np
    from anomalib.data.utils import read_mask
    from sklearn.metrics import roc_auc_score
    from torchvision.transforms.v2.functional import InterpolationMode, resize

    def auroc(truth, score):
        if np.isnan(score).any():  # of anomalib's PaDiM after one picture, whose covariance is divided by 0
            return math.nan
        return roc_auc_score(truth, score) if 0 < truth.sum() < truth.size else None

    defective = np.array([p.parent.name != "good" for p in tested])
    masks = []
    for path, bad in zip(tested, defective):
        mask = np.zeros((SIZE, SIZE), bool)
        if bad:
            whole = read_mask(folder / "ground_truth" / path.parent.name / (path.stem + "_mask.png"), as_tensor=True)
            mask = resize(whole, [SIZE, SIZE], InterpolationMode.NEAREST).numpy().reshape(SIZE, SIZE) > 0
        masks.append(mask)
    return {"picture_auroc": auroc(defective, np.array(scores)), "pixel_auroc": auroc(np.stack(masks).ravel(), np.stack(maps).ravel()),
            "normal": int((~defective).sum()), "defective": int(defective.sum())}


def compare(rows):
    """Prints what they differ by, and how much time and memory each took; True if they are further apart than they should be."""
    print("| detector | category | normal, tested | picture AUROC: anomalib, ours | pixel AUROC: anomalib, ours | scores differ by up to"
          " | fit, s: anomalib, ours | score, s: anomalib, ours | peak GB: anomalib, ours |")
    print("|---|---|---|---|---|---|---|---|---|")
    far = 0
    for a in rows:
        b = a.get("ours", {})
        swapped = 1 / max(1, a["normal"] * a["defective"])  # what two pictures make that are in another order
        cells = [a["detector"], a["category"], f"{a['references']}, {a['tested']}"]
        for what, most in ("picture", max(0.005, swapped)), ("pixel", 0.005):
            x, y = a[what + "_auroc"], (b.get(what) or {}).get("auroc")
            compared = bool(b) and x == x  # not with NaN
            apart = compared and ((x is None) != (y is None) or x is not None and abs(x - y) > most + 1e-9)
            far += apart
            cells.append(", ".join("–" if v is None else f"{v:.4f}" for v in (x, y)) + (" (!)" if apart else ""))
        apart = [abs(s["score"] / a["scores"][s["picture"]] - 1) for s in b.get("scores", [])]
        cells.append(f"{max(apart, default=math.nan):.1e}")
        seconds = b.get("seconds", {"fit": 0, "detect": 0})
        for x, y in (a["fit_seconds"], seconds["fit"]), (a["score_seconds"], seconds["detect"]), (a["peak_rss_gb"], b.get("peak_rss_gb", 0)):
            cells.append(f"{x:.2f}, {y:.2f}" + (f" ({x / y:.1f}×)" if y else ""))
        print("| " + " | ".join(cells) + " |")
    print(f"\n{far} figures are further apart than 0.005, or than one pair of pictures in another order makes")
    return far > 0


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    main()
