// How trials of the graphics processor came out, kept so that each model is tried once and not at every visit. A new version
// of the site or of the browser tries again, and what it finds takes the former one's place. Thread: any.
import { withStore } from './database.mjs';

/** @typedef {{key: string, versions: string, batchTokens: number}} Trial */

/** This file lies in the site's v/BUILD/. */
const VERSIONS = JSON.stringify([navigator.userAgent, import.meta.url]);

/**
 * @param {string} model that tells one from another
 * @param {GPUAdapterInfo} adapter
 */
function keyOf(model, { vendor, architecture, device, description }) {
  return JSON.stringify([model, vendor, architecture, device, description]);
}

export class GpuTrials {
  #model;

  /** @param {string} model that tells one from another */
  constructor(model) {
    this.#model = model;
  }

  /**
   * @param {GPUAdapterInfo} adapter
   * @returns {Promise<number | null>} tokens that a batch may have there, 0 when the wasm provider is better, null when it was
   *   not tried
   */
  async recall(adapter) {
    try {
      /** @type {Trial | undefined} */
      const trial = await withStore('trials', 'readonly', (store) => store.get(keyOf(this.#model, adapter)));
      return trial?.versions === VERSIONS ? trial.batchTokens : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {GPUAdapterInfo} adapter
   * @param {number | null} batchTokens as recall() is to give it
   */
  async keep(adapter, batchTokens) {
    const key = keyOf(this.#model, adapter);
    try {
      if (batchTokens === null) await withStore('trials', 'readwrite', (store) => store.delete(key));
      else await withStore('trials', 'readwrite', (store) => store.put({ key, versions: VERSIONS, batchTokens }));
    } catch {
      // It is tried again at the next visit.
    }
  }
}
