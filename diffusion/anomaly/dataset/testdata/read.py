"""Reads data sets with the readers of those who train on them, and compares what they found with provenance.jsonl.

python read.py DIR...   every dataset-mvtec, dataset-anomalib, dataset-yolo and dataset-coco below the folders

Counts, classes, sides of the split, boxes, areas and masks must be those of provenance.jsonl; exit status 1 if one is
not. requirements.txt has the readers' versions.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

# Ultralytics keeps settings in a folder and looks for newer versions of itself.
os.environ.update(YOLO_CONFIG_DIR=tempfile.mkdtemp(), YOLO_OFFLINE="true", YOLO_VERBOSE="false")

import numpy as np
from PIL import Image

wrong = []


def want(what, got, wanted):
    if got != wanted:
        wrong.append(f"{what}: got {got}, want {wanted}")


def provenance(folder):
    first, *lines = [json.loads(l) for l in (folder / "provenance.jsonl").read_text("utf-8").splitlines()]
    sides = {}
    for l in lines:
        photograph = l["source"] if first["layout"] in ("yolo", "coco") else (l["part"], l["source"])
        sides.setdefault(photograph, set()).add(l["training"])
    want(f"{folder}: photographs on both sides", [p for p, on in sides.items() if len(on) > 1], [])
    return first, lines


def area(line):
    return sum(r["area"] for r in line.get("regions", []))


# ---- anomalib


def read_anomalib(folder):
    """MVTecAD or Folder of each part; of a part without normal pictures for training only the test's pictures."""
    from anomalib.data import Folder, MVTecAD
    from anomalib.data.datasets.image.folder import FolderDataset
    from anomalib.data.datasets.image.mvtecad import MVTecADDataset

    head, lines = provenance(folder)
    counts = Counter()
    for part in sorted({l["picture"].split("/")[0] for l in lines}):
        of = [l for l in lines if l["picture"].split("/")[0] == part]
        trains, tests_normal = any(l["training"] for l in of), any(not l["training"] and "defect" not in l for l in of)
        if head["layout"] == "mvtec":
            module = lambda: MVTecAD(root=folder, category=part, num_workers=0, val_split_mode="same_as_test")
            test = lambda: MVTecADDataset(root=folder, category=part, split="test")
        else:
            where = dict(name=part, root=folder / part, normal_dir="normal", abnormal_dir="abnormal", mask_dir="mask",
                         normal_test_dir="normal_test" if tests_normal else None)
            module = lambda: Folder(**where, num_workers=0, val_split_mode="same_as_test")
            # FolderDataset wants a normal picture where there are none yet: it gets those of the test.
            test = lambda: FolderDataset(**(where | dict(normal_dir="normal_test", normal_test_dir="normal_test")), split="test")
        if trains:
            m = module()
            m.setup()
            check_anomalib(folder, m.train_data, [l for l in of if l["training"]])
            check_anomalib(folder, m.test_data, [l for l in of if not l["training"]])
            next(iter(m.train_dataloader()))
        else:
            check_anomalib(folder, test(), of)
        counts += Counter(("train " if l["training"] else "test ") + ("defective" if "defect" in l else "normal") for l in of)
    return dict(counts)


def check_anomalib(folder, dataset, lines):
    by = {str((folder / l["picture"]).resolve()): l for l in lines}
    samples = dataset.samples
    got = [str(Path(p).resolve()) for p in samples.image_path]
    want(f"{folder}: pictures", sorted(got), sorted(by))
    for i, path in enumerate(got):
        if path not in by:
            continue
        line, row, item = by[path], samples.iloc[i], dataset[i]
        want(f"{path}: label", int(row.label_index), int("defect" in line))
        want(f"{path}: label of the item", int(item.gt_label), int("defect" in line))
        pixels = int((item.gt_mask > 0).sum()) if item.gt_mask is not None else 0
        want(f"{path}: pixels of the mask", pixels, area(line))
        if "defect" in line:
            want(f"{path}: mask", str(Path(row.mask_path).resolve()), str((folder / line["mask"]).resolve()))
            mask = np.asarray(Image.open(row.mask_path))
            want(f"{path}: kind and values of the mask", (mask.dtype, mask.ndim, set(np.unique(mask)) <= {0, 255}), (np.uint8, 2, True))


# ---- Ultralytics


