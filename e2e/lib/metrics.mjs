// How good a ranking is, against judgements of who answers what.

/** @typedef {Map<string, Map<string, number>>} Judgements grade by document by query */

/**
 * @param {string} tsv with a head line: query, document, grade
 * @returns {Judgements}
 */
export function parseJudgements(tsv) {
  /** @type {Judgements} */
  const judgements = new Map();
  for (const line of tsv.trim().split('\n').slice(1)) {
    const [query, document, grade] = line.split('\t');
    const grades = judgements.get(query) ?? new Map();
    judgements.set(query, grades.set(document, Number(grade)));
  }
  return judgements;
}

/**
 * Normalised discounted cumulative gain of the first `depth`, with linear gains.
 * @param {string[]} ranking documents, best first
 * @param {Map<string, number>} grades
 * @param {number} [depth]
 */
export function ndcg(ranking, grades, depth = 10) {
  const gain = (/** @type {number[]} */ list) =>
    list.slice(0, depth).reduce((sum, grade, rank) => sum + grade / Math.log2(rank + 2), 0);
  const ideal = gain([...grades.values()].sort((a, b) => b - a));
  return ideal === 0 ? 0 : gain(ranking.map((document) => grades.get(document) ?? 0)) / ideal;
}
