// From a query's text to its ranked results, at rest and while documents are taken in.
import { peakRendererMb } from '../headless/browser.mjs';
import { percentile } from '../headless/output.mjs';
import { contentQueries } from './content_queries.mjs';
import { installPeers } from './peers.mjs';
import { addPassages, asRecords, higher, inFolder, inFreshBrowser, lower, openReady, prepare, timeAdd, useStandIn, withStandInModel } from './site_runs.mjs';
import { writeModel } from './stand_in/write_model.mjs';
import { makePassages, makeQueries, makeTexts, randomNumbers } from './texts.mjs';

const IDLE_P95_MS = 25;
const INDEXING_P95_MS = 60;
// What the words and the vectors of a query may take of it.
const WORDS_P95_MS = 8;
const VECTORS_P95_MS = 5;
const QUERY_WORDS = [4, 8, 16];
// Added while queries are asked; other texts than the library's, as none is embedded twice.
const ADDED_SEED = 99;
const STAND_IN_PASSAGES = 100;
// Seconds of work: a lane opens when work has lasted a while, and opening takes a while.
const WARM_UP_TOKENS = 10_000;
// As a fast typist's keys. What waits for a query holds the next batches back, so that without a pause there would be no
// indexing at full speed.
const QUERY_INTERVAL_MS = 100;
const LOOK_MS = 500;

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('../headless/app_session.mjs').AppSession} AppSession
 */

/** @typedef {{ms: number, parts_ms: import('../../../web/generated/protocol.mjs').SearchParts}} Timed ms: from the call in the page to its result */

/**
 * @param {AppSession} app
 * @param {string[]} queries
 * @param {'hybrid' | 'lexical'} [mode]
 * @returns {Promise<Timed[]>}
 */
function timeQueries(app, queries, mode = 'hybrid') {
  return app.call(
    async ({ queries, mode }) => {
      const timed = [];
      for (const text of queries) {
        const { ms, parts_ms } = await window.lodestone.search(text, { mode });
        timed.push({ ms, parts_ms });
      }
      return timed;
    },
    { queries, mode },
  );
}

/**
 * @param {AppSession} app
 * @param {string[]} queries
 * @param {'hybrid' | 'lexical'} [mode]
 * @returns {Promise<number[]>} from each call in the page to its result
 */
export async function queryTimes(app, queries, mode) {
  return (await timeQueries(app, queries, mode)).map(({ ms }) => ms);
}

/**
 * Adds what was prepared, and asks one query after the other until that is done.
 * @param {AppSession} app
 * @param {string[]} queries
 * @returns {Promise<number[]>}
 */
function queryTimesWhileAdding(app, queries) {
  return app.call(async (queries) => {
    let isDone = false;
    const adding = window.lodestone
      .add(/** @type {any} */ (window).lodestoneBench)
      .finally(() => (isDone = true));
    const times = [];
    for (let n = 0; !isDone; n += 1) {
      times.push((await window.lodestone.search(queries[n % queries.length])).ms);
    }
    await adding;
    return times;
  }, queries);
}

/**
 * @param {string} name
 * @param {number[]} times
 * @param {number} [limit_ms] of the 95th percentile
 * @returns {Case[]}
 */
function latency(name, times, limit_ms) {
  return [
    lower(`${name} p50`, percentile(times, 0.5), 'ms'),
    lower(`${name} p95`, percentile(times, 0.95), 'ms', limit_ms),
  ];
}

/**
 * @param {import('./site_runs.mjs').Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureQueries(bench) {
  /** @type {Case[]} */
  const cases = [];
  for (const count of bench.quick ? [1000] : [1000, 10000, 100000]) cases.push(...(await withBuiltIn(bench, count)));
  cases.push(...(await withStandIn(bench)));
  for (const count of bench.quick ? [10000] : [10000, 100000]) cases.push(...(await whileStandInEmbeds(bench, count)));
  return cases;
}

/**
 * @param {import('./site_runs.mjs').Bench} bench
 * @param {number} count of passages
 * @returns {Promise<Case[]>}
 */
function withBuiltIn(bench, count) {
  return inFreshBrowser(bench, async (tab) => {
    const app = await openReady(tab);
    const { ms, texts } = await addPassages(app, count);
    const name = `${count.toLocaleString('en')} passages`;
    const cases = [lower(`${name}: indexed in`, ms / 1000, 's')];
    const queries = makeQueries(bench.quick ? 60 : 200);
    cases.push(...latency(`${name}: hybrid query`, await queryTimes(app, queries), IDLE_P95_MS));
    const random = randomNumbers(count);
    const parts = [];
    for (const words of QUERY_WORDS) {
      const content = contentQueries(texts, { words, count: bench.quick ? 20 : 60, random });
      const what = `${name}: query of ${words} words`;
      const timed = await timeQueries(app, content);
      parts.push(...timed.map(({ parts_ms }) => parts_ms));
      cases.push(...latency(`${what}, hybrid`, timed.map(({ ms }) => ms), IDLE_P95_MS));
      cases.push(...latency(`${what}, by words alone`, await queryTimes(app, content, 'lexical')));
    }
    cases.push(...latency(`${name}: the words of these`, parts.map(({ words_ms }) => words_ms), WORDS_P95_MS));
    cases.push(...latency(`${name}: the vectors of these`, parts.map(({ vectors_ms }) => vectors_ms), VECTORS_P95_MS));
    await prepare(app, inFolder('while', makeTexts(bench.quick ? 300 : 2000, { seed: ADDED_SEED })));
    await app.idle();
    const mixed = QUERY_WORDS.flatMap((words) => contentQueries(texts, { words, count: 20, random }));
    const indexing = await queryTimesWhileAdding(app, mixed);
    cases.push(...latency(`${name}: hybrid query while indexing`, indexing, INDEXING_P95_MS));
    cases.push(lower(`${name}: peak memory of the page`, await peakRendererMb(tab.context), 'MB'));
    return cases;
  });
}

