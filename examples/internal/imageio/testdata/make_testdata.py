"""Writes cmyk.jpg, a CMYK picture, and lanczos.json, what Pillow's LANCZOS makes of a random picture.

    python make_testdata.py
"""

import json
import pathlib

import numpy as np
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
