import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UiLag } from '../../web/ui_stats.mjs';

test('frames make the histogram, and the longest is named', () => {
  const lag = new UiLag(() => {});
  assert.deepEqual(lag.read(), { p50_ms: 0, p99_ms: 0, max_ms: 0, samples: 0, worst_message: '', stalls: 0 });
  for (let n = 1; n <= 100; n += 1) lag.ran('frame', n * 20, n * 20 + n / 10);
  const { p50_ms, p99_ms, max_ms, samples, worst_message, stalls } = lag.read();
  assert.ok(Math.abs(p50_ms - 5) < 0.2, String(p50_ms));
  assert.ok(Math.abs(p99_ms - 10) < 0.2, String(p99_ms));
  assert.equal(max_ms, 10);
  assert.deepEqual({ samples, worst_message, stalls }, { samples: 100, worst_message: 'frame', stalls: 0 });
});

test('short work beside the frames does not dilute them, long work counts by its name', () => {
  const lag = new UiLag(() => {});
  lag.ran('StateChanged', 0, 1);
  assert.equal(lag.read().samples, 0);
  lag.ran('GetDocumentReply', 10, 90);
  assert.deepEqual(lag.read(), { p50_ms: 80, p99_ms: 80, max_ms: 80, samples: 1, worst_message: 'GetDocumentReply', stalls: 1 });
});

test("the browser's word of a long task that is counted already adds nothing", () => {
  const lag = new UiLag(() => {});
  lag.ran('frame', 100, 180);
  lag.longTask(98, 183);
  assert.equal(lag.read().samples, 1);
  lag.longTask(300, 420);
  const { samples, stalls, worst_message, max_ms } = lag.read();
  assert.deepEqual({ samples, stalls, worst_message, max_ms }, { samples: 2, stalls: 2, worst_message: 'something outside the interface, after frame', max_ms: 120 });
});

test('a busy day does not grow it', () => {
  const lag = new UiLag(() => {});
  for (let n = 0; n < 10_000; n += 1) lag.ran('frame', n * 100, n * 100 + 60);
  assert.deepEqual(lag.read(), { p50_ms: 60, p99_ms: 60, max_ms: 60, samples: 10_000, worst_message: 'frame', stalls: 10_000 });
});

test('a stall is told of with what held the thread; for a second after it only a longer one', () => {
  /** @type {string[]} */
  const told = [];
  const lag = new UiLag((text) => told.push(text));
  lag.ran('frame', 0, 50);
  lag.ran('StateChanged', 100, 180);
  lag.ran('frame', 300, 370);
  lag.longTask(400, 520);
  lag.ran('frame', 1600, 1660);
  assert.deepEqual(told, [
    "Lodestone: the page's thread was held for 80 ms by StateChanged",
    "Lodestone: the page's thread was held for 120 ms by something outside the interface, after frame",
    "Lodestone: the page's thread was held for 60 ms by frame",
  ]);
});
