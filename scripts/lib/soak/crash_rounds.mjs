// Kills the browser at random moments of indexing and looks at what it left: what was reported as added is there
// whole, nothing is there in part, the database is sound, and searches answer.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeTexts, randomNumbers } from '../bench/texts.mjs';
import { AppSession } from '../headless/app_session.mjs';
import { launchBrowser } from '../headless/browser.mjs';
import { exportedBytes } from '../headless/export.mjs';
import { serveSite } from '../headless/site.mjs';
import { expectSound } from './sound.mjs';

// The kill comes when so many documents of the round were reported, at the most, and a moment later; adding them all
// takes longer.
const MOST_REPORTED = 200;
const LONGEST_MOMENT_MS = 500;
const DOCUMENTS_A_ROUND = 1500;
// A library that has grown past this is emptied before the next round: one more thing for a kill to hit.
const MOST_DOCUMENTS = 6000;
const DOCUMENTS_AT_ONCE = 8;
const LOOKED_UP = 10;

/** @typedef {{path: string, text: string}} Text */
/**
 * @typedef {object} Outcome
 * @property {number} kills
 * @property {number} midway kills before all that was handed over was reported
 * @property {number} reported
 * @property {number} kept in the library, also those that were not reported yet
 */

class CrashRounds {
  /** @type {Map<string, string>} text by path, of every document that was handed over */ #texts = new Map();
  /** @type {Set<string>} */ #reported = new Set();
  #folder;
  #port;
  #random;
  #serial = 0;
  /** Of libraries that were emptied. */ #reportedBefore = 0;

  /**
   * @param {string} folder
   * @param {number} port
   * @param {() => number} random
   */
  constructor(folder, port, random) {
    this.#folder = folder;
    this.#port = port;
    this.#random = random;
  }

  get reported() {
    return this.#reportedBefore + this.#reported.size;
  }

