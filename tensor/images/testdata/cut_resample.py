"""What resize_test.go compares with: one picture and one map, resized and smoothed by the libraries themselves.

    python cut_resample.py TENSORS SIZES

TENSORS has, all as float32 [C, H, W], a picture of bytes (`picture`, 37x53) and a map (`map`), and of the picture at
the sizes down (24x20), up (50x64) and odd (29x61)

- `pillow.{nearest,box,bilinear,bicubic,lanczos}.SIZE`: Image.resize of Pillow 13.0.0
- `opencv.bilinear_u8.SIZE`, and of the picture over 255 `opencv.bilinear_f32.SIZE`: cv2.resize of OpenCV 5.0.0
- `torch.{nearest,bilinear,bilinear_antialias,bicubic,bicubic_antialias}.SIZE` of the picture over 255:
  torch.nn.functional.interpolate of torch 2.15.0, align_corners=False
- `tf1.bilinear.SIZE`: interpolate_bilinear_2d_like_tensorflow1x of torch-fidelity 0.4.0
- `torchvision.resize_24_crop_20`, `torchvision.resize_24_bicubic`: Resize and CenterCrop of torchvision 0.29.2

and of the map `scipy.gaussian.{1,4}` and, of its corner of 9x7, `scipy.gaussian.4.small` (scipy.ndimage.gaussian_filter
of SciPy 1.17.1), and `kornia.gaussian.4` (anomalib 2.7's GaussianBlur2d(sigma=4.0, kernel_size=33), on kornia 0.9.0).
SIZES is a table of torchvision's Resize and CenterCrop. This keeps whole numbers as float16, and of the rest the first
channel: 370 kB.
"""
import json
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

WANTED = ("picture", "map", "pillow.", "opencv.", "torch.", "tf1.", "torchvision.", "scipy.", "kornia.")

kept = {}
for name, t in load_file(sys.argv[1]).items():
    if name.startswith(WANTED):
        whole = np.array_equal(t, np.round(t)) and t.max() > 1
        kept[name] = t.astype(np.float16) if whole else t[:1] if t.ndim == 3 else t
save_file(kept, "resample.safetensors")
with open(sys.argv[2]) as f:
    table = json.load(f)["shorter_side_then_centre_crop"]
with open("sizes.json", "w") as f:
    json.dump(table, f, indent=1)
    f.write("\n")
