// The coordinator worker: starts the engine module, hands it the page's messages and files, and
// tells the page when the engine dies. Thread: the worker named "coordinator".
//
// {kind: 'prepare'} as 'init' asks for the module ahead: this tab may have to take over from another.
//
// From the page: {kind: 'init', isolated, threads, memoryMaximaMb, storage, scope, model, gpu},
// {kind: 'drawn'} and protocol envelopes {kind: 'request' | 'cancel', type, id, bytes, files?, ofSite?}. To the page:
// {kind: 'model', id}, {kind: 'ready'}, {kind: 'failed', message, detail}, {kind: 'trap', message}, and envelopes.
import { asLodestoneError } from './errors.mjs';
import { encode } from './generated/protocol.mjs';
import { createInferenceBridge } from './inference_bridge.mjs';
import { hasOriginFiles, openOriginFiles } from './origin_files.mjs';
import { ReaderBridge } from './reader_bridge.mjs';
import { noSiteModel, siteModel } from './site_model.mjs';

/**
 * @typedef {{isolated: boolean, threads: number | null, memoryMaximaMb: number[], storage: string, scope: string,
 *   model: string | null, gpu: import('./inference_provider.mjs').GpuPolicy}} Init
 * @typedef {{kind: string, type: string, id: number, bytes?: Uint8Array, files?: Map<number, Blob | import('./walk.mjs').MemoryFile>, ofSite?: boolean}} Envelope
 */

const KINDS = ['request', 'response', 'event', 'cancel'];
const PAGE_BYTES = 65536;
// As the build declares it: the memory a module is given may not be smaller.
const INITIAL_MEMORY_MB = 64;
const MAX_THREADS = 8;
const MAX_BULK_LANES = 4;

/** @type {any} the Emscripten module, once it runs */
let engine = null;
/** @type {Map<number, Blob | import('./walk.mjs').MemoryFile>} */
const files = new Map();
const reader = new ReaderBridge();
let dead = false;
/** The site's model that is on its way: fetched ahead, as the page is busy with its first frame just then. @type {ReturnType<typeof siteModel> | null} */
let model = null;
/** @type {string | null} that is asked for, null for the site's default */
let wantedModel = null;
let isDrawn = false;
/** What was asked for ahead. @type {ReturnType<typeof load> | null} */
let coming = null;

/** @param {string} message */
function die(message) {
  if (dead) return;
  dead = true;
  self.postMessage({ kind: 'trap', message });
}

self.addEventListener('error', (event) => die(event.message || 'the engine failed'));
self.addEventListener('unhandledrejection', (event) => die(String(event.reason?.message ?? event.reason)));

/** Cores less one for the page, but both of two. */
function defaultThreads() {
  const cores = navigator.hardwareConcurrency || 1;
  return cores <= 2 ? cores : cores - 1;
}

/**
 * @param {number[]} maximaMb tried in turn: phones refuse large ones
 * @returns {WebAssembly.Memory}
 */
