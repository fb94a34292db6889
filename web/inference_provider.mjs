// Chooses who runs a model's large batches in one thread: ONNX Runtime Web's wasm provider, which works everywhere,
// or the graphics processor, once a trial on real texts has shown that it is faster and gives the same vectors.
// Thread: that of the inference host.

/** @typedef {import('./inference_host.mjs').Batch} Batch */
/**
 * 'auto': a real graphics processor if it is faster; 'always': any, a software one too, without a look at its speed (for
 * tests).
 * @typedef {'off' | 'auto' | 'always'} GpuPolicy
 */
/**
 * A model that is open on one provider.
 * @typedef {object} Runner
 * @property {(batch: Batch) => Promise<Float32Array>} run one at a time
 * @property {() => Promise<void>} release
 */
/**
 * @typedef {object} ProviderParts
 * @property {Runner} wasm
 * @property {GPU} gpu
 * @property {GpuPolicy} policy
 * @property {import('./gpu_trials.mjs').GpuTrials} trials how former ones of this model came out
 * @property {(device: GPUDevice) => Promise<Runner>} openOnGpu fetches the runtime that this takes
 * @property {(batchTokens: number) => void} onGpu how long batches may be now for the graphics processor; 0: it is out of use
 * @property {() => number} [now]
 */
/** @typedef {{batch: Batch, vectors: Float32Array}} Sample */
/** @typedef {{runner: Runner, device: GPUDevice, lost: Promise<never>, adapter: GPUAdapterInfo}} OnGpu */

// A batch of fewer tokens, such as a query, stays with wasm: what a call of the graphics processor costs is the same for all.
const LEAST_TOKENS = 128;
const TRIAL_TOKENS = 1024;
const TIMED_RUNS = 3;
// What is hardly faster is not worth its memory.
const WORTH_FACTOR = 1.2;
const LEAST_COSINE = 0.999;
// Whoever waits for a batch to end, to pause or for a lane that queries share, waits about this long.
const BATCH_MS = 80;
const BATCH_TOKENS_STEP = 256;
const MAX_BATCH_TOKENS = 8192;

const SOFTWARE_NAMES = /swiftshader|llvmpipe|lavapipe|basic render|\bwarp\b|software/i;
const FEATURES = /** @type {GPUFeatureName[]} */ (['shader-f16', 'subgroups']);
// Those in which a model's tensors and kernels go past what is granted unasked.
const LIMITS = /** @type {const} */ ([
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
]);

export class ProviderChoice {
  #parts;
  #now;
  /** What runs takes its turn: the trial's timed runs are to have the thread for themselves. @type {Promise<unknown>} */ #turn = Promise.resolve();
  /** Neither over nor under way nor impossible. */ #isTrialDue = true;
  /** @type {OnGpu | null} */ #chosen = null;
  #isReleased = false;

  /** @param {ProviderParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
    // Asked ahead only so that the model's bytes are not kept for nothing: an adapter may be stale when its time comes.
    void usableAdapter(parts.gpu, parts.policy).then((adapter) => {
      if (adapter === null) this.#endTrial();
    });
  }

  /**
   * One vector a row. The first large batch sets off the trial, which ends in the background.
   * @param {Batch} batch
   * @returns {Promise<Float32Array>}
   * @throws {Error} when the wasm provider fails
   */
  run(batch) {
    // Copies: views of shared memory may be outlived by a growing heap.
    const kept = { ...batch, ids: batch.ids.slice(), mask: batch.mask.slice() };
    return this.#inTurn(() => this.#runNow(kept));
  }

  async release() {
    this.#isReleased = true;
    this.#endTrial();
    await this.#turn;
    await this.#dropChosen();
    await this.#parts.wasm.release();
  }

