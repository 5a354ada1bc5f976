"""What OpenCV's seamlessClone makes of poisson-source.png and poisson-destination.png: what TestSeamlessClone compares
with. Wants opencv-python-headless (4.10.0.84 and 5.0.0.93 give the same bytes), numpy.

    python make_clone.py
"""
import cv2
import numpy as np

source, destination = cv2.imread("poisson-source.png"), cv2.imread("poisson-destination.png")
H, W = 44, 53
y, x = np.mgrid[:H, :W]
two = np.zeros((H, W), np.uint8)
two[6:22, 4:26] = 255
two[24:40, 22:50] = 255
masks = {
    "odd": np.full((H, W), 255, np.uint8)[:41],
    "ellipse": (((y - 18) / 15) ** 2 + ((x - 30) / 19) ** 2 <= 1).astype(np.uint8) * 255,  # not in the middle
    "two": two,
    "grey": np.full((H, W), 128, np.uint8),  # half of either gradient
}
for name, flag in (("odd", "normal"), ("ellipse", "normal"), ("ellipse", "mixed"), ("two", "mixed"), ("grey", "normal")):
    mask = masks[name]
    stuff = np.ascontiguousarray(source[:mask.shape[0], :W])
    mode = cv2.MIXED_CLONE if flag == "mixed" else cv2.NORMAL_CLONE
    cv2.imwrite(f"clone-{name}.png", mask)
    cv2.imwrite(f"clone-{name}-{flag}.png", cv2.seamlessClone(stuff, destination, mask.copy(), (38, 33), mode))
