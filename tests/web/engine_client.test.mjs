// The page's end of the protocol against a worker that does as it is told.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { EngineClient } from '../../web/engine_client.mjs';
import { SCHEMA_HASH, decode, encode } from '../../web/generated/protocol.mjs';

/** @type {FakeWorker[]} */
let workers = [];
/** @type {(worker: FakeWorker, envelope: any) => void} What a new worker does with what it is sent. */
let behave = answerHello;

class FakeWorker {
  /** @type {any} */ onmessage;
  /** @type {any} */ onerror;
  /** @type {any[]} */ sent = [];
  isTerminated = false;

  constructor() {
    workers.push(this);
  }

  /** @param {any} envelope */
  postMessage(envelope) {
    this.sent.push(envelope);
    queueMicrotask(() => behave(this, envelope));
  }

  terminate() {
    this.isTerminated = true;
  }

  /** @param {any} data */
  say(data) {
    this.onmessage({ data });
  }

  /**
   * @template {import('../../web/generated/protocol.mjs').MessageName} N
   * @param {number} id @param {N} type @param {import('../../web/generated/protocol.mjs').Messages[N]} message
   */
  answer(id, type, message) {
    this.say({ kind: 'response', type, id, bytes: encode(type, message) });
  }
}

/** @param {FakeWorker} worker @param {any} envelope */
function answerHello(worker, envelope) {
  if (envelope.kind === 'init') worker.say({ kind: 'ready' });
  if (envelope.type === 'Hello') {
    const { schema_hash, build_id } = decode('Hello', envelope.bytes);
    worker.answer(envelope.id, 'HelloReply', { schema_hash, build_id, version: '1', threads: 2, isolated: true, storage: 'opfs' });
  }
}

/** @type {any[]} */
let died = [];
/** @type {string[]} */
let found = [];
/** @type {EngineClient} */
let engine;

beforeEach(() => {
  workers = [];
  died = [];
  found = [];
  behave = answerHello;
  Object.assign(globalThis, { Worker: FakeWorker });
  engine = new EngineClient({
    build: 'b1',
    scope: '/x/',
    onModelFound: (id) => found.push(id),
    onEvent: () => {},
    onDied: (failure) => died.push(failure),
  });
});

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'Worker');
});

test('starts with the terms of the page and shakes hands', async () => {
  const hello = await engine.start();
  assert.equal(hello.schema_hash, SCHEMA_HASH);
  const [init, first] = workers[0].sent;
  assert.deepEqual([init.kind, init.scope, init.isolated, init.threads], ['init', '/x/', false, null]);
  assert.deepEqual(init.memoryMaximaMb, [4096, 2048, 1024, 512, 256]);
  assert.equal(first.type, 'Hello');
});

test('tells of the first frame once, and again to a worker that takes the place of another', async () => {
  await engine.start();
  const drawn = (/** @type {number} */ i) => workers[i].sent.filter(({ kind }) => kind === 'drawn').length;
  assert.equal(drawn(0), 0);
  engine.drawn();
  assert.equal(drawn(0), 1);
  await engine.restart();
  assert.equal(drawn(1), 1);
});

test("the site's model is the worker's to fetch", async () => {
  await engine.start();
  workers[0].say({ kind: 'model', id: 'm' });
  assert.deepEqual(found, ['m']);
  const opening = engine.openSiteModel();
  const asked = workers[0].sent.at(-1);
  assert.deepEqual([asked.type, asked.ofSite, asked.bytes.length], ['SetModel', true, 0]);
  workers[0].answer(asked.id, 'SetModelReply', { id: 'm', dimension: 4 });
  assert.deepEqual(await opening, { id: 'm', dimension: 4 });
});

test('an engine of another build is stopped and asks for a reload', async () => {
  behave = (worker, envelope) => {
    if (envelope.kind === 'init') worker.say({ kind: 'ready' });
    if (envelope.type === 'Hello') worker.answer(envelope.id, 'ErrorReply', { code: 'kMismatch', message: 'other', detail: 'hash' });
  };
  await assert.rejects(engine.start(), { code: 'kMismatch', detail: 'hash' });
  assert.equal(workers[0].isTerminated, true);
});

test('an engine that cannot start says why', async () => {
  behave = (worker, envelope) => envelope.kind === 'init' && worker.say({ kind: 'failed', message: 'No memory.', detail: 'd' });
  await assert.rejects(engine.start(), { code: 'kUnavailable', message: 'No memory.', detail: 'd' });
  assert.equal(engine.isRunning, false);
  assert.deepEqual(died, []);
});

test('a worker that cannot be loaded fails the start', async () => {
  behave = (worker) => worker.onerror({ preventDefault() {}, message: '' });
  await assert.rejects(engine.start(), { code: 'kInternal', detail: 'the worker could not be loaded' });
  assert.deepEqual(died, []);
});

