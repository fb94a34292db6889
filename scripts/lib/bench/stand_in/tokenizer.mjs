// A WordPiece vocabulary of BERT's size: the frequent words of the texts whole, the others in pieces.

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const MARKS = '0123456789!"#$%&\'()*+,-./:;<=>?@[]_`{|}~';
// BERT's own places: what reads such a model may know them by heart.
const SPECIAL = new Map([
  ['[PAD]', 0],
  ['[UNK]', 100],
  ['[CLS]', 101],
  ['[SEP]', 102],
  ['[MASK]', 103],
]);

/** @param {string[]} words most frequent first @param {number} size @returns {Map<string, number>} piece to id */
function makeVocabulary(words, size) {
  const pieces = new Map(SPECIAL);
  const taken = new Set(SPECIAL.values());
  let next = 0;
  const add = (/** @type {string} */ piece) => {
    if (pieces.size >= size || pieces.has(piece)) return;
    while (taken.has(next)) next++;
    pieces.set(piece, next++);
  };
  for (const mark of MARKS) add(mark);
  for (const letter of LETTERS) {
    add(letter);
    add(`##${letter}`);
  }
  for (const word of words) add(word);
  // Pieces of up to three letters make up the other words; their like fills the rest of the table.
  for (const a of LETTERS) for (const b of LETTERS) add(`##${a}${b}`);
  for (const a of LETTERS) for (const b of LETTERS) for (const c of LETTERS) add(`##${a}${b}${c}`);
  for (let n = 0; pieces.size < size; n++) add(`[unused${n}]`);
  return pieces;
}

/**
 * @param {string[]} words to be kept whole, most frequent first
 * @param {number} size of the vocabulary
 * @returns {{tokenizer: object, config: object}} tokenizer.json and tokenizer_config.json
 */
export function makeTokenizer(words, size) {
  const special = [...SPECIAL].map(([content, id]) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const mark = (/** @type {string} */ content) => ({
    id: content,
    ids: [SPECIAL.get(content)],
    tokens: [content],
  });
  const step = (/** @type {string} */ id) => ({ SpecialToken: { id, type_id: 0 } });
  const text = { Sequence: { id: 'A', type_id: 0 } };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [step('[CLS]'), text, step('[SEP]')],
      pair: [step('[CLS]'), text, step('[SEP]'), { Sequence: { id: 'B', type_id: 1 } }, step('[SEP]')],
      special_tokens: { '[CLS]': mark('[CLS]'), '[SEP]': mark('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(makeVocabulary(words, size)),
    },
  };
  const config = {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: true,
    model_max_length: 512,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    mask_token: '[MASK]',
  };
  return { tokenizer, config };
}
