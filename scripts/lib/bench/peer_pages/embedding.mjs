// Runs in the browser: the peers of the embedding line, over the same model and texts as ours.

const TRANSFORMERS = '/peers/node_modules/@huggingface/transformers';
const ORT = '/peers/node_modules/onnxruntime-web/dist';

/**
 * The feature-extraction pipeline as its documentation shows it.
 * @param {string} model
 * @param {number} threads
 */
export async function openPipeline(model, threads) {
  const library = await import(/* @vite-ignore */ `${TRANSFORMERS}/dist/transformers.min.js`);
  const { env, pipeline } = library;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = '/models/';
  env.useBrowserCache = false;
  env.backends.onnx.wasm.wasmPaths = `${TRANSFORMERS}/node_modules/onnxruntime-web/dist/`;
  env.backends.onnx.wasm.numThreads = threads;
  const extract = await pipeline('feature-extraction', model, { device: 'wasm', dtype: 'q8' });
  return {
    tokenizer: extract.tokenizer,
    /** @param {string[]} texts @param {number} batch */
    async embed(texts, batch) {
      /** @type {Float32Array[]} */
      const vectors = [];
      for (let start = 0; start < texts.length; start += batch) {
        const output = await extract(texts.slice(start, start + batch), { pooling: 'mean', normalize: true });
        vectors.push(output.data);
      }
      return vectors;
    },
    /** @param {string[]} texts */
    countTokens(texts) {
      return texts.reduce((sum, text) => sum + extract.tokenizer.encode(text).length, 0);
    },
  };
}

/**
 * ONNX Runtime Web alone, batches padded to their longest text, in the order in which they come.
 * @param {string} model
 * @param {number} threads
 * @param {{encode: (text: string) => number[]}} tokenizer
 */
export async function openRuntime(model, threads, tokenizer) {
  const ort = await import(/* @vite-ignore */ `${ORT}/ort.wasm.min.mjs`);
  ort.env.wasm.wasmPaths = `${location.origin}${ORT}/`;
  ort.env.wasm.numThreads = threads;
  const response = await fetch(`/models/${model}/onnx/model_quantized.onnx`);
  const session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  return {
    /** @param {string[]} texts @param {number} batch */
    async embed(texts, batch) {
      const vectors = [];
      for (let start = 0; start < texts.length; start += batch) {
        const rows = texts.slice(start, start + batch).map((text) => tokenizer.encode(text));
        const columns = Math.max(...rows.map((row) => row.length));
        const ids = new BigInt64Array(rows.length * columns);
        const mask = new BigInt64Array(rows.length * columns);
        rows.forEach((row, n) => {
          row.forEach((id, column) => (ids[n * columns + column] = BigInt(id)));
          mask.fill(1n, n * columns, n * columns + row.length);
        });
        const dims = [rows.length, columns];
        const output = await session.run({
          input_ids: new ort.Tensor('int64', ids, dims),
          attention_mask: new ort.Tensor('int64', mask, dims),
          token_type_ids: new ort.Tensor('int64', new BigInt64Array(ids.length), dims),
        });
        vectors.push(pool(output.last_hidden_state.data, mask, rows.length, columns));
      }
      return vectors;
    },
  };
}

/**
 * The mean over real tokens, unit length.
 * @param {Float32Array} data [rows x columns x width]
 * @param {BigInt64Array} mask
 * @param {number} rows
 * @param {number} columns
 */
function pool(data, mask, rows, columns) {
  const width = data.length / (rows * columns);
  const vectors = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const out = vectors.subarray(row * width, (row + 1) * width);
    for (let column = 0; column < columns && mask[row * columns + column] === 1n; column++) {
      const at = (row * columns + column) * width;
      for (let k = 0; k < width; k++) out[k] += data[at + k];
    }
    const length = Math.hypot(...out);
    for (let k = 0; k < width; k++) out[k] /= length;
  }
  return vectors;
}
