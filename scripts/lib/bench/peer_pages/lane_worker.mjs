// Runs in a worker of the browser: one session of ONNX Runtime Web, which takes batches for as long as there are any.

const ORT = '/peers/node_modules/onnxruntime-web/dist';

/** @typedef {{model: string, threads: number, isSpinning: boolean}} Opening */
/** @typedef {{ids: BigInt64Array, mask: BigInt64Array, rows: number, columns: number, tokens: number}} Batch */
/** @typedef {{batches: Batch[], next: Int32Array}} Work next: shared by the workers, the first batch that none has taken */

/** @type {any} */ let ort;
/** @type {any} */ let session;

/** @param {Opening} opening */
async function open({ model, threads, isSpinning }) {
  ort = await import(/* @vite-ignore */ `${ORT}/ort.wasm.min.mjs`);
  ort.env.wasm.wasmPaths = `${location.origin}${ORT}/`;
  ort.env.wasm.numThreads = threads;
  const response = await fetch(model);
  if (!response.ok) throw new Error(`${model}: status ${response.status}`);
  session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: isSpinning ? '1' : '0' } } },
  });
}

/** @param {Work} work @returns {Promise<number>} tokens of real text */
async function runAll({ batches, next }) {
  let tokens = 0;
  for (let at = Atomics.add(next, 0, 1); at < batches.length; at = Atomics.add(next, 0, 1)) {
    const { ids, mask, rows, columns } = batches[at];
    const dims = [rows, columns];
    /** @type {Record<string, unknown>} */
    const feeds = { input_ids: new ort.Tensor('int64', ids, dims), attention_mask: new ort.Tensor('int64', mask, dims) };
    if (session.inputNames.includes('token_type_ids')) {
      feeds.token_type_ids = new ort.Tensor('int64', new BigInt64Array(ids.length), dims);
    }
    const [output] = Object.values(await session.run(feeds));
    if (output.dims[0] !== rows) throw new Error(`${output.dims[0]} vectors of ${rows} texts`);
    tokens += batches[at].tokens;
  }
  return tokens;
}

addEventListener('message', async ({ data }) => {
  try {
    postMessage({ result: data.opening ? await open(data.opening) : await runAll(data.work) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
