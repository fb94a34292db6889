// Search must not get worse: our own small set, through the whole site, in every mode.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MODES, parseQueries } from '../scripts/lib/headless/options.mjs';
import { expect, test } from './lib/fixtures.mjs';
import { ndcg, parseJudgements } from './lib/metrics.mjs';

const SET = fileURLToPath(new URL('fixtures/quality/', import.meta.url));
// A little below what was measured when the set was made; see README.md for the date.
const FLOORS = { lexical: 0.62, semantic: 0.8, hybrid: 0.78 };

test('nDCG@10 of the quality set stays above its floors', async ({ app }) => {
  const queries = parseQueries(readFileSync(`${SET}queries.jsonl`, 'utf8'), 'queries.jsonl');
  const judgements = parseJudgements(readFileSync(`${SET}qrels.tsv`, 'utf8'));
  const added = await app.add([{ path: 'corpus.jsonl', absolute: `${SET}corpus.jsonl` }]);
  expect(added.failed).toEqual([]);
  expect((await app.state()).documents).toBe(60);

  /** @type {Record<string, number>} */
  const means = {};
  for (const mode of MODES) {
    let sum = 0;
    for (const { id, text } of queries) {
      const { results } = await app.search(text, { mode, top: 10 });
      const ranking = results.map((/** @type {{path: string}} */ hit) => hit.path.split('#')[1]);
      sum += ndcg(ranking, judgements.get(String(id)) ?? new Map());
    }
    means[mode] = sum / queries.length;
  }
  console.log('nDCG@10', means);
  for (const [mode, floor] of Object.entries(FLOORS)) {
    expect(means[mode], mode).toBeGreaterThanOrEqual(floor);
  }
  expect(means.hybrid).toBeGreaterThan(means.lexical);
});
