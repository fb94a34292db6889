// The page's end of the protocol: one coordinator worker, requests out, exactly one answer each.
//
// Envelopes are plain objects {kind, type, id, bytes}; `bytes` is transferred. When the worker dies,
// every call waiting for it is rejected and its heap is never used again: restart() makes a new one.
import { LodestoneError, describe } from './errors.mjs';
import { REQUESTS, SCHEMA_HASH, decode, encode } from './generated/protocol.mjs';

/**
 * @typedef {import('./generated/protocol.mjs').RequestName} RequestName
 * @typedef {import('./generated/protocol.mjs').MessageName} MessageName
 * @typedef {import('./generated/protocol.mjs').Messages} Messages
 * @typedef {import('./generated/protocol.mjs').HelloReply} HelloReply
 */
/**
 * @template {RequestName} R
 * @typedef {import('./generated/protocol.mjs').ResponseOf<R>} ResponseOf
 */
/** @typedef {{type: string, bytes: Uint8Array}} RawMessage */
/** @typedef {{worker: Worker, failure: ErrorEvent | null}} Coordinator a worker that has not been told to begin */
/**
 * @typedef {object} RequestOptions
 * @property {AbortSignal} [signal] cancels the request; it still ends by the engine's answer
 * @property {Map<number, Blob | import('./walk.mjs').MemoryFile>} [files] what the request's file ids stand for
 * @property {(type: string, bytes: Uint8Array) => void} [onEvent] events that belong to this request
 * @property {boolean} [ofSite] the worker itself has the message: of the site's model
 */
/**
 * @typedef {object} EngineOptions
 * @property {string} build
 * @property {string} scope path of the site, part of every name in storage
 * @property {number | null} [threads] compute threads, null for what the machine suggests
 * @property {'opfs' | 'memory'} [storage]
 * @property {string | null} [model] a model of the site, null for its default
 * @property {import('./inference_provider.mjs').GpuPolicy} [gpu]
 * @property {(id: string) => void} onModelFound the site's model will be this one
 * @property {(type: string, bytes: Uint8Array) => void} onEvent every event
 * @property {(failure: LodestoneError) => void} onDied the worker is gone
 * @property {(worker: Worker) => Port} [connect] puts something between the page and its worker
 * @property {(isSilent: boolean, opened: number | null) => void} [onSilent] the tab whose engine serves this one does not
 *   answer, or answers again; it was opened then
 * @property {() => void} [onErased] another tab erases everything; the worker is gone
 */
/**
 * A worker, or what stands in for one.
 * @typedef {object} Port
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: ErrorEvent) => void) | null} onerror
 * @property {((event: any) => void) | null} onmessageerror
 * @property {(data: any, transfer?: any) => void} postMessage
 * @property {() => void} terminate
 */
/**
 * @typedef {object} Pending
 * @property {(answer: RawMessage) => void} resolve
 * @property {(failure: LodestoneError) => void} reject
 * @property {RequestOptions['onEvent']} onEvent
 * @property {() => void} forget undoes the signal's listener
 */

const MAX_IN_FLIGHT = 256;
const MEMORY_MAXIMA_MB = [4096, 2048, 1024, 512, 256];
// Ten times what a slow machine takes; past it something hangs and the person must hear of it.
const START_GUARD_MS = 60_000;

export class EngineClient {
  /** @type {EngineOptions} */ #options;
  /** @type {Port | null} */ #worker = null;
  /** @type {Map<number, Pending>} */ #pending = new Map();
  #nextId = 1;
  /** @type {((failure: LodestoneError) => void) | null} */ #failStart = null;
  #isDrawn = false;

