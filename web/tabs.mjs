// One library, several tabs: the tab that holds the writer lock runs the engine, the others send it their
// requests and get its answers. When it closes or crashes, the browser gives the lock to the next tab, which
// starts an engine of its own and asks again whatever was not answered yet; every request may be asked twice.
//
// A writer that is silent (a suspended tab) keeps the lock: it is never bypassed, and the person is told which tab
// to wake. What was asked waits until then.
//
// Over the channel: {to, from, kind, ...}, where `to` is a tab's id, 'writer', 'readers' or 'all'. To all: erase.
// To the writer: hello, ping {ids}, bye, request {id, type, bytes, files?, ofSite?}, cancel {id}. From it: here, welcome
// {threads, isolated, build, opened, model}, pong {missing}, response and event {id, type, bytes}.
//
// Browsers may lose what is sent to a suspended tab: a ping names what the reader waits for, and what the writer does
// not know is asked again. Messages keep their order, so what is neither known nor answered by then never arrived.
import { LodestoneError } from './errors.mjs';
import { decode, encode } from './generated/protocol.mjs';

/** @typedef {{kind: string, type: string, id: number, bytes: Uint8Array, files?: Map<number, Blob | import('./walk.mjs').MemoryFile>, ofSite?: boolean}} Envelope */
/** @typedef {{threads: number, isolated: boolean, build: string, opened: number, model: string | null}} Welcome */
/** @typedef {{to: string, from: string, ids?: number[], missing?: number[]} & Partial<Welcome> & Partial<Envelope>} Word */
/**
 * @typedef {object} TabOptions
 * @property {string} scope path of the site: other apps of the origin have their own tabs
 * @property {string} build
 * @property {Worker} worker a coordinator that has not been told to begin
 */

// Ids from here on are of other tabs' requests.
const FIRST_REMOTE_ID = 2 ** 30;
// The site's model, opened after a take-over; nobody waits for that answer.
const MODEL_ID = FIRST_REMOTE_ID - 1;
// A tab that works answers a ping at once, whatever its engine does; one in the background may take a second or two.
// Looks are counted and not time, so that a tab that was itself suspended does not take the other for silent.
const LOOK_MS = 1000;
const LOOKS_BEFORE_PING = 2;
const LOOKS_BEFORE_SILENT = 5;

const ERASE_PATIENCE_MS = 5000;

/** @param {string} scope */
const channelName = (scope) => `lodestone:${scope}:tabs`;
/** @param {string} scope */
const lockName = (scope) => `lodestone:${scope}:writer`;

/**
 * Tells all tabs of the site that what they show is about to be erased.
 * @param {string} scope
 */
export function endAllTabs(scope) {
  if (!TabPort.isPossible) return;
  const channel = new BroadcastChannel(channelName(scope));
  channel.postMessage({ to: 'all', from: '', kind: 'erase' });
  channel.close();
}

/**
 * Runs `work` while no tab writes.
 * @param {string} scope
 * @param {() => Promise<void>} work
 * @throws {LodestoneError} kBusy when a tab does not let go of the library
 */
export async function whileWriter(scope, work) {
  if (!TabPort.isPossible) return work();
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ERASE_PATIENCE_MS);
  await navigator.locks.request(lockName(scope), { signal: patience.signal }, () => {
    clearTimeout(timer);
    return work();
  }).catch((error) => {
    if (!patience.signal.aborted) throw error;
    throw new LodestoneError('kBusy', 'Another tab of this site holds the library and does not answer. Close it and try again; nothing was erased.');
  });
}

/** Stands in for the coordinator worker: the same messages in and out, whichever tab's engine answers. */
export class TabPort {
  /** @type {((event: {data: any}) => void) | null} */ onmessage = null;
  /** @type {((event: ErrorEvent) => void) | null} */ onerror = null;
  /** @type {(() => void) | null} */ onmessageerror = null;

  #scope;
  #build;
  #worker;
  #tab = crypto.randomUUID();
  #opened = Date.now();
  /** @type {'seeking' | 'reader' | 'writer' | 'ended'} */ #role = 'seeking';
  /** @type {BroadcastChannel} */ #channel;
  #stopWaiting = new AbortController();
  /** @type {() => void} */ #letGo = () => {};
  /** @type {Promise<void>} */ #held;
  /** @type {any} what the worker is begun with */ #init = null;
  #isDrawn = false;
  /** @type {Welcome | null} the client was told that the engine is ready */ #welcome = null;
  #isWorkerReady = false;
  /** @type {string | null} */ #model = null;

