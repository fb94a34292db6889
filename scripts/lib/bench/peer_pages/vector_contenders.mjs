// A worker that holds one vector index, ours or a peer's, at the settings that all of them share.

const PACKAGES = '/peers/node_modules';
const OURS = '/index_bench';
const LINKS = 16;
const BUILD_WIDTH = 100;
const WIDTHS = [16, 32, 64, 128, 256];

/**
 * @typedef {{name: string, width?: number, threads?: number}} Setting
 * @typedef {object} Input
 * @property {Float32Array} vectors
 * @property {Float32Array} queries
 * @property {number} dimension
 * @property {number} top
 * @typedef {object} Index
 * @property {number[]} builds numbers of threads; the index is built anew for each, the last one is asked
 * @property {(threads: number) => void} [begin] a build
 * @property {(begin: number, end: number) => void} [insert] rows, in order
 * @property {() => void} [finish] for those that take all rows at once
 * @property {() => number} [bytes] where the modules' memories do not tell
 * @property {() => {save_ms: number, load_ms: number}} [keep]
 * @property {Setting[]} settings
 * @property {(setting: Setting) => void} [set]
 * @property {(query: Float32Array, setting: Setting) => number[]} search
 */

/** Every memory of WebAssembly that this worker makes, so that all are weighed alike. @type {Set<WebAssembly.Memory>} */
const memories = new Set();
const heldBytes = () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

for (const name of /** @type {const} */ (['instantiate', 'instantiateStreaming'])) {
  const original = /** @type {any} */ (WebAssembly[name]);
  /** @type {any} */ (WebAssembly)[name] = async (/** @type {any} */ source, /** @type {any} */ imports) => {
    const made = await original(source, imports);
    const exported = Object.values((made.instance ?? made).exports);
    const imported = Object.values(imports ?? {}).flatMap((part) => Object.values(/** @type {object} */ (part)));
    for (const value of [...exported, ...imported]) if (value instanceof WebAssembly.Memory) memories.add(value);
    return made;
  };
}

/** @param {Input} input @param {number} row */
const vectorAt = ({ vectors, dimension }, row) => vectors.subarray(row * dimension, (row + 1) * dimension);