function sharedMemory(maximaMb) {
  let failure;
  for (const maximumMb of maximaMb) {
    try {
      return new WebAssembly.Memory({
        initial: (INITIAL_MEMORY_MB << 20) / PAGE_BYTES,
        maximum: (maximumMb * 1024 * 1024) / PAGE_BYTES,
        shared: true,
      });
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`no shared memory can be had (${failure})`);
}

/**
 * @param {Init} init
 * @returns {Promise<{isolated: boolean, threads: number, isForgetful: boolean}>} isForgetful: the browser gives no files for the library
 */
async function start(init) {
  /** @type {WebAssembly.Memory | undefined} */
  let wasmMemory;
  if (init.isolated) {
    try {
      wasmMemory = sharedMemory(init.memoryMaximaMb);
    } catch {
      wasmMemory = undefined; // the engine without threads serves as well
    }
  }
  const isolated = wasmMemory !== undefined;
  const threads = isolated ? Math.max(1, Math.min(MAX_THREADS, init.threads ?? defaultThreads())) : 1;
  // Without threads one worker does all: a single lane.
  const lanes = isolated ? 1 + Math.min(threads, MAX_BULK_LANES) : 1;
  const asksFiles = init.storage === 'opfs';
  const untilKnown = asksFiles ? hasOriginFiles() : Promise.resolve(false);
  const { script, wasm } = coming?.isolated === isolated ? coming : load(isolated);
  const { default: createModule } = await script;
  const hasFiles = await untilKnown;
  /** @type {(failure: string) => void} */
  let opened = () => {};
  const untilOpened = new Promise((resolve) => {
    opened = resolve;
  });
  engine = await createModule({
    ...(wasmMemory ? { wasmMemory } : {}),
    instantiateWasm: (/** @type {WebAssembly.Imports} */ imports, /** @type {(instance: WebAssembly.Instance, module: WebAssembly.Module) => void} */ done) => {
      instantiate(wasm, imports).then(([instance, module]) => done(instance, module), (error) => die(`the engine could not be loaded: ${error.message}`));
      return {};
    },
    // Compute, the lane of queries, storage, and the thread that the origin's file system keeps for itself.
    poolSize: threads + 3,
    /** @param {number} kind @param {string} type @param {number} id @param {Uint8Array} bytes */
    onMessage: (kind, type, id, bytes) => self.postMessage({ kind: KINDS[kind], type, id, bytes }, { transfer: [bytes.buffer] }),
    onOpened: (/** @type {string} */ failure) => opened(failure),
    readFile,
    releaseFile: (/** @type {number} */ id) => files.delete(id),
    onAbort: (/** @type {unknown} */ what) => die(String(what)),
    ...(isolated ? {} : { inferenceBridge: createInferenceBridge(), originFiles: hasFiles ? await openOriginFiles(init.scope) : [] }),
  });
  const build = new URL('.', import.meta.url).pathname.split('/').at(-2) ?? '';
  withText(init.scope, (scope) =>
    withText(build, (buildId) =>
      withText(init.gpu, (gpu) => engine._lodestone_start(threads, lanes, gpu, isolated ? 1 : 0, hasFiles ? 1 : 0, scope, buildId)),
    ),
  );
  allowInference();
  await untilOpened;
  return { isolated, threads, isForgetful: asksFiles && !hasFiles };
}

/**
 * The module comes beside the script that will ask for it.
 * @param {boolean} isolated
 */
function load(isolated) {
  const name = isolated ? './engine' : './engine-st';
  const wasm = compile(fetch(new URL(`${name}.wasm`, import.meta.url)));
  wasm.catch(() => {}); // told of when it is needed
  const script = import(`${name}.mjs`);
  script.catch(() => {});
  return { isolated, script, wasm };
}

/** @param {Promise<Response>} coming */
async function compile(coming) {
  const response = await coming;
  if (!response.ok) throw new Error(`status ${response.status}`);
  // Some hosts do not know the type, and browsers compile only what bears it as it comes.
  if (response.headers.get('Content-Type') === 'application/wasm') return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/**
 * @param {Promise<WebAssembly.Module>} coming
 * @param {WebAssembly.Imports} imports
 * @returns {Promise<[WebAssembly.Instance, WebAssembly.Module]>}
 */
async function instantiate(coming, imports) {
  const module = await coming;
  return [await WebAssembly.instantiate(module, imports), module];
}

/**
 * @param {number} id
 * @param {number} offset
 * @param {number} size
 * @returns {Promise<Uint8Array>}
 */
async function readFile(id, offset, size) {
  const file = files.get(id);
  if (file === undefined) throw new Error('the file is not here any more');
  if ('content' in file) return file.content.subarray(offset, offset + size);
  return reader.read(file, offset, size);
}

/**
 * @param {string} text
 * @param {(pointer: number) => void} use
 */
function withText(text, use) {
  const pointer = engine.stringToNewUTF8(text);
  try {
    use(pointer);
  } finally {
    engine._free(pointer);
  }
}

/** The first frame is not to share the processor with the model's runtime. */
function allowInference() {
  if (isDrawn && engine !== null) engine._lodestone_allow_inference();
}

function fetchSiteModel() {
  const coming = siteModel(wantedModel);
  coming.then(({ id }) => self.postMessage({ kind: 'model', id }), () => {}); // told of when it is asked for
  return coming;
}

/** @param {Envelope} envelope */
async function openSiteModel({ type, id }) {
  const asked = model ?? fetchSiteModel();
  model = null; // who asks again, as this one may be broken, has it fetched again
  let message;
  try {
    message = await asked;
  } catch (error) {
    message = noSiteModel(asLodestoneError(error, 'kUnavailable', 'The model could not be loaded.'));
  }
  receive({ kind: 'request', type, id, bytes: encode('SetModel', message) });
}

/** @param {Envelope} envelope */
function receive(envelope) {
  const bytes = envelope.bytes ?? new Uint8Array(0);
  for (const [id, file] of envelope.files ?? []) files.set(id, file);
  withText(envelope.type, (type) => {
    const pointer = engine._malloc(Math.max(1, bytes.length));
    engine.HEAPU8.set(bytes, pointer);
    engine._lodestone_message(KINDS.indexOf(envelope.kind), type, envelope.id, pointer, bytes.length);
    engine._free(pointer);
  });
}

self.onmessage = async (/** @type {MessageEvent<Envelope & Init>} */ { data }) => {
  if (data.kind === 'drawn') {
    isDrawn = true;
    return allowInference();
  }
  if (data.kind === 'prepare') {
    coming ??= load(data.isolated);
    return;
  }
  if (data.ofSite) return void openSiteModel(data);
  if (data.kind !== 'init') return receive(data);
  wantedModel = data.model;
  model = fetchSiteModel();
  try {
    const { isolated, threads, isForgetful } = await start(data);
    self.postMessage({ kind: 'ready', threads, isolated });
    if (isForgetful) {
      const bytes = encode('Notice', { level: 'warning', text: 'This browser gives the page no storage of its own. What you add here is kept until this tab is closed.' });
      self.postMessage({ kind: 'event', type: 'Notice', id: 0, bytes });
    }
  } catch (error) {
    const detail = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
    self.postMessage({ kind: 'failed', message: 'The search engine could not start. Reload the page; if that does not help, use a current browser.', detail });
  }
};
