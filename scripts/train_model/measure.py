"""Measures of a model on development sets, offline: similarity, retrieval and fusion.

A retrieval set is a folder with corpus.jsonl, queries.jsonl and qrels.tsv (BEIR's form); a
similarity set is a CSV of sentence, sentence, score. The site's own figures come from `evaluate`.
"""

import csv
import dataclasses
import json
import math
import pathlib
import re
import sqlite3

import numpy as np
from scipy.stats import spearmanr

import data

_PASSAGE_TOKENS = 200
_WHOLE_UP_TO_TOKENS = 240
_STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further had has have
    having he her here hers him his how i if in into is it its itself just me more most my no nor not
    now of off on once only or other our out over own same she should so some such than that the their
    them then there these they this those through to too under until up very was we were what when
    where which while who whom why will with would you your""".split()
)


@dataclasses.dataclass
class RetrievalSet:
    name: str
    texts: list
    queries: list
    relevant: list  # for each query the set of indices into texts
    lexical: np.ndarray  # [queries x texts] BM25, zero where no term matches


def _rows(path):
    with open(path, encoding="utf-8") as stream:
        return [json.loads(line) for line in stream if line.strip()]


def lexical_scores(texts, queries):
    """BM25 of SQLite's FTS5 (k1 1.2, b 0.75, Porter stems) for an OR of the words that carry meaning."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE t USING fts5(body, tokenize = 'porter unicode61')")
    base.executemany("INSERT INTO t(rowid, body) VALUES(?, ?)", list(enumerate(texts)))
    scores = np.zeros((len(queries), len(texts)), np.float32)
    for row, query in enumerate(queries):
        words = re.findall(r"\w+", query.lower())
        words = [word for word in words if word not in _STOP_WORDS] or words
        if words:
            expression = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
            for text, score in base.execute("SELECT rowid, -bm25(t) FROM t WHERE t MATCH ?", (expression,)):
                scores[row, text] = score
    return scores


def retrieval_set(folder):
    folder = pathlib.Path(folder)
    records = _rows(folder / "corpus.jsonl")
    index = {record["_id"]: position for position, record in enumerate(records)}
    relevant = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, text, score = line.split("\t")
        if int(score) > 0 and text in index:
            relevant.setdefault(query, set()).add(index[text])
    queries = [query for query in _rows(folder / "queries.jsonl") if query["_id"] in relevant]
    texts = [(record.get("title", "") + " " + record["text"]).strip() for record in records]
    return RetrievalSet(
        folder.name,
        texts,
        [query["text"] for query in queries],
        [relevant[query["_id"]] for query in queries],
        lexical_scores(texts, [query["text"] for query in queries]),
    )


def similarity_set(path):
    with open(path, encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    return [row[0] for row in rows], [row[1] for row in rows], [float(row[2]) for row in rows]


def ndcg(scores, relevant, depth=10):
    total = 0.0
    for row, wanted in zip(scores, relevant):
        best = np.argsort(-row, kind="stable")[:depth]
        gain = sum(1 / math.log2(rank + 2) for rank, text in enumerate(best) if text in wanted)
        total += gain / sum(1 / math.log2(rank + 2) for rank in range(min(depth, len(wanted))))
    return total / len(relevant)


def standardise(scores):
    return (scores - scores.mean(1, keepdims=True)) / (scores.std(1, keepdims=True) + 1e-9)


def fuse(semantic, lexical, weight):
    return weight * standardise(semantic) + (1 - weight) * standardise(lexical)


class Model:
    """A table with its tokenizer, for measuring: mean of rows, unit length, best passage of a text."""

    def __init__(self, tokenizer, table):
        self.tokenizer = tokenizer
        self.table = table

    def embed(self, id_arrays):
        result = np.zeros((len(id_arrays), self.table.shape[1]), np.float32)
        for row, ids in enumerate(id_arrays):
            if len(ids):
                total = self.table[ids].sum(0)
                result[row] = total / max(float(np.linalg.norm(total)), 1e-12)
        return result

    def embed_texts(self, texts):
        return self.embed(list(data.tokens(self.tokenizer, texts)))

    def similarity(self, queries, texts):
        """Returns [queries x texts]: the cosine of each text's best passage, cut as the site does."""
        passages, owner = [], []
        for position, ids in enumerate(data.tokens(self.tokenizer, texts)):
            count = 1 if len(ids) <= _WHOLE_UP_TO_TOKENS else math.ceil(len(ids) / _PASSAGE_TOKENS)
            for part in np.array_split(ids, count):
                passages.append(part)
                owner.append(position)
        cosine = self.embed_texts(queries) @ self.embed(passages).T
        best = np.full((len(queries), len(texts)), -1, np.float32)
        np.maximum.at(best.T, np.array(owner), cosine.T)
        return best


def spearman(model, similarity):
    first, second, wanted = similarity
    cosine = (model.embed_texts(first) * model.embed_texts(second)).sum(1)
    return float(spearmanr(cosine, wanted)[0])


def choose_fusion_weight(model, sets, weights=tuple(round(0.3 + 0.05 * step, 2) for step in range(11))):
    """Returns (weight, {set: {weight: nDCG@10}}).

    The best mean gain over BM25 alone among the weights that are at least as good as it on every set:
    a weight must not buy one collection with another.
    """
    table = {}
    for one in sets:
        semantic = model.similarity(one.queries, one.texts)
        table[one.name] = {
            weight: ndcg(fuse(semantic, one.lexical, weight), one.relevant) for weight in weights
        }
    alone = {one.name: ndcg(one.lexical, one.relevant) for one in sets}
    safe = [weight for weight in weights if all(table[name][weight] >= alone[name] for name in alone)]
    best = max(safe or weights[:1], key=lambda weight: sum(table[name][weight] for name in table))
    return best, table


def similarity_floor(model, sets):
    """Returns the cosine that best parts questions that a library answers from those it does not.

    For each question: its best cosine in its own set, and in every other set. With a single set the
    own relevant passages are compared with the other passages instead. The floor is the threshold
    with the fewest mistakes, of both kinds equally weighted.
    """
    answered, unanswered = [], []
    for one in sets:
        for other in sets:
            cosine = model.similarity(one.queries, other.texts)
            if other is one:
                answered.append(cosine.max(1))
            else:
                unanswered.append(cosine.max(1))
    if not unanswered:
        return 0.2
    yes, no = np.concatenate(answered), np.concatenate(unanswered)
    steps = np.arange(0.05, 0.8, 0.01)
    mistakes = [(yes < step).mean() + (no >= step).mean() for step in steps]
    return round(float(steps[int(np.argmin(mistakes))]), 2)
