// Runs embedding models with ONNX Runtime Web, one session for each model in use, in one thread's scope.
// The only importer of onnxruntime-web. Thread: an inference thread of the engine, or the plain
// worker of the build without threads. Runs of one slot are serial: the caller waits for each.
import * as ort from './ort/ort.wasm.min.mjs';

/** @typedef {{dimension: number, pooled: boolean, needsTokenTypes: boolean}} ModelInfo */
/**
 * A padded batch, row-major.
 * @typedef {{ids: BigInt64Array, mask: BigInt64Array, rows: number, columns: number, dimension: number}} Batch
 */

// Outputs that already hold one vector a text, best first.
const POOLED_OUTPUTS = ['sentence_embedding', 'text_embeds', 'embeddings', 'pooled_output'];

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;
ort.env.logLevel = 'error';

/** An open model. */
class Model {
  /** @type {ort.InferenceSession} */ #session;
  #output = '';
  #pooled = true;
  #needsTokenTypes = false;
  #dimension = 0;

  /** @param {ort.InferenceSession} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * @param {Uint8Array} bytes
   * @returns {Promise<Model>}
   * @throws {Error} when it is no embedding model
   */
  static async open(bytes) {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: 1,
    });
    const model = new Model(session);
    try {
      await model.#examine();
    } catch (error) {
      await session.release();
      throw error;
    }
    return model;
  }

  async #examine() {
    const { inputNames, outputNames } = this.#session;
    for (const name of ['input_ids', 'attention_mask']) {
      if (!inputNames.includes(name)) throw new Error(`not an embedding model: it has no input ${name}`);
    }
    const pooled = POOLED_OUTPUTS.find((name) => outputNames.includes(name));
    this.#output = pooled ?? outputNames[0];
    this.#pooled = pooled !== undefined;
    this.#needsTokenTypes = inputNames.includes('token_type_ids');
    // One short text proves the shapes before any document depends on them.
    const tensor = await this.#infer({ ids: new BigInt64Array(2), mask: new BigInt64Array([1n, 1n]), rows: 1, columns: 2 });
    const expectedRank = this.#pooled ? 2 : 3;
    if (tensor.type !== 'float32' || tensor.dims.length !== expectedRank) {
      throw new Error(`not an embedding model: its output ${this.#output} is ${tensor.type} [${tensor.dims}]`);
    }
    this.#dimension = tensor.dims[expectedRank - 1];
  }

  /** @returns {ModelInfo} dimension is 0 where the model leaves it open */
  get info() {
    return { dimension: this.#dimension, pooled: this.#pooled, needsTokenTypes: this.#needsTokenTypes };
  }

  /** @param {Batch} batch */
  async run({ ids, mask, rows, columns, dimension }) {
    // Copies: views of shared memory may be outlived by a growing heap.
    const batch = { ids: ids.slice(), mask: mask.slice(), rows, columns };
    const tensor = await this.#infer(batch);
    const data = /** @type {Float32Array} */ (tensor.data);
    const vectors = this.#pooled ? data : meanPool(data, batch.mask, rows, columns, dimension);
    if (vectors.length !== rows * dimension) {
      throw new Error(`the model gave ${vectors.length} numbers, not ${rows} x ${dimension}`);
    }
    return vectors;
  }

  /** @param {{ids: BigInt64Array, mask: BigInt64Array, rows: number, columns: number}} batch */
  async #infer({ ids, mask, rows, columns }) {
    const dims = [rows, columns];
    /** @type {Record<string, ort.Tensor>} */
    const feeds = { input_ids: new ort.Tensor('int64', ids, dims), attention_mask: new ort.Tensor('int64', mask, dims) };
    if (this.#needsTokenTypes) feeds.token_type_ids = new ort.Tensor('int64', new BigInt64Array(rows * columns), dims);
    const outputs = await this.#session.run(feeds, [this.#output]);
    return outputs[this.#output];
  }

  async release() {
    await this.#session.release();
  }
}

class InferenceHost {
  /** By slot: the models in use. @type {Map<number, Model>} */ #models = new Map();
  /** By slot: a model that is on its way. @type {Map<number, {url: string, bytes: Promise<Uint8Array>}>} */ #coming = new Map();

  /**
   * Starts the runtime and a model's transfer, ahead of load().
   * @param {number} slot
   * @param {string} id
   * @param {string} url empty when the model's bytes will be given
   */
  prepare(slot, id, url) {
    if (url !== '') {
      const bytes = fetchModel(id, url);
      bytes.catch(() => {}); // load() tells of it
      this.#coming.set(slot, { url, bytes });
    }
    // The runtime has no call of its own to start it: opening anything does, even what cannot be opened.
    ort.InferenceSession.create(new Uint8Array(1), { executionProviders: ['wasm'], logSeverityLevel: 4 }).catch(() => {});
  }

  /**
   * Opens a model from its address on this site, or from bytes, in the place of the slot's former one.
   * @param {number} slot
   * @param {string} id
   * @param {string} url
   * @param {Uint8Array | null} bytes
   * @returns {Promise<ModelInfo>}
   * @throws {Error} when it cannot be fetched or is no embedding model
   */
  async load(slot, id, url, bytes) {
    await this.close(slot);
    const ahead = this.#coming.get(slot);
    this.#coming.delete(slot);
    const coming = ahead?.url === url ? ahead.bytes : null;
    const model = await Model.open(bytes ?? (await (coming ?? fetchModel(id, url))));
    this.#models.set(slot, model);
    return model.info;
  }

  /**
   * One vector a row, not normalised.
   * @param {number} slot
   * @param {Batch} batch
   * @returns {Promise<Float32Array>} [rows x dimension]
   * @throws {Error} when the model fails or gives another shape than it promised
   */
  async run(slot, batch) {
    const model = this.#models.get(slot);
    if (model === undefined) throw new Error('no model is open');
    return model.run(batch);
  }

  /** @param {number} slot */
  async close(slot) {
    const model = this.#models.get(slot);
    this.#models.delete(slot);
    await model?.release();
  }
}

/**
 * The mean over a text's real tokens.
 * @param {Float32Array} data [rows x columns x dimension]
 * @param {BigInt64Array} mask [rows x columns]
 * @param {number} rows
 * @param {number} columns
 * @param {number} dimension
 */
function meanPool(data, mask, rows, columns, dimension) {
  const pooled = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    let count = 0;
    const out = pooled.subarray(row * dimension, (row + 1) * dimension);
    for (let column = 0; column < columns; column++) {
      if (mask[row * columns + column] === 0n) continue;
      count++;
      const at = (row * columns + column) * dimension;
      for (let k = 0; k < dimension; k++) out[k] += data[at + k];
    }
    if (count > 0) for (let k = 0; k < dimension; k++) out[k] /= count;
  }
  return pooled;
}

/**
 * @param {string} id
 * @param {string} url
 */
async function fetchModel(id, url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the model ${id} could not be fetched (status ${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @returns {InferenceHost} */
export function createInferenceHost() {
  return new InferenceHost();
}
