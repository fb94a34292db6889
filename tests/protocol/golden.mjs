// The messages whose bytes are in golden.txt, in its order; messages_test.cc holds the same.
/** @import {Messages} from '../../web/generated/protocol.mjs' */

/** @type {[keyof Messages, any][]} */
export const GOLDEN = [
  ['Hello', { schema_hash: '0123456789abcdef', build_id: 'b1' }],
  ['AddFiles', {
    files: [
      { file_id: 7, path: 'notes/Übung 😀.md', size_bytes: 2 ** 40 + 1, modified_ms: -2 },
      { file_id: 0xffffffff, path: '', size_bytes: 0, modified_ms: 1_700_000_000_000 },
    ],
    scan: 3, continues: true,
  }],
  ['Search', { text: '\ufeffwas heißt "rust"?', mode: 'lexical', top: 10, group: 'page' }],
  ['Remove', { paths: ['a.md', 'b/c.txt'], everything: false }],
  ['Ack', {}],
  ['GetDocumentReply', {
    path: 'a.md', title: 'A', text: '# A\n\ntext', headings: [{ offset: 0, level: 1, text: 'A' }],
  }],
  ['SearchReply', {
    text: 'q', mode: 'hybrid', ms: 1.25, parts: { words_ms: 0.5, embedding_ms: 0.25, vectors_ms: 2, texts_ms: 0 }, complete: true, no_good_match: false, note: '',
    results: [{
      rank: 1, path: 'a.md', title: 'A', score: -0.5, matched_words: ['q', 'ü'],
      passages: [{
        start: 3, end: 70000, text: 'a q', heading_path: 'A > B', score: 2, lexical_score: 0.25, similarity: 1.5,
        has_similarity: true, matches: [{ start: 2, end: 3 }], best_sentence: { start: 0, end: 3 },
      }],
    }],
  }],
  ['ErrorReply', { code: 'kTooLarge', message: 'Too large.', detail: '' }],
  ['AddProgress', { total: 2, files: [{ done: 1, path: 'a.md', outcome: 'unchanged' }] }],
];
