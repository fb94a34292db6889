// Several tabs and one engine, with workers, locks and time that the test holds in its hand.
import assert from 'node:assert/strict';
import test from 'node:test';
import { decode, encode } from '../../web/generated/protocol.mjs';
import { TabPort, endAllTabs, whileWriter } from '../../web/tabs.mjs';

globalThis.addEventListener ??= () => {};

/** Web Locks of one origin, exclusive ones. */
class Locks {
  /** @type {Map<string, {run: () => void}[]>} */ #queues = new Map();

  /**
   * @param {string} name
   * @param {{ifAvailable?: boolean, signal?: AbortSignal}} options
   * @param {(lock: object | null) => unknown} callback
   */
  async request(name, options, callback) {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    if (options.ifAvailable && queue.length > 0) return callback(null);
    await new Promise((resolve, reject) => {
      const entry = { run: () => resolve(undefined) };
      queue.push(entry);
      options.signal?.addEventListener('abort', () => {
        if (queue[0] !== entry) queue.splice(queue.indexOf(entry), 1);
        reject(new Error('aborted'));
      });
      if (queue.length === 1) entry.run();
    });
    try {
      return await callback({});
    } finally {
      queue.shift();
      queue[0]?.run();
    }
  }
}

/** @type {{model_state: import('../../web/generated/protocol.mjs').ModelState, model_id: string, model_error: string, model_provider: string}} */
const MODEL = { model_state: 'ready', model_id: 'the model', model_error: '', model_provider: 'wasm' };

/** An engine that answers documents with its own name; other requests wait for answer(). */
class FakeWorker {
  /** @type {((event: any) => void) | null} */ onmessage = null;
  onerror = null;
  onmessageerror = null;
  /** @type {any[]} */ seen = [];
  isDead = false;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /** @param {any} data */
  postMessage(data) {
    this.seen.push(data);
    if (data.kind === 'init') {
      this.tell({ kind: 'model', id: 'the model' });
      this.tell({ kind: 'ready', threads: 2, isolated: true });
    }
    if (data.type === 'GetState') this.answer(data.id, 'GetStateReply', { state: state() });
    if (data.type === 'GetDocument') {
      const { path } = decode('GetDocument', data.bytes);
      this.answer(data.id, 'GetDocumentReply', { path, title: '', text: this.name, headings: [] });
    }
  }

  /** @param {number} id @param {any} type @param {any} message */
  answer(id, type, message) {
    this.tell({ kind: 'response', type, id, bytes: encode(type, message) });
  }

  /** @param {any} data */
  tell(data) {
    queueMicrotask(() => {
      if (!this.isDead) this.onmessage?.({ data });
    });
  }

  terminate() {
    this.isDead = true;
  }

  /** @param {string} type */
  requests(type) {
    return this.seen.filter((data) => data.type === type);
  }
}

const LAG = { p50_ms: 0, p99_ms: 0, max_ms: 0, samples: 0, worst_message: '' };

function state() {
  return {
    version: '', threads: 2, isolated: true, storage: 'opfs', storage_bytes: 0, documents: 0, passages: 0, embedded_passages: 0,
    files_total: 0, files_done: 0, files_failed: 0, current_path: '', queued: 0, running: 0, paused: false, idle: true, eta_ms: 0,
    tokens_embedded: 0, passages_embedded_now: 0, embed_tokens_per_s: 0, memory_bytes: 0, library_version: 0,
    loop_lag: LAG, loop_stalls: 0, pool_lag: { interactive: LAG, visible: LAG, background: LAG }, tasks: [], ended_tasks: [], ...MODEL,
  };
}

/** @type {Tab[]} */
const open = [];

class Tab {
  /** @type {any[]} */ heard = [];
  /** @type {(() => void)[]} */ #waiters = [];

