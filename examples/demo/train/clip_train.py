"""Trains the demo model's CLIP from the drawings and their captions.

The text encoder comes first, from the captions alone (clip_text), and is what the UNet listens to as well; then the
image encoder learns to agree with it (clip_image). clip_measure tells how well.
"""

import dataclasses
import pathlib

import numpy as np
import torch
from torch import nn
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTextModel, CLIPTokenizer

import clip_image
import clip_text
import optim
from clip_captions import LENGTH, Captions
from common import SIZE, Checkpoint, Drawings, Progress, cosine

KEEP = ("embedding", "subject", "kind", "colour", "word", "patch")  # tables and heads are not for Muon
MEAN = STD = [0.5, 0.5, 0.5]  # so that CLIP sees pictures in [-1, 1], as Drawings gives them


@dataclasses.dataclass
class Settings:
    seed: int = 1
    text_steps: int = 800
    ideals: int = 256  # pictures that the captions of a text step are drawn to
    image_steps: int = 7000
    batch: int = 64  # pictures of an image step
    own: int = 24  # of these, how many join their own captions to the phrases
    patches: int = 32  # of a picture that a step looks at: half of them cost half the time
    partial: float = 0.8  # share of the steps that do so; the others look at all
    muon_rate: float = 3e-3
    adam_rate: float = 1.5e-3
    save_every: int = 100


def run(data, out, work, settings=Settings()):
    """Trains on the drawings in data with the tokenizer in out/clip; writes out/text_encoder, then out/clip."""
    out, work = pathlib.Path(out), pathlib.Path(work)
    tokenizer = CLIPTokenizer.from_pretrained(out / "clip")
    drawings = Drawings(data, lambda row: not row["unseen"])
    captions = Captions(drawings.rows, tokenizer)
    torch.manual_seed(settings.seed)
    clip = CLIPModel(configuration(tokenizer))
    train_text(clip, captions, work, settings)
    write_text(clip, out)
    train_image(clip, drawings, captions, work, settings)
    write(clip, out)


def configuration(tokenizer):
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    shape = {"hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 4, "hidden_act": "quick_gelu",
             "projection_dim": 128}
    text = {**shape, "num_hidden_layers": 3, "vocab_size": len(tokenizer), "max_position_embeddings": LENGTH,
            "bos_token_id": start, "eos_token_id": end, "pad_token_id": end}
    vision = {**shape, "num_hidden_layers": 5, "image_size": SIZE, "patch_size": clip_image.PATCH}
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=128)


def train_text(clip, captions, work, settings):
    model = clip_text.TextTrainee(clip, len(captions.colours))
    losses = clip_text.losses_of(model, captions, settings)
    fit("text", model, losses, clip_text.WEIGHTS, settings.text_steps, Checkpoint(work / "clip_text.pt"), settings)
    clip.text_model.requires_grad_(False)
    clip.text_projection.requires_grad_(False)


def train_image(clip, drawings, captions, work, settings):
    model = clip_image.ImageTrainee(clip)
    sample = np.linspace(0, len(drawings) - 1, 1000, dtype=int)
    clip_image.whiten(clip.vision_model.embeddings, drawings.batch(sample)[0])
    losses = clip_image.Losses(clip, model, drawings, captions, settings)
    fit("clip", model, losses, clip_image.WEIGHTS, settings.image_steps, Checkpoint(work / "clip_image.pt"), settings)


def fit(name, model, losses_of, weights, steps, checkpoint, settings):
    """Trains a model by the weighted sum of losses_of(step), going on where the checkpoint was saved."""
    optimizers = optim.optimizers(model, settings.muon_rate, settings.adam_rate, keep=KEEP)
    done = 0
    if state := checkpoint.load():
        model.load_state_dict(state["model"])
        for optimizer, part in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(part)
        done = state["done"]
    progress = Progress(name, steps, done)
    for step in range(done, steps):
        losses = losses_of(step)
        sum(weights[k] * loss for k, loss in losses.items()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optim.step(optimizers, cosine(step, steps, warmup=100))
        progress(step + 1, **{k: loss.item() for k, loss in losses.items()})
        if (step + 1) % settings.save_every == 0 or step + 1 == steps:
            checkpoint.save(done=step + 1, model=model.state_dict(), optimizers=[o.state_dict() for o in optimizers])


def write_text(clip, out):
    model = CLIPTextModel(clip.config.text_config)
    model.load_state_dict(clip.text_model.state_dict())
    model.half().save_pretrained(out / "text_encoder")


def write(clip, out):
    clip.half().save_pretrained(out / "clip")
    CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size=SIZE, image_mean=MEAN,
                          image_std=STD).save_pretrained(out / "clip")
