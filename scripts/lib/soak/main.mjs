// scripts/soak: hours of use in minutes. Random deeds of a person (seeded), each followed by a check
// that the library is exactly what it should be.
import { parseArgs } from 'node:util';
import { makeTexts, randomNumbers } from '../bench/texts.mjs';
import { AppSession } from '../headless/app_session.mjs';
import { launchBrowser, peakRendererMb } from '../headless/browser.mjs';
import { serveSite } from '../headless/site.mjs';
import { crashRounds } from './crash_rounds.mjs';
import { tabFight } from './tab_fight.mjs';

const MAX_DOCUMENTS = 2000;
const SAMPLE = 5;

/** @typedef {import('playwright-core').BrowserContext} BrowserContext */

class Soak {
  /** @type {BrowserContext} */ #context;
  /** @type {AppSession | undefined} */ #app;
  /** @type {Map<string, {marker: string, text: string}>} What must be in the library, by path. */ #expected =
    new Map();
  #texts = makeTexts(500, { words: 300, seed: 11 });
  #random;
  #serial = 0;

  /**
   * @param {BrowserContext} context
   * @param {() => number} random
   */
  constructor(context, random) {
    this.#context = context;
    this.#random = random;
  }

  get app() {
    if (!this.#app) throw new Error('no page is open');
    return this.#app;
  }

  async open() {
    const old = this.#context.pages();
    const page = await this.#context.newPage();
    for (const each of old) await each.close();
    this.#app = await AppSession.open(page);
    const state = await this.#app.modelSettled();
    if (state.model_state !== 'ready') throw new Error(`no model: ${state.model_error}`);
    await this.#app.idle();
  }

  /** One deed. @returns {Promise<string>} its name */
  async step() {
    const deeds = {
      add: () => this.#add(),
      change: () => this.#change(),
      remove: () => this.#remove(),
      'search while adding': () => this.#searchWhileAdding(),
      'abort an add': () => this.#abort(),
      'pause and resume': () => this.#pause(),
      reload: () => this.open(),
      'close in mid-add': () => this.#closeInMidAdd(),
      'kill the engine': () => this.#kill(),
    };
    const names = /** @type {(keyof typeof deeds)[]} */ (Object.keys(deeds));
    const name = this.#expected.size === 0 ? 'add' : names[this.#below(names.length)];
    await deeds[name]();
    await this.#check(name);
    return `${name}, ${this.#expected.size} documents`;
  }

  /** @param {number} limit */
  #below(limit) {
    return Math.floor(this.#random() * limit);
  }

  /** @param {number} count */
  #fresh(count) {
    return Array.from({ length: count }, () => this.#document(`soak/${this.#serial}.txt`));
  }

  /** @param {string} path */
  #document(path) {
    const marker = `marker${this.#serial++}x`;
    const { text } = this.#texts[this.#below(this.#texts.length)];
    return { path, marker, text: `${marker} ${text}` };
  }

