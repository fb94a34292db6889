// Puts the page together: the engine's worker, the drawn interface, the ways in for documents and
// window.lodestone. Each part fails by itself: without WebGL the api still works, without an engine
// the page still says what is wrong.
import { Listeners, Lodestone } from './api.mjs';
import { CancelledAdds } from './cancelled_adds.mjs';
import { askAboutFolder } from './dialogs.mjs';
import { EngineClient } from './engine_client.mjs';
import { LodestoneError, asLodestoneError, describe } from './errors.mjs';
import { decode } from './generated/protocol.mjs';
import { forgetAllFolders, forgetFolder } from './handles.mjs';
import { keepForOffline } from './offline.mjs';
import { Pickers } from './pickers.mjs';
import { StorageWatch } from './storage_watch.mjs';
import { TabPort } from './tabs.mjs';
import { createUi } from './ui_host.mjs';
import { UiLag } from './ui_stats.mjs';

/**
 * @typedef {import('./generated/protocol.mjs').EngineState} EngineState
 * @typedef {import('./generated/protocol.mjs').HelloReply} HelloReply
 * @typedef {import('./api.mjs').Ready} Ready
 * @typedef {import('./walk.mjs').AddItem} AddItem
 * @typedef {'info' | 'warning' | 'error'} Level
 * @typedef {Awaited<ReturnType<typeof createUi>>} Ui
 */

// Keeping the site for use without a network waits for a quiet moment, but not for hours of indexing.
const OFFLINE_WAIT_MS = 15_000;
const NAMED_FAILURES = 3;
// A walk is told of when it takes longer, and then as often: each telling is a frame to draw.
const WALK_TELL_MS = 500;

/** @param {{build: string, base: URL, coordinator: import('./engine_client.mjs').Coordinator}} options */
export async function startPage({ build, base, coordinator }) {
  const page = new Page(build, base, coordinator);
  Object.defineProperty(globalThis, 'lodestone', { value: page.api, configurable: true });
  dispatchEvent(new Event('lodestone'));
  await page.start();
}

class Page {
  #build;
  #scope;
  #parameters = new URLSearchParams(location.search);
  #listeners = new Listeners();
  /** @type {EngineClient} */ #engine;
  /** @type {Ui | null} */ #ui = null;
  #uiFailed = false;
  /** @type {((ui: Ui) => void)[]} Calls for the interface that came before it was there. */
  #forUi = [];
  /** @type {PromiseWithReject<Ready>} */ #ready = promiseWithReject();
  /** @type {Promise<HelloReply>} */ #started;
  /** @type {Promise<unknown>} */ #modelSettled = Promise.resolve();
  /** @type {HelloReply | null} */ #hello = null;
  /** The model that the person chose, for a restart. @type {import('./picked_model.mjs').ModelRequest | null} */ #picked = null;
  /** It could not be opened, and is not being opened again. */ #isModelMissing = false;
  /** @type {number | null} when the walk began, or was last told of */ #walkTold = null;
  #walkShown = false;
  #cancelledAdds = new CancelledAdds();
  #storage = new StorageWatch((text) => this.#notice('warning', text));
  /** Will be opened; the engine names it once its session is open. */
  #modelId = '';