test('a worker that failed to load before the page was there fails the start', async () => {
  behave = () => {};
  const worker = /** @type {any} */ (new FakeWorker());
  const failure = /** @type {any} */ ({ preventDefault() {}, message: '' });
  await assert.rejects(engine.start({ worker, failure }), { code: 'kInternal', detail: 'the worker could not be loaded' });
  assert.equal(workers.length, 1);
});

test('each request gets its own answer, whatever the order, and errors as they were sent', async () => {
  await engine.start();
  const one = engine.request('Remove', { paths: ['a'], everything: false });
  const two = engine.request('GetDocument', { path: 'b' });
  const [first, second] = workers[0].sent.slice(-2);
  workers[0].answer(second.id, 'ErrorReply', { code: 'kNotFound', message: 'There is no b.', detail: '' });
  workers[0].answer(first.id, 'RemoveReply', { removed: 1 });
  assert.deepEqual(await one, { removed: 1 });
  await assert.rejects(two, { code: 'kNotFound', message: 'There is no b.' });
});

test('an answer of the wrong type or with broken bytes is an error of ours', async () => {
  await engine.start();
  const wrong = engine.request('GetState', {});
  workers[0].answer(/** @type {any} */ (workers[0].sent.at(-1)).id, 'Ack', {});
  await assert.rejects(wrong, { code: 'kInternal' });
  const broken = engine.request('Remove', { paths: [], everything: false });
  workers[0].say({ kind: 'response', type: 'RemoveReply', id: workers[0].sent.at(-1).id, bytes: new Uint8Array(1) });
  await assert.rejects(broken, { code: 'kInternal' });
});

test('events of a request reach it until it is answered', async () => {
  await engine.start();
  /** @type {string[]} */
  const seen = [];
  const adding = engine.request('AddFiles', { files: [], scan: 0, continues: false }, { onEvent: (type) => seen.push(type) });
  const { id } = workers[0].sent.at(-1);
  const event = { kind: 'event', type: 'AddProgress', id, bytes: new Uint8Array() };
  workers[0].say(event);
  workers[0].answer(id, 'AddFilesReply', { added: 0, updated: 0, unchanged: 0, removed: 0, failed: [] });
  workers[0].say(event);
  await adding;
  assert.deepEqual(seen, ['AddProgress']);
});

test('cancelling tells the engine, whose answer ends the request', async () => {
  await engine.start();
  const controller = new AbortController();
  const search = engine.request('Search', { text: 'x', mode: 'hybrid', top: 1, group: '' }, { signal: controller.signal });
  const { id } = workers[0].sent.at(-1);
  controller.abort();
  assert.deepEqual(workers[0].sent.at(-1), { kind: 'cancel', type: 'Search', id });
  workers[0].answer(id, 'ErrorReply', { code: 'kCancelled', message: 'Cancelled.', detail: '' });
  await assert.rejects(search, { code: 'kCancelled' });
  const late = engine.request('GetState', {}, { signal: controller.signal });
  await assert.rejects(late, { code: 'kCancelled' });
  assert.equal(workers[0].sent.at(-1).kind, 'cancel');
});

test('no more than 256 requests are under way', async () => {
  await engine.start();
  const many = Array.from({ length: 256 }, () => engine.request('WaitIdle', {}));
  await assert.rejects(engine.request('WaitIdle', {}), { code: 'kBusy' });
  for (const { kind, id } of workers[0].sent.slice(-256)) if (kind === 'request') workers[0].answer(id, 'Ack', {});
  await Promise.all(many);
  const next = engine.request('WaitIdle', {});
  workers[0].answer(workers[0].sent.at(-1).id, 'Ack', {});
  await next;
});

for (const [how, kill] of /** @type {[string, (worker: FakeWorker) => void][]} */ ([
  ['a trap', (worker) => worker.say({ kind: 'trap', message: 'unreachable' })],
  ['an uncaught error', (worker) => worker.onerror({ preventDefault() {}, message: 'boom', filename: 'f', lineno: 1 })],
])) {
  test(`${how} ends every call, and a restart begins anew`, async () => {
    await engine.start();
    const waiting = [engine.request('WaitIdle', {}), engine.request('GetState', {})];
    kill(workers[0]);
    for (const call of waiting) await assert.rejects(call, { code: 'kInternal', message: /^The search engine stopped\./ });
    assert.equal(workers[0].isTerminated, true);
    assert.equal(died.length, 1);
    await assert.rejects(engine.request('GetState', {}), { code: 'kUnavailable' });
    await engine.restart();
    assert.equal(workers.length, 2);
    // What the dead worker still had to say counts for nothing.
    const asked = engine.request('Remove', { paths: [], everything: true });
    const { id } = workers[1].sent.at(-1);
    workers[0].answer(id, 'RemoveReply', { removed: 99 });
    workers[1].answer(id, 'RemoveReply', { removed: 1 });
    assert.deepEqual(await asked, { removed: 1 });
  });
}
