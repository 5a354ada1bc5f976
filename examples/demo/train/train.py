#!/usr/bin/env python3
"""Makes the model of diffusion/demo and the judge: draws pictures, then trains tokenizer, VAE, CLIP, UNet and judge.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python train.py --out model --judge judge

About three and a half hours of two quiet cores. Every stage goes on where it was interrupted; what it keeps for that
lies in --work. --only runs single stages, which need those before them. Go must be there too, since it draws.
"""

import argparse
import pathlib
import subprocess

import torch

import clip_measure
import clip_train
import judge
import tokenizer
import unet
import vae
from common import Drawings

ROOT = pathlib.Path(__file__).resolve().parents[3]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the model directory to write")
    parser.add_argument("--judge", type=pathlib.Path, required=True, help="where the judge goes")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work"), help="drawings and checkpoints")
    parser.add_argument("--only", nargs="+", choices=STAGES, default=list(STAGES), help="the stages to run")
    parser.add_argument("--threads", type=int, help="processor cores to use (default: all)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    for name, stage in STAGES.items():
        if name in args.only:
            stage(args)


def draw(args):
    """Drawings to train on, without the unseen pairs; others to measure with; and those of the judge."""
    for name, pairs, count, seed in [("data", "seen", 14000, 1), ("test", "all", 1800, 5_000_000),
                                     ("judge_data", "all", 8000, 7_000_000), ("judge_test", "all", 1600, 7_500_000)]:
        directory = (args.work / name).resolve()
        if not (directory / "captions.jsonl").exists():
            subprocess.run(["go", "run", "./examples/demo/draw", "--out", directory, "--pairs", pairs,
                            "--count", str(count), "--seed", str(seed)], cwd=ROOT, check=True)


def train_tokenizer(args):
    tokenizer.run(args.out, [row[k] for row in Drawings(args.work / "data").rows for k in ("caption", "detail")])


def train_vae(args):
    vae.run(args.work / "data", args.out, args.work, steps=4500)


def train_clip(args):
    clip_train.run(args.work / "data", args.out, args.work)
    print(clip_measure.measure(args.out / "clip", args.work / "test"))


def train_unet(args):
    unet.run(args.work / "data", args.out, args.work, steps=11000)


def train_judge(args):
    judge.run(args.work / "judge_data", args.work / "judge_test", args.out / "vae", args.judge, args.work, steps=4800)


STAGES = {"draw": draw, "tokenizer": train_tokenizer, "vae": train_vae, "clip": train_clip, "unet": train_unet,
          "judge": train_judge}

if __name__ == "__main__":
    main()
