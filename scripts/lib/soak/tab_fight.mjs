// Two tabs of one library that both add, change, remove and search without a pause, while the tab with the writer lock
// is reloaded or its process killed again and again; in the end the library is exactly what both believe.
import { makeTexts, randomNumbers } from '../bench/texts.mjs';
import { AppSession } from '../headless/app_session.mjs';
import { launchBrowser } from '../headless/browser.mjs';
import { crashPage } from '../headless/crash_page.mjs';
import { exportedBytes } from '../headless/export.mjs';
import { serveSite } from '../headless/site.mjs';
import { expectSound } from './sound.mjs';

const MOST_AT_ONCE = 20;
const NAMES = ['left', 'right'];

/** @typedef {{deeds: number, ends: number, documents: number}} Outcome ends: of a tab */

/** One tab and what it has put into the library. */
class Fighter {
  /** @type {Map<string, string>} marker by path */ expected = new Map();
  deeds = 0;
  ends = 0;
  /** @type {AppSession | undefined} */ #app;
  #texts = makeTexts(200, { words: 120, seed: 5 });
  #context;
  #name;
  #random;

  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {string} name
   * @param {() => number} random
   */
  constructor(context, name, random) {
    this.#context = context;
    this.#name = name;
    this.#random = random;
  }

  get app() {
    if (!this.#app) throw new Error('no page is open');
    return this.#app;
  }

  async open() {
    this.#app = await AppSession.open(await this.#context.newPage());
  }

  /** @param {(deeds: number) => boolean} isOver */
  async fight(isOver) {
    while (!isOver(this.deeds)) {
      const chance = this.#random();
      if (chance < 0.5) await this.#add();
      else if (chance < 0.65) await this.#remove();
      else if (chance < 0.9) await this.expectFound(this.#some());
      else await this.#end(chance < 0.95);
      this.deeds += 1;
    }
  }

  async #add() {
    const items = Array.from({ length: 1 + this.#below(MOST_AT_ONCE) }, () => {
      // Some are written over.
      const number = this.#below(400);
      const marker = `${this.#name}x${number}x${this.deeds}`;
      return { path: `${this.#name}/${number}.txt`, marker, text: `${marker} ${this.#texts[this.#below(this.#texts.length)].text}` };
    });
    const byPath = new Map(items.map((item) => [item.path, item]));
    const { failed } = await this.app.call(
      (items) => window.lodestone.add(items.map(({ path, text }) => ({ path, data: text }))),
      [...byPath.values()],
    );
    if (failed.length > 0) throw new Error(`${failed[0].path}: ${failed[0].reason}`);
    for (const { path, marker } of byPath.values()) this.expected.set(path, marker);
  }

  async #remove() {
    const path = this.#some();
    if (path === undefined) return;
    await this.app.call((path) => window.lodestone.remove([path]), path);
    this.expected.delete(path);
  }

  /** @param {boolean} byCrash */
  async #end(byCrash) {
    const { page } = this.app;
    if (byCrash) await crashPage(page);
    await page.close();
    await this.open();
    this.ends += 1;
  }

  /** @param {string | undefined} path */
  async expectFound(path) {
    if (path === undefined) return;
    const marker = this.expected.get(path) ?? '';
    const { results } = await this.app.search(marker, { mode: 'lexical', top: 5 });
    if (results.length !== 1 || results[0].path !== path) {
      throw new Error(`${marker} is in ${path}, but was found in [${results.map((/** @type {any} */ hit) => hit.path).join(', ')}]`);
    }
  }

  /** @param {number} limit */
  #below(limit) {
    return Math.floor(this.#random() * limit);
  }

  #some() {
    const paths = [...this.expected.keys()];
    return paths[this.#below(paths.length)];
  }
}

/**
 * @param {{seconds?: number, deeds?: number, seed: number}} options how long it lasts, by time or by deeds of both
 * @returns {Promise<Outcome>}
 * @throws {Error} what was lost, doubled or not found
 */
export async function tabFight({ seconds = Infinity, deeds = Infinity, seed }) {
  const site = await serveSite();
  const browser = await launchBrowser({ port: site.port, profile: null });
  try {
    const fighters = NAMES.map((name, i) => new Fighter(browser.context, name, randomNumbers(seed + i)));
    for (const fighter of fighters) await fighter.open();
    const until = performance.now() + seconds * 1000;
    const isOver = (/** @type {number} */ done) => performance.now() >= until || done * fighters.length >= deeds;
    await Promise.all(fighters.map((fighter) => fighter.fight(isOver)));
    const wanted = new Map(fighters.flatMap((fighter) => [...fighter.expected]));
    for (const fighter of fighters) {
      await fighter.app.modelSettled();
      await fighter.app.idle();
      const { documents, passages, embedded_passages: embedded, storage } = await fighter.app.state();
      if (storage !== 'opfs' || documents !== wanted.size || embedded !== passages) {
        throw new Error(`${documents} documents in ${storage} instead of ${wanted.size}, ${embedded} of ${passages} passages embedded`);
      }
      for (const path of fighter.expected.keys()) await fighter.expectFound(path);
    }
    expectSound(await exportedBytes(fighters[0].app));
    const sum = (/** @type {'deeds' | 'ends'} */ key) => fighters.reduce((sum, fighter) => sum + fighter[key], 0);
    return { deeds: sum('deeds'), ends: sum('ends'), documents: wanted.size };
  } finally {
    await browser.close();
    await site.close();
  }
}
