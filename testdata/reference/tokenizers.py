"""The forms in which tokenizer directories come, and the ids that transformers gives in each.

Every layout is the tokenizer directory of model `a` with some files more, changed or gone (None). A tokenizer.json
is kept without its vocabulary and merges, which are those of the directory: `model.merges` is "pairs" or "lines",
the two ways to write them.
"""

import itertools
import json
import pathlib
import shutil
import tempfile

from transformers import AddedToken, CLIPTokenizer

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
CONFIG, MAP, ADDED, ALL = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.json"
VOCAB, MERGES = "vocab.json", "merges.txt"
SPECIALS = {"bos_token": BOS, "eos_token": EOS, "unk_token": EOS, "pad_token": EOS}
SIZE, BOS_ID, EOS_ID = 640, 512, 513  # of model a's tokenizer

TEXTS = [
    "a photo of a <scar> on metal", "<scar>", "<scar> on metal", "a nut with a <scar>", "a<scar>b <scar>'s <scar>, <scar><scar>",
    "A PHOTO of a <SCAR> on Metal", "a  <scar>\n\tnut", "<scar", "scar> <scar>s <scar>red", "<dent> <scar> <hole>", "a hole ! metal nut!",
    "<|startoftext|>a<|endoftext|>b <|ENDOFTEXT|>", "", "nut " * 74 + "<scar> nut", "nut " * 75 + "<scar>",
]  # fmt: skip


def token(content, **flags):
    """An added token as transformers writes it."""
    plain = {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, "special": False}
    return plain | flags


def decoder(*tokens, first=SIZE):
    """tokenizer_config.json with its added_tokens_decoder."""
    return {CONFIG: config(added_tokens_decoder={str(first + i): t for i, t in enumerate(tokens)})}


def config(**fields):
    return {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77} | SPECIALS | fields


MARKERS = r"<\|startoftext\|>|<\|endoftext\|>|"
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def pre_tokenizer(pattern, **byte_level):
    return {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": True},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True} | byte_level]}  # fmt: skip


def whole(*tokens, merges="pairs", **fields):
    """A tokenizer.json as transformers writes it, with these tokens, beyond the vocabulary if they have no id."""
    specials = [token(BOS, normalized=False, special=True, id=BOS_ID), token(EOS, normalized=False, special=True, id=EOS_ID)]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": specials + [{"id": SIZE + i} | t for i, t in enumerate(tokens)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"}]},
        "pre_tokenizer": pre_tokenizer(MARKERS + PATTERN, use_regex=True),
        "post_processor": {"type": "RobertaProcessing", "sep": [EOS, EOS_ID], "cls": [BOS, BOS_ID],
                           "trim_offsets": False, "add_prefix_space": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": EOS, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "</w>", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "merges": merges},
    } | fields  # fmt: skip


SCAR, DENT = token("<scar>"), token("<dent>", special=True, normalized=False)
ALONE = {VOCAB: None, MERGES: None}

LAYOUTS = {
    "as it was": {},
    "no configuration": {CONFIG: None},
    "tokenizer.json alone": ALONE | {ALL: whole(), CONFIG: None},
    "tokenizer.json, merges as lines": ALONE | {ALL: whole(SCAR, merges="lines"), CONFIG: None},
    "tokenizer.json and configuration": ALONE | {ALL: whole(SCAR, DENT), CONFIG: config(backend="tokenizers", is_local=True)},
    "tokenizer.json, padding !": ALONE | {ALL: whole(SCAR, token("!", id=0, special=True, normalized=False)), CONFIG: config(pad_token="!")},
    "tokenizer.json of transformers 4": ALONE | {ALL: whole(SCAR, merges="lines", pre_tokenizer=pre_tokenizer(PATTERN)), CONFIG: config()},
    "tokenizer.json beside vocab.json": {ALL: whole(SCAR), ADDED: {"<dent>": SIZE + 1}},
    "tokenizer.json overrides added_tokens.json": {ALL: whole(token("<dent>", normalized=False)), ADDED: {"<dent>": SIZE}},
    "decoder overrides added_tokens.json": decoder(SCAR) | {ADDED: {"<dent>": SIZE}},
    "decoder and added_tokens.json": decoder(SCAR) | {ADDED: {"<scar>": SIZE}},
    "decoder and a map": decoder(SCAR) | {MAP: {"pad_token": "!"}},
    "added_tokens.json": {ADDED: {"<scar>": SIZE + 1, "<dent>": SIZE}},
    "added_tokens.json and extra tokens": {ADDED: {"<scar>": SIZE}, CONFIG: config(extra_special_tokens=["<hole>", "<scar>"])},
    "additional special tokens": {CONFIG: config(additional_special_tokens=["<scar>", "metal</w>"])},
    "additional special tokens in the map": {MAP: {"additional_special_tokens": ["<scar>", {"__type": "AddedToken"} | token("<dent>", lstrip=True)]}},
    "special tokens of any name": {CONFIG: config(scar_token="<scar>", mask_token="<hole>", extra_special_tokens={"dent": "<dent>"})},
    "padding of its own": decoder(SCAR, token("<pad>", special=True, normalized=False)) | {MAP: {"pad_token": "!"}},
    "objects in a map": {MAP: {k: token(v) for k, v in SPECIALS.items()}, ADDED: {"<scar>": SIZE}},
    "objects and a string in a map": {MAP: {k: token(v) for k, v in SPECIALS.items()} | {"pad_token": EOS}},
    "tokens of the vocabulary": decoder(token("metal</w>"), first=548),
}  # fmt: skip


