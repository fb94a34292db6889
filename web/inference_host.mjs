// Runs embedding models with ONNX Runtime Web, one session for each model in use, in one thread's scope.
// The only importer of onnxruntime-web. Thread: an inference thread of the engine, or the plain
// worker of the build without threads. Runs of one slot are serial: the caller waits for each.
import * as wasmRuntime from './ort/ort.wasm.min.mjs';
import { GpuTrials } from './gpu_trials.mjs';
import { ProviderChoice } from './inference_provider.mjs';

/** @typedef {typeof wasmRuntime} Runtime */
/** @typedef {import('./inference_provider.mjs').GpuPolicy} GpuPolicy */
/** @typedef {{dimension: number, pooled: boolean, needsTokenTypes: boolean}} ModelInfo */
/**
 * A padded batch, row-major.
 * @typedef {{ids: BigInt64Array, mask: BigInt64Array, rows: number, columns: number, dimension: number}} Batch
 */

// Outputs that already hold one vector a text, best first.
const POOLED_OUTPUTS = ['sentence_embedding', 'text_embeds', 'embeddings', 'pooled_output'];

// What dynamic int8 models multiply with. For a graphics processor the runtime leaves it to the processor, with copies to and fro
// around each.
const INT8_PRODUCT = 'MatMulInteger';
// In such a model Gelu by tanh, wrong by 0.0005 at most, is lost in the rounding to 256 steps that follows it, and faster.
const INT8_OPTIONS = { extra: { optimization: { enable_gelu_approximation: '1' } } };

/** @param {Runtime} runtime */
function configured(runtime) {
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;
  runtime.env.logLevel = 'error';
  return runtime;
}
configured(wasmRuntime);

/**
 * Where this browser has what the runtime for the graphics processor needs; that one is a fetch of 17 MB.
 * @returns {GPU | undefined}
 */
function usableGpu() {
  return 'Suspending' in WebAssembly ? navigator.gpu : undefined;
}

/** A model that is open on one provider. */
class Model {
  /** @type {Runtime} */ #ort;
  /** @type {wasmRuntime.InferenceSession} */ #session;
  #output = '';
  #pooled = true;
  #needsTokenTypes = false;
  #dimension = 0;

  /** @param {Runtime} ort @param {wasmRuntime.InferenceSession} session */
  constructor(ort, session) {
    this.#ort = ort;
    this.#session = session;
  }

  /**
   * @param {Runtime} ort
   * @param {Uint8Array} bytes
   * @param {wasmRuntime.InferenceSession.ExecutionProviderConfig} provider
   * @returns {Promise<Model>}
   * @throws {Error} when it is no embedding model
   */
  static async open(ort, bytes, provider) {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: 1,
      logSeverityLevel: 3, // errors
      ...(holds(bytes, INT8_PRODUCT) && INT8_OPTIONS),
    });
    const model = new Model(ort, session);
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
    const { Tensor } = this.#ort;
    const dims = [rows, columns];
    /** @type {Record<string, wasmRuntime.Tensor>} */
    const feeds = { input_ids: new Tensor('int64', ids, dims), attention_mask: new Tensor('int64', mask, dims) };
    if (this.#needsTokenTypes) feeds.token_type_ids = new Tensor('int64', new BigInt64Array(rows * columns), dims);
    const outputs = await this.#session.run(feeds, [this.#output]);
    return outputs[this.#output];
  }

  async release() {
    await this.#session.release();
  }
}

class InferenceHost {
  /** By slot: the models in use. @type {Map<number, Model | ProviderChoice>} */ #models = new Map();
  /** By slot: a model that is on its way. @type {Map<number, {url: string, bytes: Promise<Uint8Array>}>} */ #coming = new Map();
  /** The runtime refuses to open a second model on the graphics processor meanwhile. @type {Promise<unknown>} */ #gpuOpening = Promise.resolve();

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
    wasmRuntime.InferenceSession.create(new Uint8Array(1), { executionProviders: ['wasm'], logSeverityLevel: 4 }).catch(() => {});
  }

  /**
   * Opens a model from its address on this site, or from bytes, in the place of the slot's former one.
   * @param {number} slot
   * @param {string} id
   * @param {string} url
   * @param {Uint8Array | null} bytes
   * @param {GpuPolicy} gpuPolicy
   * @param {(batchTokens: number) => void} onGpu large batches, of up to so many tokens, run on the graphics processor from now
   *   on; 0: not any more
   * @returns {Promise<ModelInfo>}
   * @throws {Error} when it cannot be fetched or is no embedding model
   */
  async load(slot, id, url, bytes, gpuPolicy, onGpu) {
    await this.close(slot);
    const ahead = this.#coming.get(slot);
    this.#coming.delete(slot);
    const coming = ahead?.url === url ? ahead.bytes : null;
    const weights = bytes ?? (await (coming ?? fetchModel(id, url)));
    const wasm = await Model.open(wasmRuntime, weights, 'wasm');
    const gpu = gpuPolicy === 'off' ? undefined : usableGpu();
    const openOnGpu = (/** @type {GPUDevice} */ device) => this.#openOnGpu(weights, device);
    const trials = new GpuTrials(`${id}, ${weights.length} bytes`);
    this.#models.set(slot, gpu === undefined ? wasm : new ProviderChoice({ wasm, gpu, policy: gpuPolicy, trials, openOnGpu, onGpu }));
    return wasm.info;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {GPUDevice} device
   * @returns {Promise<Model>}
   */
  #openOnGpu(bytes, device) {
    const opening = this.#gpuOpening.then(async () => {
      if (holds(bytes, INT8_PRODUCT)) throw new Error('most of this model would not run on the graphics processor');
      const runtime = configured(await import('./ort/ort.jspi.min.mjs'));
      const provider = /** @type {wasmRuntime.InferenceSession.WebGpuExecutionProviderOption} */ ({ name: 'webgpu', device });
      return Model.open(runtime, bytes, provider);
    });
    this.#gpuOpening = opening.catch(() => {});
    return opening;
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
 * @param {Uint8Array} bytes
 * @param {string} text ASCII
 */
function holds(bytes, text) {
  const wanted = new TextEncoder().encode(text);
  for (let at = bytes.indexOf(wanted[0]); at !== -1; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, n) => bytes[at + n] === byte)) return true;
  }
  return false;
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
