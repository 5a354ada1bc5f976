"""What diffusers makes of prompts with learned words: its own loader reads the files, its tokenizer finds the words."""

import json
import pathlib

from diffusers import StableDiffusionPipeline
from transformers import CLIPTextModel, CLIPTokenizer

FILES = pathlib.Path(__file__).parents[2] / "diffusion" / "testdata" / "embeddings"

# A vector alone, named by its tensor; float16 vectors named by their file; bfloat16 ones; a file of Embedding.Write.
WORDS = {"cracked": None, "golden-rust": "golden-rust", "dent": None, "written": None}
TEXTS = [
    "A photo of <CRACKED> and <dent>, Golden-Rust", "a golden-rust metal nut with a <scratch>, golden-rust",
    "a " * 70 + "golden-rust nut <cracked> nut",
]  # fmt: skip


def encode(model, files, texts):
    """The ids and embeddings of texts, by the text encoder of a model directory with words of files: (path, name or None)."""
    tokenizer, text = CLIPTokenizer.from_pretrained(model / "tokenizer"), CLIPTextModel.from_pretrained(model / "text_encoder").float()
    parts = dict.fromkeys(("vae", "unet", "scheduler", "safety_checker", "feature_extractor"))
    pipe = StableDiffusionPipeline(tokenizer=tokenizer, text_encoder=text, requires_safety_checker=False, **parts)
    for path, name in files:
        pipe.load_textual_inversion(str(path), token=name)
    ids, embeddings = [], {}
    for i, line in enumerate(texts):
        words = pipe.maybe_convert_prompt(line.lower(), tokenizer)
        x = tokenizer(words, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
        ids.append(x.tolist())
        embeddings[f"{i}.embedding"] = text(x).last_hidden_state.detach()
    return ids, embeddings


def make(model, folder, save):
    """Writes prompt.json and prompt_ref.safetensors."""
    ids, ref = encode(model, [(FILES / f"{name}.safetensors", token) for name, token in WORDS.items()], TEXTS)
    rows = [{"text": t, "ids": i} for t, i in zip(TEXTS, ids)]
    (folder / "prompt.json").write_text(json.dumps(rows) + "\n")
    save(folder / "prompt_ref.safetensors", ref)