/**
 * With a model that keeps the processor busy for as long as texts come in.
 * @param {import('./site_runs.mjs').Bench} bench
 * @returns {Promise<Case[]>}
 */
function withStandIn(bench) {
  return withStandInModel(bench, async (app) => {
    await prepare(app, [asRecords('library', makePassages(STAND_IN_PASSAGES, { seed: 1 }))]);
    await timeAdd(app);
    await app.idle();
    const queries = makeQueries(bench.quick ? 60 : 200);
    const idle = await queryTimes(app, queries);
    const added = bench.quick ? 100 : 300;
    await prepare(app, [asRecords('more', makePassages(added, { seed: ADDED_SEED }))]);
    await app.idle();
    const indexing = await queryTimesWhileAdding(app, queries);
    const name = `MiniLM-shaped model, ${STAND_IN_PASSAGES} passages`;
    return [
      ...latency(`${name}: hybrid query`, idle, IDLE_P95_MS),
      ...latency(`${name}: hybrid query while ${added} more come in`, indexing, INDEXING_P95_MS),
    ];
  });
}

/**
 * A library that the built-in model has filled, and that the larger model then embeds anew, which takes minutes.
 * @param {import('./site_runs.mjs').Bench} bench
 * @param {number} count of passages
 * @returns {Promise<Case[]>}
 */
function whileStandInEmbeds(bench, count) {
  installPeers();
  const model = writeModel();
  return inFreshBrowser(bench, async (tab) => {
    const app = await openReady(tab);
    const { texts } = await addPassages(app, count);
    const random = randomNumbers(count);
    const queries = QUERY_WORDS.map((words) => contentQueries(texts, { words, count: bench.quick ? 20 : 60, random }));
    await useStandIn(app, model);
    await app.untilState((state, tokens) => state.tokens_embedded >= tokens, WARM_UP_TOKENS);
    const rounds = [];
    for (const some of queries) rounds.push(await timeWhileEmbedding(app, some, count));
    await app.call(() => window.lodestone.pause());
    await untilNothingIsEmbedded(app);
    const paused = await queryTimes(app, queries.flat());
    const name = `MiniLM-shaped model, ${count.toLocaleString('en')} passages`;
    const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
    return [
      ...latency(`${name}: hybrid query while it embeds them`, rounds.flatMap(({ times }) => times), INDEXING_P95_MS),
      higher(`${name}: embedded meanwhile`, (1000 * sum(rounds.map(({ tokens }) => tokens))) / sum(rounds.map(({ ms }) => ms)), 'tokens/s'),
      ...latency(`${name}: hybrid query, embedding paused`, paused, IDLE_P95_MS),
    ];
  });
}

/**
 * @param {AppSession} app
 * @param {string[]} queries seconds of them
 * @param {number} passages in the library
 * @returns {Promise<{times: number[], ms: number, tokens: number}>} tokens: embedded meanwhile
 */
async function timeWhileEmbedding(app, queries, passages) {
  const { times, ms, before, after } = await app.call(
    async ({ queries, interval_ms }) => {
      const { lodestone } = window;
      const before = await lodestone.state();
      const start = performance.now();
      const times = [];
      for (const text of queries) {
        await new Promise((resolve) => setTimeout(resolve, interval_ms));
        times.push((await lodestone.search(text)).ms);
      }
      const ms = performance.now() - start;
      return { times, ms, before, after: await lodestone.state() };
    },
    { queries, interval_ms: QUERY_INTERVAL_MS },
  );
  const tokens = after.tokens_embedded - before.tokens_embedded;
  if (after.model_id !== before.model_id || tokens <= 0 || after.passages !== passages || after.embedded_passages >= passages) {
    throw new Error(`${after.model_id} embedded ${tokens} tokens meanwhile, and ${after.embedded_passages} of ${after.passages} passages in all`);
  }
  return { times, ms, tokens };
}

/**
 * Batches that were at work when embedding was paused come to their end.
 * @param {AppSession} app
 */
async function untilNothingIsEmbedded(app) {
  for (let before = -1; ; ) {
    const { tokens_embedded } = await app.state();
    if (tokens_embedded === before) return;
    before = tokens_embedded;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
