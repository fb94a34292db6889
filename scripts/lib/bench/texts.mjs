// Made-up documents for measuring: the same every time, with words as unevenly frequent as in real text.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../headless/site.mjs';
import { listFolder } from '../headless/library_files.mjs';

const FIXTURES = path.join(ROOT, 'e2e/fixtures');
const WORDS_PER_SENTENCE = 14;
const SHORTEST_PASSAGE_WORDS = 8;
const LONGEST_PASSAGE_WORDS = 140;

/**
 * Words of the quality set, the frequent ones first.
 * @param {number} [leastUses]
 */
export function frequentWords(leastUses = 1) {
  const text = readFileSync(path.join(FIXTURES, 'quality/corpus.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).text)
    .join(' ');
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, uses]) => uses >= leastUses)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([word]) => word);
}

/**
 * Numbers from 0 to 1, the same for the same seed.
 * @param {number} seed
 */
export function randomNumbers(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** @typedef {{path: string, text: string}} Text */

/**
 * Documents of one passage each, unless `words` is large.
 * @param {number} count
 * @param {{words?: number, seed?: number}} [options]
 * @returns {Text[]}
 */
export function makeTexts(count, { words = 150, seed = 1 } = {}) {
  const known = frequentWords();
  const random = randomNumbers(seed);
  // The frequency of a word falls with its rank: an exponential of a uniform number does that.
  const pick = () => known[Math.floor(known.length ** random()) - 1];
  return Array.from({ length: count }, (_, n) => {
    const sentences = [];
    for (let left = words; left > 0; left -= WORDS_PER_SENTENCE) {
      sentences.push(
        Array.from({ length: Math.min(left, WORDS_PER_SENTENCE) }, pick).join(' ') + '.',
      );
    }
    return { path: `made/${n % 17}/document-${n}.txt`, text: sentences.join(' ') };
  });
}

/**
 * Passages of many lengths, up to the longest that documents are cut into, in no order.
 * @param {number} count
 * @param {{seed?: number}} [options]
 * @returns {string[]}
 */
export function makePassages(count, { seed = 3 } = {}) {
  const random = randomNumbers(seed);
  return makeTexts(count, { words: LONGEST_PASSAGE_WORDS, seed }).map(({ text }) => {
    const words = text.split(' ');
    const length = SHORTEST_PASSAGE_WORDS + random() * (LONGEST_PASSAGE_WORDS - SHORTEST_PASSAGE_WORDS);
    return `${words.slice(0, length).join(' ').replace(/\.$/, '')}.`;
  });
}

/**
 * Questions of three to nine words, out of the same vocabulary, beside the real ones of the quality set.
 * @param {number} count
 */
export function makeQueries(count) {
  const real = readFileSync(path.join(FIXTURES, 'quality/queries.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).text);
  const made = makeTexts(Math.max(0, count - real.length), { words: 9, seed: 7 }).map(
    ({ text }, n) =>
      text
        .replace('.', '')
        .split(' ')
        .slice(0, 3 + (n % 7))
        .join(' '),
  );
  return [...real, ...made].slice(0, count);
}

/** The ten Markdown files of the handbook. @returns {Text[]} */
export function handbook() {
  const { files } = listFolder(path.join(FIXTURES, 'handbook'));
  return files.map(({ path, absolute }) => ({ path, text: readFileSync(absolute, 'utf8') }));
}
