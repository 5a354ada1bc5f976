"""Captions for CLIP's training, with what they say: so it is known which are true for which pictures."""

import dataclasses

import torch
from torch.nn import functional as F

import phrases
from common import DEFECTS, SUBJECTS

LENGTH = 32  # tokens
KINDS = ["", *DEFECTS]  # what a picture shows: nothing wrong, or a defect
SAYS = [*KINDS, "defect"]  # what a caption says; the last fits every defect
PAIRS = len(SUBJECTS) * len(KINDS)


@dataclasses.dataclass
class Labels:
    """What pictures show or captions say: indices of SUBJECTS, of SAYS and of colours, where -1 is any or none."""

    subject: torch.Tensor
    kind: torch.Tensor
    colour: torch.Tensor

    def __len__(self):
        return len(self.kind)

    def __getitem__(self, at):
        return Labels(self.subject[at], self.kind[at], self.colour[at])

    def fit(self, pictures):
        """Which of these captions is true for which of the pictures, [pictures, captions]."""
        agree = lambda said, shown: (shown[:, None] == said) | (said == -1)
        some_defect = (self.kind == SAYS.index("defect")) & (pictures.kind[:, None] > 0)
        return (agree(self.subject, pictures.subject) & agree(self.colour, pictures.colour)
                & ((pictures.kind[:, None] == self.kind) | some_defect))


def labels(descriptions, colours):
    """Labels of (subject, defect, colour) names."""
    index = lambda names, name: names.index(name) if name else -1
    columns = [(index(SUBJECTS, s), SAYS.index(d), index(colours, c)) for s, d, c in descriptions]
    return Labels(*torch.tensor(columns).T)


class Captions:
    """Writes captions: phrases for every pair of subject and kind, for what several pairs have in common, and what
    the drawings' own captions say."""

    def __init__(self, rows, tokenizer):
        self.rows, self.tokenizer = rows, tokenizer
        self.colours = sorted({row["colour"] for row in rows} - {""})
        self.shown = labels([(row["subject"], row["defect"], row["colour"]) for row in rows], self.colours)
        self.phrased = [(s, k, "") for s in SUBJECTS for k in KINDS]
        self.phrased += [("", k, "") for k in SAYS] + [(s, "defect", "") for s in SUBJECTS]

    def __call__(self, rng, rows):
        """Token ids and labels of captions, those of the PAIRS first, those of some rows last."""
        texts = [phrases.say(rng, *description) for description in self.phrased]
        own = [self.own(rng, self.rows[i]) for i in rows]
        said = labels(self.phrased + [description for _, description in own], self.colours)
        return self.encode(texts + [text for text, _ in own]), said

    def own(self, rng, row):
        subject, defect, colour = row["subject"], row["defect"], row["colour"]
        if rng.random() < 0.3:
            return phrases.say(rng, subject, defect, colour), (subject, defect, colour)
        text = row[rng.choice(["caption", "detail"])]
        told = colour and f" {colour} {subject}" in text
        return text, (subject, defect, colour if told else "")

    def encode(self, texts):
        return self.tokenizer(texts, padding=True, truncation=True, max_length=LENGTH, return_tensors="pt").input_ids


def contrast(logits, right):
    """How far every right column of a row is from being above all the wrong ones, [rows, columns]."""
    wrong = logits.masked_fill(right, -torch.inf).logsumexp(1, keepdim=True)
    weights = right / right.sum(1, keepdim=True).clamp(min=1)
    above = F.softplus(wrong - logits.masked_fill(~right, 0))
    return (weights * above).sum() / right.any(1).sum().clamp(min=1)


def match(logits, right):
    """Pictures find their captions and captions their pictures."""
    return (contrast(logits, right) + contrast(logits.T, right.T)) / 2
