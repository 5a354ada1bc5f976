"""Measures CLIP on drawings that it has not seen: does it name what they show?"""

import numpy as np
import torch
from torch.nn import functional as F
from transformers import CLIPModel, CLIPTokenizer

from clip_captions import KINDS, labels
from common import DEFECTS, SUBJECTS, Drawings
from phrases import article


@torch.inference_mode()
def measure(directory, test):
    """How often the model names the subject and, the subject given, the defect; shares of 1."""
    model = CLIPModel.from_pretrained(directory, dtype=torch.float32).eval()
    tokenizer = CLIPTokenizer.from_pretrained(directory)
    drawings = Drawings(test)
    shown = labels([(row["subject"], row["defect"], "") for row in drawings.rows], [])
    images = embed_images(model, drawings)
    plain = images @ embed_texts(model, tokenizer, [f"a photo of {article(s)}" for s in SUBJECTS]).T
    flawed = images @ embed_texts(model, tokenizer, [
        f"a photo of {article(s)} with {article(d)} on it" for s in SUBJECTS for d in DEFECTS]).T
    every = torch.arange(len(drawings))
    own_flawed = flawed.unflatten(1, (len(SUBJECTS), len(DEFECTS)))[every, shown.subject]
    told = (own_flawed.amax(1) > plain[every, shown.subject]) == (shown.kind > 0)
    named = own_flawed.argmax(1) + 1 == shown.kind
    unseen = torch.tensor([row["unseen"] for row in drawings.rows])
    return report(shown, plain.argmax(1) == shown.subject, named, told, unseen)


def report(shown, subject_named, named, told, unseen):
    share = lambda right, among: round(float(right[among].float().mean()), 4)
    defective = shown.kind > 0
    return {
        "subject": share(subject_named, shown.subject >= 0),
        "defect, seen pairs": share(named, defective & ~unseen),
        "defect, unseen pairs": share(named, defective & unseen),
        "good told from defective": (share(told, defective) + share(told, ~defective)) / 2,
        "each defect": {d: share(named, shown.kind == i) for i, d in enumerate(KINDS) if d},
        "each unseen pair": {f"{s}, {d}": share(named, (shown.subject == i) & (shown.kind == k) & unseen)
                             for i, s in enumerate(SUBJECTS) for k, d in enumerate(KINDS)
                             if (unseen & (shown.subject == i) & (shown.kind == k)).any()},
    }


def embed_images(model, drawings):
    parts = np.array_split(np.arange(len(drawings)), len(drawings) // 100 + 1)
    features = [model.get_image_features(drawings.batch(at)[0]).pooler_output for at in parts]
    return F.normalize(torch.cat(features), dim=-1)


def embed_texts(model, tokenizer, texts):
    ids = tokenizer(texts, padding=True, return_tensors="pt").input_ids
    return F.normalize(model.get_text_features(ids).pooler_output, dim=-1)