def read_yolo(folder):
    """The reader of tasks detect and segment, from another working directory than the data set's."""
    from ultralytics.data import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    head, lines = provenance(folder)
    os.chdir(tempfile.mkdtemp())
    data = check_det_dataset(str(folder.resolve() / "data.yaml"), autodownload=False)
    want(f"{folder}: names", list(data["names"].values()), head["classes"])
    counts = Counter()
    for side in ("train", "val"):
        of = {Path(l["picture"]).name: l for l in lines if l["training"] == (side == "train")}
        if not of:
            continue
        for task in ("detect", "segment"):
            dataset = YOLODataset(img_path=data[side], data=data, task=task, augment=False, imgsz=64)
            Path(folder.resolve() / "labels" / f"{side}.cache").unlink(missing_ok=True)
            labels = dataset.labels
            want(f"{folder}: pictures, {side}", sorted(Path(l["im_file"]).name for l in labels), sorted(of))
            for label in labels:
                check_yolo(label, of[Path(label["im_file"]).name], head["classes"], task)
                counts[f"{task} {side} regions"] += len(label["cls"])
            for i in range(len(dataset)):
                dataset[i]
        counts[f"{side} pictures"] = len(of)
    return dict(counts)


def check_yolo(label, line, classes, task):
    h, w = label["shape"]
    name = label["im_file"]
    regions = line.get("regions", [])
    want(f"{name}: classes", {classes[int(c)] for c in label["cls"].ravel()}, {line["defect"].lower()} if regions else set())
    boxes = [[x - bw / 2, y - bh / 2, bw, bh] * np.array([w, h, w, h]) for x, y, bw, bh in label["bboxes"].astype(float)]
    want(f"{name}: boxes", sorted(b.round(2).tolist() for b in boxes), sorted([float(v) for v in r["bbox"]] for r in regions))
    if task == "segment":
        areas = sorted(round(shoelace(s * [w, h]), 2) for s in label["segments"])
        want(f"{name}: areas", areas, sorted(float(r["area"]) for r in regions))


def shoelace(points):
    x, y = points[:, 0].astype(float), points[:, 1].astype(float)
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())) / 2


# ---- pycocotools


def read_coco(folder):
    """Every annotation, and the evaluation of the annotations as if they were found: average precision 1."""
    from pycocotools import mask as rle
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    head, lines = provenance(folder)
    counts = Counter()
    for side in ("train", "val"):
        of = {Path(l["picture"]).name: l for l in lines if l["training"] == (side == "train")}
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(folder / "annotations" / f"instances_{side}.json")
        want(f"{folder}: categories", [c["name"] for c in coco.loadCats(coco.getCatIds())], head["classes"])
        images = coco.loadImgs(coco.getImgIds())
        want(f"{folder}: pictures, {side}", sorted(i["file_name"] for i in images), sorted(of))
        for image in images:
            line = of[image["file_name"]]
            want(f"{image}: size", Image.open(folder / "images" / side / image["file_name"]).size, (image["width"], image["height"]))
            found = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
            want(f"{image}: regions", sorted((a["bbox"], a["area"]) for a in found), sorted((r["bbox"], r["area"]) for r in line.get("regions", [])))
            together = np.zeros((image["height"], image["width"]), int)
            for a in found:
                code = coco.annToRLE(a)
                want(f"{image}: area of polygon {a['id']}", int(rle.area(code)), a["area"])
                want(f"{image}: box of polygon {a['id']}", [int(v) for v in rle.toBbox(code)], a["bbox"])
                want(f"{image}: crowd", a["iscrowd"], 0)
                together += coco.annToMask(a)
            want(f"{image}: polygons lie over each other", int(together.max(initial=0)) <= 1, True)
            counts[f"{side} annotations"] += len(found)
        counts[f"{side} pictures"] = len(images)
        if counts[f"{side} annotations"]:
            with contextlib.redirect_stdout(io.StringIO()):
                found = [dict(image_id=a["image_id"], category_id=a["category_id"], segmentation=coco.annToRLE(a), score=1.0) for a in coco.dataset["annotations"]]
                e = COCOeval(coco, coco.loadRes(found), "segm")
                e.params.maxDets = [1, 10, 10000]
                e.evaluate()
                e.accumulate()
            precision = e.eval["precision"][..., 0, -1]  # of regions of all sizes, all of them found
            want(f"{folder}: precision of its own annotations, {side}", float(precision[precision >= 0].min().round(3)), 1.0)
    return dict(counts)


readers = {"mvtec": read_anomalib, "anomalib": read_anomalib, "yolo": read_yolo, "coco": read_coco}


def main():
    folders = [p for d in sys.argv[1:] for p in sorted(Path(d).resolve().rglob("dataset-*")) if p.name.removeprefix("dataset-") in readers]
    if not folders:
        sys.exit(f"no data sets below {sys.argv[1:]}")
    for folder in folders:
        before = len(wrong)
        try:
            counts = readers[folder.name.removeprefix("dataset-")](folder)
        except Exception as e:  # a reader that refuses is what this looks for
            wrong.append(f"{folder}: {type(e).__name__}: {e}")
            counts = {}
        print(folder, ", ".join(f"{n} {what}" for what, n in counts.items()), "as written" if len(wrong) == before else "WRONG", flush=True)
    for w in wrong[:50]:
        print(w)
    sys.exit(bool(wrong))


main()
