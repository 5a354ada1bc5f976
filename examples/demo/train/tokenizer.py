"""The demo model's tokenizer: CLIP's, with the small part of its vocabulary that our captions need.

CLIP's vocabulary has 49,408 tokens, whose vectors alone would outweigh the model. Byte-pair encoding works with
fewer merges as well: a word that they do not make whole is spelt in more tokens.
"""

import gzip
import json
import pathlib
import re

import phrases

CLIP_MERGES = pathlib.Path(__file__).parents[3] / "clip" / "vocab" / "merges.txt.gz"
FREQUENT = 1000  # of CLIP's merges, the first so many are kept for words of any kind
LENGTH = 32
START, END = "<|startoftext|>", "<|endoftext|>"

# Words that people may use beyond those of the captions.
WORDS = """
the this that of at to and or no not near from by its across along over under between
edge side corner center centre middle top bottom left right rim
shaped looking colored coloured
jagged crooked straight curved cut torn worn old new wet dirty dry burnt rusty
""".split()


def run(out, captions):
    """Writes the tokenizer of the captions to out/tokenizer and out/clip."""
    vocab, merges = build(words_of(captions))
    for part in ("tokenizer", "clip"):
        write(pathlib.Path(out) / part, vocab, merges)


def words_of(captions):
    return {word for caption in captions for word in re.findall(r"[a-z]+", caption.lower())}


def build(words):
    """The vocabulary, from token to id, and the merges, of a tokenizer to which each of the words is one token."""
    clip = clip_merges()
    ranks = {merge: rank for rank, merge in enumerate(clip)}
    kept, own = set(range(FREQUENT)), []
    for word in sorted(words | phrases.words() | set(WORDS)):
        pieces, used = encode(word, ranks)
        kept.update(used)
        own += joined(pieces)
    merges = [clip[rank] for rank in sorted(kept)] + list(dict.fromkeys(own))
    alphabet = byte_alphabet()
    tokens = dict.fromkeys([*alphabet, *(letter + "</w>" for letter in alphabet), *map("".join, merges), START, END])
    return {token: i for i, token in enumerate(tokens)}, merges


def clip_merges():
    lines = gzip.decompress(CLIP_MERGES.read_bytes()).decode().splitlines()
    return [tuple(line.split(" ")) for line in lines if not line.startswith("#version")]


def encode(word, ranks):
    """The word's pieces under ranked merges, and the ranks of the merges that made them."""
    pieces, used = [*word[:-1], word[-1] + "</w>"], []
    while True:
        rank = min((ranks.get(pair, len(ranks)) for pair in zip(pieces, pieces[1:])), default=len(ranks))
        if rank == len(ranks):
            return pieces, used
        used.append(rank)
        pieces = merged(pieces, rank, ranks)


def merged(pieces, rank, ranks):
    """The pieces after one merge, done from left to right wherever it fits."""
    out, i = [], 0
    while i < len(pieces):
        fits = ranks.get(tuple(pieces[i:i + 2])) == rank
        out.append("".join(pieces[i:i + 2]) if fits else pieces[i])
        i += 2 if fits else 1
    return out


def joined(pieces):
    """The merges that make one token of a word which CLIP spells in several."""
    return [("".join(pieces[:i]), pieces[i]) for i in range(1, len(pieces))]


def byte_alphabet():
    """GPT-2's printable character for each of the 256 bytes, in the order of CLIP's vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]


def write(directory, vocab, merges):
    special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH, "do_lower_case": True, **special}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *map(" ".join, merges)]
    (directory / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, content in (("tokenizer_config.json", config), ("special_tokens_map.json", special)):
        (directory / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
