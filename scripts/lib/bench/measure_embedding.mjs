// Embedding throughput, from text to vectors, beside the peers: one model file, the same texts, the same number of
// threads, in one browser, taking turns.
import { Worker } from 'node:worker_threads';
import { installPeers, peerVersion, servePeers } from './peers.mjs';
import { asRecords, higher, inFreshBrowser, openReady, prepare, timeAdd, useStandIn } from './site_runs.mjs';
import { MODEL_NAME, writeModel } from './stand_in/write_model.mjs';
import { makePassages } from './texts.mjs';

const THREADS = [1, 2];
const PIPELINE_BATCHES = [1, 8, 32];
const RUNTIME_BATCH = 32;
const WARM_UP_SEED = 100;
const BUSY_SEED = 10;
const BUSY_ROUNDS = 2;
// Seconds of work: a lane opens when work has lasted a while, and opening takes a while.
const WARM_UP_PASSAGES = 128;

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {import('../headless/app_session.mjs').AppSession} AppSession
 * @typedef {{name: string, run: () => Promise<number>}} Contender run() gives tokens of real text a second
 */

/**
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureEmbedding(bench) {
  installPeers();
  const model = writeModel();
  const peers = await servePeers();
  try {
    const cases = await inFreshBrowser(bench, async ({ context }) => {
      /** @type {Case[]} */
      const cases = [];
      const ours = [];
      for (const threads of THREADS) {
        // Others for each: the page keeps its library, and embeds nothing twice.
        const passages = makePassages(passageCount(bench), { seed: threads });
        const other = await context.newPage();
        const contenders = await openPeers(other, peers.url, threads, passages);
        const tokens = contenders.tokens;
        const app = await openOurs({ context, page: await context.newPage() }, model, { threads, seed: threads });
        await prepare(app, [asRecords(`passages ${threads}`, passages)]);
        await app.idle();
        const own = { name: 'ours', run: () => runOurs(app, tokens) };
        const speeds = await takeTurns([own, ...contenders.list], bench.repetition);
        await other.close();
        ours.push(speeds.ours);
        cases.push(...casesOf(threads, speeds));
      }
      cases.push(higher('from 1 thread to 2', ours[1] / ours[0], 'times', 1.8));
      return cases;
    });
    return [...cases, ...(await besideBusyCore(bench, model))];
  } finally {
    await peers.close();
  }
}

/** @param {Bench} bench */
const passageCount = (bench) => (bench.quick ? 192 : 256);

/**
 * Embeds what was prepared, and ends the page.
 * @param {AppSession} app
 * @param {number} tokens as the peers count
 */
async function runOurs(app, tokens) {
  await app.page.bringToFront();
  const added = await timeAdd(app);
  await app.page.close();
  if (added.tokens !== tokens) throw new Error(`ours embedded ${added.tokens} tokens, the peers count ${tokens}`);
  return (1000 * tokens) / added.ms;
}

/**
 * Ours with one thread and with two while other work has a core for itself all the time: each in a browser of its own, as
 * they take turns within one repetition and pages of one browser share an engine.
 * @param {Bench} bench
 * @param {string} model its folder
 * @returns {Promise<Case[]>}
 */
function besideBusyCore(bench, model) {
  return inFreshBrowser(bench, (first) =>
    inFreshBrowser(bench, async (second) => {
      const sides = [
        { app: await openOurs(first, model, { threads: 1, seed: BUSY_SEED }), ms: 0, tokens: 0 },
        { app: await openOurs(second, model, { threads: 2, seed: BUSY_SEED }), ms: 0, tokens: 0 },
      ];
      // Not a page's: one behind another gets less of the processor than ours, which would flatter.
      const busy = new Worker('for (;;) {}', { eval: true });
      try {
        for (let round = 0; round < BUSY_ROUNDS; round += 1) {
          const seed = BUSY_SEED + round;
          const passages = makePassages(passageCount(bench) / BUSY_ROUNDS, { seed });
          for (const side of (round + bench.repetition) % 2 === 0 ? sides : sides.toReversed()) {
            await prepare(side.app, [asRecords(`passages ${seed}`, passages)]);
            await side.app.idle();
            const added = await timeAdd(side.app);
            side.ms += added.ms;
            side.tokens += added.tokens;
          }
        }
      } finally {
        await busy.terminate();
      }
      const speeds = sides.map(({ ms, tokens }) => (1000 * tokens) / ms);
      return [
        higher('1 thread beside a busy core', speeds[0], 'tokens/s'),
        higher('2 threads beside a busy core', speeds[1], 'tokens/s'),
        higher('2 threads beside a busy core, against 1 thread', speeds[1] / speeds[0], 'times', 1),
      ];
    }),
  );
}

