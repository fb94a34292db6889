// Runs in the browser: the same batches by several sessions of one thread each, or by one session of several threads.

/** @typedef {import('./lane_worker.mjs').Batch} Batch */
/** @typedef {import('./lane_worker.mjs').Opening} Opening */

// Padding is at most a tenth of a batch, as src/embed/embedder.cc cuts them.
const PADDING_DIVISOR = 10;

/**
 * @param {number[]} lengths of texts, in tokens
 * @param {number} budget of a batch, padding included
 * @returns {Batch[]} the longest texts first
 */
export function batchesOf(lengths, budget) {
  const waiting = [...lengths].sort((a, b) => b - a);
  const batches = [];
  while (waiting.length > 0) {
    const columns = waiting[0];
    let [rows, tokens] = [0, 0];
    while (rows < waiting.length) {
      const padded = (rows + 1) * columns;
      if (rows > 0 && (padded > budget || (padded - tokens - waiting[rows]) * PADDING_DIVISOR > padded)) break;
      tokens += waiting[rows];
      rows += 1;
    }
    batches.push(batchOf(waiting.splice(0, rows), columns, tokens));
  }
  return batches;
}

/** @param {number[]} lengths @param {number} columns @param {number} tokens @returns {Batch} */
function batchOf(lengths, columns, tokens) {
  const rows = lengths.length;
  const ids = new BigInt64Array(rows * columns);
  const mask = new BigInt64Array(rows * columns);
  lengths.forEach((length, row) => {
    for (let column = 0; column < length; column++) {
      const at = row * columns + column;
      // Any words do: what a product costs does not depend on them.
      ids[at] = BigInt(1000 + ((at * 7919) % 20_000));
      mask[at] = 1n;
    }
  });
  return { ids, mask, rows, columns, tokens };
}

/**
 * @param {number} count of sessions
 * @param {Opening} opening
 * @returns {Promise<{run: (batches: Batch[]) => Promise<number>}>} run() gives tokens of real text a second
 */
export async function openLanes(count, opening) {
  const workers = Array.from({ length: count }, () => new Worker('/pages/lane_worker.mjs', { type: 'module' }));
  const askAll = (/** @type {object} */ message) => Promise.all(workers.map((worker) => ask(worker, message)));
  await askAll({ opening });
  return {
    async run(batches) {
      const work = { batches, next: new Int32Array(new SharedArrayBuffer(4)) };
      const start = performance.now();
      const tokens = await askAll({ work });
      return (1000 * tokens.reduce((sum, one) => sum + one, 0)) / (performance.now() - start);
    },
  };
}

/** @param {Worker} worker @param {object} message @returns {Promise<any>} */
function ask(worker, message) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data.result) : reject(new Error(data.error)));
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(message);
  });
}
