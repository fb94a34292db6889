// window.lodestone: the door to everything, for the page itself, for other scripts and for headless use.
// README.md documents it; the shapes of results are those that scripts/search prints.
import { addItems } from './add.mjs';
import { LodestoneError } from './errors.mjs';
import { newId } from './folders.mjs';
import { forgetFolder, keptFolders } from './handles.mjs';
import { pickedModel } from './picked_model.mjs';

/**
 * @typedef {import('./walk.mjs').AddItem} AddItem
 * @typedef {import('./engine_client.mjs').EngineClient} EngineClient
 * @typedef {import('./generated/protocol.mjs').AddFilesReply} AddFilesReply
 * @typedef {import('./add.mjs').AddProgress} AddProgress
 * @typedef {import('./generated/protocol.mjs').EngineState} EngineState
 * @typedef {import('./generated/protocol.mjs').ListLibraryReply} ListLibraryReply
 * @typedef {import('./generated/protocol.mjs').Match} Match
 * @typedef {import('./generated/protocol.mjs').Notice} Notice
 * @typedef {import('./generated/protocol.mjs').SearchMode} SearchMode
 * @typedef {import('./generated/protocol.mjs').SetModelReply} SetModelReply
 */
/** @typedef {{version: string, threads: number, isolated: boolean, storage: string, model: string}} Ready */
/**
 * Offsets are of UTF-8 bytes, end exclusive: `start` and `end` into the document's text, those of
 * `matches` and `best_sentence` as well.
 * @typedef {object} SearchPassage
 * @property {string} text
 * @property {number} start
 * @property {number} end
 * @property {number} score
 * @property {string} heading_path
 * @property {number} lexical_score
 * @property {number | null} similarity null while the passage has no vector
 * @property {Match[]} matches
 * @property {Match} best_sentence
 */
/**
 * @typedef {object} SearchDocument
 * @property {number} rank
 * @property {string} path
 * @property {string} title
 * @property {number} score
 * @property {SearchPassage[]} passages
 * @property {string[]} matched_words
 */
/**
 * @typedef {object} SearchResult
 * @property {null} query_id
 * @property {string} query
 * @property {number} ms from the call to its result
 * @property {SearchDocument[]} results
 * @property {import('./generated/protocol.mjs').SearchParts} parts_ms how long words, the query's embedding, the vectors and the texts of the answer took
 * @property {boolean} complete false while vectors are missing
 * @property {boolean} no_good_match
 * @property {string} note
 */
/**
 * What on() tells of, by name.
 * @typedef {object} PageEvents
 * @property {EngineState} state
 * @property {AddProgress} progress
 * @property {{level: Notice['level'], text: string}} notice
 * @property {LodestoneError} died
 * @property {{build: string}} offline the site is kept whole for use without a network
 */

const DEFAULT_TOP = 10;
const EXPORT_PIECE_BYTES = 2 ** 20;

/** Listeners by event name; what one of them throws concerns nobody else. */
export class Listeners {
  /** @type {Map<keyof PageEvents, Set<(value: any) => void>>} */ #byName = new Map();

