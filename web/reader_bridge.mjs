// The coordinator's way to the worker that reads files, which starts with the first one.
// Thread: the coordinator.

/** @typedef {import('./reader.worker.mjs').Read} Read */
/** @typedef {import('./reader.worker.mjs').Answer} Answer */

export class ReaderBridge {
  /** @type {Worker | null} */ #worker = null;
  /** @type {Map<number, {resolve: (bytes: Uint8Array) => void, reject: (error: Error) => void}>} */ #waiting = new Map();
  /** @type {Read[]} of this turn */ #asked = [];
  #lastToken = 0;

  /**
   * @param {Blob} file
   * @param {number} offset
   * @param {number} size at most
   * @returns {Promise<Uint8Array>}
   * @throws {Error} when the file has gone or changed
   */
  read(file, offset, size) {
    return new Promise((resolve, reject) => {
      const token = ++this.#lastToken;
      this.#waiting.set(token, { resolve, reject });
      this.#asked.push({ token, file, offset, size });
      if (this.#asked.length === 1) queueMicrotask(() => this.#send());
    });
  }

  #send() {
    this.#worker ??= this.#start();
    this.#worker.postMessage(this.#asked.splice(0));
  }

  #start() {
    const worker = new Worker(new URL('./reader.worker.mjs', import.meta.url), { type: 'module', name: 'reader' });
    worker.onmessage = (/** @type {MessageEvent<Answer[]>} */ { data }) => {
      for (const { token, bytes, error } of data) {
        const call = this.#waiting.get(token);
        this.#waiting.delete(token);
        if (bytes === undefined) call?.reject(new Error(error));
        else call?.resolve(bytes);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const failure = new Error(event.message || 'the worker that reads files could not be loaded');
      for (const call of this.#waiting.values()) call.reject(failure);
      this.#waiting.clear();
      this.#worker = null; // the next read begins anew
    };
    return worker;
  }
}
