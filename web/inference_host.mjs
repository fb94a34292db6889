// Runs an embedding model with ONNX Runtime Web, one session in one thread's scope.
// The only importer of onnxruntime-web. Thread: an inference thread of the engine, or the plain
// worker of the build without threads. Runs of one host are serial: the caller waits for each.
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

class InferenceHost {
  /** @type {ort.InferenceSession | null} */ #session = null;
  #output = '';
  #pooled = true;
  #needsTokenTypes = false;
  /** @type {{url: string, bytes: Promise<Uint8Array>} | null} a model that is on its way */ #coming = null;

  /**
   * Starts the runtime and a model's transfer, ahead of load().
   * @param {string} id
   * @param {string} url empty when the model's bytes will be given
   */
  prepare(id, url) {
    if (url !== '') {
      const bytes = fetchModel(id, url);
      bytes.catch(() => {}); // load() tells of it
      this.#coming = { url, bytes };
    }
    // The runtime has no call of its own to start it: opening anything does, even what cannot be opened.
    ort.InferenceSession.create(new Uint8Array(1), { executionProviders: ['wasm'], logSeverityLevel: 4 }).catch(() => {});
  }

  /**
   * Opens a model from its address on this site, or from bytes.
   * @param {string} id
   * @param {string} url
   * @param {Uint8Array | null} bytes
   * @returns {Promise<ModelInfo>} dimension is 0 where the model leaves it open
   * @throws {Error} when it cannot be fetched or is no embedding model
   */
  async load(id, url, bytes) {
    await this.#session?.release();
    this.#session = null;
    const coming = this.#coming?.url === url ? this.#coming.bytes : null;
    this.#coming = null;
    const session = await ort.InferenceSession.create(bytes ?? (await (coming ?? fetchModel(id, url))), {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: 1,
    });
    for (const name of ['input_ids', 'attention_mask']) {
      if (!session.inputNames.includes(name)) {
        await session.release();
        throw new Error(`not an embedding model: it has no input ${name}`);
      }
    }
    const pooled = POOLED_OUTPUTS.find((name) => session.outputNames.includes(name));
    this.#output = pooled ?? session.outputNames[0];
    this.#pooled = pooled !== undefined;
    this.#needsTokenTypes = session.inputNames.includes('token_type_ids');
    this.#session = session;
    // One short text proves the shapes before any document depends on them.
    const tensor = await this.#infer({ ids: new BigInt64Array(2), mask: new BigInt64Array([1n, 1n]), rows: 1, columns: 2 });
    const expectedRank = this.#pooled ? 2 : 3;
    if (tensor.type !== 'float32' || tensor.dims.length !== expectedRank) {
      throw new Error(`not an embedding model: its output ${this.#output} is ${tensor.type} [${tensor.dims}]`);
    }
    return { dimension: tensor.dims[expectedRank - 1], pooled: this.#pooled, needsTokenTypes: this.#needsTokenTypes };
  }

  /**
   * One vector a row, not normalised.
   * @param {Batch} batch
   * @returns {Promise<Float32Array>} [rows x dimension]
   * @throws {Error} when the model fails or gives another shape than it promised
   */
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
    const session = this.#session;
    if (session === null) throw new Error('no model is open');
    const dims = [rows, columns];
    /** @type {Record<string, ort.Tensor>} */
    const feeds = { input_ids: new ort.Tensor('int64', ids, dims), attention_mask: new ort.Tensor('int64', mask, dims) };
    if (this.#needsTokenTypes) feeds.token_type_ids = new ort.Tensor('int64', new BigInt64Array(rows * columns), dims);
    const outputs = await session.run(feeds, [this.#output]);
    return outputs[this.#output];
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
