// What the measurements share: a fresh browser on the served site, and texts put into the page.
import { AppSession } from '../headless/app_session.mjs';
import { launchBrowser } from '../headless/browser.mjs';
import { listFolder } from '../headless/library_files.mjs';
import { installPeers } from './peers.mjs';
import { writeModel } from './stand_in/write_model.mjs';
import { makeTexts } from './texts.mjs';

const LOOK_MS = 250;
// Of one core.
const RESTING_SHARE = 0.04;
// Texts that go to the page at once.
const LOT = 10000;

/**
 * @typedef {import('./texts.mjs').Text} Text
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {{port: number, sentBytes: () => number, quick: boolean, repetition: number}} Bench sentBytes: by the server, so far
 * @typedef {{context: import('playwright-core').BrowserContext, page: import('playwright-core').Page}} Tab
 */

/**
 * Runs `work` in a browser of its own, with an empty profile that is removed afterwards.
 * @template T
 * @param {Bench} bench
 * @param {(tab: Tab) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function inFreshBrowser(bench, work) {
  return inBrowser(bench, null, work);
}

/**
 * Runs `work` in a browser of its own.
 * @template T
 * @param {Bench} bench
 * @param {string | null} profile a folder to keep; null for one that is removed afterwards
 * @param {(tab: Tab) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function inBrowser(bench, profile, work) {
  const { context, close } = await launchBrowser({
    port: bench.port,
    profile,
    viewport: { width: 1280, height: 800 },
  });
  try {
    return await work({ context, page: context.pages()[0] ?? (await context.newPage()) });
  } finally {
    await close();
  }
}

/**
 * Waits until the browser has done with its own start: people open the page in a browser that runs, and
 * what is measured is the site, not the browser.
 * @param {import('playwright-core').BrowserContext} context
 */
export async function untilBrowserRests(context) {
  const browser = context.browser();
  if (browser === null) throw new Error('the browser cannot be asked for its processes');
  const session = await browser.newBrowserCDPSession();
  const used_s = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  for (let before = await used_s(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const after = await used_s();
    if ((after - before) * 1000 < LOOK_MS * RESTING_SHARE) break;
    before = after;
  }
  await session.detach();
}

/**
 * @param {Tab} tab
 * @param {{threads?: number}} [options]
 */
export async function openReady({ page }, options = {}) {
  const app = await AppSession.open(page, options);
  const state = await app.modelSettled();
  if (state.model_state !== 'ready') throw new Error(`no model: ${state.model_error}`);
  return app;
}

/**
 * Puts texts into the page as files, which takes the page's thread a while: no part of what is measured.
 * @param {AppSession} app
 * @param {Text[]} texts
 */
export function prepare(app, texts) {
  return app.call((texts) => {
    const items = texts.map(({ path, text }) => ({ path, data: new Blob([text]) }));
    Object.assign(window, { lodestoneBench: items });
  }, texts);
}

/**
 * A record a passage: each is cut into one, and its title, with which it begins, adds nothing to what is embedded.
 * @param {string} name
 * @param {string[]} passages
 * @returns {Text}
 */
export function asRecords(name, passages) {
  const lines = passages.map((text, n) => JSON.stringify({ _id: String(n), title: text.split(' ', 3).join(' '), text }));
  return { path: `${name}.jsonl`, text: lines.join('\n') + '\n' };
}

/**
 * A fresh browser in which the stand-in model is in use.
 * @template Value
 * @param {Bench} bench
 * @param {(app: AppSession) => Promise<Value>} run
 * @returns {Promise<Value>}
 */
export function withStandInModel(bench, run) {
  installPeers();
  const model = writeModel();
  return inFreshBrowser(bench, async (tab) => {
    const app = await openReady(tab);
    await useStandIn(app, model);
    return run(app);
  });
}

/**
 * Picks the stand-in model as a person would.
 * @param {AppSession} app
 * @param {string} folder from writeModel()
 */
export function useStandIn(app, folder) {
  return app.setModel(listFolder(folder).files.filter(({ path }) => !path.startsWith('.')));
}

/**
 * Adds what was prepared and says how long it took until all was searchable by meaning.
 * @param {AppSession} app
 */
export function timeAdd(app) {
  return app.call(async () => {
    const before = await window.lodestone.state();
    const start = performance.now();
    await window.lodestone.add(/** @type {any} */ (window).lodestoneBench);
    const ms = performance.now() - start;
    const state = await window.lodestone.state();
    return { ms, state, tokens: state.tokens_embedded - before.tokens_embedded };
  });
}

/**
 * Adds texts of one passage each.
 * @param {AppSession} app
 * @param {number} count
 * @returns {Promise<{ms: number, texts: Text[]}>} until all were searchable by meaning; the first of them
 */
export async function addPassages(app, count) {
  const texts = makeTexts(Math.min(count, LOT));
  let total_ms = 0;
  for (let lot = 0; lot * LOT < count; lot += 1) {
    await prepare(app, lot === 0 ? texts : inFolder(`lot-${lot}`, makeTexts(LOT, { seed: lot + 1 })));
    total_ms += (await timeAdd(app)).ms;
  }
  await app.idle();
  const { passages } = await app.state();
  if (passages !== count) throw new Error(`${passages} passages of ${count} documents`);
  return { ms: total_ms, texts };
}

/** @param {string} folder @param {Text[]} texts */
export function inFolder(folder, texts) {
  return texts.map(({ path, text }) => ({ path: `${folder}/${path}`, text }));
}

/**
 * A figure without a peer, of which less is better.
 * @param {string} name
 * @param {number} ours
 * @param {string} unit
 * @param {number} [limit] the budget
 * @returns {Case}
 */
export function lower(name, ours, unit, limit) {
  return { case: name, unit, better: 'lower', ours, limit };
}

/**
 * A figure without a peer, of which more is better.
 * @param {string} name
 * @param {number} ours
 * @param {string} unit
 * @param {number} [limit] the least that is wanted
 * @returns {Case}
 */
export function higher(name, ours, unit, limit) {
  return { case: name, unit, better: 'higher', ours, limit };
}

// What the coordinator may let a message wait.
export const LAG_P99_MS = 8;

/**
 * @param {any} state
 * @param {{limit_ms?: number, during?: string}} [options] limit_ms: of the 99th percentile
 * @returns {Case[]}
 */
export function lagOf({ loop_lag: lag }, { limit_ms, during = '' } = {}) {
  return [
    lower(`${during}coordinator lag p50`, lag.p50_ms, 'ms'),
    lower(`${during}coordinator lag p99`, lag.p99_ms, 'ms', limit_ms),
    lower(`${during}coordinator lag max`, lag.max_ms, 'ms'),
  ];
}
