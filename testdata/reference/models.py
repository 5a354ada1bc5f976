"""Two tiny random models in the exact architecture of Stable Diffusion 1.5.

`a` is written as today's diffusers and transformers write it, in f16.
`b` is written as the published SD 1.5 and CLIP files are: old key names, position_ids, terse configurations,
f32 with one sharded and one `.fp16.` component, a CLIP directory with a tokenizer of its own.
"""

import functools
import json
import shutil

import safetensors.torch
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from . import vocabulary
from .vocabulary import BOS, EOS, added_token

SD15_BLOCKS = {
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
}

SD15_SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}

MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def build_a(root):
    """Newer names, f16, one layer a block, special tokens in the middle of the vocabulary."""
    fresh(root)
    words, bos, eos = vocabulary.write(root / "tokenizer", 220, specials_last=False,
                                       bos_token=BOS, eos_token=EOS, pad_token=EOS, unk_token=EOS)
    unet = UNet2DConditionModel(
        sample_size=32, block_out_channels=(32, 32, 64, 64), layers_per_block=1,
        cross_attention_dim=32, attention_head_dim=4, norm_num_groups=32, **SD15_BLOCKS)
    randomize(unet, 1).half().save_pretrained(root / "unet")
    vae = AutoencoderKL(
        sample_size=256, block_out_channels=(16, 16, 32, 32), layers_per_block=1, norm_num_groups=16,
        scaling_factor=0.2, down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4)
    randomize(vae, 2).half().save_pretrained(root / "vae")
    text = dict(vocab_size=words, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
                max_position_embeddings=77, bos_token_id=bos, eos_token_id=eos, projection_dim=24)
    randomize(CLIPTextModel(CLIPTextConfig(**text)), 3).half().save_pretrained(root / "text_encoder")
    vision = dict(hidden_size=40, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
                  image_size=56, patch_size=14, projection_dim=24)
    clip = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=24))
    randomize(clip, 4).half().save_pretrained(root / "clip")
    scheduler = SD15_SCHEDULER | {"prediction_type": "epsilon", "timestep_spacing": "leading"}
    write_json(root / "scheduler" / "scheduler_config.json", scheduler)
    write_json(root / "model_index.json", MODEL_INDEX)


def build_b(root):
    """Published names and configurations, two layers a block, a VAE of factor 4, CLIP with exact GELU."""
    fresh(root)
    specials = {"bos_token": added_token(BOS), "eos_token": added_token(EOS), "unk_token": added_token(EOS)}
    words, _, _ = vocabulary.write(root / "tokenizer", 60, specials_last=True,
                                   special_tokens_map=specials | {"pad_token": EOS},
                                   add_prefix_space=False, do_lower_case=True, errors="replace",
                                   pad_token=EOS, **{k: {"__type": "AddedToken"} | v for k, v in specials.items()})
    unet_config = {
        "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0", "act_fn": "silu",
        "attention_head_dim": 8, "block_out_channels": [16, 32, 48, 48], "center_input_sample": False,
        "cross_attention_dim": 40, "downsample_padding": 1, "flip_sin_to_cos": True, "freq_shift": 0,
        "in_channels": 4, "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-05,
        "norm_num_groups": 16, "out_channels": 4, "sample_size": 32, **SD15_BLOCKS}
    unet = randomize(UNet2DConditionModel.from_config(unet_config), 11)
    unet.save_pretrained(root / "unet", max_shard_size="3MB")
    write_json(root / "unet" / "config.json", unet_config)

    vae_config = {
        "_class_name": "AutoencoderKL", "_diffusers_version": "0.6.0", "act_fn": "silu",
        "block_out_channels": [16, 32, 32], "down_block_types": ["DownEncoderBlock2D"] * 3, "in_channels": 3,
        "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 8, "out_channels": 3, "sample_size": 128,
        "up_block_types": ["UpDecoderBlock2D"] * 3}
    vae = randomize(AutoencoderKL.from_config(vae_config), 12)
    save(root / "vae" / "diffusion_pytorch_model.fp16.safetensors", published_vae_names(vae.half().state_dict()))
    write_json(root / "vae" / "config.json", vae_config)

    text = dict(vocab_size=words, hidden_size=40, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
                max_position_embeddings=77, hidden_act="quick_gelu", layer_norm_eps=1e-05, projection_dim=40,
                bos_token_id=0, eos_token_id=2, pad_token_id=1)
    encoder = randomize(CLIPTextModel(CLIPTextConfig(**text)), 13)
    save(root / "text_encoder" / "model.safetensors", published_text_names(encoder.state_dict()))
    write_json(root / "text_encoder" / "config.json",
               {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "torch_dtype": "float32", **text})

    words, _, _ = vocabulary.write(root / "clip", 140, specials_last=True,
                                   bos_token=BOS, eos_token=EOS, pad_token="!", unk_token=EOS)
    clip_text = text | dict(vocab_size=words, hidden_size=24, intermediate_size=48, num_hidden_layers=2,
                            num_attention_heads=3, projection_dim=20, hidden_act="gelu")
    vision = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2, image_size=64,
                  patch_size=16, projection_dim=20, hidden_act="gelu", layer_norm_eps=1e-05, num_channels=3)
    clip = randomize(CLIPModel(CLIPConfig(text_config=clip_text, vision_config=vision, projection_dim=20)), 14)
    save(root / "clip" / "model.safetensors", published_clip_names(clip.state_dict()))
    write_json(root / "clip" / "config.json",
               {"architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": 20,
                "logit_scale_init_value": 2.6592, "torch_dtype": "float32",
                "text_config": {"model_type": "clip_text_model", **clip_text},
                "vision_config": {"model_type": "clip_vision_model", **vision}})
    write_json(root / "clip" / "preprocessor_config.json",
               {"crop_size": 64, "do_normalize": True, "feature_extractor_type": "CLIPFeatureExtractor",
                "image_mean": [0.5, 0.45, 0.4], "image_std": [0.25, 0.3, 0.35], "resample": 3, "size": 64})
    write_json(root / "scheduler" / "scheduler_config.json", SD15_SCHEDULER | {"_diffusers_version": "0.6.0"})
    write_json(root / "model_index.json", MODEL_INDEX | {"_diffusers_version": "0.6.0"})


