// Drives one open Lodestone page through window.lodestone, the door that README.md documents.

import { ORIGIN } from './browser.mjs';

const ADDRESS = `${ORIGIN}/lodestone/`;
const READY_GUARD_MS = 120_000;
// Paths handed to the browser at a time: each call is one message, and one check of each file.
const FILES_PER_LOT = 1000;

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./library_files.mjs').LibraryFile} LibraryFile
 * @typedef {import('../../../web/generated/protocol.mjs').SearchMode} SearchMode
 * @typedef {{code: string, message: string, detail?: string}} Rejection
 * @typedef {{done: number, total: number, path: string}} Progress
 * @typedef {{version: string, threads: number, isolated: boolean, storage: string, model: string}} Ready
 */

/** What the page answered with, or why there is no page any more. */
export class AppError extends Error {
  /** @param {Rejection} rejection */
  constructor({ code, message, detail }) {
    super(detail ? `${message} (${detail})` : message);
    this.code = code;
  }
}

export class AppSession {
  /** @type {Page} */ #page;
  /** @type {import('playwright-core').CDPSession} */ #cdp;
  /** @type {Promise<never>} */ #lost;
  /** @type {Ready} */ ready;
  /** @type {number} */ readyMs;

  /**
   * @param {Page} page
   * @param {import('playwright-core').CDPSession} cdp
   * @param {Promise<never>} lost rejects when the page dies
   * @param {Ready} ready
   * @param {number} readyMs from navigation to window.lodestone.ready
   */
  constructor(page, cdp, lost, ready, readyMs) {
    this.#page = page;
    this.#cdp = cdp;
    this.#lost = lost;
    this.ready = ready;
    this.readyMs = readyMs;
  }

  get page() {
    return this.#page;
  }

  /**
   * Opens the site in `page` and resolves once window.lodestone.ready has.
   * @param {Page} page
   * @param {object} [options]
   * @param {string} [options.address] of the site
   * @param {number | null} [options.threads]
   * @param {string | null} [options.model]
   * @param {(progress: Progress) => void} [options.onProgress]
   * @param {(level: string, text: string) => void} [options.onNotice]
   */
  static async open(page, { address = ADDRESS, threads, model, onProgress, onNotice } = {}) {
    /** @type {Promise<never>} */
    const lost = new Promise((_, reject) => {
      page.on('crash', () => reject(new Error('The page ran out of memory or crashed.')));
      page.on('close', () => reject(new Error('The browser closed the page.')));
    });
    lost.catch(() => {}); // it may come while nobody waits; the next call meets it
    await page.exposeFunction(
      'lodestoneDriverEvent',
      (/** @type {string} */ name, /** @type {any} */ event) => {
        if (name === 'progress') onProgress?.(event);
        if (name === 'notice') onNotice?.(event.level, event.text);
      },
    );
    const url = new URL(address);
    if (threads) url.searchParams.set('threads', String(threads));
    if (model) url.searchParams.set('model', model);
    const start = performance.now();
    const response = await page.goto(url.href, { waitUntil: 'commit' });
    if (response && !response.ok()) throw new Error(`${url.href} answers ${response.status()}.`);
    const ready = await Promise.race([waitReady(page), lost]);
    const readyMs = performance.now() - start;
    const cdp = await page.context().newCDPSession(page);
    return new AppSession(page, cdp, lost, ready, readyMs);
  }

