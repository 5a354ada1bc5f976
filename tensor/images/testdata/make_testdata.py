"""Writes cmyk.jpg, a CMYK picture, lanczos.json, what Pillow's LANCZOS makes of a random picture, and pixels.json, JPEG
files and the pixels that Pillow, with libjpeg-turbo, reads from them.

    pip install numpy pillow simplejpeg
    python make_testdata.py
"""

import base64
import io
import json
import pathlib

import numpy as np
import simplejpeg
from PIL import Image

here = pathlib.Path(__file__).parent

left, right = Image.new("CMYK", (8, 16), (0, 200, 200, 20)), Image.new("CMYK", (8, 16), (200, 0, 0, 0))
both = Image.new("CMYK", (16, 16))
both.paste(left, (0, 0))
both.paste(right, (8, 0))
both.save(here / "cmyk.jpg", quality=95)

# Shades from which no overshoot leaves 0..255: Pillow cuts off after the horizontal pass already.
source = np.random.default_rng(1).integers(90, 166, (12, 18, 3), dtype=np.uint8)
cases = [
    {"w": w, "h": h, "pixels": np.asarray(Image.fromarray(source).resize((w, h), Image.LANCZOS)).ravel().tolist()}
    for w, h in ((9, 6), (15, 10), (27, 18))
]
text = json.dumps({"w": 18, "h": 12, "pixels": source.ravel().tolist(), "resized": cases})
(here / "lanczos.json").write_text(text + "\n")


def colours(w, h):
    """Patches of strong colours, soft and noisy: chroma that changes within its blocks."""
    rng = np.random.default_rng(w * h)
    patches = Image.fromarray(rng.integers(40, 216, (h // 4 + 2, w // 4 + 2, 3), dtype=np.uint8))
    soft = np.asarray(patches.resize((w, h), Image.BICUBIC)).astype(int)
    return np.clip(soft + rng.integers(-4, 5, (h, w, 3)), 0, 255).astype(np.uint8)


def example(name, file):
    return {"name": name, "jpeg": base64.b64encode(file).decode(), "rgb": Image.open(io.BytesIO(file)).convert("RGB").tobytes().hex()}


def saved(picture, **options):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90, **options)
    return file.getvalue()


# Planes of up to two columns are a case of their own in libjpeg; odd sizes end within a sample.
pixels = [
    example(f"{s} {w}x{h}", simplejpeg.encode_jpeg(colours(w, h), quality=90, colorsubsampling=s))
    for s, sizes in {
        "444": [(13, 9)], "422": [(21, 13), (4, 4), (1, 1)], "420": [(21, 13), (18, 34), (4, 5)],
        "440": [(21, 13), (2, 3)], "411": [(21, 13)],
    }.items() for w, h in sizes
]
small = Image.fromarray(colours(13, 9))
pixels += [
    example("420 progressive", saved(small, progressive=True)),
    example("grey", saved(small.convert("L"))),
    example("CMYK", saved(small.convert("CMYK"))),
]
(here / "pixels.json").write_text(json.dumps(pixels, indent=0) + "\n")
