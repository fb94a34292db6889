// Runs in the browser: measures vector indexes, each in a worker of its own, over the same vectors.

const DIMENSION = 384;
const TOP = 10;
// Each contender builds so many parts in turn, so that what else the machine does falls on all of them.
const BUILD_PARTS = 50;

/**
 * @typedef {{seconds: number, bytes: number, save_ms?: number, load_ms?: number}} Built bytes: all memory of the module
 * @typedef {{setting: string, width: number | null, threads: number, recall: number, p50: number, p95: number,
 *     perSecond: number}} Searched times in ms
 * @typedef {{name: string, build: Record<string, Built>, searches: Searched[], reason?: string}} Result
 *     build: by number of threads
 */

/**
 * Numbers from 0 to 1, the same for the same seed.
 * @param {number} seed
 */
function randomNumbers(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Unit vectors as texts have them: topics of uneven size, each a cloud that has the few dozen directions which all
 * texts share, and a little of its own in every direction.
 * @param {number} count
 * @param {number} queryCount
 */
function makeVectors(count, queryCount) {
  const random = randomNumbers(count + 7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  // Drawn from a table, as tens of millions are needed.
  const normals = Float32Array.from({ length: 1 << 16 }, normal);
  const draw = () => normals[(random() * normals.length) | 0];
  const topics = Math.max(16, Math.round(4 * Math.sqrt(count)));
  const directions = 48;
  const centres = Float32Array.from({ length: topics * DIMENSION }, draw);
  const shared = Float32Array.from({ length: directions * DIMENSION }, draw);
  const amounts = new Float32Array(directions);

  /** @param {Float32Array} vectors */
  const fill = (vectors) => {
    for (let at = 0; at < vectors.length; at += DIMENSION) {
      const topic = Math.floor(topics * random() ** 2) * DIMENSION;
      for (let k = 0; k < directions; k++) amounts[k] = (0.8 * draw()) / Math.sqrt(directions);
      let sum = 0;
      for (let j = 0; j < DIMENSION; j++) {
        let value = centres[topic + j] + 0.25 * draw();
        for (let k = 0; k < directions; k++) value += amounts[k] * shared[k * DIMENSION + j];
        vectors[at + j] = value;
        sum += value * value;
      }
      const scale = 1 / Math.sqrt(sum);
      for (let j = 0; j < DIMENSION; j++) vectors[at + j] *= scale;
    }
    return vectors;
  };
  /** @param {number} rows */
  const empty = (rows) => new Float32Array(new SharedArrayBuffer(rows * DIMENSION * 4));
  return { vectors: fill(empty(count)), queries: fill(empty(queryCount)) };
}

/** A contender in its worker; ended when it takes too long. */
class Contender {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.worker = new Worker('/pages/vector_contenders.mjs', { type: 'module', name: `contender ${name}` });
  }

  /**
   * @param {object} request
   * @param {number} seconds until it is too late
   * @param {number} [limitSeconds] which these are what is left of
   * @returns {Promise<any>}
   */
  ask(request, seconds, limitSeconds = seconds) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`over ${limitSeconds} s`)), seconds * 1000);
      this.worker.onerror = (event) => reject(new Error(event.message));
      this.worker.onmessage = ({ data }) => {
        clearTimeout(timer);
        if (data.error) reject(new Error(data.error));
        else resolve(data.result);
      };
      this.worker.postMessage({ ...request, name: this.name });
    });
  }
}

/**
 * A contender that fails, or takes too long, is out.
 * @param {{contender: Contender, result: Result}} one
 * @param {() => Promise<void>} work
 */
async function during({ contender, result }, work) {
  try {
    await work();
  } catch (error) {
    result.reason = error instanceof Error ? error.message : String(error);
    contender.worker.terminate();
  }
}

/** @param {number[]} sorted @param {number} share */
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/**
 * @param {number[][]} found ids by query
 * @param {number[][]} truth
 */
function recallOf(found, truth) {
  let hits = 0;
  truth.forEach((ids, query) => (hits += ids.filter((id) => found[query].includes(id)).length));
  return hits / (truth.length * TOP);
}

/**
 * @param {{names: string[], count: number, queryCount: number, rounds: number, limitSeconds: number}} options
 *     names: of contenders, in the order in which they take turns; 'javascript' among them, as it is exact
 * @returns {Promise<Result[]>}
 */
export async function measureVectors({ names, count, queryCount, rounds, limitSeconds }) {
  const { vectors, queries } = makeVectors(count, queryCount);
  /** @type {{contender: Contender, result: Result, builds: number[], seconds: number, settings: any[], times: number[][], found: number[][][]}[]} */
  const all = [];
  for (const name of names) {
    const contender = new Contender(name);
    /** @type {Result} */
    const result = { name, build: {}, searches: [] };
    const one = { contender, result, builds: [], seconds: 0, settings: [], times: [], found: [] };
    all.push(one);
    await during(one, async () => {
      const opened = await contender.ask({ method: 'open', vectors, queries, dimension: DIMENSION, top: TOP }, limitSeconds);
      one.builds = opened.builds;
      one.settings = opened.settings;
      one.times = opened.settings.map(() => []);
    });
  }
  for (let n = 0; all.some(({ builds }) => n < builds.length); n++) {
    const building = all.filter(({ builds, result }) => n < builds.length && !result.reason);
    for (const one of building) {
      one.seconds = 0;
      await during(one, () => one.contender.ask({ method: 'begin', threads: one.builds[n] }, 60));
    }
    for (let part = 0; part < BUILD_PARTS; part++) {
      const rows = { begin: Math.round((count * part) / BUILD_PARTS), end: Math.round((count * (part + 1)) / BUILD_PARTS) };
      for (const one of building) {
        if (one.result.reason) continue;
        await during(one, async () => {
          one.seconds += await one.contender.ask({ method: 'insert', ...rows }, limitSeconds - one.seconds, limitSeconds);
        });
      }
    }
    // What came to no end has no figures.
    for (const { contender, result, builds, seconds } of building) {
      if (!result.reason) result.build[builds[n]] = { seconds, bytes: await contender.ask({ method: 'bytes' }, limitSeconds) };
    }
  }
  for (const { contender, result } of all) {
    if (!result.reason) Object.assign(result.build[1], await contender.ask({ method: 'keep' }, limitSeconds));
    console.log(`${result.name}, ${count}: ${result.reason ?? JSON.stringify(result.build)}`);
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of all) {
      for (let n = 0; n < one.settings.length && !one.result.reason; n++) {
        await during(one, async () => {
          const { times, ids } = await one.contender.ask({ method: 'search', setting: one.settings[n] }, limitSeconds);
          one.times[n].push(...times);
          one.found[n] = ids;
        });
      }
    }
  }
  const truth = all.find(({ result }) => result.name === 'javascript')?.found[0];
  if (!truth) throw new Error('nothing to compare with');
  for (const { contender, result, settings, times, found } of all) {
    contender.worker.terminate();
    if (result.reason) continue;
    settings.forEach((setting, n) => {
      const sorted = times[n].sort((a, b) => a - b);
      const sum = sorted.reduce((a, b) => a + b, 0);
      result.searches.push({
        setting: setting.name,
        width: setting.width ?? null,
        threads: setting.threads ?? 1,
        recall: recallOf(found[n], truth),
        p50: at(sorted, 0.5),
        p95: at(sorted, 0.95),
        perSecond: (1000 * sorted.length) / sum,
      });
    });
  }
  return all.map(({ result }) => result);
}