/** @type {Record<string, (input: Input) => Promise<Index>>} */
const CONTENDERS = {
  /** Ours: the flat index and the graph over it. */
  async lodestone(input) {
    const { default: load } = await import(/* @vite-ignore */ `${OURS}/index_bench.mjs`);
    const module = await load();
    const { dimension, top } = input;
    const ids = module._malloc(top * 4);
    const query = module._malloc(dimension * 4);
    const part = 100;
    let buildThreads = 0;
    const staging = module._malloc(part * dimension * 4);
    return {
      settings: [
        { name: 'exact', threads: 1 },
        { name: 'exact', threads: 2 },
        ...WIDTHS.map((width) => ({ name: 'graph', width })),
      ],
      builds: [2, 1],
      begin(threads) {
        module._bench_reset(dimension, 2);
        module._bench_begin_graph(LINKS, BUILD_WIDTH);
        buildThreads = threads;
      },
      insert(begin, end) {
        for (let row = begin; row < end; row += part) {
          const some = input.vectors.subarray(row * dimension, Math.min(end, row + part) * dimension);
          module.HEAPF32.set(some, staging / 4);
          module._bench_add(staging, some.length / dimension);
        }
        module._bench_insert(buildThreads, begin, end);
      },
      keep() {
        const start = performance.now();
        module._bench_save();
        const saved = performance.now();
        module._bench_load();
        return { save_ms: saved - start, load_ms: performance.now() - saved };
      },
      search(vector, { width, threads }) {
        module.HEAPF32.set(vector, query / 4);
        const found = width
          ? module._bench_search_graph(query, top, width, ids)
          : module._bench_search_exact(query, top, threads, ids);
        return [...module.HEAPU32.subarray(ids / 4, ids / 4 + found)];
      },
    };
  },

  async 'hnswlib-wasm'(input) {
    const { loadHnswlib } = await import(/* @vite-ignore */ `${PACKAGES}/hnswlib-wasm/dist/hnswlib.js`);
    const library = await loadHnswlib();
    const { dimension, top } = input;
    const count = input.vectors.length / dimension;
    const index = new library.HierarchicalNSW('l2', dimension, '');
    return {
      settings: WIDTHS.map((width) => ({ name: 'graph', width })),
      builds: [1],
      begin: () => index.initIndex(count, LINKS, BUILD_WIDTH, 100),
      insert(begin, end) {
        for (let row = begin; row < end; row++) index.addPoint(vectorAt(input, row), row, false);
      },
      set: ({ width }) => index.setEfSearch(width),
      search: (vector) => index.searchKnn(vector, top, undefined).neighbors,
    };
  },

  async edgevec(input) {
    const { default: load, EdgeVec, EdgeVecConfig } = await import(/* @vite-ignore */ `${PACKAGES}/edgevec/edgevec.js`);
    await load();
    const { dimension, top } = input;
    const config = new EdgeVecConfig(dimension);
    // Its other metrics return the farthest; what it walks for a query is fixed when it is made.
    config.metric = 'l2';
    config.m = LINKS;
    config.m0 = 2 * LINKS;
    config.ef_construction = BUILD_WIDTH;
    config.ef_search = 64;
    const index = new EdgeVec(config);
    /** @type {Map<number, number>} */
    const rows = new Map();
    return {
      settings: [{ name: 'graph', width: 64 }],
      builds: [1],
      insert(begin, end) {
        for (let row = begin; row < end; row++) rows.set(index.insert(vectorAt(input, row).slice()), row);
      },
      search: (vector) =>
        index.search(vector, top).map((/** @type {{id: number}} */ { id }) => /** @type {number} */ (rows.get(id))),
    };
  },

  async 'sqlite-vec'(input) {
    const { default: load } = await import(/* @vite-ignore */ `${PACKAGES}/sqlite-vec-wasm-demo/sqlite3.mjs`);
    const sqlite3 = await load({ print: () => {}, printErr: () => {} });
    const { dimension, top } = input;
    const database = new sqlite3.oo1.DB(':memory:');
    database.exec(`CREATE VIRTUAL TABLE vectors USING vec0(embedding float[${dimension}])`);
    const nearest = database.prepare(`SELECT rowid FROM vectors WHERE embedding MATCH ? AND k = ${top}`);
    /** @param {Float32Array} vector */
    const bytes = (vector) => new Uint8Array(vector.slice().buffer);
    return {
      settings: [{ name: 'exact' }],
      builds: [1],
      insert(begin, end) {
        const insert = database.prepare('INSERT INTO vectors(rowid, embedding) VALUES (?, ?)');
        database.exec('BEGIN');
        for (let row = begin; row < end; row++) {
          insert.bind(1, row + 1).bind(2, bytes(vectorAt(input, row))).stepReset();
        }
        database.exec('COMMIT');
        insert.finalize();
      },
      search(vector) {
        const ids = [];
        nearest.bind(1, bytes(vector));
        while (nearest.step()) ids.push(nearest.getInt(0) - 1);
        nearest.reset();
        return ids;
      },
    };
  },

  async 'voy-search'(input) {
    // Its own entry imports the module as a bundler would.
    const glue = await import(/* @vite-ignore */ `${PACKAGES}/voy-search/voy_search_bg.js`);
    const source = fetch(`${PACKAGES}/voy-search/voy_search_bg.wasm`);
    const { instance } = await WebAssembly.instantiateStreaming(source, { './voy_search_bg.js': glue });
    glue.__wbg_set_wasm(instance.exports);
    const { dimension, top } = input;
    const count = input.vectors.length / dimension;
    /** @type {any} */
    let index;
    return {
      settings: [{ name: 'exact' }],
      builds: [1],
      finish() {
        const embeddings = Array.from({ length: count }, (_, row) => ({
          id: `${row}`,
          title: '',
          url: '',
          embeddings: [...vectorAt(input, row)],
        }));
        index = new glue.Voy({ embeddings });
      },
      search: (vector) => index.search(vector, top).neighbors.map((/** @type {{id: string}} */ { id }) => Number(id)),
    };
  },

  async javascript(input) {
    const { dimension, top } = input;
    /** @type {Float32Array} */
    let vectors;
    return {
      settings: [{ name: 'exact' }],
      builds: [1],
      finish() {
        vectors = input.vectors.slice();
      },
      bytes: () => vectors.byteLength,
      search(query) {
        /** @type {number[]} */
        const ids = [];
        const scores = new Float32Array(top).fill(-Infinity);
        const count = vectors.length / dimension;
        for (let row = 0; row < count; row++) {
          const score = dot(query, vectors, row * dimension, dimension);
          if (score <= scores[top - 1]) continue;
          let place = Math.min(ids.length, top - 1);
          for (; place > 0 && scores[place - 1] < score; place--) {
            scores[place] = scores[place - 1];
            ids[place] = ids[place - 1];
          }
          scores[place] = score;
          ids[place] = row;
        }
        return ids;
      },
    };
  },
};

/**
 * With four accumulators, so that one sum need not wait for another.
 * @param {Float32Array} query
 * @param {Float32Array} vectors
 * @param {number} at
 * @param {number} dimension a multiple of four
 */
function dot(query, vectors, at, dimension) {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let j = 0; j < dimension; j += 4) {
    a += query[j] * vectors[at + j];
    b += query[j + 1] * vectors[at + j + 1];
    c += query[j + 2] * vectors[at + j + 2];
    d += query[j + 3] * vectors[at + j + 3];
  }
  return a + b + (c + d);
}

/** @type {Input} */
let input;
/** @type {Index} */
let index;

/** @param {Setting} setting */
function search(setting) {
  const { queries, dimension } = input;
  index.set?.(setting);
  const times = [];
  const ids = [];
  for (let at = 0; at < queries.length; at += dimension) {
    // Not shared: some of the libraries refuse views of shared memory.
    const query = queries.slice(at, at + dimension);
    const start = performance.now();
    const found = index.search(query, setting);
    times.push(performance.now() - start);
    ids.push([...found]);
  }
  return { times, ids };
}

/** @type {Record<string, (data: any) => any>} */
const METHODS = {
  async open(data) {
    input = data;
    index = await CONTENDERS[data.name](input);
    return { builds: index.builds, settings: index.settings };
  },
  begin: ({ threads }) => index.begin?.(threads),
  /** Seconds for these rows. */
  insert({ begin, end }) {
    const start = performance.now();
    index.insert?.(begin, end);
    if (end * input.dimension === input.vectors.length) index.finish?.();
    return (performance.now() - start) / 1000;
  },
  bytes: () => index.bytes?.() ?? heldBytes(),
  keep: () => index.keep?.() ?? {},
  search: ({ setting }) => search(setting),
};

onmessage = async ({ data }) => {
  try {
    postMessage({ result: await METHODS[data.method](data) });
  } catch (error) {
    postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
