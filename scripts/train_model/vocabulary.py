"""The model's own uncased WordPiece vocabulary and the tokenizer around it."""

import collections
import re

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
FIRST_WORD_ID = len(SPECIAL)

# Splits normalised text about as BertPreTokenizer does; only counts depend on it.
_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
_MAX_CHARACTERS = 400
_MAX_PIECE_CHARACTERS = 300
_FIRST_IDEOGRAPH = 0x2FFF
_MIN_CHARACTER_COUNT = 30


def normaliser():
    return normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True
    )


def tokenizer(vocabulary):
    """Returns the reference tokenizer over `vocabulary`, a list of tokens in id order."""
    ids = {token: index for index, token in enumerate(vocabulary)}
    result = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    result.normalizer = normaliser()
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    result.decoder = decoders.WordPiece(prefix="##")
    result.add_special_tokens(SPECIAL)
    return result


def count_words(texts_by_source):
    """Counts words per source: an iterable of (source, text) to {source: Counter}."""
    normal = normaliser()
    counts = collections.defaultdict(collections.Counter)
    for source, text in texts_by_source:
        counts[source].update(_WORD.findall(normal.normalize_str(text)))
    return counts


def balanced(counts, source_weight):
    """Merges the counts so that large sources do not decide alone: weight = words ** -0.4."""
    merged = collections.Counter()
    for source, words in counts.items():
        weight = source_weight(source) * (sum(words.values()) / 1e6) ** -0.4
        for word, count in words.items():
            merged[word] += count * weight
    return merged


def build(counts, source_weight, size, piece_count):
    """Returns `size` tokens: whole words by balanced count, then `piece_count` word pieces.

    In a model that averages tokens a whole word is worth more than pieces that must serve many
    words, so most of the table goes to whole words. The pieces are trained on the words left out.
    """
    merged = balanced(counts, source_weight)
    characters = collections.Counter()
    for words in counts.values():
        for word, count in words.items():
            for character in dict.fromkeys(word):
                characters[character] += count
    common = {character for character, count in characters.items() if count >= _MIN_CHARACTER_COUNT}
    alphabet = [
        character
        for character, _ in characters.most_common(_MAX_CHARACTERS)
        if character in common and ord(character) < _FIRST_IDEOGRAPH
    ]
    result = SPECIAL + alphabet + ["##" + character for character in alphabet if character.isalnum()]
    seen = set(result)
    left_out = []
    for word, _ in merged.most_common():
        if not common.issuperset(word):
            continue
        if len(result) >= size - piece_count:
            left_out.append(word)
        elif word not in seen:
            result.append(word)
            seen.add(word)
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learner.train_from_iterator(
        (
            " ".join([word] * max(1, min(50, round(merged[word]))))
            for word in left_out
            if not word.isdigit()
        ),
        trainers.WordPieceTrainer(
            vocab_size=piece_count + 3000,
            min_frequency=2,
            special_tokens=SPECIAL,
            show_progress=False,
            limit_alphabet=_MAX_PIECE_CHARACTERS,
        ),
    )
    pieces = [token for token, _ in sorted(learner.get_vocab().items(), key=lambda item: item[1])]
    for token in pieces + left_out:
        if len(result) >= size:
            break
        if token not in seen:
            result.append(token)
            seen.add(token)
    return result