/**
 * Who goes first changes with each repetition.
 * @param {Contender[]} contenders
 * @param {number} repetition
 */
async function takeTurns(contenders, repetition) {
  /** @type {Record<string, number>} */
  const speeds = {};
  for (let n = 0; n < contenders.length; n++) {
    const { name, run } = contenders[(n + repetition) % contenders.length];
    speeds[name] = await run();
  }
  return speeds;
}

/**
 * @param {number} threads
 * @param {Record<string, number>} speeds by contender
 * @returns {Case[]}
 */
function casesOf(threads, { ours, ...peers }) {
  const name = `${threads} thread${threads > 1 ? 's' : ''}`;
  const base = { unit: 'tokens/s', better: /** @type {const} */ ('higher'), ours };
  const pipeline = Object.entries(peers).filter(([peer]) => peer.startsWith('transformers.js'));
  const [bestName] = pipeline[0][0].split(',');
  const best = Math.max(...pipeline.map(([, speed]) => speed));
  const [runtimeName, runtime] = Object.entries(peers).filter(([peer]) => peer.startsWith('onnxruntime'))[0];
  return [
    { case: `${name}, its best batch`, ...base, peer: best, peer_name: bestName, least_ratio: threads === 1 ? 1.05 : 1.2 },
    ...pipeline.map(([peer, speed]) => ({
      case: `${name}, ${peer.slice(bestName.length + 2)}`,
      ...base,
      peer: speed,
      peer_name: bestName,
    })),
    { case: `${name}, batches of ${RUNTIME_BATCH}`, ...base, peer: runtime, peer_name: runtimeName, least_ratio: 1.35 },
  ];
}

/**
 * Opens the site with the model as a person picks it, and has the lanes open before anything is timed.
 * @param {import('./site_runs.mjs').Tab} tab
 * @param {string} model its folder
 * @param {{threads: number, seed: number}} options seed: another one for each page of a browser
 */
async function openOurs(tab, model, { threads, seed }) {
  const app = await openReady(tab, { threads });
  if (!app.ready.isolated || app.ready.threads !== threads) throw new Error('the page has not its threads');
  await useStandIn(app, model);
  await prepare(app, [asRecords(`warm-up ${seed}`, makePassages(WARM_UP_PASSAGES, { seed: WARM_UP_SEED + seed }))]);
  await timeAdd(app);
  return app;
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} url
 * @param {number} threads
 * @param {string[]} passages
 * @returns {Promise<{tokens: number, list: Contender[]}>}
 */
async function openPeers(page, url, threads, passages) {
  await page.goto(`${url}pages/blank.html`);
  const warmUp = makePassages(RUNTIME_BATCH, { seed: WARM_UP_SEED });
  const tokens = await page.evaluate(
    async ({ model, threads, passages, warmUp, batch }) => {
      if (!crossOriginIsolated) throw new Error('the page of the peers is not isolated');
      const module = '/pages/embedding.mjs';
      const { openPipeline, openRuntime } = await import(module);
      const pipeline = await openPipeline(model, threads);
      const runtime = await openRuntime(model, threads, pipeline.tokenizer);
      await pipeline.embed(warmUp, batch);
      await runtime.embed(warmUp, batch);
      Object.assign(window, { pipeline, runtime, passages });
      return pipeline.countTokens(passages);
    },
    { model: MODEL_NAME, threads, passages, warmUp, batch: RUNTIME_BATCH },
  );
  /** @param {'pipeline' | 'runtime'} which @param {number} batch */
  const run = (which, batch) => async () => {
    // The system gives less of the processor to a page behind another.
    await page.bringToFront();
    const ms = await page.evaluate(
      async ({ which, batch }) => {
        const peers = /** @type {any} */ (window);
        const start = performance.now();
        await peers[which].embed(peers.passages, batch);
        return performance.now() - start;
      },
      { which, batch },
    );
    return (1000 * tokens) / ms;
  };
  const library = `transformers.js ${peerVersion('@huggingface/transformers')}`;
  return {
    tokens,
    list: [
      ...PIPELINE_BATCHES.map((batch) => ({ name: `${library}, batch ${batch}`, run: run('pipeline', batch) })),
      { name: `onnxruntime-web ${peerVersion('onnxruntime-web')}`, run: run('runtime', RUNTIME_BATCH) },
    ],
  };
}