def flags():
    """Every combination of flags, a token each."""
    names = "lstrip", "rstrip", "single_word", "normalized", "special"
    tokens = [token(f"<f{i}>", **dict(zip(names, on))) for i, on in enumerate(itertools.product((False, True), repeat=5))]
    texts = [f"{t} a  {t}  {t} b{t}c {t}1 ,{t}. _{t} \u0301{t} {t.upper()}\n{t}" for t in (t["content"] for t in tokens)]
    return decoder(*tokens), texts


OVERLAPPING = decoder(*map(token, [
    "<scar>", "<scar>s", "scar", "<s", "car", "hazel", "r> o",
])), [*TEXTS, "hazelnut scars", "a <scar> on", "<scar> <scars> scarcar"]  # fmt: skip
SPELLINGS = decoder(
    token("<Scar>"), token("<scar>", normalized=False), token("caf\u00e9"), token("cafe\u0301s"), token("two  words"),
    token("Two Words", normalized=False), token(" lead", rstrip=True), token("trail ", lstrip=True), token("\u732b"), token("\u0130s"),
    token("\u03a3\u03a3"), token("Ab", single_word=True), token("it's"), token("don", single_word=True),
), [*TEXTS, "<Scar><scar><SCAR>", "CAFE\u0301S caf\u00e9s Cafe\u0301", "two words two  words TWO\u3000WORDS Two Words", "mis lead  lead", "a trail  trail of",
    "\u732b\u732b\u72ac", "\u0130S i\u0307s Is", "\u03c3\u03c2 \u03a3\u03a3 \u03c3\u03c3", "ab Ab abb ab1 ab_ -ab- ab\u200dc ab\u0301 \u00e4ab",
    "it's It'S its", "don't don\u2019t \u2160don don\u24d0"]  # fmt: skip


def make(model, path):
    """Writes the ids of every layout of a model's tokenizer directory."""
    layouts = {name: (files, TEXTS) for name, files in LAYOUTS.items()}
    layouts |= {"flags": flags(), "overlapping": OVERLAPPING, "spellings": SPELLINGS}
    source = model / "tokenizer"
    out = {name: ids_of(source, files, texts) for name, (files, texts) in layouts.items()}
    for name, files in saved(source).items():
        out[name] = ids_of(source, files, TEXTS)
    text = json.dumps(out).replace('{"text"', '\n{"text"').replace('"files"', '\n"files"')
    path.write_text(text + "\n")


def saved(source):
    """Directories as today's transformers writes them, without and with tokens that were added."""
    plain, more = (CLIPTokenizer.from_pretrained(source) for _ in range(2))
    more.add_tokens(["<scar>", AddedToken("<dent>", lstrip=True, special=True)])
    more.add_special_tokens({"additional_special_tokens": ["<hole>"], "pad_token": "!"})
    more(TEXTS[0], padding="max_length", truncation=True, max_length=77)
    layouts = {}
    for name, tokenizer in ("saved", plain), ("saved with more tokens", more):
        with tempfile.TemporaryDirectory() as d:
            tokenizer.save_pretrained(d)
            files = {f.name: json.loads(f.read_text()) for f in pathlib.Path(d).iterdir()}
        del files[ALL]["model"]["vocab"]
        files[ALL]["model"]["merges"] = "pairs"
        layouts[name] = {f.name: None for f in source.iterdir()} | files
    return layouts


def ids_of(source, files, texts):
    """What transformers makes of a layout: {files, pad, cases}, the ids without padding."""
    with tempfile.TemporaryDirectory() as d:
        write(source, files, pathlib.Path(d))
        t = CLIPTokenizer.from_pretrained(d)
        cases = [{"text": s, "ids": t(s, truncation=True, max_length=77)["input_ids"]} for s in texts]
        return {"files": files, "pad": t.pad_token_id, "cases": cases}


def write(source, files, folder):
    """Writes the directory of a layout."""
    for f in source.iterdir():
        if f.name not in files:
            shutil.copyfile(f, folder / f.name)
    for name, content in files.items():
        if name == ALL:
            lines = (source / MERGES).read_text().splitlines()[1:]
            merges = lines if content["model"]["merges"] == "lines" else [line.split(" ") for line in lines]
            vocab = json.loads((source / VOCAB).read_text())
            content = content | {"model": content["model"] | {"vocab": vocab, "merges": merges}}
        if content is not None:
            (folder / name).write_text(json.dumps(content))
