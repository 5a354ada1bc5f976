"""Writes small trees in the layouts of published data sets, and what anomalib reads from them.

python make_trees.py DIR   requirements.txt has the versions
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIZE, DEFECT = (12, 10), np.s_[3:7, 2:8]
PALETTE = [0, 0, 0, 128, 0, 0] + [0] * 762

# Masks as they turn up: Pillow's mode, and the value of the defect.
KINDS = [("L", 255), ("L", 1), ("I;16", 65535), ("RGB", 200), ("1", 1), ("P", 1)]

root = Path(sys.argv[1]).resolve()
random = np.random.default_rng(0)


def picture(name):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random.integers(0, 256, SIZE + (3,), np.uint8)).save(path, quality=90)


def mask(name, mode="L", value=255):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    a = np.zeros(SIZE, np.uint16 if mode == "I;16" else bool if mode == "1" else np.uint8)
    a[DEFECT] = value
    if mode == "RGB":
        a = np.stack([a] * 3, -1)
    image = Image.fromarray(a)
    if mode == "P":
        image = image.convert("P")
        image.putdata(a.ravel().tolist())
        image.putpalette(PALETTE)
    image.save(path)


def trees():
    for i in range(2):
        for name in "mvtec_ad/metal_nut/train/good", "mvtec_ad/metal_nut/test/good", "mpdd/tubes/train/good", "mpdd/tubes/test/good", "mpdd/tubes/test/anomalous":
            picture(f"{name}/{i:03}.png")
        mask(f"mpdd/tubes/ground_truth/anomalous/{i:03}_mask.png")
        for name in "train/ok", "test/ok", "test/ko":
            picture(f"btad/01/{name}/{i:04}.bmp")
        mask(f"btad/01/ground_truth/ko/{i:04}.png")
        picture(f"folder/good/a{i}.png")
        picture(f"folder/crack/b{i}.jpg")
        mask(f"folder/masks/crack/b{i}.png")
    for i, kind in enumerate(KINDS):
        defect, name = ("bent", "scratch")[i // 3], f"{i % 3:03}"
        picture(f"mvtec_ad/metal_nut/test/{defect}/{name}.png")
        mask(f"mvtec_ad/metal_nut/ground_truth/{defect}/{name}_mask.png", *kind)
    visa()


def visa():
    """As published, with small numbers for the defect, and as the authors' program reorganises it."""
    images, rows = "candle/Data/Images", []
    for i in range(3):
        rows.append(["candle", "train" if i < 2 else "test", "normal", f"{images}/Normal/{i:04}.JPG", ""])
    for i in range(2):
        rows.append(["candle", "test", "anomaly", f"{images}/Anomaly/{i:03}.JPG", f"candle/Data/Masks/Anomaly/{i:03}.png"])
        mask("visa/" + rows[-1][4], "L", 2 + i)
    for part, split, label, image, truth in rows:
        picture("visa/" + image)
        kind = "bad" if truth else "good"
        to = root / "visa_pytorch" / part / split / kind / Path(image).name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes((root / "visa" / image).read_bytes())
        if truth:
            mask(f"visa_pytorch/{part}/ground_truth/bad/{Path(truth).name}")
    path = root / "visa/split_csv/1cls.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([["object", "split", "label", "image", "mask"]] + rows)


def index():
    from anomalib.data.datasets.image import BTechDataset, FolderDataset, MPDDDataset, MVTecADDataset, VisaDataset
    from anomalib.data.utils import read_mask

    relative = lambda path: str(Path(path).relative_to(root))
    read, pixels = {}, {}
    for name, data in {
        "mvtec_ad/metal_nut": MVTecADDataset(root / "mvtec_ad", "metal_nut"),
        "visa_pytorch/candle": VisaDataset(root / "visa_pytorch", "candle"),
        "btad/01": BTechDataset(root / "btad", "01"),
        "mpdd/tubes": MPDDDataset(root / "mpdd", "tubes"),
        "folder": FolderDataset(name="f", normal_dir="good", abnormal_dir="crack", mask_dir="masks/crack", root=root / "folder"),
    }.items():
        read[name] = []
        for _, s in data.samples.iterrows():
            anomalous = int(s.label_index) == 1
            read[name].append({
                "image": relative(s.image_path), "split": str(getattr(s.split, "value", s.split)),
                "anomalous": anomalous, "mask": relative(s.mask_path) if anomalous else None,
            })
            if anomalous:
                pixels[relative(s.mask_path)] = int((np.asarray(read_mask(s.mask_path, as_tensor=True)) > 0).sum())
    (root / "index.json").write_text(json.dumps({"read_by_anomalib": read, "mask_pixels": pixels}, indent=1) + "\n")


trees()
index()