  /** @param {Batch} batch */
  async #runNow(batch) {
    const isLarge = batch.rows * batch.columns >= LEAST_TOKENS;
    if (isLarge && this.#chosen !== null) {
      try {
        return await runOn(this.#chosen, batch);
      } catch {
        await this.#dropChosen();
      }
    }
    const vectors = await this.#parts.wasm.run(batch);
    if (isLarge && this.#isTrialDue) void this.#try({ batch, vectors });
    return vectors;
  }

  /** @param {Sample} sample */
  async #try(sample) {
    const { gpu, policy, trials, openOnGpu } = this.#parts;
    this.#endTrial();
    const adapter = await usableAdapter(gpu, policy);
    if (adapter === null) return;
    const known = policy === 'always' ? null : await trials.recall(adapter.info);
    if (known === 0) return;
    /** @type {OnGpu | null} */
    let opened = null;
    try {
      opened = await open(adapter, openOnGpu);
      const batchTokens = await this.#judge(opened, sample, known);
      if (batchTokens !== known && policy !== 'always' && !this.#isReleased) void trials.keep(adapter.info, batchTokens);
      if (batchTokens > 0 && !this.#isReleased) return this.#choose(opened, batchTokens);
    } catch {
      // It stays as it is: the wasm provider does everything.
      if (known !== null && !this.#isReleased) void trials.keep(adapter.info, null);
    }
    if (opened !== null) await close(opened);
  }

  /**
   * @param {OnGpu} opened
   * @param {Sample} sample
   * @param {number | null} known what a former trial gave
   * @returns {Promise<number>} tokens that a batch may have, 0 when the wasm provider is better
   * @throws {Error} when the graphics processor fails
   */
  async #judge(opened, sample, known) {
    // The first runs compile shaders. Batches go on meanwhile.
    const vectors = await runOn(opened, sample.batch);
    if (leastCosine(vectors, sample.vectors, sample.batch.rows) < LEAST_COSINE) return 0;
    if (known !== null) return known;
    if (this.#parts.policy === 'always') return BATCH_TOKENS_STEP;
    const large = repeated(sample.batch, TRIAL_TOKENS);
    await runOn(opened, large);
    const wasmRates = [];
    const gpuRates = [];
    for (let n = 0; n < TIMED_RUNS && !this.#isReleased; n++) {
      wasmRates.push(await this.#rate(sample.batch, (batch) => this.#parts.wasm.run(batch)));
      gpuRates.push(await this.#rate(large, (batch) => runOn(opened, batch)));
    }
    const gpuRate = median(gpuRates);
    if (!(gpuRate >= median(wasmRates) * WORTH_FACTOR)) return 0;
    const steps = Math.floor((gpuRate * BATCH_MS) / BATCH_TOKENS_STEP);
    return Math.min(MAX_BATCH_TOKENS, Math.max(1, steps) * BATCH_TOKENS_STEP);
  }

  /**
   * @param {Batch} batch
   * @param {(batch: Batch) => Promise<unknown>} run
   * @returns {Promise<number>} tokens a millisecond
   */
  #rate(batch, run) {
    return this.#inTurn(async () => {
      const start = this.#now();
      await run(batch);
      return (batch.rows * batch.columns) / Math.max(this.#now() - start, 1e-3);
    });
  }

  /**
   * @param {OnGpu} opened
   * @param {number} batchTokens
   */
  #choose(opened, batchTokens) {
    this.#chosen = opened;
    this.#parts.onGpu(batchTokens);
    // A loss between two batches is told of at once.
    opened.lost.catch(() => {
      if (this.#chosen === opened) void this.#dropChosen();
    });
  }

  async #dropChosen() {
    const chosen = this.#chosen;
    if (chosen === null) return;
    this.#chosen = null;
    this.#parts.onGpu(0);
    // What failed is tried anew before it is trusted.
    if (!this.#isReleased) void this.#parts.trials.keep(chosen.adapter, null);
    await close(chosen);
  }

  /** What a trial needs, the model's bytes above all, is let go. */
  #endTrial() {
    this.#isTrialDue = false;
    this.#parts = { ...this.#parts, openOnGpu: () => Promise.reject(new Error('the trial is over')) };
  }

  /**
   * @template R
   * @param {() => Promise<R>} work
   * @returns {Promise<R>}
   */
  #inTurn(work) {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

/**
 * @param {GPU} gpu
 * @param {GpuPolicy} policy
 * @returns {Promise<GPUAdapter | null>}
 */
async function usableAdapter(gpu, policy) {
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    return adapter !== null && (policy === 'always' || !isSoftware(adapter)) ? adapter : null;
  } catch {
    return null;
  }
}

/** @param {GPUAdapter} adapter */
function isSoftware(adapter) {
  const { info } = adapter;
  // Browsers of 2023 and 2024 have it on the adapter itself.
  if (info.isFallbackAdapter || /** @type {any} */ (adapter).isFallbackAdapter) return true;
  return [info.vendor, info.architecture, info.device, info.description].some((name) => SOFTWARE_NAMES.test(name));
}

/**
 * @param {GPUAdapter} adapter
 * @param {(device: GPUDevice) => Promise<Runner>} openOnGpu
 * @returns {Promise<OnGpu>}
 */
async function open(adapter, openOnGpu) {
  const device = await adapter.requestDevice({
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
  });
  const lost = device.lost.then(({ message }) => {
    throw new Error(`the graphics processor was lost: ${message}`);
  });
  lost.catch(() => {}); // who runs something meets it
  try {
    return { runner: await Promise.race([openOnGpu(device), lost]), device, lost, adapter: adapter.info };
  } catch (error) {
    device.destroy();
    throw error;
  }
}

/**
 * A run may never end once the device is lost.
 * @param {OnGpu} opened
 * @param {Batch} batch
 */
function runOn({ runner, lost }, batch) {
  return Promise.race([runner.run(batch), lost]);
}

/** @param {OnGpu} opened */
async function close({ runner, device, lost }) {
  await Promise.race([runner.release(), lost]).catch(() => {});
  device.destroy();
}

/**
 * The same rows again and again, for about so many tokens.
 * @param {Batch} batch
 * @param {number} tokens
 * @returns {Batch}
 */
function repeated({ ids, mask, rows, columns, dimension }, tokens) {
  const times = Math.max(1, Math.floor(tokens / (rows * columns)));
  const repeat = (/** @type {BigInt64Array} */ values) => {
    const all = new BigInt64Array(values.length * times);
    for (let n = 0; n < times; n++) all.set(values, n * values.length);
    return all;
  };
  return { ids: repeat(ids), mask: repeat(mask), rows: rows * times, columns, dimension };
}

/**
 * @param {Float32Array} a [rows x dimension]
 * @param {Float32Array} b
 * @param {number} rows
 */
function leastCosine(a, b, rows) {
  const dimension = a.length / rows;
  let least = 1;
  for (let at = 0; at < a.length; at += dimension) {
    let [dot, aa, bb] = [0, 0, 0];
    for (let k = at; k < at + dimension; k++) {
      dot += a[k] * b[k];
      aa += a[k] * a[k];
      bb += b[k] * b[k];
    }
    const cosine = dot / Math.sqrt(aa * bb);
    least = Math.min(least, Number.isNaN(cosine) ? -1 : cosine);
  }
  return least;
}

/** @param {number[]} values */
function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