  /** Adds documents until the browser is killed. @returns {Promise<{count: number, isMidway: boolean}>} how many were reported by then */
  async crash() {
    const { app, pid, close } = await this.#open();
    try {
      if (this.#texts.size > MOST_DOCUMENTS) await this.#removeAll(app);
      const wanted = Math.floor(this.#random() * MOST_REPORTED);
      let count = 0;
      /** @type {(value?: unknown) => void} */
      let enough = () => {};
      const untilEnough = new Promise((resolve) => {
        enough = resolve;
      });
      await app.page.exposeFunction('documentsAdded', (/** @type {string[]} */ paths) => {
        for (const each of paths) this.#reported.add(each);
        count += paths.length;
        if (count >= wanted) enough();
      });
      if (wanted === 0) enough();
      const died = new Promise((resolve) => app.page.on('close', resolve));
      const lots = this.#lots();
      const begun = app.call((lots) => {
        for (const lot of lots) {
          const items = lot.map(({ path, text }) => ({ path, data: text }));
          window.lodestone.add(items).then(
            () => /** @type {any} */ (window).documentsAdded(items.map(({ path }) => path)),
            () => {},
          );
        }
      }, lots);
      await begun;
      await untilEnough;
      // Chance, not waiting: the kill is to hit any step of the work.
      await new Promise((resolve) => setTimeout(resolve, this.#random() * LONGEST_MOMENT_MS));
      process.kill(pid, 'SIGKILL');
      await died;
      return { count, isMidway: count < DOCUMENTS_A_ROUND };
    } finally {
      await close();
    }
  }

  /** @param {AppSession} app */
  async #removeAll(app) {
    await app.call(() => window.lodestone.remove(['crash']));
    this.#reportedBefore += this.#reported.size;
    this.#reported.clear();
    this.#texts.clear();
  }

  /** @returns {Promise<number>} documents in the library */
  async check() {
    const { app, close } = await this.#open();
    try {
      await app.idle();
      const state = await app.state();
      if (state.storage !== 'opfs') throw new Error(`the library is kept in ${state.storage}`);
      if (state.embedded_passages !== state.passages) {
        throw new Error(`${state.embedded_passages} of ${state.passages} passages have vectors`);
      }
      await this.#checkTexts(app);
      expectSound(await exportedBytes(app));
      for (const each of this.#some([...this.#reported])) {
        const word = /^\w+/.exec(this.#texts.get(each) ?? '')?.[0] ?? '';
        const { results } = await app.search(word, { mode: 'lexical', top: 5 });
        if (results[0]?.path !== each) throw new Error(`${word} does not find ${each}`);
      }
      await app.search('how do I look after a chain', { mode: 'hybrid', top: 10 });
      return state.documents;
    } finally {
      await close();
    }
  }

  async #open() {
    const browser = await launchBrowser({ port: this.#port, profile: this.#folder });
    try {
      const page = browser.context.pages()[0] ?? (await browser.context.newPage());
      const app = await AppSession.open(page);
      const state = await app.modelSettled();
      if (state.model_state !== 'ready') throw new Error(`no model: ${state.model_error}`);
      const session = await /** @type {import('playwright-core').Browser} */ (browser.context.browser()).newBrowserCDPSession();
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      const pid = processInfo.find(({ type }) => type === 'browser')?.id;
      if (pid === undefined) throw new Error('the browser has no process');
      return { app, pid, close: () => browser.close() };
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** @returns {Text[][]} most documents short, some of many passages, some that replace older ones */
  #lots() {
    const words = 100 + Math.floor(this.#random() * 200);
    const texts = makeTexts(DOCUMENTS_A_ROUND, { words, seed: ++this.#serial });
    const known = [...this.#texts.keys()];
    const taken = new Set();
    const documents = texts.map(({ text }, n) => {
      const marker = `marker${this.#serial}x${n}`;
      const isLong = n % 50 === 7;
      const old = n % 10 === 3 ? known[Math.floor(this.#random() * known.length)] : undefined;
      // A replaced document may be there in its old or its new form: it gets a path of its own per form.
      const form = old === undefined ? '' : `${old.replace(/( \d+)?\.txt$/, '')} ${this.#serial}.txt`;
      // Of two texts of one path a kill may leave either.
      const path = form === '' || taken.has(form) ? `crash/${marker}.txt` : form;
      taken.add(path);
      return { path, text: `${marker} ${isLong ? Array(20).fill(text).join('\n\n') : text}` };
    });
    for (const { path, text } of documents) this.#texts.set(path, text);
    const lots = [];
    for (let n = 0; n < documents.length; n += DOCUMENTS_AT_ONCE) lots.push(documents.slice(n, n + DOCUMENTS_AT_ONCE));
    return lots;
  }

  /** @param {AppSession} app */
  async #checkTexts(app) {
    const paths = await app.call(async () => {
      const paths = [];
      for (let offset = 0, total = 1; offset < total; offset += 1000) {
        const list = await window.lodestone.list({ offset, count: 1000 });
        total = list.total;
        for (const entry of list.entries) paths.push(entry.path);
      }
      return paths;
    });
    const there = new Set(paths);
    const lost = [...this.#reported].filter((each) => !there.has(each));
    const back = paths.filter((each) => !this.#texts.has(each));
    if (back.length > 0) throw new Error(`${back.length} removed documents are back, as ${back[0]}`);
    if (lost.length > 0) throw new Error(`${lost.length} reported documents are lost, as ${lost[0]}`);
    for (const each of this.#some(paths)) {
      const { text } = await app.call((path) => window.lodestone.document(path), each);
      if (text !== this.#texts.get(each)) throw new Error(`${each} is not what was added`);
    }
  }

  /** @template T @param {T[]} list @returns {T[]} */
  #some(list) {
    return Array.from({ length: Math.min(LOOKED_UP, list.length) }, () => list[Math.floor(this.#random() * list.length)]);
  }
}

/**
 * @param {{rounds: number, seed: number, log?: (line: string) => void}} options
 * @returns {Promise<Outcome>}
 * @throws {Error} what was lost, or there in part
 */
export async function crashRounds({ rounds, seed, log = () => {} }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lodestone-crash-'));
  const site = await serveSite();
  const outcome = { kills: 0, midway: 0, reported: 0, kept: 0 };
  try {
    const crashes = new CrashRounds(folder, site.port, randomNumbers(seed));
    for (let round = 1; round <= rounds; round++) {
      const { count, isMidway } = await crashes.crash();
      outcome.kills += 1;
      if (isMidway) outcome.midway += 1;
      outcome.kept = await crashes.check();
      outcome.reported = crashes.reported;
      log(`kill ${round} after ${count} documents: ${outcome.reported} reported so far, ${outcome.kept} there`);
    }
    return outcome;
  } finally {
    await site.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
