"""First stage of CLIP: the text encoder learns from captions alone what they say.

In place of pictures there are ideal ones: the sum of a vector for the subject, one for the defect and one for the
colour. Captions are drawn to those that they fit, so that what they say is composed the same way in every pair,
those that are never drawn included. The image encoder then learns to see what the texts say.
"""

import random

import torch
from torch import nn
from torch.nn import functional as F

from clip_captions import KINDS, match
from common import SUBJECTS

WORDS = 7  # of so many tokens one is asked which it is
WEIGHTS = {"match": 1.0, "word": 0.1}


class TextTrainee(nn.Module):
    """CLIP's text encoder, the ideal pictures, and a head that reads a token off its state: the UNet attends to the
    states of single words, which the contrast alone, looking at the end token, could let go blank."""

    def __init__(self, clip, colours):
        super().__init__()
        self.text, self.projection = clip.text_model, clip.text_projection
        self.scale = clip.logit_scale.detach().exp()
        width, hidden = clip.config.projection_dim, clip.config.text_config.hidden_size
        self.subject, self.kind = nn.Embedding(len(SUBJECTS), width), nn.Embedding(len(KINDS), width)
        self.colour = nn.Embedding(colours + 1, width)  # the last is no colour
        self.word = nn.Linear(hidden, clip.config.text_config.vocab_size)

    def losses(self, ids, said, shown):
        out = self.text(ids)
        texts = self.projection(out.pooler_output)
        ideals = self.subject(shown.subject) + self.kind(shown.kind) + self.colour(
            shown.colour.remainder(self.colour.num_embeddings))
        logits = self.scale * F.normalize(ideals, dim=-1) @ F.normalize(texts, dim=-1).T
        tokens = slice(None, None, WORDS)
        word = F.cross_entropy(self.word(out.last_hidden_state.flatten(0, 1)[tokens]), ids.flatten()[tokens])
        return {"match": match(logits, said.fit(shown)), "word": word}


def losses_of(model, captions, settings):
    """A function from the number of a step to its losses."""

    def losses(number):
        rng = random.Random(f"text {settings.seed} {number}")
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        at = torch.randint(len(captions.rows), (settings.ideals,), generator=generator)
        shown = captions.shown[at]
        kinds = torch.randint(len(KINDS), at.shape, generator=generator)
        kinds[:settings.own] = shown.kind[:settings.own]
        shown.kind = kinds
        ids, said = captions(rng, at[:settings.own].tolist())
        return model.losses(ids, said, shown)

    return losses