  /** @param {EngineOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get isRunning() {
    return this.#worker !== null;
  }

  get isIsolated() {
    return globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === 'function';
  }

  /**
   * Starts the worker and shakes hands.
   * @param {Coordinator} [coordinator] one that is loading already
   * @returns {Promise<HelloReply>}
   * @throws {LodestoneError} kMismatch when the engine is of another build, kUnavailable when it cannot start
   */
  async start(coordinator) {
    const address = new URL('./coordinator.worker.mjs', import.meta.url);
    const own = coordinator?.worker ?? new Worker(address, { type: 'module', name: 'coordinator' });
    /** @type {Port} */
    const worker = this.#options.connect?.(own) ?? own;
    this.#worker = worker;
    const ready = this.#untilReady(worker);
    if (coordinator?.failure) worker.onerror?.(coordinator.failure);
    await ready;
    const hello = await this.request('Hello', { schema_hash: SCHEMA_HASH, build_id: this.#options.build }).catch((error) => {
      throw error.code === 'kMismatch' ? this.#mismatch(error.detail) : error;
    });
    if (hello.schema_hash !== SCHEMA_HASH) throw this.#mismatch(`${hello.schema_hash} is not ${SCHEMA_HASH}`);
    return hello;
  }

  /** Ends a worker that still runs, then starts a new one. */
  restart() {
    this.#stop(new LodestoneError('kCancelled', 'The search engine was restarted.'));
    return this.start();
  }

  /**
   * Ends the worker for good.
   * @param {LodestoneError} failure what every waiting call gets
   */
  end(failure) {
    this.#stop(failure);
  }

  /**
   * @template {RequestName} R
   * @param {R} type
   * @param {Messages[R]} message
   * @param {RequestOptions} [options]
   * @returns {Promise<ResponseOf<R>>}
   * @throws {LodestoneError}
   */
  async request(type, message, options = {}) {
    let bytes;
    try {
      bytes = encode(type, message);
    } catch (error) {
      throw new LodestoneError('kInvalidArgument', 'The request holds something that the engine does not take, or too much of it.', describe(error));
    }
    return this.#read(type, await this.requestBytes(type, bytes, options));
  }

  /**
   * Opens the site's model; its worker has been fetching what that takes.
   * @returns {Promise<ResponseOf<'SetModel'>>}
   * @throws {LodestoneError}
   */
  async openSiteModel() {
    return this.#read('SetModel', await this.requestBytes('SetModel', new Uint8Array(0), { ofSite: true }));
  }

  /** The page has its first frame: from now on the processor may be taken for opening the model. */
  drawn() {
    this.#isDrawn = true;
    this.#worker?.postMessage({ kind: 'drawn' });
  }

