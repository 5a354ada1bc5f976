"""Second stage of CLIP: the image encoder learns to see what captions say, the text encoder being done.

What the drawings tell besides, where the defect is and which it is, trains through heads that are dropped at the end.
A pair of subject and defect that is never drawn is never a wrong answer either.
"""

import math
import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from clip_captions import KINDS, PAIRS, match
from common import SIZE, SUBJECTS
from phrases import MATERIALS

PATCH = 16
PARTS = 2.0  # how much more often a part is looked at than a material: its defects are harder to make out
CLOSER, RECOLOURED = 0.5, 0.5  # how many pictures are seen from closer, and how many in other colours
MIXED, FOREIGN = 0.5, 0.4  # how many pictures have patches of others, and how many of the patches are
WEIGHTS = {"match": 1.0, "kind_of": 1.0, "subject": 0.2, "kind": 0.5, "patch": 1.0, "cells": 0.5}


class ImageTrainee(nn.Module):
    """CLIP's image encoder with the heads that only training needs."""

    def __init__(self, clip):
        super().__init__()
        self.vision, self.projection = clip.vision_model, clip.visual_projection
        self.logit_scale = clip.logit_scale
        width, hidden = clip.config.projection_dim, clip.config.vision_config.hidden_size
        self.subject, self.kind = nn.Linear(width, len(SUBJECTS)), nn.Linear(width, len(KINDS))
        self.patch_kind, self.patch_cells = nn.Linear(hidden, len(KINDS)), nn.Linear(hidden, 16)

    def forward(self, pictures, kept=None):
        """Image features [B, projection], and the states [B, patches, hidden] that the last layer reads; with kept
        [B, K] only the patches of these numbers are looked at."""
        states = self.vision.embeddings(pictures)
        if kept is not None:
            kept = F.pad(kept + 1, (1, 0))  # the class token comes first
            states = states.gather(1, kept[..., None].expand(-1, -1, states.shape[-1]))
        states = self.vision.pre_layrnorm(states)
        *inner, last = self.vision.encoder.layers
        for layer in inner:
            states = layer(states, None)
        features = self.projection(self.vision.post_layernorm(last(states, None)[:, 0]))
        return features, states[:, 1:]


def whiten(embeddings, pictures):
    """Starts a vision encoder with patches of which all the main components are equally strong: a crack would take
    long to emerge from the mean colours, which are most of the patches' variance."""
    weight = embeddings.patch_embedding.weight
    patches = F.unfold(pictures, PATCH, stride=PATCH).mT.flatten(0, 1)
    values, vectors = torch.linalg.eigh(torch.cov(patches.T))
    components = (vectors / values.clamp(min=1e-6).sqrt()).T.flip(0)[:len(weight)]
    with torch.no_grad():
        weight.copy_(components.view_as(weight))
        embeddings.position_embedding.weight[1:] -= components @ patches.mean(0)


def augment(generator, pictures, masks):
    """Mirrored and turned by quarters; some seen from closer, which shows less of the subject and more of the defect,
    the others shifted by a few pixels; in slightly other light."""
    uniform = lambda *shape: torch.rand(*shape, generator=generator)
    n = len(pictures)
    scale = torch.where(uniform(n) < CLOSER, 1 - 0.55 * uniform(n), torch.ones(n))[:, None]
    room = (1 - scale).clamp(min=0.06)  # how far the centre may be from the picture's
    centre = somewhere(generator, masks) + (uniform(n, 2) - 0.5) * scale
    centre = torch.where(scale < 1, centre.maximum(-room).minimum(room), (2 * uniform(n, 2) - 1) * room)
    angle = torch.randint(4, (n,), generator=generator) * math.pi / 2
    mirrored = torch.where(uniform(n) < 0.5, -1.0, 1.0)
    turn = torch.stack([angle.cos() * mirrored, -angle.sin(), angle.sin() * mirrored, angle.cos()], 1).round()
    where = torch.cat([turn.view(n, 2, 2) * scale[..., None], centre[..., None]], 2)
    both = torch.cat([pictures, masks], 1)
    grid = F.affine_grid(where, both.shape, align_corners=False)
    both = F.grid_sample(both, grid, padding_mode="reflection", align_corners=False)
    noise = lambda channels: torch.randn(n, channels, 1, 1, generator=generator)
    return both[:, :3] * (1 + 0.15 * noise(1)) + 0.08 * noise(1) + 0.02 * noise(3), both[:, 3:]


