// What a restart of the engine's task brings back, and what it does not.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CancelledAdds } from '../../web/cancelled_adds.mjs';

/** @typedef {import('../../web/cancelled_adds.mjs').Task} Task */

const adding = () => ({ items: [], names: new Map() });
/** @param {number} task @returns {Task} */
const index = (task) => ({ kind: 'index', task });
const model = { kind: 'model', task: 99 };

/** @param {Task[]} tasks @param {Task[]} ended_tasks */
const stateOf = (tasks, ended_tasks) => async () => ({ tasks, ended_tasks });

test('a restart brings back all that was cancelled with its task, once', async () => {
  const adds = new CancelledAdds();
  const [first, second, other] = [adding(), adding(), adding()];
  await adds.keep(first, stateOf([model], [model, index(5)]));
  await adds.keep(second, stateOf([index(5)], [model])); // some of it is still on its way back
  await adds.keep(other, stateOf([], [index(6)]));
  assert.deepEqual(adds.take(4), []);
  const taken = adds.take(5);
  assert.equal(taken.length, 2);
  assert.ok(taken[0] === first && taken[1] === second);
  assert.deepEqual(adds.take(5), []);
  assert.ok(adds.take(6)[0] === other);
});

test('what was dismissed, or overtaken by a newer run, does not come back with that', async () => {
  const adds = new CancelledAdds();
  await adds.keep(adding(), stateOf([], [index(5)]));
  adds.forgetOthers([model, index(5)]);
  adds.forgetOthers([model, index(6)]);
  assert.deepEqual([adds.take(5), adds.take(6)], [[], []]);
});

test('a state that is told before the task is known forgets nothing', async () => {
  const adds = new CancelledAdds();
  /** @type {(state: {tasks: Task[], ended_tasks: Task[]}) => void} */
  let tell = () => {};
  const keeping = adds.keep(adding(), () => new Promise((resolve) => (tell = resolve)));
  adds.forgetOthers([]);
  tell({ tasks: [], ended_tasks: [index(7)] });
  await keeping;
  assert.equal(adds.take(7).length, 1);
});

test('nothing is kept for an engine that is gone, or a task that is', async () => {
  const adds = new CancelledAdds();
  await adds.keep(adding(), () => Promise.reject(new Error('gone')));
  await adds.keep(adding(), stateOf([model], []));
  assert.deepEqual(adds.take(99), []);
});
