// Questions whose words are as frequent as those that people mean.

/** A word in more passages than this stands for the glue that a search leaves out. */
const MAX_SHARE = 0.25;

/**
 * @param {import('./texts.mjs').Text[]} texts that the words are taken from, each as often as it stands there
 * @param {{words: number, count: number, random: () => number}} options words of each question, how many questions
 */
export function contentQueries(texts, { words, count, random }) {
  const passages = texts.slice(0, 1000).map(({ text }) => text.match(/[a-z]+/g) ?? []);
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (const passage of passages) {
    for (const word of new Set(passage)) seen.set(word, (seen.get(word) ?? 0) + 1);
  }
  const isContent = (/** @type {string} */ word) => (seen.get(word) ?? 0) <= MAX_SHARE * passages.length;
  const content = passages.flat().filter(isContent);
  return Array.from({ length: count }, () => {
    /** @type {Set<string>} */
    const query = new Set();
    while (query.size < words) query.add(content[Math.floor(random() * content.length)]);
    return [...query].join(' ');
  });
}
