// Measures of rankings and of similarities, and the textbook BM25 that search is compared with.

/**
 * @typedef {{ndcg: number, recall: number, mrr: number}} RankingFigures at depth 10
 * @typedef {Map<string, string[]>} Rankings       query id to record ids, best first
 * @typedef {Map<string, Set<string>>} Judgements  query id to relevant record ids
 */

const DEPTH = 10;

/**
 * Means over the judged queries; a query without an answer counts as zero.
 * @param {Rankings} rankings
 * @param {Judgements} judgements
 * @returns {RankingFigures}
 */
export function rankingFigures(rankings, judgements) {
  const sum = { ndcg: 0, recall: 0, mrr: 0 };
  for (const [query, wanted] of judgements) {
    const one = queryFigures(rankings.get(query) ?? [], wanted);
    sum.ndcg += one.ndcg;
    sum.recall += one.recall;
    sum.mrr += one.mrr;
  }
  const count = Math.max(judgements.size, 1);
  return { ndcg: sum.ndcg / count, recall: sum.recall / count, mrr: sum.mrr / count };
}

/**
 * @param {string[]} ranking
 * @param {Set<string>} wanted
 * @returns {RankingFigures}
 */
export function queryFigures(ranking, wanted) {
  let gain = 0;
  let found = 0;
  let first = 0;
  ranking.slice(0, DEPTH).forEach((id, position) => {
    if (!wanted.has(id)) return;
    gain += 1 / Math.log2(position + 2);
    found += 1;
    if (first === 0) first = 1 / (position + 1);
  });
  let best = 0;
  for (let position = 0; position < Math.min(DEPTH, wanted.size); position += 1) {
    best += 1 / Math.log2(position + 2);
  }
  return { ndcg: gain / best, recall: found / wanted.size, mrr: first };
}

/**
 * Spearman's rank correlation; ties share their mean rank.
 * @param {number[]} left
 * @param {number[]} right
 */
export function spearman(left, right) {
  return pearson(ranks(left), ranks(right));
}

/** @param {number[]} values */
function ranks(values) {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const result = new Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to += 1;
    for (let at = from; at < to; at += 1) result[order[at]] = (from + to - 1) / 2;
    from = to;
  }
  return result;
}

/**
 * @param {number[]} left
 * @param {number[]} right
 */
function pearson(left, right) {
  const mean = (/** @type {number[]} */ values) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const leftMean = mean(left);
  const rightMean = mean(right);
  let product = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  left.forEach((value, index) => {
    const x = value - leftMean;
    const y = right[index] - rightMean;
    product += x * y;
    leftSquare += x * x;
    rightSquare += y * y;
  });
  return product / Math.sqrt(leftSquare * rightSquare);
}

/**
 * Textbook BM25 over lower-case words, no stems and no stop words: k1 1.2, b 0.75.
 * @param {{id: string, text: string}[]} records
 * @param {{id: string, text: string}[]} queries
 * @returns {Rankings}
 */
export function textbookBm25(records, queries) {
  const words = (/** @type {string} */ text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  /** @type {Map<string, Map<number, number>>} */
  const postings = new Map();
  const lengths = records.map((record, index) => {
    const list = words(record.text);
    for (const word of list) {
      const posting = postings.get(word) ?? new Map();
      posting.set(index, (posting.get(index) ?? 0) + 1);
      postings.set(word, posting);
    }
    return list.length;
  });
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / records.length;
  /** @type {Rankings} */
  const result = new Map();
  for (const query of queries) {
    /** @type {Map<number, number>} */
    const scores = new Map();
    for (const word of new Set(words(query.text))) {
      const posting = postings.get(word);
      if (!posting) continue;
      const rarity = Math.log(1 + (records.length - posting.size + 0.5) / (posting.size + 0.5));
      for (const [index, count] of posting) {
        const norm = 1.2 * (0.25 + (0.75 * lengths[index]) / meanLength);
        const gain = (rarity * count * 2.2) / (count + norm);
        scores.set(index, (scores.get(index) ?? 0) + gain);
      }
    }
    const best = [...scores].sort((a, b) => b[1] - a[1]).slice(0, DEPTH);
    result.set(
      query.id,
      best.map(([index]) => records[index].id),
    );
  }
  return result;
}