  // As a reader.
  /** @type {Map<number, Envelope>} */ #unanswered = new Map();
  #looks = 0; // since the writer was last heard
  #isSilent = false;
  /** @type {number | null} when the writer's tab was opened */ #writerOpened = null;
  /** @type {ReturnType<typeof setInterval> | 0} */ #timer = 0;

  // As the writer.
  /** @type {Map<number, {to: string, id: number} | ((type: string, bytes: Uint8Array) => void)>} */ #remote = new Map();
  #lastRemoteId = FIRST_REMOTE_ID;
  /** @type {Set<string>} */ #readers = new Set();
  /** @type {{to: string, id: number}[]} */ #modelWaiters = [];

  /** @param {TabOptions} options */
  constructor({ scope, build, worker }) {
    this.#scope = scope;
    this.#build = build;
    this.#worker = worker;
    this.#channel = new BroadcastChannel(channelName(scope));
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#held = new Promise((resolve) => {
      this.#letGo = resolve;
    });
    addEventListener('pagehide', () => this.#say({ to: 'writer', kind: 'bye' }));
  }

  static get isPossible() {
    return typeof BroadcastChannel === 'function' && 'locks' in navigator;
  }

  /**
   * @param {any} data
   * @param {Transferable[]} [transfer]
   */
  postMessage(data, transfer = []) {
    if (data.kind === 'init') {
      this.#init = data;
      void this.#seek();
    } else if (data.kind === 'drawn') {
      this.#isDrawn = true;
      if (this.#role === 'writer') this.#worker.postMessage(data);
    } else if (this.#role === 'writer') {
      if (this.#isWorkerReady) this.#worker.postMessage(data, transfer);
      else this.#unanswered.set(data.id, data);
    } else if (data.kind === 'request') {
      this.#unanswered.set(data.id, data);
      this.#say({ ...data, to: 'writer' });
      this.#watch();
    } else {
      this.#say({ ...data, to: 'writer' });
    }
  }

  /** Ends the engine, if it is this tab's, and leaves the library to the next tab. */
  terminate() {
    if (this.#role === 'reader') this.#say({ to: 'writer', kind: 'bye' });
    this.#role = 'ended';
    this.#worker.terminate();
    this.#stopWaiting.abort();
    this.#letGo();
    clearInterval(this.#timer);
    this.#channel.close();
  }

  async #seek() {
    const name = lockName(this.#scope);
    const isFree = await new Promise((resolve) => {
      navigator.locks
        .request(name, { ifAvailable: true }, (lock) => {
          resolve(lock !== null);
          return lock === null ? undefined : this.#held;
        })
        .catch(() => resolve(true)); // no locks to be had here, as in some private windows: no tabs to share with either
    });
    if (this.#role === 'ended') return;
    if (isFree) return this.#beginWriting();
    this.#role = 'reader';
    this.#tell({ kind: 'waiting' });
    this.#say({ to: 'writer', kind: 'hello' });
    this.#watch();
    navigator.locks
      .request(name, { signal: this.#stopWaiting.signal }, () => {
        if (this.#role === 'ended') return undefined;
        this.#beginWriting();
        return this.#held;
      })
      .catch(() => {}); // this tab has ended
  }

  #beginWriting() {
    this.#role = 'writer';
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#setSilent(false);
    this.#worker.onmessage = ({ data }) => this.#fromWorker(data);
    this.#worker.onerror = (event) => this.onerror?.(event);
    this.#worker.onmessageerror = () => this.onmessageerror?.();
    this.#worker.postMessage(this.#init);
    if (this.#isDrawn) this.#worker.postMessage({ kind: 'drawn' });
  }

  /** @param {any} data */
  #tell(data) {
    this.onmessage?.({ data });
  }

  /** @param {Omit<Word, 'from'>} word */
  #say(word) {
    if (this.#role !== 'ended') this.#channel.postMessage({ ...word, from: this.#tab });
  }

  // --- the writer -----------------------------------------------------------------------------------

  /** @param {any} data */
  #fromWorker(data) {
    if (data.kind === 'ready') return this.#workerIsReady(data);
    if (data.kind === 'model') this.#model = data.id;
    if (data.kind === 'response' && data.id >= MODEL_ID) return this.#answerRemote(data);
    if (data.kind === 'event' && data.id >= FIRST_REMOTE_ID) return this.#passOn(data);
    if (data.kind === 'response') this.#unanswered.delete(data.id);
    if (data.kind === 'event' && data.id === 0) {
      // The site's model is this tab's worker's to fetch.
      const isOwn = data.type === 'RestartWanted' && decode('RestartWanted', data.bytes).kind === 'model';
      if (this.#readers.size > 0 && !isOwn) this.#say({ to: 'readers', kind: 'event', id: 0, type: data.type, bytes: data.bytes });
      if (this.#modelWaiters.length > 0 && data.type === 'StateChanged') this.#settleModel(decode('StateChanged', data.bytes).state);
    }
    this.#tell(data);
  }

  /** @param {{threads: number, isolated: boolean}} ready */
  #workerIsReady({ threads, isolated }) {
    this.#isWorkerReady = true;
    const isTakeOver = this.#welcome !== null;
    this.#welcome = { threads, isolated, build: this.#build, opened: this.#opened, model: this.#model };
    const again = [...this.#unanswered.values()];
    this.#unanswered.clear();
    if (!isTakeOver) this.#tell({ kind: 'ready', threads, isolated });
    else if (!again.some(({ ofSite }) => ofSite)) {
      this.#worker.postMessage({ kind: 'request', type: 'SetModel', id: MODEL_ID, bytes: new Uint8Array(0), ofSite: true });
    }
    for (const envelope of again) this.#worker.postMessage(envelope);
    this.#say({ to: 'readers', kind: 'here' });
  }

  /** @param {Envelope} envelope */
  #passOn({ kind, type, id, bytes }) {
    const asked = this.#remote.get(id);
    if (asked !== undefined && typeof asked !== 'function') this.#say({ to: asked.to, kind, type, id: asked.id, bytes });
  }

  /** @param {Envelope} envelope */
  #answerRemote(envelope) {
    const asked = this.#remote.get(envelope.id);
    if (typeof asked === 'function') asked(envelope.type, envelope.bytes);
    else this.#passOn(envelope);
    this.#remote.delete(envelope.id);
  }

  /** @param {Word} word from a reader */
  #serve({ from, kind, type = '', id = 0, bytes = new Uint8Array(0), files, ofSite, ids = [] }) {
    if (kind === 'ping') return this.#say({ to: from, kind: 'pong', missing: this.#isWorkerReady ? this.#unknown(from, ids) : [] });
    if (kind === 'bye') return void this.#readers.delete(from);
    if (!this.#isWorkerReady || this.#welcome === null) return; // they ask again when it is
    if (kind === 'hello') {
      this.#readers.add(from);
      this.#say({ to: from, kind: 'welcome', ...this.#welcome, model: this.#model });
      return this.#askState((state) => this.#say({ to: from, kind: 'event', id: 0, type: 'StateChanged', bytes: encode('StateChanged', { state }) }));
    }
    if (kind === 'cancel') {
      for (const [own, asked] of this.#remote) {
        if (typeof asked !== 'function' && asked.to === from && asked.id === id) this.#worker.postMessage({ kind, type, id: own });
      }
      return;
    }
    if (kind !== 'request') return;
    if (ofSite) {
      this.#modelWaiters.push({ to: from, id });
      return this.#askState((state) => this.#settleModel(state));
    }
    const own = ++this.#lastRemoteId;
    this.#remote.set(own, { to: from, id });
    this.#worker.postMessage({ kind, type, id: own, bytes: type === 'Search' ? inGroupOf(from, bytes) : bytes, files });
  }

  /** @param {string} from @param {number[]} ids @returns {number[]} those that this reader does not wait for here */
  #unknown(from, ids) {
    const known = new Set();
    for (const asked of [...this.#remote.values(), ...this.#modelWaiters]) {
      if (typeof asked !== 'function' && asked.to === from) known.add(asked.id);
    }
    return ids.filter((id) => !known.has(id));
  }

  /** @param {(state: import('./generated/protocol.mjs').EngineState) => void} use */
  #askState(use) {
    const id = ++this.#lastRemoteId;
    this.#remote.set(id, (type, bytes) => {
      if (type === 'GetStateReply') use(decode('GetStateReply', bytes).state);
    });
    this.#worker.postMessage({ kind: 'request', type: 'GetState', id, bytes: encode('GetState', {}) });
  }

  /** @param {import('./generated/protocol.mjs').EngineState} state */
  #settleModel({ model_state, model_id, model_error }) {
    if (model_state !== 'ready' && model_state !== 'failed') return;
    for (const { to, id } of this.#modelWaiters.splice(0)) {
      const answer = model_state === 'ready'
        ? { type: 'SetModelReply', bytes: encode('SetModelReply', { id: model_id, dimension: 0 }) }
        : { type: 'ErrorReply', bytes: encode('ErrorReply', { code: 'kUnavailable', message: model_error, detail: '' }) };
      this.#say({ to, kind: 'response', id, ...answer });
    }
  }

  // --- a reader -------------------------------------------------------------------------------------

  /** @param {Word} word */
  #hear(word) {
    if (word.to === 'all' && word.kind === 'erase') return this.#tell({ kind: 'erased' });
    if (this.#role === 'writer' && word.to === 'writer') return this.#serve(word);
    if (this.#role !== 'reader' || (word.to !== this.#tab && word.to !== 'readers')) return;
    this.#looks = 0;
    this.#setSilent(false);
    const { kind, type, id = 0, bytes } = word;
    if (kind === 'here') this.#say({ to: 'writer', kind: 'hello' });
    else if (kind === 'welcome') this.#welcomed(/** @type {Welcome} */ (word));
    else if (kind === 'event') this.#tell({ kind, type, id, bytes });
    else if (kind === 'response' && this.#unanswered.delete(id)) this.#tell({ kind, type, id, bytes });
    else if (kind === 'pong') this.#askAgain(word.missing ?? []);
    this.#watch();
  }

  /** @param {Welcome} welcome */
  #welcomed({ threads, isolated, build, opened, model }) {
    const isFirst = this.#welcome === null;
    this.#welcome = { threads, isolated, build, opened, model };
    this.#writerOpened = opened;
    if (build !== this.#build) return this.#tell({ kind: 'otherBuild', opened });
    if (model !== null) this.#tell({ kind: 'model', id: model });
    if (isFirst) {
      // To take over quickly one day.
      this.#worker.postMessage({ ...this.#init, kind: 'prepare' });
      return this.#tell({ kind: 'ready', threads, isolated });
    }
    // Another tab writes now than the one that was asked.
    this.#askAgain([...this.#unanswered.keys()]);
  }

  /** @param {number[]} ids */
  #askAgain(ids) {
    for (const id of ids) {
      const envelope = this.#unanswered.get(id);
      if (envelope !== undefined) this.#say({ ...envelope, to: 'writer' });
    }
  }

  /** Looks after the writer for as long as something is expected of it. */
  #watch() {
    const isExpecting = this.#welcome === null || this.#unanswered.size > 0;
    if (!isExpecting || this.#role !== 'reader') {
      clearInterval(this.#timer);
      this.#timer = 0;
    } else if (this.#timer === 0) {
      this.#looks = 0;
      this.#timer = setInterval(() => {
        this.#looks += 1;
        if (this.#looks >= LOOKS_BEFORE_PING) this.#say({ to: 'writer', kind: 'ping', ids: [...this.#unanswered.keys()] });
        if (this.#looks >= LOOKS_BEFORE_SILENT) this.#setSilent(true);
      }, LOOK_MS);
    }
  }

  /** @param {boolean} isSilent */
  #setSilent(isSilent) {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#tell({ kind: isSilent ? 'silent' : 'heard', opened: this.#writerOpened });
  }
}

/**
 * A newer query takes the place of an older one of the same tab only.
 * @param {string} tab
 * @param {Uint8Array} bytes of a Search
 */
function inGroupOf(tab, bytes) {
  const search = decode('Search', bytes);
  return search.group === '' ? bytes : encode('Search', { ...search, group: `${tab} ${search.group}` });
}