  /** @param {{path: string, marker: string, text: string}[]} documents */
  #addAll(documents) {
    return this.app.call(
      (items) =>
        window.lodestone.add(items.map(({ path, text }) => ({ path, data: new Blob([text]) }))),
      documents,
    );
  }

  /** @param {{path: string, marker: string, text: string}[]} documents */
  #remember(documents) {
    for (const { path, marker, text } of documents) this.#expected.set(path, { marker, text });
  }

  async #add() {
    if (this.#expected.size > MAX_DOCUMENTS) return this.#remove();
    const documents = this.#fresh(1 + this.#below(200));
    await this.#addAll(documents);
    this.#remember(documents);
  }

  async #change() {
    const paths = this.#some(20);
    const documents = paths.map((path) => this.#document(path));
    await this.#addAll(documents);
    this.#remember(documents);
  }

  async #remove() {
    const paths = this.#some(Math.ceil(this.#expected.size / 3));
    await this.app.call((paths) => window.lodestone.remove(paths), paths);
    for (const path of paths) this.#expected.delete(path);
  }

  async #searchWhileAdding() {
    const documents = this.#fresh(100);
    const adding = this.#addAll(documents);
    for (const path of this.#some(SAMPLE)) await this.#expectFound(path);
    await adding;
    this.#remember(documents);
  }

  async #abort() {
    const documents = this.#fresh(100);
    await this.app.call(async (items) => {
      const stop = new AbortController();
      const adding = window.lodestone.add(
        items.map(({ path, text }) => ({ path, data: new Blob([text]) })),
        { signal: stop.signal },
      );
      stop.abort();
      await adding.catch(() => {});
      await window.lodestone.idle();
    }, documents);
    await this.#forgetUnfinished(documents);
  }

  async #pause() {
    await this.app.call(() => window.lodestone.pause());
    const documents = this.#fresh(50);
    const adding = this.#addAll(documents);
    for (const path of this.#some(SAMPLE)) await this.#expectFound(path);
    await this.app.call(() => window.lodestone.resume());
    await adding;
    this.#remember(documents);
  }

  async #closeInMidAdd() {
    const documents = this.#fresh(100);
    this.#addAll(documents).catch(() => {});
    await this.app.state();
    await this.open();
    await this.#forgetUnfinished(documents);
  }

  async #kill() {
    const { page } = this.app;
    const coordinator = page
      .workers()
      .find((worker) => worker.url().includes('coordinator.worker'));
    if (!coordinator) throw new Error('the page has no coordinator');
    const died = this.app.call(
      () => new Promise((resolve) => window.lodestone.on('died', () => resolve(true))),
    );
    await this.app.state();
    await coordinator.evaluate(() => {
      setTimeout(() => {
        throw new WebAssembly.RuntimeError('unreachable');
      });
    });
    await died;
    await page.getByRole('button', { name: 'Restart' }).click();
    await this.app.call(() => window.lodestone.ready);
    await this.app.modelSettled();
    await this.app.idle();
  }

  /**
   * What of an interrupted add is there whole stays, the rest goes; both ways are right.
   * @param {{path: string, marker: string, text: string}[]} documents
   */
  async #forgetUnfinished(documents) {
    const paths = documents.map(({ path }) => path);
    await this.app.call((paths) => window.lodestone.remove(paths), paths);
  }

  /** @param {number} count @returns {string[]} paths of the library */
  #some(count) {
    const paths = [...this.#expected.keys()];
    return Array.from({ length: Math.min(count, paths.length) }, () => {
      const [path] = paths.splice(this.#below(paths.length), 1);
      return path;
    });
  }

  /** @param {string} path */
  async #expectFound(path) {
    const marker = this.#expected.get(path)?.marker ?? '';
    const { results } = await this.app.search(marker, { mode: 'lexical', top: 10 });
    const found = results.map((hit) => hit.path);
    if (found.length !== 1 || found[0] !== path) {
      throw new Error(`${marker} is in ${path}, but was found in [${found.join(', ')}]`);
    }
  }

  /** @param {string} after */
  async #check(after) {
    await this.app.idle();
    const { documents, passages, embedded_passages: embedded } = await this.app.state();
    if (documents !== this.#expected.size || embedded !== passages) {
      throw new Error(
        `after "${after}": ${documents} documents instead of ${this.#expected.size}, ` +
          `${embedded} of ${passages} passages embedded`,
      );
    }
    for (const path of this.#some(SAMPLE)) await this.#expectFound(path);
    await this.app.search('how do I look after a chain', { mode: 'hybrid', top: 10 });
  }
}

/** @param {number} seed @param {number} minutes */
async function soakFor(seed, minutes) {
  const site = await serveSite();
  const browser = await launchBrowser({ port: site.port, profile: null });
  try {
    const soak = new Soak(browser.context, randomNumbers(seed));
    await soak.open();
    const end = performance.now() + minutes * 60_000;
    let steps = 0;
    while (performance.now() < end) {
      const deed = await soak.step();
      const memory = Math.round(await peakRendererMb(browser.context));
      steps += 1;
      process.stdout.write(`${steps}: ${deed}, peak ${memory} MB\n`);
    }
    process.stdout.write(`${steps} deeds, and after each the library was right (--seed ${seed})\n`);
  } finally {
    await browser.close();
    await site.close();
  }
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    crashes: { type: 'string' },
    tabs: { type: 'string' },
    seed: { type: 'string' },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
process.stderr.write(`seed ${seed}\n`);
try {
  const log = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
  if (values.tabs !== undefined) {
    const { deeds, ends, documents } = await tabFight({ seconds: Number(values.tabs), seed });
    log(`${deeds} deeds of two tabs, ${ends} of them an end, ${documents} documents, none lost (--seed ${seed})`);
  } else if (values.crashes === undefined) {
    await soakFor(seed, Number(values.minutes));
  } else {
    const { kills, midway, reported, kept } = await crashRounds({ rounds: Number(values.crashes), seed, log });
    log(`${kills} kills survived, ${midway} of them amid adding; ${reported} documents reported, none lost, none half; ${kept} there (--seed ${seed})`);
  }
} catch (error) {
  process.stderr.write(
    `scripts/soak: ${error instanceof Error ? error.message : error} (--seed ${seed})\n`,
  );
  process.exitCode = 1;
}
