// The engine's way to the plain inference worker where there are no threads: the same calls as an
// inference host, answered by message. Thread: the coordinator.

/** @typedef {import('./inference_host.mjs').Batch} Batch */
/** @typedef {import('./inference_host.mjs').ModelInfo} ModelInfo */

class InferenceBridge {
  /** @type {Worker | null} */ #worker = null;
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */ #waiting = new Map();
  /** By the token of the load. @type {Map<number, (batchTokens: number) => void>} */ #onGpu = new Map();
  #lastToken = 0;

  /**
   * @param {number} slot
   * @param {string} id
   * @param {string} url
   */
  prepare(slot, id, url) {
    this.#call({ call: 'prepare', slot, id, url }).catch(() => {}); // load() tells of it
  }

  /**
   * @param {number} slot
   * @param {string} id
   * @param {string} url
   * @param {Uint8Array | null} bytes
   * @param {import('./inference_provider.mjs').GpuPolicy} gpuPolicy
   * @param {(batchTokens: number) => void} onGpu
   * @returns {Promise<ModelInfo>}
   */
  load(slot, id, url, bytes, gpuPolicy, onGpu) {
    const loading = this.#call({ call: 'load', slot, id, url, bytes, gpuPolicy });
    this.#onGpu.set(this.#lastToken, onGpu);
    return loading;
  }

  /**
   * @param {number} slot
   * @param {Batch} batch
   * @returns {Promise<Float32Array>} [rows x dimension]
   */
  run(slot, batch) {
    return this.#call({ call: 'run', slot, batch: { ...batch, ids: batch.ids.slice(), mask: batch.mask.slice() } });
  }

  /** @param {number} slot */
  close(slot) {
    return this.#call({ call: 'close', slot });
  }

  /** @param {object} request */
  #call(request) {
    const worker = this.#worker ?? this.#start();
    const token = ++this.#lastToken;
    return new Promise((resolve, reject) => {
      this.#waiting.set(token, { resolve, reject });
      worker.postMessage({ ...request, token });
    });
  }

  #start() {
    const worker = new Worker(new URL('./inference.worker.mjs', import.meta.url), { type: 'module', name: 'inference' });
    worker.onmessage = ({ data: { token, result, error, batchTokens } }) => {
      if (batchTokens !== undefined) return this.#onGpu.get(token)?.(batchTokens);
      const call = this.#waiting.get(token);
      this.#waiting.delete(token);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const failure = new Error(event.message || 'the inference worker could not be loaded');
      for (const call of this.#waiting.values()) call.reject(failure);
      this.#waiting.clear();
    };
    this.#worker = worker;
    return worker;
  }
}

/** @returns {InferenceBridge} */
export function createInferenceBridge() {
  return new InferenceBridge();
}
