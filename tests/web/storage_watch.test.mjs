// The page asks to be kept once there is something to keep, and warns once when the room ends.
import assert from 'node:assert/strict';
import test from 'node:test';
import { StorageWatch } from '../../web/storage_watch.mjs';

const MB = 2 ** 20;

test('asks once, warns once, and again after there was room', async () => {
  let asked = 0;
  let usage = 10 * MB;
  const storage = {
    persist: async () => Boolean(++asked),
    persisted: async () => asked > 0,
    estimate: async () => ({ usage, quota: 100 * MB }),
  };
  Object.defineProperty(globalThis, 'navigator', { value: { storage }, configurable: true });
  /** @type {string[]} */
  const warnings = [];
  const watch = new StorageWatch((text) => warnings.push(text));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  watch.libraryHas(0);
  assert.equal(asked, 0);
  for (const used of [10, 20, 91, 95]) {
    usage = used * MB;
    watch.libraryHas(usage);
    await settle();
  }
  assert.equal(asked, 1);
  assert.deepEqual(warnings.map((text) => /(\d+) MB/.exec(text)?.[1]), ['9']);
  for (const used of [50, 99]) {
    usage = used * MB;
    watch.libraryHas(usage);
    await settle();
  }
  assert.equal(warnings.length, 2);
  assert.deepEqual(await watch.measure(), { used_bytes: 99 * MB, quota_bytes: 100 * MB, persisted: true });
});

test('a browser that tells nothing is no failure', async () => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  const watch = new StorageWatch(() => assert.fail('warned'));
  watch.libraryHas(500 * MB);
  assert.deepEqual(await watch.measure(), { used_bytes: 0, quota_bytes: 0, persisted: false });
});
