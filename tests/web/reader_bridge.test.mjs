// The coordinator reads files without ever waiting for the browser's process.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ReaderBridge } from '../../web/reader_bridge.mjs';

/** Stands for the worker: keeps what it is asked, and answers when told to. */
class FakeWorker {
  /** @type {FakeWorker[]} */ static started = [];
  /** @type {any[][]} */ messages = [];
  /** @type {(event: any) => void} */ onmessage = () => {};
  /** @type {(event: any) => void} */ onerror = () => {};
  constructor() {
    FakeWorker.started.push(this);
  }
  /** @param {any[]} reads */
  postMessage(reads) {
    this.messages.push(reads);
  }
}

/** @param {(workers: FakeWorker[]) => Promise<void>} run */
async function withFakeWorkers(run) {
  FakeWorker.started = [];
  Object.assign(globalThis, { Worker: FakeWorker });
  try {
    await run(FakeWorker.started);
  } finally {
    Reflect.deleteProperty(globalThis, 'Worker');
  }
}

test('what is asked for in one turn is one message, and each read has its own answer', () =>
  withFakeWorkers(async (workers) => {
    const bridge = new ReaderBridge();
    const [one, two, three] = ['one', 'two', 'three'].map((text) => bridge.read(new Blob([text]), 0, 9));
    await null;
    assert.equal(workers.length, 1);
    assert.equal(workers[0].messages.length, 1);
    const [first, second, third] = workers[0].messages[0];
    assert.deepEqual([first.size, second.offset], [9, 0]);
    workers[0].onmessage({ data: [{ token: third.token, bytes: new Uint8Array([3]) }, { token: first.token, error: 'it has gone' }] });
    workers[0].onmessage({ data: [{ token: second.token, bytes: new Uint8Array([2]) }] });
    await assert.rejects(one, /it has gone/);
    assert.deepEqual([...(await two), ...(await three)], [2, 3]);
  }));

test('a worker that fails ends its reads, and the next read starts another', () =>
  withFakeWorkers(async (workers) => {
    const bridge = new ReaderBridge();
    const read = bridge.read(new Blob(['a']), 0, 1);
    await null;
    workers[0].onerror({ message: 'no memory', preventDefault() {} });
    await assert.rejects(read, /no memory/);
    const again = bridge.read(new Blob(['a']), 0, 1);
    await null;
    assert.equal(workers.length, 2);
    workers[1].onmessage({ data: [{ token: workers[1].messages[0][0].token, bytes: new Uint8Array([7]) }] });
    assert.deepEqual([...(await again)], [7]);
  }));

// Making a blob asks the browser's process and blocks the thread until it answers.
test('nothing that the coordinator loads makes a blob', () => {
  const seen = new Set();
  const left = [new URL('../../web/coordinator.worker.mjs', import.meta.url)];
  for (let url = left.pop(); url !== undefined; url = left.pop()) {
    if (seen.has(url.href)) continue;
    seen.add(url.href);
    const text = readFileSync(url, 'utf8');
    assert.doesNotMatch(text, /new (Blob|File)\(/, url.href);
    for (const [, path] of text.matchAll(/^import [^;]*from '(\.[^']*)';/gms)) left.push(new URL(path, url));
  }
  assert.ok(seen.size > 4 && ![...seen].some((href) => href.endsWith('lot_reader.mjs')));
});