  /**
   * @template {RequestName} R
   * @param {R} type
   * @param {RawMessage} answer
   * @returns {ResponseOf<R>}
   */
  #read(type, answer) {
    if (answer.type === 'ErrorReply') throw failureOf(answer.bytes);
    const expected = REQUESTS[type].response;
    if (answer.type !== expected) {
      throw new LodestoneError('kInternal', 'The search engine gave an answer that was not asked for.', `${type}: ${answer.type}`);
    }
    try {
      return /** @type {ResponseOf<R>} */ (decode(expected, answer.bytes));
    } catch (error) {
      throw new LodestoneError('kInternal', 'The search engine gave an answer that cannot be read.', describe(error));
    }
  }

  /**
   * The same with encoded messages; an ErrorReply is an answer here.
   * @param {string} type
   * @param {Uint8Array} bytes alone in its buffer; transferred
   * @param {RequestOptions} [options]
   * @returns {Promise<RawMessage>}
   */
  requestBytes(type, bytes, { signal, files, onEvent, ofSite } = {}) {
    const worker = this.#worker;
    if (worker === null) {
      return Promise.reject(new LodestoneError('kUnavailable', 'The search engine is not running. Restart it to go on.'));
    }
    if (signal?.aborted) return Promise.reject(new LodestoneError('kCancelled', 'Cancelled.'));
    if (this.#pending.size >= MAX_IN_FLIGHT) {
      return Promise.reject(new LodestoneError('kBusy', 'Too many requests at once. Try again in a moment.'));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const cancel = () => worker.postMessage({ kind: 'cancel', type, id });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#pending.set(id, { resolve, reject, onEvent, forget: () => signal?.removeEventListener('abort', cancel) });
      const envelope = { kind: 'request', type, id, bytes, ofSite };
      worker.postMessage(files === undefined ? envelope : { ...envelope, files }, [bytes.buffer]);
    });
  }

  /**
   * @param {Port} worker
   * @returns {Promise<void>}
   */
  #untilReady(worker) {
    return new Promise((resolve, reject) => {
      const guard = setTimeout(() => {
        this.#stop(new LodestoneError('kUnavailable', 'The search engine did not start. Reload the page to try again.', 'no answer'));
      }, START_GUARD_MS);
      const settle = () => {
        clearTimeout(guard);
        this.#failStart = null;
      };
      this.#failStart = (failure) => {
        settle();
        reject(failure);
      };
      worker.onmessage = ({ data }) => {
        if (worker !== this.#worker) return;
        if (data.kind === 'ready') {
          settle();
          resolve();
        } else if (data.kind === 'failed') {
          this.#stop(new LodestoneError('kUnavailable', data.message, data.detail ?? ''));
        } else if (data.kind === 'waiting') {
          clearTimeout(guard); // another tab's engine may take its time
        } else if (data.kind === 'silent' || data.kind === 'heard') {
          this.#options.onSilent?.(data.kind === 'silent', data.opened);
        } else if (data.kind === 'erased') {
          this.#stop(new LodestoneError('kUnavailable', 'Everything was erased from another tab.'));
          this.#options.onErased?.();
        } else if (data.kind === 'otherBuild') {
          this.#stop(new LodestoneError('kMismatch', 'Another tab runs another version of Lodestone. Close it, then reload this one.'));
        } else if (data.kind === 'model') {
          this.#options.onModelFound(data.id);
        } else if (data.kind === 'trap') {
          this.#die(data.message ?? '');
        } else {
          this.#receive(data);
        }
      };
      worker.onmessageerror = () => this.#diedWorker(worker, 'a message could not be read');
      worker.onerror = (event) => {
        event.preventDefault();
        this.#diedWorker(worker, event.message ? `${event.message} (${event.filename}:${event.lineno})` : 'the worker could not be loaded');
      };
      const { threads = null, storage = 'opfs', scope, model = null, gpu = 'auto' } = this.#options;
      worker.postMessage({ kind: 'init', isolated: this.isIsolated, threads, memoryMaximaMb: MEMORY_MAXIMA_MB, storage, scope, model, gpu });
      if (this.#isDrawn) worker.postMessage({ kind: 'drawn' });
    });
  }

  /** @param {{kind: string, type: string, id: number, bytes: Uint8Array}} envelope */
  #receive({ kind, type, id, bytes }) {
    const pending = this.#pending.get(id);
    if (kind === 'event') {
      pending?.onEvent?.(type, bytes);
      this.#options.onEvent(type, bytes);
    } else if (kind === 'response' && pending !== undefined) {
      this.#pending.delete(id);
      pending.forget();
      pending.resolve({ type, bytes });
    }
  }

  /**
   * @param {Port} worker
   * @param {string} detail
   */
  #diedWorker(worker, detail) {
    if (worker === this.#worker) this.#die(detail);
  }

  /** @param {string} detail */
  #die(detail) {
    const failure = new LodestoneError('kInternal', 'The search engine stopped. What was saved is safe; restart it to go on.', detail);
    const wasStarting = this.#failStart !== null;
    this.#stop(failure);
    if (!wasStarting) this.#options.onDied(failure);
  }

  /** @param {LodestoneError} failure what every waiting call gets */
  #stop(failure) {
    this.#worker?.terminate();
    this.#worker = null;
    this.#failStart?.(failure);
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of waiting) {
      pending.forget();
      pending.reject(failure);
    }
  }

  /** @param {string} detail */
  #mismatch(detail) {
    const failure = new LodestoneError('kMismatch', 'This page and its search engine are of different versions. Reload the page.', detail);
    this.#stop(failure);
    return failure;
  }
}

/** @param {Uint8Array} bytes of an ErrorReply */
function failureOf(bytes) {
  try {
    const { code, message, detail } = decode('ErrorReply', bytes);
    return new LodestoneError(code, message, detail);
  } catch (error) {
    return new LodestoneError('kInternal', 'The search engine failed and could not say why.', describe(error));
  }
}