  /**
   * @template {keyof PageEvents} N
   * @param {N} name
   * @param {(value: PageEvents[N]) => void} listener
   * @returns {() => void} undoes it
   */
  on(name, listener) {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /**
   * @template {keyof PageEvents} N
   * @param {N} name
   * @param {PageEvents[N]} value
   */
  emit(name, value) {
    for (const listener of [...(this.#byName.get(name) ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/**
 * What the api needs of the page that it belongs to.
 * @typedef {object} PageParts
 * @property {EngineClient} engine
 * @property {Listeners} listeners
 * @property {() => Promise<Ready>} ready
 * @property {() => Promise<unknown>} started settles when the engine takes requests, or never will
 * @property {() => Promise<unknown>} modelSettled
 * @property {(model: import('./picked_model.mjs').ModelRequest) => void} onModelPicked it took over
 * @property {(fileCount: number, path: string) => void} onFound
 * @property {() => void} onWalked
 * @property {(adding: import('./cancelled_adds.mjs').Adding) => void} onAddCancelled the engine's task was
 * @property {() => Promise<unknown>} drawn
 * @property {() => import('./ui_stats.mjs').UiLagStats} uiLag
 * @property {() => Promise<import('./storage_watch.mjs').Room>} storage
 * @property {() => Promise<void>} erase
 */
/** @typedef {import('./add.mjs').AddResult} AddResult */
/** @typedef {import('./generated/protocol.mjs').ImportReply} ImportReply */

export class Lodestone {
  /** @type {PageParts} */ #parts;
  /** @type {Set<Promise<unknown>>} */ #busy = new Set();

  /** @param {PageParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * Once adding and lexical search work; a new promise after a restart.
   * @returns {Promise<Ready>}
   */
  get ready() {
    return this.#parts.ready();
  }

  /**
   * @param {Iterable<AddItem>} items
   * @param {{signal?: AbortSignal, ask?: import('./folders.mjs').Ask, names?: Map<string, string>}} [options] `ask`: what to do
   *   with a folder that has the name of another; without it such a folder gets a name of its own. `names`: what folders are
   *   called in the library, by their names, where that was decided before
   * @returns {Promise<AddResult>} when all of it is saved and searchable
   */
  add(items, { signal, ask, names = new Map() } = {}) {
    const { engine, listeners, started, onFound, onWalked, onAddCancelled } = this.#parts;
    const list = items instanceof File || !isIterable(items) ? [/** @type {any} */ (items)] : [...items];
    for (const item of list) {
      if (typeof item !== 'object' || item === null) {
        return Promise.reject(new LodestoneError('kInvalidArgument', 'add() takes files, handles and {path, data}.'));
      }
    }
    const onProgress = (/** @type {AddProgress} */ progress) => listeners.emit('progress', progress);
    const onCancelled = () => onAddCancelled({ items: list, ask, names });
    return this.#whileBusy(
      started().then(() => addItems(engine, list, { signal, ask, names, onFound, onWalked, onProgress, onCancelled })),
    );
  }

  /**
   * Reads the folders again whose handles the browser has kept. It asks the person for leave where it must, and can only
   * do so while a click or a key is being handled.
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<AddResult>} `failed` names the folders that may not be read
   */
  async refresh({ signal } = {}) {
    const items = [];
    const failed = [];
    for (const { root, handle } of await keptFolders()) {
      if (await mayRead(handle)) items.push({ root, handle });
      else failed.push({ path: root, reason: 'The browser may not read this folder any more. Add it again.' });
    }
    const result = await this.add(items, { signal });
    return { ...result, failed: [...failed, ...result.failed] };
  }

  /**
   * @param {string} text
   * @param {{mode?: SearchMode, top?: number, signal?: AbortSignal, group?: string}} [options] a newer
   *   search of the same group takes the place of an older one, which rejects with kCancelled; without
   *   a group nothing does
   * @returns {Promise<SearchResult>}
   */
  search(text, { mode = 'hybrid', top = DEFAULT_TOP, signal, group } = {}) {
    return this.#whileBusy(this.#search(String(text), mode, top, signal, group ?? ''));
  }

  /**
   * @param {string} path
   * @returns {Promise<{title: string, text: string}>}
   */
  async document(path) {
    const { title, text } = await this.#request('GetDocument', { path });
    return { title, text };
  }

  /**
   * @param {Iterable<string>} paths
   * @returns {Promise<{removed: number}>}
   */
  remove(paths) {
    const list = typeof paths === 'string' ? [paths] : [...paths];
    const removing = this.#request('Remove', { paths: list, everything: false });
    // A folder that was removed is not to come back by a refresh.
    const forgetting = removing.then(() => Promise.all(list.filter((path) => !path.includes('/')).map(forgetFolder)));
    return this.#whileBusy(forgetting.then(() => removing));
  }

  /**
   * The library as one SQLite file.
   * @param {{damaged?: boolean, signal?: AbortSignal}} [options] `damaged`: the one that was last set aside, as it is
   * @returns {Promise<Blob>}
   */
  export({ damaged = false, signal } = {}) {
    return this.#whileBusy(this.#export(damaged, signal));
  }

  /**
   * Takes in a file that export() gave; a damaged or foreign one is refused whole.
   * @param {Blob} blob
   * @param {'replace' | 'merge'} [mode] merge: of two documents with one path the one modified later stays
   * @param {{signal?: AbortSignal}} [options] a replacement that is cancelled leaves the library as it was; what was
   *   merged before stays
   * @returns {Promise<ImportReply>}
   */
  import(blob, mode = 'merge', { signal } = {}) {
    if (!(blob instanceof Blob) || (mode !== 'replace' && mode !== 'merge')) {
      return Promise.reject(new LodestoneError('kInvalidArgument', "import() takes a Blob and 'replace' or 'merge'."));
    }
    const file = blob instanceof File ? blob : new File([blob], 'library.sqlite');
    const message = { file_id: newId(), size_bytes: file.size, replace: mode === 'replace' };
    return this.#whileBusy(this.#request('Import', message, { signal, files: new Map([[message.file_id, file]]) }));
  }

  /**
   * The engine's, and how long the page's own thread is busy at a time.
   * @returns {Promise<EngineState & {ui_lag: import('./ui_stats.mjs').UiLagStats}>}
   */
  async state() {
    const { state } = await this.#request('GetState', {});
    return { ...state, ui_lag: this.#parts.uiLag() };
  }

  /**
   * @param {{offset?: number, count?: number, only_failed?: boolean}} [range]
   * @returns {Promise<ListLibraryReply>}
   */
  list({ offset = 0, count = 1000, only_failed = false } = {}) {
    return this.#request('ListLibrary', { offset, count, only_failed });
  }

  /**
   * @template {keyof PageEvents} N
   * @param {N} name
   * @param {(value: PageEvents[N]) => void} listener
   * @returns {() => void} undoes it
   */
  on(name, listener) {
    return this.#parts.listeners.on(name, listener);
  }

  /** Nothing queued or running, the last commit durable, page and mirror drawn. */
  async idle() {
    const { started, engine, modelSettled, drawn } = this.#parts;
    await started();
    for (;;) {
      await modelSettled();
      while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
      await engine.request('WaitIdle', {});
      await drawn();
      if (this.#busy.size === 0) return;
    }
  }

  /**
   * @param {Iterable<File | {path: string, data: Blob | string | BufferSource}>} files of a model's folder
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<SetModelReply>}
   */
  async setModel(files, { signal } = {}) {
    const picked = await pickedModel(files, newId);
    const reply = await this.#whileBusy(this.#request('SetModel', picked.message, { signal, files: picked.files }));
    this.#parts.onModelPicked(picked);
    return reply;
  }

  /**
   * @param {boolean} damaged
   * @param {AbortSignal | undefined} signal
   */
  async #export(damaged, signal) {
    const { export_id, size_bytes } = await this.#request('Export', { damaged }, { signal });
    /** @type {Blob[]} */
    const pieces = [];
    try {
      for (let offset = 0; offset < size_bytes; ) {
        const { bytes } = await this.#request('ReadExport', { export_id, offset, size_bytes: EXPORT_PIECE_BYTES }, { signal });
        if (bytes.length === 0) throw new LodestoneError('kInternal', 'The exported file ended early. Try again.');
        // As a blob each: the browser may keep them on the disk.
        pieces.push(new Blob([/** @type {BlobPart} */ (bytes)]));
        offset += bytes.length;
      }
    } finally {
      await this.#request('EndExport', { export_id });
    }
    return new Blob(pieces, { type: 'application/vnd.sqlite3' });
  }

  /** What the origin has stored, how much room the browser gives it, and whether it promised to keep it. */
  storage() {
    return this.#parts.storage();
  }

  /**
   * Removes all that is kept in this browser: the library, folders' handles, the copy of the site. The page ends with it,
   * and so do the site's other tabs.
   * @returns {Promise<void>}
   */
  erase() {
    return this.#parts.erase();
  }

  pause() {
    return this.#request('SetPaused', { paused: true });
  }

  resume() {
    return this.#request('SetPaused', { paused: false });
  }

  cancelIndexing() {
    return this.#request('CancelIndexing', {});
  }

  /**
   * Steers one of `state().tasks`, or restarts or dismisses one of `state().ended_tasks`; rejects with kNotFound when it is in
   * neither.
   * @param {number} task
   * @param {import('./generated/protocol.mjs').TaskAction} action
   */
  controlTask(task, action) {
    return this.#request('ControlTask', { task, action });
  }

  /**
   * @param {string} text
   * @param {SearchMode} mode
   * @param {number} top
   * @param {AbortSignal | undefined} signal
   * @param {string} group
   * @returns {Promise<SearchResult>}
   */
  async #search(text, mode, top, signal, group) {
    const start = performance.now();
    const reply = await this.#request('Search', { text, mode, top, group }, { signal });
    return {
      query_id: null,
      query: text,
      ms: performance.now() - start,
      results: reply.results.map(({ rank, path, title, score, passages, matched_words }) => ({
        rank,
        path,
        title,
        score,
        passages: passages.map((hit) => ({
          text: hit.text,
          start: hit.start,
          end: hit.end,
          score: hit.score,
          heading_path: hit.heading_path,
          lexical_score: hit.lexical_score,
          similarity: hit.has_similarity ? hit.similarity : null,
          matches: hit.matches,
          best_sentence: hit.best_sentence,
        })),
        matched_words,
      })),
      parts_ms: reply.parts,
      complete: reply.complete,
      no_good_match: reply.no_good_match,
      note: reply.note,
    };
  }

  /**
   * @template {import('./generated/protocol.mjs').RequestName} R
   * @param {R} type
   * @param {import('./generated/protocol.mjs').Messages[R]} message
   * @param {import('./engine_client.mjs').RequestOptions} [options]
   */
  async #request(type, message, options) {
    await this.#parts.started();
    return this.#parts.engine.request(type, message, options);
  }

  /**
   * idle() waits for it.
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  #whileBusy(promise) {
    this.#busy.add(promise);
    const forget = () => this.#busy.delete(promise);
    promise.then(forget, forget);
    return promise;
  }
}

/** @param {unknown} value @returns {value is Iterable<any>} */
function isIterable(value) {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** @param {any} handle whose permissions TypeScript does not know */
async function mayRead(handle) {
  try {
    if (typeof handle.queryPermission !== 'function' || (await handle.queryPermission()) === 'granted') return true;
    return (await handle.requestPermission()) === 'granted';
  } catch {
    return false;
  }
}
