// What the measurements share: a fresh browser on the served site, and texts put into the page.
import { AppSession } from '../headless/app_session.mjs';
import { launchBrowser } from '../headless/browser.mjs';

/**
 * @typedef {import('./texts.mjs').Text} Text
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {{port: number, quick: boolean, repetition: number}} Bench
 * @typedef {{context: import('playwright-core').BrowserContext, page: import('playwright-core').Page}} Tab
 */

/**
 * Runs `work` in a browser of its own, with an empty profile that is removed afterwards.
 * @template T
 * @param {Bench} bench
 * @param {(tab: Tab) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function inFreshBrowser(bench, work) {
  const { context, close } = await launchBrowser({
    port: bench.port,
    profile: null,
    viewport: { width: 1280, height: 800 },
  });
  try {
    return await work({ context, page: context.pages()[0] ?? (await context.newPage()) });
  } finally {
    await close();
  }
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