  /** @param {string} name @param {string} scope @param {string} [build] */
  constructor(name, scope, build = 'b') {
    this.worker = new FakeWorker(name);
    this.port = new TabPort({ scope, build, worker: /** @type {any} */ (this.worker) });
    this.port.onmessage = ({ data }) => {
      this.heard.push(data);
      for (const wake of this.#waiters.splice(0)) wake();
    };
    open.push(this);
    this.port.postMessage({ kind: 'init' });
  }

  /** @param {(data: any) => boolean} is @returns {Promise<any>} the first such message, now or later */
  async until(is) {
    for (;;) {
      const found = this.heard.find(is);
      if (found !== undefined) return found;
      await new Promise((resolve) => this.#waiters.push(() => resolve(undefined)));
    }
  }

  ready() {
    return this.until(({ kind }) => kind === 'ready');
  }

  /** @param {number} id */
  response(id) {
    return this.until((data) => data.kind === 'response' && data.id === id);
  }

  /** @param {number} id @param {any} type @param {any} message @param {object} [more] */
  ask(id, type, message, more = {}) {
    this.port.postMessage({ kind: 'request', type, id, bytes: encode(type, message), ...more });
  }

  /** @param {number} id */
  async whoAnswers(id) {
    this.ask(id, 'GetDocument', { path: 'x' });
    return decode('GetDocumentReply', (await this.response(id)).bytes).text;
  }
}

let serial = 0;
test.beforeEach(() => {
  serial += 1;
  Object.defineProperty(globalThis, 'navigator', { value: { locks: new Locks() }, configurable: true });
});
test.afterEach(() => {
  for (const { port } of open.splice(0)) port.terminate();
});

test('the first tab runs the engine and the others are served by it', async () => {
  const scope = `/${serial}/`;
  const first = new Tab('first', scope);
  assert.deepEqual(await first.ready(), { kind: 'ready', threads: 2, isolated: true });
  const second = new Tab('second', scope);
  const elsewhere = new Tab('elsewhere', `${scope}other/`);
  assert.deepEqual(await second.ready(), { kind: 'ready', threads: 2, isolated: true });
  assert.equal((await second.until(({ kind }) => kind === 'model')).id, 'the model');
  const told = await second.until(({ type }) => type === 'StateChanged');
  assert.equal(decode('StateChanged', told.bytes).state.storage, 'opfs');
  // The same ids in both tabs are different requests.
  assert.equal(await first.whoAnswers(7), 'first');
  assert.equal(await second.whoAnswers(7), 'first');
  assert.equal(await elsewhere.whoAnswers(7), 'elsewhere');
  assert.deepEqual(second.worker.seen.map(({ kind }) => kind), ['prepare'], 'only one engine runs');
  assert.equal(first.heard.filter(({ id }) => id === 7).length, 1);
});

test('files, progress, cancelling and the group of a query keep to their tab', async () => {
  const scope = `/${serial}/`;
  const first = new Tab('first', scope);
  await first.ready();
  const second = new Tab('second', scope);
  await second.ready();
  const file = new File(['text'], 'a.txt');
  second.ask(1, 'AddFiles', { files: [{ file_id: 9, path: 'a.txt', size_bytes: 4, modified_ms: 0 }], scan: 0, continues: false }, { files: new Map([[9, file]]) });
  first.ask(2, 'Search', { text: 'q', mode: 'hybrid', top: 1, group: 'page' });
  second.ask(2, 'Search', { text: 'q', mode: 'hybrid', top: 1, group: 'page' });
  second.ask(3, 'Search', { text: 'q', mode: 'hybrid', top: 1, group: '' });
  await second.whoAnswers(4);
  const [add] = first.worker.requests('AddFiles');
  assert.equal(await add.files.get(9).text(), 'text');
  const groups = first.worker.requests('Search').map(({ bytes }) => decode('Search', bytes).group);
  assert.equal(new Set(groups).size, 3);
  assert.equal(groups[0], 'page');
  assert.equal(groups[2], '');
  first.worker.tell({ kind: 'event', type: 'AddProgress', id: add.id, bytes: new Uint8Array(1) });
  await second.until(({ kind, id }) => kind === 'event' && id === 1);
  second.port.postMessage({ kind: 'cancel', type: 'AddFiles', id: 1 });
  await second.whoAnswers(5);
  assert.deepEqual(first.worker.seen.find(({ kind }) => kind === 'cancel')?.id, add.id);
  assert.ok(!first.heard.some(({ type }) => type === 'AddProgress'));
  // What concerns all is told to all.
  first.worker.tell({ kind: 'event', type: 'Notice', id: 0, bytes: new Uint8Array(1) });
  await second.until(({ type }) => type === 'Notice');
});

test('when the first tab ends the second asks an engine of its own again', async () => {
  const scope = `/${serial}/`;
  const first = new Tab('first', scope);
  await first.ready();
  const second = new Tab('second', scope);
  await second.ready();
  const third = new Tab('third', scope);
  await third.ready();
  second.port.postMessage({ kind: 'drawn' });
  second.ask(1, 'Remove', { paths: ['a'], everything: false });
  third.ask(1, 'Remove', { paths: ['b'], everything: false });
  await second.whoAnswers(2);
  await third.whoAnswers(2);
  assert.equal(first.worker.requests('Remove').length, 2);
  first.port.terminate();
  assert.equal(await second.whoAnswers(3), 'second');
  assert.equal(await third.whoAnswers(3), 'second');
  assert.deepEqual(second.worker.seen.slice(0, 3).map(({ kind }) => kind), ['prepare', 'init', 'drawn']);
  assert.equal(second.worker.requests('SetModel').length, 1, 'the model is opened there as well');
  while (second.worker.requests('Remove').length < 2) await new Promise((resolve) => setImmediate(resolve));
  const asked = second.worker.requests('Remove');
  assert.deepEqual(asked.map(({ bytes }) => decode('Remove', bytes).paths[0]).sort(), ['a', 'b']);
  for (const { id } of asked) second.worker.answer(id, 'RemoveReply', { removed: 1 });
  await Promise.all([second.response(1), third.response(1)]);
  assert.equal(second.heard.filter(({ kind }) => kind === 'ready').length, 1);
  assert.deepEqual(third.worker.seen.map(({ kind }) => kind), ['prepare']);
});

test('a reader learns when the model of the site is open', async () => {
  const scope = `/${serial}/`;
  const first = new Tab('first', scope);
  await first.ready();
  MODEL.model_state = 'loading';
  const second = new Tab('second', scope);
  await second.ready();
  second.port.postMessage({ kind: 'request', type: 'SetModel', id: 1, bytes: new Uint8Array(0), ofSite: true });
  await second.whoAnswers(2);
  assert.ok(!second.heard.some(({ id, kind }) => id === 1 && kind === 'response'));
  MODEL.model_state = 'ready';
  first.worker.tell({ kind: 'event', type: 'StateChanged', id: 0, bytes: encode('StateChanged', { state: state() }) });
  assert.equal(decode('SetModelReply', (await second.response(1)).bytes).id, 'the model');
  assert.equal(first.worker.requests('SetModel').length, 0, 'its own tab opens it');
});

test('a silent writer is told of and never bypassed', async (t) => {
  const scope = `/${serial}/`;
  t.mock.timers.enable({ apis: ['setInterval'] });
  // A suspended tab: it has the lock and hears nothing.
  let wake = () => {};
  void navigator.locks.request(`lodestone:${scope}:writer`, {}, () => new Promise((resolve) => {
    wake = () => resolve(undefined);
  }));
  const tab = new Tab('tab', scope);
  await tab.until(({ kind }) => kind === 'waiting');
  t.mock.timers.tick(4000);
  assert.ok(!tab.heard.some(({ kind }) => kind === 'silent'));
  t.mock.timers.tick(1000);
  assert.ok(tab.heard.some(({ kind }) => kind === 'silent'));
  assert.deepEqual(tab.worker.seen, [], 'whoever holds the lock is the writer');
  wake();
  await tab.ready();
  assert.ok(tab.heard.some(({ kind }) => kind === 'heard'));
  assert.equal(await tab.whoAnswers(1), 'tab');
});

test('a writer that works for long is not silent', async (t) => {
  const scope = `/${serial}/`;
  const first = new Tab('first', scope);
  await first.ready();
  t.mock.timers.enable({ apis: ['setInterval'] });
  const second = new Tab('second', scope);
  await second.ready();
  second.ask(1, 'Remove', { paths: ['a'], everything: false });
  for (let second_ = 0; second_ < 20; second_++) {
    t.mock.timers.tick(1000);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 5)); // the channel's own way
  }
  assert.ok(!second.heard.some(({ kind }) => kind === 'silent'));
});

