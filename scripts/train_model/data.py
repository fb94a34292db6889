"""Training text: reading it, and keeping its tokens in flat arrays."""

import dataclasses
import json
import pathlib

import numpy as np

import vocabulary

# Characters kept of each text; windows of a passage are drawn from what is kept.
_TITLE_CHARACTERS = 300
_QUERY_CHARACTERS = 600
_PASSAGE_CHARACTERS = 1400
_TOKENISE_AT_ONCE = 20000


@dataclasses.dataclass
class Text:
    """Pairs are (source, kind, query, passage); records are (source, title, text)."""

    pairs: list
    records: list


def _lines(path):
    if path.suffix == ".zst":
        from compression import zstd  # Python 3.14 and newer

        with zstd.open(path, "rt", encoding="utf-8") as stream:
            yield from stream
    else:
        with open(path, encoding="utf-8") as stream:
            yield from stream


def read(folder):
    """Reads pairs-*.jsonl[.zst] and corpus-*.jsonl[.zst] of a folder, in the order of their names."""
    folder = pathlib.Path(folder)
    pairs, records = [], []
    for path in sorted(folder.glob("pairs-*.jsonl*")):
        for line in _lines(path):
            row = json.loads(line)
            pairs.append((row["src"], row["kind"], row["q"], row["d"]))
    for path in sorted(folder.glob("corpus-*.jsonl*")):
        for line in _lines(path):
            row = json.loads(line)
            records.append((row["src"], row["title"], row["text"]))
    if not pairs or not records:
        raise SystemExit(f"train: {folder} holds no pairs-*.jsonl and corpus-*.jsonl")
    return Text(pairs, records)


@dataclasses.dataclass
class Column:
    """The tokens of one text column: those of row r are flat[offset[r]:offset[r + 1]]."""

    flat: np.ndarray
    offset: np.ndarray

    def length(self):
        return np.diff(self.offset)


def tokens(tokenizer, texts):
    """Returns an id array for each text, without special tokens; unknown characters are dropped."""
    for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
        ids = np.array(encoding.ids, dtype=np.uint16)
        yield ids[ids >= vocabulary.FIRST_WORD_ID]


def column(tokenizer, texts, character_limit):
    parts, lengths = [], []
    for start in range(0, len(texts), _TOKENISE_AT_ONCE):
        batch = [text[:character_limit] for text in texts[start : start + _TOKENISE_AT_ONCE]]
        for ids in tokens(tokenizer, batch):
            parts.append(ids)
            lengths.append(len(ids))
    return Column(np.concatenate(parts), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


@dataclasses.dataclass
class Tokenised:
    query: Column
    passage: Column
    title: Column
    text: Column
    pair_source: list
    pair_kind: list
    record_source: list


def tokenise(tokenizer, text):
    return Tokenised(
        query=column(tokenizer, [pair[2] for pair in text.pairs], _QUERY_CHARACTERS),
        passage=column(tokenizer, [pair[3] for pair in text.pairs], _PASSAGE_CHARACTERS),
        title=column(tokenizer, [record[1] for record in text.records], _TITLE_CHARACTERS),
        text=column(tokenizer, [record[2] for record in text.records], _PASSAGE_CHARACTERS),
        pair_source=[pair[0] for pair in text.pairs],
        pair_kind=[pair[1] for pair in text.pairs],
        record_source=[record[0] for record in text.records],
    )


_COLUMNS = ("query", "passage", "title", "text")
_NAMES = ("pair_source", "pair_kind", "record_source")


def save(path, tokenised):
    """Keeps tokens for later runs that change the training only."""
    arrays = {name: np.array(getattr(tokenised, name)) for name in _NAMES}
    for name in _COLUMNS:
        one = getattr(tokenised, name)
        arrays[f"{name}_flat"], arrays[f"{name}_offset"] = one.flat, one.offset
    np.savez(path, **arrays)


def load(path):
    with np.load(path) as arrays:
        columns = {name: Column(arrays[f"{name}_flat"], arrays[f"{name}_offset"]) for name in _COLUMNS}
        return Tokenised(**columns, **{name: arrays[name].tolist() for name in _NAMES})


def ragged(flat, start, length):
    """Gathers flat[start[i]:start[i] + length[i]] for all i; returns (values, offset of each row)."""
    offset = np.concatenate([[0], np.cumsum(length)])
    position = np.repeat(start - offset[:-1], length) + np.arange(offset[-1])
    return flat[position], offset[:-1]