def somewhere(generator, masks):
    """A place on each mask, anywhere where it is empty, in coordinates from -1 to 1 [B, 2]."""
    at = (masks.flatten(1) + 1e-9).multinomial(1, generator=generator)
    return torch.cat([at % SIZE, at // SIZE], 1) / SIZE * 2 - 1


def recolour(generator, pictures):
    """Turns the hues of some pictures, and makes their colours stronger or weaker. Returns which, too: what is said of
    their colours is not true any more."""
    uniform = lambda: torch.rand(len(pictures), 1, 1, generator=generator)
    changed, angle, saturation = uniform() < RECOLOURED, (2 * uniform() - 1) * math.pi, 1.4 * uniform()
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)  # a quarter turn about gray
    gray, same = torch.full((3, 3), 1 / 3), torch.eye(3)
    turned = gray + saturation * (angle.cos() * (same - gray) + angle.sin() * across)
    return torch.einsum("bij,bjhw->bihw", torch.where(changed, turned, same), pictures), changed.flatten()


def mix(generator, pictures, others, covered):
    """Puts patches of other pictures, flawless ones, into some pictures, not where the defect is: so that a defect
    is known by itself, and not only among what it was drawn on."""
    mixed = torch.rand(len(pictures), 1, generator=generator) < MIXED
    foreign = (torch.rand(covered.shape, generator=generator) < FOREIGN) & mixed & (covered == 0)
    across = SIZE // PATCH
    area = foreign.view(-1, 1, across, across).repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3)
    return torch.where(area, others, pictures)


def cells_of(masks):
    """How much of each of the 16 cells of a patch a defect covers, [B, patches, 16]."""
    return F.pixel_unshuffle(F.avg_pool2d(masks, PATCH // 4), 4).flatten(2).mT


def choose(generator, covered, count):
    """The numbers of some patches [B, count]: those with a defect, and others by chance."""
    return (torch.rand(covered.shape, generator=generator) + covered).topk(count).indices


class Losses:
    """The losses of a step."""

    def __init__(self, clip, model, drawings, captions, settings):
        self.clip, self.model, self.drawings, self.captions, self.settings = clip, model, drawings, captions, settings
        self.seen = torch.zeros(len(SUBJECTS), len(KINDS), dtype=torch.bool)
        self.seen[captions.shown.subject, captions.shown.kind] = True
        self.possible = torch.zeros(self.seen.shape).masked_fill(~self.seen, -torch.inf)
        self.flawless = (captions.shown.kind == 0).nonzero().flatten()
        self.often = torch.tensor([1.0 if row["subject"] in MATERIALS else PARTS for row in drawings.rows])

    def __call__(self, number):
        """Of the step with a number, on which alone its random choices depend."""
        rng = random.Random(f"image {self.settings.seed} {number}")
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        at = self.often.multinomial(self.settings.batch, replacement=True, generator=generator)
        pictures, masks, shown = self.draw(generator, at)
        cells = cells_of(masks)
        others, _, _ = self.draw(generator, self.flawless[torch.randint(len(self.flawless), at.shape, generator=generator)])
        pictures = mix(generator, pictures, others, cells.amax(-1))
        kept, cells = self.look(generator, number, cells)
        features, patches = self.model(pictures, kept)
        return {**self.captioned(rng, features, at, shown), **self.known(features, patches, cells, shown)}

    def draw(self, generator, at):
        """Some drawings, augmented, their masks and what they show."""
        pictures, masks = augment(generator, *self.drawings.batch(at.numpy()))
        pictures, changed = recolour(generator, pictures)
        shown = self.captions.shown[at]
        shown.colour = torch.where(changed, -1, shown.colour)
        return pictures, masks, shown

    def look(self, generator, number, cells):
        """Which patches a step looks at (None for all), and their cells."""
        if number >= self.settings.partial * self.settings.image_steps:
            return None, cells
        kept = choose(generator, cells.amax(-1), self.settings.patches)
        return kept, cells.gather(1, kept[..., None].expand(-1, -1, cells.shape[-1]))

    def captioned(self, rng, features, at, shown):
        """Pictures and captions find each other, and a picture that of its defect among those of its subject."""
        ids, said = self.captions(rng, at[:self.settings.own].tolist())
        with torch.no_grad():
            texts = F.normalize(self.clip.get_text_features(ids).pooler_output, dim=-1)
        logits = self.model.logit_scale.clamp(max=np.log(100)).exp() * F.normalize(features, dim=-1) @ texts.T
        own = logits[:, :PAIRS].unflatten(1, self.seen.shape)[torch.arange(len(at)), shown.subject]
        impossible = F.pad(self.possible, (0, 1))[shown.subject]  # what is said of any defect is possible
        return {"match": match(logits + impossible[:, said.kind], said.fit(shown)),
                "kind_of": F.cross_entropy(own + self.possible[shown.subject], shown.kind)}

    def known(self, features, patches, cells, shown):
        """The heads name subject and kind, and for each patch which cells a defect covers and which defect."""
        possible = self.possible[shown.subject]
        covered = cells.amax(-1) > 0.5
        kinds = torch.where(covered, shown.kind[:, None], 0)
        named = F.cross_entropy((self.model.patch_kind(patches) + possible[:, None]).flatten(0, 1), kinds.flatten(),
                                reduction="none")
        return {
            "subject": F.cross_entropy(self.model.subject(features), shown.subject),
            "kind": F.cross_entropy(self.model.kind(features) + possible, shown.kind),
            "patch": (named * (1 + 3 * covered.flatten())).mean(),
            "cells": F.binary_cross_entropy_with_logits(self.model.patch_cells(patches), cells,
                                                        pos_weight=torch.tensor(8.0)),
        }
