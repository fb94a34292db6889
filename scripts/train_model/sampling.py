"""What a training batch is made of."""

import dataclasses

import numpy as np

import data

# Books: a paragraph says little about its neighbour, so their pairs teach less.
FICTION = frozenset(("gutenberg-98-authors", "english-novels-100"))

_PAIR, _TITLE, _CROP = 0, 1, 2


@dataclasses.dataclass
class Sampling:
    """How often an example of each sort is drawn in a pass, and how much of it is read."""

    fiction_pair: float = 0.3
    title: float = 0.5
    crop: float = 0.25
    fiction_crop: float = 0.3
    kinds: dict = dataclasses.field(default_factory=lambda: {"adjacent": 0.3, "example_definition": 0.5})
    query_tokens: int = 64
    passage_tokens: int = 128
    short_window_share: float = 0.5
    chunk: int = 128
    batch: int = 2048


class Examples:
    """Every example that can be drawn.

    An example is a pair of the sources (query, passage), a title with its text, or two disjoint parts
    of one text. The last two come from the corpus and carry words that no pair has.
    """

    def __init__(self, tokenised, sampling, seed):
        self.sampling = sampling
        self.random = np.random.default_rng(seed)
        columns = (tokenised.query, tokenised.passage, tokenised.title, tokenised.text)
        self._flat = np.concatenate([column.flat for column in columns])
        bases = np.concatenate([[0], np.cumsum([len(column.flat) for column in columns])])
        self._start = [column.offset[:-1] + base for column, base in zip(columns, bases)]
        self._length = [column.length() for column in columns]

        pair_count, record_count = len(tokenised.pair_source), len(tokenised.record_source)
        self.pair_count = pair_count
        self._sort = np.repeat([_PAIR, _TITLE, _CROP], [pair_count, record_count, record_count])
        self._row = np.concatenate([np.arange(pair_count), np.arange(record_count), np.arange(record_count)])
        names = tokenised.pair_source + tokenised.record_source + tokenised.record_source
        numbers = {name: number for number, name in enumerate(sorted(set(names)))}
        self.group = np.array([numbers[name] for name in names])
        self._expected = self._frequencies(tokenised)
        self.token_count = np.bincount(self._flat)

    def _frequencies(self, tokenised):
        sampling = self.sampling
        query, passage, title, text = self._length
        pair = np.array([sampling.kinds.get(kind, 1.0) for kind in tokenised.pair_kind])
        pair *= np.where([source in FICTION for source in tokenised.pair_source], sampling.fiction_pair, 1.0)
        pair[(query < 1) | (passage < 3)] = 0
        fiction = np.array([source in FICTION for source in tokenised.record_source])
        with_title = np.where((title >= 1) & (text >= 12) & ~fiction, sampling.title, 0.0)
        with_crop = np.where(text >= 40, sampling.crop, 0.0) * np.where(fiction, sampling.fiction_crop, 1.0)
        return np.concatenate([pair, with_title, with_crop])

    def per_pass(self):
        return int(self._expected.sum())

    def pair_tokens(self, column, limit):
        """Yields (values, offsets) of the first tokens of every pair's query (0) or passage (1)."""
        start, length = self._start[column], np.minimum(self._length[column], limit)
        for first in range(0, len(start), 20000):
            part = slice(first, first + 20000)
            yield data.ragged(self._flat, start[part], length[part])

    def shuffled_pass(self):
        """Returns the examples of one pass in order: chunks of one group each, chunks in random order.

        A chunk's members are each other's negatives. Sharing a source or a topic they are hard ones,
        while the other chunks of the batch keep the negatives broad.
        """
        count = np.floor(self._expected + self.random.random(len(self._expected))).astype(int)
        index = np.repeat(np.arange(len(count)), count)
        self.random.shuffle(index)
        index = index[np.argsort(self.group[index], kind="stable")]
        chunk = min(self.sampling.chunk, max(1, len(index)))
        chunks = index[: len(index) // chunk * chunk].reshape(-1, chunk)
        self.random.shuffle(chunks)
        return chunks.reshape(-1)

    def _window(self, start, length, limit):
        """Picks a random window of at most `limit` tokens, for a share of the rows a shorter one."""
        limits = np.full(len(start), limit)
        short = self.random.random(len(start)) < self.sampling.short_window_share
        factor = 0.25 + 0.75 * self.random.random(len(start))
        limits = np.where(short, np.maximum(12, (limits * factor).astype(int)), limits)
        spare = np.maximum(0, length - limits)
        first = (self.random.random(len(start)) * (spare + 1)).astype(np.int64)
        return start + first, np.minimum(length, limits)

    def batch(self, index):
        """Returns ((values, offsets) of the queries, (values, offsets) of the passages)."""
        sort, row = self._sort[index], self._row[index]
        starts = np.zeros((2, len(index)), np.int64)
        lengths = np.zeros((2, len(index)), np.int64)
        for one, (left, right) in ((_PAIR, (0, 1)), (_TITLE, (2, 3))):
            here = sort == one
            rows = row[here]
            starts[0, here] = self._start[left][rows]
            lengths[0, here] = np.minimum(self._length[left][rows], self.sampling.query_tokens)
            starts[1, here], lengths[1, here] = self._window(
                self._start[right][rows], self._length[right][rows], self.sampling.passage_tokens
            )
        here = sort == _CROP
        rows = row[here]
        start, length = self._start[3][rows], self._length[3][rows]
        cut = (length * (0.2 + 0.6 * self.random.random(len(rows)))).astype(np.int64)
        wanted = (8 + self.random.random(len(rows)) ** 2 * (self.sampling.query_tokens - 8)).astype(np.int64)
        taken = np.minimum(cut, wanted)
        starts[0, here] = start + (self.random.random(len(rows)) * (cut - taken + 1)).astype(np.int64)
        lengths[0, here] = taken
        starts[1, here] = start + cut
        lengths[1, here] = np.minimum(length - cut, self.sampling.passage_tokens)
        return (
            data.ragged(self._flat, starts[0], lengths[0]),
            data.ragged(self._flat, starts[1], lengths[1]),
        )

    def hard_negatives(self, index, negative):
        """Returns (values, offsets) of the mined passages of the pairs among `index`.

        `negative` gives for each pair the pair whose passage is its hard negative, or -1.
        """
        chosen = negative[self._row[index][self._sort[index] == _PAIR]]
        rows = chosen[chosen >= 0]
        return data.ragged(
            self._flat,
            *self._window(self._start[1][rows], self._length[1][rows], self.sampling.passage_tokens),
        )
