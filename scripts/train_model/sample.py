"""A small library made by script, to try the whole recipe in two minutes without any data.

Its language is invented: topics hold concepts, and each concept has two unrelated words. Questions use
one word of a concept and passages mostly the other, so that matching words finds little and only what
training learns, that the two mean the same, can rank the passages.
"""

import json
import random

_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
_FILLER = "the of and to in is was for with on that by from at it as".split()
_TOPICS = 40
_CONCEPTS_PER_TOPIC = 10
_SOURCES = 4


def _word(generator):
    return "".join(generator.choice(_CONSONANTS) + generator.choice(_VOWELS) for _ in range(generator.randint(2, 4)))


class Language:
    def __init__(self, seed):
        self._generator = random.Random(seed)
        words = set()
        while len(words) < _TOPICS * _CONCEPTS_PER_TOPIC * 2:
            words.add(_word(self._generator))
        words = sorted(words)
        self._generator.shuffle(words)
        pairs = list(zip(words[0::2], words[1::2]))
        self._topics = [
            pairs[first : first + _CONCEPTS_PER_TOPIC] for first in range(0, len(pairs), _CONCEPTS_PER_TOPIC)
        ]

    def topic(self):
        return self._generator.randrange(_TOPICS)

    def concepts(self, topic, count):
        return self._generator.sample(self._topics[topic], count)

    def sentence(self, concepts, second_share):
        words = []
        for concept in concepts:
            words.append(concept[1 if self._generator.random() < second_share else 0])
            words.extend(self._generator.choices(_FILLER, k=self._generator.randint(0, 2)))
        return " ".join(words)

    def passage(self, concepts, second_share=0.9, sentences=4):
        parts = []
        for _ in range(sentences):
            chosen = self._generator.sample(concepts, min(3, len(concepts)))
            parts.append(self.sentence(chosen, second_share).capitalize() + ".")
        return " ".join(parts)


def _write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row) + "\n")


def make(folder, seed, pair_count=12000, record_count=3000, query_count=200, text_count=400):
    """Writes folder/data (pairs, corpus) and folder/eval/{made,similar} in the forms that `train` reads."""
    language = Language(seed)
    (folder / "data").mkdir(parents=True)
    (folder / "eval" / "made").mkdir(parents=True)
    (folder / "eval" / "similar").mkdir(parents=True)
    pairs, records = [], []
    for number in range(pair_count):
        concepts = language.concepts(language.topic(), 4)
        pairs.append(
            {
                "src": f"made-{number % _SOURCES}",
                "kind": "question_answer",
                "q": language.sentence(concepts[:3], 0.05),
                "d": language.passage(concepts),
            }
        )
    for number in range(record_count):
        concepts = language.concepts(language.topic(), 4)
        records.append(
            {
                "src": f"made-{number % _SOURCES}",
                "title": language.sentence(concepts[:2], 0.5),
                "text": language.passage(concepts, 0.5, 12),
            }
        )
    _write_lines(folder / "data" / "pairs-000.jsonl", pairs)
    _write_lines(folder / "data" / "corpus-000.jsonl", records)

    texts = [language.concepts(language.topic(), 4) for _ in range(text_count)]
    _write_lines(
        folder / "eval" / "made" / "corpus.jsonl",
        [{"_id": f"t{n}", "title": "", "text": language.passage(concepts)} for n, concepts in enumerate(texts)],
    )
    _write_lines(
        folder / "eval" / "made" / "queries.jsonl",
        [{"_id": f"q{n}", "text": language.sentence(texts[n][:3], 0.05)} for n in range(query_count)],
    )
    with open(folder / "eval" / "made" / "qrels.tsv", "w", encoding="utf-8") as stream:
        stream.write("query-id\tcorpus-id\tscore\n")
        for query in range(query_count):
            wanted = set(texts[query][:3])
            for number, concepts in enumerate(texts):
                if wanted.issubset(concepts):
                    stream.write(f"q{query}\tt{number}\t1\n")
    with open(folder / "eval" / "similar" / "made-dev.csv", "w", encoding="utf-8") as stream:
        for number in range(300):
            first = language.concepts(language.topic(), 3)
            shared = number % 4
            second = first[:shared] + language.concepts(language.topic(), 3 - shared)
            stream.write(f"{language.sentence(first, 0.1)},{language.sentence(second, 0.9)},{shared}\n")