  /**
   * @param {string} build
   * @param {URL} base
   * @param {import('./engine_client.mjs').Coordinator} coordinator
   */
  constructor(build, base, coordinator) {
    this.#build = build;
    this.#scope = base.pathname;
    const threads = Number(this.#parameters.get('threads'));
    const gpu = this.#parameters.get('gpu');
    // A library in memory is this tab's own.
    const isShared = !this.#parameters.has('memory') && TabPort.isPossible;
    this.#engine = new EngineClient({
      build,
      scope: base.pathname,
      connect: isShared ? (worker) => new TabPort({ scope: base.pathname, build, worker }) : undefined,
      onSilent: (isSilent, opened) => this.#onSilent(isSilent, opened),
      onErased: () => this.#showErased(),
      threads: Number.isInteger(threads) && threads > 0 ? threads : null,
      storage: this.#parameters.has('memory') ? 'memory' : 'opfs',
      model: this.#parameters.get('model'),
      gpu: gpu === 'off' || gpu === 'always' ? gpu : 'auto',
      onModelFound: (id) => {
        this.#modelId = id;
      },
      onEvent: (type, bytes) => this.#onEvent(type, bytes),
      onDied: (failure) => this.#onDied(failure),
    });
    this.#started = this.#engine.start(coordinator);
    this.#started.catch(() => {}); // start() tells of it
    this.api = new Lodestone({
      engine: this.#engine,
      listeners: this.#listeners,
      ready: () => this.#ready.promise,
      started: () => this.#started,
      modelSettled: () => this.#modelSettled,
      onModelPicked: (model) => {
        this.#picked = model;
      },
      onFound: (fileCount, path) => this.#onFound(fileCount, path),
      onWalked: () => this.#onWalked(),
      onAddCancelled: (adding) => void this.#cancelledAdds.keep(adding, () => this.api.state()),
      drawn: async () => this.#ui?.idle(),
      uiLag: () => this.#ui?.lag() ?? new UiLag().read(),
      storage: () => this.#storage.measure(),
      erase: () => this.#erase(),
    });
  }

  async start() {
    const pickers = new Pickers({ add: (items) => this.#addForPerson(items), notice: (level, text) => this.#notice(level, text) });
    const drawn = this.#startUi(pickers);
    void drawn.then(() => this.#engine.drawn());
    await Promise.all([drawn, this.#startEngine()]);
    await Promise.race([this.api.idle().catch(() => {}), new Promise((resolve) => setTimeout(resolve, OFFLINE_WAIT_MS))]);
    keepForOffline({ build: this.#build, onReady: () => this.#listeners.emit('offline', { build: this.#build }) });
  }

  /** @param {Pickers} pickers */
  async #startUi(pickers) {
    /** @type {Record<string, (args?: any) => unknown>} */
    const intents = {
      pickFiles: () => pickers.pickFiles(),
      pickFolder: () => pickers.pickFolder(),
      pasteText: () => pickers.pasteText(),
      manageLibrary: () => this.#manageLibrary(),
      copyText: ({ text }) => this.#copy(text),
      focusSearch: () => element('search').focus(),
      restart: () => this.#restart(),
      reload: () => location.reload(),
    };
    try {
      const ui = await createUi({
        canvas: /** @type {HTMLCanvasElement} */ (element('canvas')),
        stage: element('stage'),
        searchInput: /** @type {HTMLInputElement} */ (element('search')),
        onRequest: (type, bytes) => this.#requestForPerson(type, bytes),
        onIntent: (name, args) => void intents[name]?.(args),
      });
      this.#ui = ui;
      for (const call of this.#forUi.splice(0)) call(ui);
    } catch (error) {
      this.#uiFailed = true;
      this.#forUi.length = 0;
      this.#notice('error', `The page cannot be drawn here: ${describe(error)}`);
      console.error(error);
    }
  }

  /**
   * @param {string} type
   * @param {Uint8Array} bytes
   */
  async #requestForPerson(type, bytes) {
    const removal = type === 'Remove' ? decode('Remove', bytes) : null;
    await this.#started;
    const answer = await this.#engine.requestBytes(type, bytes);
    // What is gone is not to come back by a refresh.
    if (removal?.everything) await forgetAllFolders();
    else if (removal !== null) await Promise.all(removal.paths.filter((path) => !path.includes('/')).map(forgetFolder));
    return answer;
  }

  async #startEngine() {
    this.#tellUi((ui) => ui.setBoot({ phase: 'starting', message: '' }));
    try {
      this.#hello = await this.#started;
    } catch (error) {
      const failure = asLodestoneError(error, 'kUnavailable', 'The search engine could not be started.');
      this.#ready.reject(failure);
      this.#tellUi((ui) => ui.setBoot({ phase: failure.code === 'kMismatch' ? 'mismatch' : 'failed', message: failure.message }));
      this.#notice('error', failure.message);
      return;
    }
    this.#tellUi((ui) => ui.setBoot({ phase: 'ready', message: '' }));
    this.#sayWhatIsLost(this.#hello);
    // The site's own first: passages are counted in its vocabulary, whatever the model.
    this.#modelSettled = this.#openModel(() => this.#engine.openSiteModel());
    const picked = this.#picked;
    if (picked !== null) {
      this.#modelSettled = this.#modelSettled.then(() =>
        this.#openModel(() => this.#engine.request('SetModel', picked.message, { files: picked.files })),
      );
    }
    await this.#modelSettled;
  }

  /** @param {() => Promise<unknown>} open */
  async #openModel(open) {
    try {
      await open();
    } catch (error) {
      const failure = asLodestoneError(error, 'kUnavailable', 'The model could not be loaded.');
      if (!this.#engine.isRunning) return; // told of as the engine's end
      // A model whose words were read but whose weights were not leaves search by words, and is ready.
      this.#ready.reject(failure);
      this.#isModelMissing = true;
      this.#notice('error', failure.message);
    }
  }

  /**
   * The person has restarted a task whose work is the page's to bring. What was to be added another tab may have.
   * @param {import('./generated/protocol.mjs').RestartWanted} wanted
   */
  #beginAgain({ kind, task }) {
    if (kind === 'index') {
      for (const { items, ask, names } of this.#cancelledAdds.take(task)) void this.#tellOf(this.api.add(items, { ask, names }));
    }
    if (kind !== 'model') return;
    this.#awaitModelAgain();
    this.#modelSettled = this.#openModel(() => this.#engine.openSiteModel());
  }

  /** Where being ready was refused, as there was no model, whoever asks from now on hears what comes of the next one. */
  #awaitModelAgain() {
    if (this.#isModelMissing) this.#ready = promiseWithReject();
    this.#isModelMissing = false;
  }

  /** @param {HelloReply} hello */
  #sayWhatIsLost(hello) {
    if (hello.isolated) return;
    const reason = !this.#engine.isIsolated
      ? 'This page is not isolated, so the browser gives it no shared memory'
      : 'The browser refused shared memory';
    this.#notice('info', `${reason}: indexing runs on one thread and is slower. Answers are the same.`);
  }

  /**
   * @param {string} type
   * @param {Uint8Array} bytes
   */
  #onEvent(type, bytes) {
    if (type === 'StateChanged') {
      const { state } = decode('StateChanged', bytes);
      if (state.model_state === 'loading' || state.model_state === 'ready') this.#becomeReady(state);
      this.#cancelledAdds.forgetOthers([...state.tasks, ...state.ended_tasks]);
      this.#listeners.emit('state', state);
      if (state.storage === 'opfs') this.#storage.libraryHas(state.storage_bytes);
    } else if (type === 'Notice') {
      const { level, text } = decode('Notice', bytes);
      if (this.#uiFailed) return this.#notice(level, text);
      this.#listeners.emit('notice', { level, text });
    } else if (type === 'RestartWanted') {
      return this.#beginAgain(decode('RestartWanted', bytes));
    } else {
      return; // of a request, as the progress of each file: what the interface is told costs a frame
    }
    this.#tellUi((ui) => ui.deliverEvent(type, bytes));
  }

  /** @param {EngineState} state */
  #becomeReady(state) {
    const { version, threads, isolated, storage, model_id } = state;
    this.#awaitModelAgain(); // another tab may have opened it
    this.#ready.resolve({ version, threads, isolated, storage, model: model_id || this.#modelId });
  }

  /**
   * @param {boolean} isSilent
   * @param {number | null} opened
   */
  #onSilent(isSilent, opened) {
    const which = opened === null ? 'Another tab' : `The tab that was opened at ${new Date(opened).toLocaleTimeString()}`;
    if (isSilent) this.#notice('warning', `${which} holds the library and does not answer. Wake it, or close it: this tab then goes on.`);
    else this.#notice('info', 'The library answers again.');
  }

  /** @param {import('./errors.mjs').LodestoneError} failure */
  #onDied(failure) {
    this.#ready.reject(failure);
    // Whoever asks from now on waits for the restart.
    this.#ready = promiseWithReject();
    this.#listeners.emit('died', failure);
    this.#tellUi((ui) => ui.setBoot({ phase: 'died', message: failure.message }));
    if (this.#uiFailed) this.#notice('error', failure.message);
    console.error(failure.message, failure.detail);
  }

  /** Everything that was committed is still there in the new worker. */
  async #restart() {
    if (this.#engine.isRunning) return; // the button was pressed twice
    this.#started = this.#engine.restart();
    await this.#startEngine();
  }

  async #manageLibrary() {
    const { manageLibrary } = await import('./library_dialog.mjs');
    await manageLibrary({
      api: this.api,
      scope: this.#scope,
      refresh: () => void this.#tellOf(this.api.refresh()),
      notice: (level, text) => this.#notice(level, text),
    });
  }

  async #erase() {
    const { eraseEverything } = await import('./erase.mjs');
    this.#engine.end(new LodestoneError('kCancelled', 'Everything is being erased.'));
    try {
      await eraseEverything(this.#scope);
    } catch (error) {
      const failure = asLodestoneError(error, 'kInternal', 'Not everything could be erased. Try again.');
      this.#onDied(failure);
      throw failure;
    }
    this.#showErased();
  }

  /** Nothing of the library stays on the screen. */
  #showErased() {
    const text = document.createElement('p');
    text.className = 'message';
    text.setAttribute('role', 'status');
    text.textContent = 'Everything that Lodestone kept in this browser is erased. ';
    const again = document.createElement('button');
    again.textContent = 'Begin anew';
    again.addEventListener('click', () => location.reload());
    text.append(again);
    document.body.replaceChildren(text);
  }

  /** @param {AddItem[]} items */
  async #addForPerson(items) {
    if (items.length > 0) await this.#tellOf(this.api.add(items, { ask: askAboutFolder }));
  }

  /** @param {Promise<import('./api.mjs').AddResult>} adding */
  async #tellOf(adding) {
    try {
      const { added, updated, unchanged, removed, renamed, failed } = await adding;
      const parts = [];
      if (added > renamed) parts.push(`${count(added - renamed, 'document')} added`);
      if (updated > 0) parts.push(`${updated} updated`);
      if (renamed > 0) parts.push(`${renamed} renamed`);
      if (removed > renamed) parts.push(`${removed - renamed} removed`);
      if (unchanged > 0) parts.push(`${unchanged} unchanged`);
      if (parts.length === 0 && failed.length === 0) parts.push('There was nothing to add in it');
      if (failed.length > 0) parts.push(`${count(failed.length, 'file')} not taken: ${named(failed)}`);
      this.#notice(failed.length > 0 ? 'warning' : 'info', `${parts.join(', ')}.`);
    } catch (error) {
      const failure = asLodestoneError(error, 'kInternal', 'Adding failed.');
      if (failure.code === 'kCancelled') this.#notice('info', 'Adding was cancelled. What was added before stays.');
      else if (this.#engine.isRunning) this.#notice('error', failure.message);
    }
  }

  /**
   * @param {number} fileCount
   * @param {string} path
   */
  #onFound(fileCount, path) {
    const now = performance.now();
    this.#walkTold ??= now;
    if (now - this.#walkTold < WALK_TELL_MS) return;
    this.#walkTold = now;
    this.#walkShown = true;
    const folder = path.slice(0, Math.max(0, path.indexOf('/')));
    this.#tellUi((ui) => ui.setBoot({ phase: 'ready', message: '', walking: { folder, files: fileCount } }));
  }

  #onWalked() {
    if (this.#walkShown && this.#engine.isRunning) this.#tellUi((ui) => ui.setBoot({ phase: 'ready', message: '', walking: null }));
    this.#walkTold = null;
    this.#walkShown = false;
  }

  /** @param {string} text */
  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      this.#notice('warning', `The browser did not allow copying: ${describe(error)}`);
    }
  }

  /**
   * @param {Level} level
   * @param {string} text
   */
  #notice(level, text) {
    this.#listeners.emit('notice', { level, text });
    if (this.#uiFailed) {
      const line = element('notice');
      line.textContent = text;
      line.hidden = false;
    } else {
      this.#tellUi((ui) => ui.showNotice(level, text));
    }
  }

  /** @param {(ui: Ui) => void} call */
  #tellUi(call) {
    if (this.#ui !== null) call(this.#ui);
    else if (!this.#uiFailed) this.#forUi.push(call);
  }
}

/**
 * @template T
 * @typedef {{promise: Promise<T>, resolve: (value: T) => void, reject: (reason: unknown) => void}} PromiseWithReject
 */

/**
 * @template T
 * @returns {PromiseWithReject<T>}
 */
function promiseWithReject() {
  /** @type {(value: T) => void} */
  let resolve = () => {};
  /** @type {(reason: unknown) => void} */
  let reject = () => {};
  /** @type {Promise<T>} */
  const promise = new Promise((onValue, onReason) => {
    resolve = onValue;
    reject = onReason;
  });
  promise.catch(() => {}); // whoever waits for it hears of it
  return { promise, resolve, reject };
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {number} number
 * @param {string} noun
 */
function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** @param {{path: string, reason: string}[]} failed */
function named(failed) {
  const first = failed.slice(0, NAMED_FAILURES).map(({ path, reason }) => `${path} (${reason.replace(/\.$/, '')})`);
  const rest = failed.length - first.length;
  return first.join('; ') + (rest > 0 ? `; and ${rest.toLocaleString('en')} more, listed in the library` : '');
}