test('a request that the writer never got is asked again, and no other', async (t) => {
  const scope = `/${serial}/`;
  const first = new Tab('first', scope);
  await first.ready();
  t.mock.timers.enable({ apis: ['setInterval'] });
  const second = new Tab('second', scope);
  await second.ready();
  second.ask(1, 'Remove', { paths: ['known'], everything: false });
  await second.whoAnswers(2);
  const send = BroadcastChannel.prototype.postMessage;
  let lost = 0;
  t.mock.method(BroadcastChannel.prototype, 'postMessage', /** @this {BroadcastChannel} @param {any} word */ function (word) {
    if (word.kind === 'request' && word.id === 3 && lost++ === 0) return;
    send.call(this, word);
  });
  second.ask(3, 'Remove', { paths: ['lost'], everything: false });
  const paths = () => first.worker.requests('Remove').map(({ bytes }) => decode('Remove', bytes).paths[0]);
  for (let round = 0; round < 3; round++) {
    t.mock.timers.tick(2000);
    await second.whoAnswers(10 + round); // behind the ping
  }
  await second.whoAnswers(20); // behind what the pong had it ask again
  assert.deepEqual(paths(), ['known', 'lost']);
});

test('a tab of another build is told so', async () => {
  const scope = `/${serial}/`;
  const first = new Tab('first', scope, 'old');
  await first.ready();
  const second = new Tab('second', scope, 'new');
  await second.until(({ kind }) => kind === 'otherBuild');
  assert.ok(!second.heard.some(({ kind }) => kind === 'ready'));
});

test('all tabs are told of an erasing, and it waits until none writes', async () => {
  const scope = `/${serial}/`;
  const first = new Tab('first', scope);
  await first.ready();
  const second = new Tab('second', scope);
  await second.ready();
  endAllTabs(scope);
  let isErased = false;
  const erasing = whileWriter(scope, async () => {
    isErased = true;
  });
  for (const tab of [second, first]) {
    await tab.until(({ kind }) => kind === 'erased');
    assert.equal(isErased, false);
    tab.port.terminate();
  }
  await erasing;
  assert.equal(isErased, true);
});

test('nothing is erased while a suspended tab holds the library', async (t) => {
  const scope = `/${serial}/`;
  let wake = () => {};
  void navigator.locks.request(`lodestone:${scope}:writer`, {}, () => new Promise((resolve) => {
    wake = () => resolve(undefined);
  }));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const erasing = whileWriter(scope, () => assert.fail('erased'));
  t.mock.timers.tick(5000);
  await assert.rejects(erasing, { code: 'kBusy', message: /does not answer\. Close it and try again; nothing was erased/ });
  wake();
});