def randomize(model, seed):
    """Weights of unit gain, so that signals and gradients neither die nor explode; sharper attention to the text."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        if name.endswith("bias"):
            noise *= 0.1
        elif p.ndim == 0:
            noise = torch.tensor(2.6592)
        elif p.ndim == 1 and "norm" in name:
            noise = 1 + 0.2 * noise
        elif "embedding" in name and p.ndim < 4 and "time_" not in name:
            noise *= 0.5
        else:
            gain = 1.7 if "attn2.to_q" in name or "attn2.to_k" in name else 1
            noise *= gain / max(p[0].numel(), 1) ** 0.5
        p.data.copy_(noise)
    return model.eval()


def published_vae_names(state):
    """The VAE's attention as diffusers named it in 2022."""
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    out = {}
    for name, tensor in state.items():
        for new_part, old_part in old.items():
            name = name.replace(f"attentions.0.{new_part}.", f"attentions.0.{old_part}.")
        out[name] = tensor
    return out


def published_text_names(state):
    """The text encoder with the prefix and the buffer that transformers wrote until 2023."""
    out = {"text_model." + name.removeprefix("text_model."): tensor for name, tensor in state.items()}
    out["text_model.embeddings.position_ids"] = positions(out, "text_model.embeddings.position_embedding.weight")
    return out


def published_clip_names(state):
    """The CLIP model with its two position buffers."""
    out = dict(state)
    for tower in "text_model", "vision_model":
        out[f"{tower}.embeddings.position_ids"] = positions(out, f"{tower}.embeddings.position_embedding.weight")
    return out


def positions(state, table):
    return torch.arange(state[table].shape[0]).unsqueeze(0)


class Loaded:
    """The models of a directory, in f32, as diffusers and transformers open them: each when it is asked for first."""

    def __init__(self, root, clip=None):
        self.root, self.clip_root = root, clip or root / "clip"
        self.scheduler_config = json.loads((root / "scheduler" / "scheduler_config.json").read_text())

    @functools.cached_property
    def unet(self):
        return diffusers_model(UNet2DConditionModel, self.root / "unet")

    @functools.cached_property
    def vae(self):
        return diffusers_model(AutoencoderKL, self.root / "vae")

    @functools.cached_property
    def text(self):
        return transformers_model(CLIPTextModel, self.root / "text_encoder")

    @functools.cached_property
    def clip(self):
        return transformers_model(CLIPModel, self.clip_root)

    @functools.cached_property
    def tokenizer(self):
        return CLIPTokenizer.from_pretrained(self.root / "tokenizer")

    @functools.cached_property
    def clip_tokenizer(self):
        has_own = any((self.clip_root / name).exists() for name in ("vocab.json", "tokenizer.json"))
        return CLIPTokenizer.from_pretrained(self.clip_root) if has_own else self.tokenizer


def load(root, clip=None):
    return Loaded(root, clip)


def diffusers_model(cls, folder):
    return cls.from_pretrained(folder, variant=variant(folder), low_cpu_mem_usage=False).float().eval()


def transformers_model(cls, folder):
    return cls.from_pretrained(folder, variant=variant(folder)).float().eval()


def variant(folder):
    """fp16 where there are no other weights."""
    return None if any(".fp16." not in f.name for f in folder.glob("*.safetensors*")) else "fp16"


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def save(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({k: v.contiguous() for k, v in tensors.items()}, path, metadata={"format": "pt"})


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")