  /**
   * Runs `fn` in the page, where it may use window.lodestone; rejects with AppError.
   * @template A, R
   * @param {(argument: A) => R | Promise<R>} fn
   * @param {A} [argument]
   * @returns {Promise<R>}
   */
  async call(fn, argument) {
    const { objectId } = await this.#evaluate('globalThis');
    return this.#callOn(objectId, `async function (argument) { return (${fn})(argument); }`, [
      { value: argument },
    ]);
  }

  /** The engine's state, field by field as the protocol names them. */
  state() {
    return this.call(() => window.lodestone.state());
  }

  idle() {
    return this.call(() => window.lodestone.idle());
  }

  /** Resolves to the engine's state once the model is ready or has failed to load. */
  modelSettled() {
    return this.untilState((state) => /^(ready|failed)$/.test(state.model_state));
  }

  /**
   * Resolves to the first state that `holds`, now or as it changes.
   * @param {(state: any, argument: any) => boolean} holds runs in the page
   * @param {unknown} [argument] of `holds`
   */
  async untilState(holds, argument) {
    const { objectId } = await this.#evaluate('globalThis');
    return this.#callOn(
      objectId,
      `function (argument) {
        const holds = ${holds};
        return new Promise((resolve, reject) => {
          const undo = window.lodestone.on('state', finish);
          function finish(state) {
            if (!holds(state, argument)) return;
            undo();
            resolve(state);
          }
          Promise.resolve(window.lodestone.state()).then(finish).catch(reject);
        });
      }`,
      [{ value: argument }],
    );
  }

  /**
   * Hands files over by name: the browser opens them itself, so that size does not matter
   * and nothing of them passes through a server.
   * @param {LibraryFile[]} files
   */
  async add(files) {
    const bag = await this.#bag(files);
    return this.#callOn(bag, 'function () { return window.lodestone.add(this.items); }');
  }

  /** @param {LibraryFile[]} files of a model's folder, paths relative to it */
  async setModel(files) {
    const bag = await this.#bag(files);
    return this.#callOn(bag, 'function () { return window.lodestone.setModel(this.items); }');
  }

  /**
   * @param {string} text
   * @param {{mode: SearchMode, top: number}} options
   */
  search(text, { mode, top }) {
    return this.call(
      async ({ text, mode, top }) => {
        const start = performance.now();
        const answer = await window.lodestone.search(text, { mode, top, group: 'driver' });
        return { ...answer, ms: performance.now() - start };
      },
      { text, mode, top },
    );
  }

  /** Removes documents that come from none of `files`, and says how many.
   * @param {LibraryFile[]} files */
  removeOthers(files) {
    return this.call(
      async (paths) => {
        const kept = new Set(paths);
        // A record's path is its file's with "#id" behind it; a file's name may hold a '#' as well.
        const known = (/** @type {string} */ path) => {
          for (let at = path.length; at > 0; at = path.lastIndexOf('#', at - 1)) {
            if (kept.has(path.slice(0, at))) return true;
          }
          return false;
        };
        const gone = [];
        const count = 1000;
        for (let offset = 0, total = 1; offset < total; offset += count) {
          const page = await window.lodestone.list({ offset, count });
          total = page.total;
          for (const entry of page.entries) if (!known(entry.path)) gone.push(entry.path);
        }
        if (gone.length > 0) await window.lodestone.remove(gone);
        return gone.length;
      },
      files.map((file) => file.path),
    );
  }

  /**
   * @param {LibraryFile[]} files
   * @returns {Promise<string>} a page object {items: {path, data}[]}
   */
  async #bag(files) {
    const { objectId: bag } = await this.#evaluate('({items: []})');
    const { objectId: input } = await this.#evaluate(
      `Object.assign(document.createElement('input'), {type: 'file', multiple: true})`,
    );
    for (let start = 0; start < files.length; start += FILES_PER_LOT) {
      const lot = files.slice(start, start + FILES_PER_LOT);
      await this.#send('DOM.setFileInputFiles', {
        objectId: input,
        files: lot.map((file) => file.absolute),
      });
      await this.#callOn(
        bag,
        `function (input, paths) {
        if (input.files.length !== paths.length) throw new Error('the browser took other files');
        paths.forEach((path, index) => this.items.push({path, data: input.files[index]}));
      }`,
        [{ objectId: input }, { value: lot.map((file) => file.path) }],
      );
    }
    return bag;
  }

  /** @param {string} expression */
  async #evaluate(expression) {
    const { result } = await this.#send('Runtime.evaluate', { expression });
    return { objectId: /** @type {string} */ (result.objectId) };
  }

  /**
   * @param {string} objectId
   * @param {string} functionDeclaration
   * @param {object[]} [args]
   * @returns {Promise<any>}
   */
  async #callOn(objectId, functionDeclaration, args = []) {
    // A rejection is a plain object here, which the debugger's own report would flatten to text.
    const wrapped = `async function (...args) {
      try {
        return {value: await (${functionDeclaration}).apply(this, args)};
      } catch (error) {
        return {error: {code: error?.code ?? 'kInternal', message: error?.message ?? String(error),
                        detail: error?.detail}};
      }
    }`;
    const { result, exceptionDetails } = await this.#send('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration: wrapped,
      arguments: args,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    if (result.value.error) throw new AppError(result.value.error);
    return result.value.value;
  }

  /**
   * @param {string} method
   * @param {object} parameters
   * @returns {Promise<any>}
   */
  #send(method, parameters) {
    return Promise.race([this.#cdp.send(/** @type {any} */ (method), parameters), this.#lost]);
  }
}

/**
 * @param {Page} page
 * @returns {Promise<Ready>}
 */
async function waitReady(page) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const failed = new Promise((_, reject) => {
    page.once('pageerror', reject);
    timer = setTimeout(
      () => reject(new Error(`not ready after ${READY_GUARD_MS / 1000} s`)),
      READY_GUARD_MS,
    );
  });
  failed.catch(() => {}); // an error after the page is up is not about starting
  try {
    for (;;) {
      try {
        return await Promise.race([page.evaluate(readyInPage), failed]);
      } catch (error) {
        // The one reload that isolates the page ends what was asked of the page before it.
        if (!/context was destroyed|because of a navigation/i.test(String(error))) throw error;
      }
    }
  } catch (error) {
    const shown = await page.evaluate(() => document.body.innerText).catch(() => '');
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
    const reason = line.replace(/^page\.evaluate: (\w*Error: )?/, '');
    throw new Error(
      [`The page did not start: ${reason}`, shown.trim().slice(0, 500)].join('\n').trim(),
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Runs in the page. @returns {Promise<any>} */
async function readyInPage() {
  if (!window.lodestone) {
    await new Promise((resolve) => addEventListener('lodestone', resolve, { once: true }));
  }
  const driver = /** @type {any} */ (window).lodestoneDriverEvent;
  // A call out of the page costs more than indexing a small file: ten a second are enough.
  let lastSent = 0;
  window.lodestone.on('progress', (/** @type {any} */ event) => {
    const now = performance.now();
    if (now - lastSent < 100 && event.done < event.total) return;
    lastSent = now;
    void driver('progress', event);
  });
  window.lodestone.on('notice', (/** @type {any} */ event) => void driver('notice', event));
  return window.lodestone.ready;
}
