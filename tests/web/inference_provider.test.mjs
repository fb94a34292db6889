// When the graphics processor runs a model's batches, and what becomes of them when it fails.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ProviderChoice } from '../../web/inference_provider.mjs';

/** @typedef {import('../../web/inference_provider.mjs').Batch} Batch */

const DIMENSION = 4;
const REAL = { vendor: 'nvidia', architecture: 'ampere', device: '', description: '', isFallbackAdapter: false };

/** @param {number} rows @param {number} columns @returns {Batch} */
function batchOf(rows, columns) {
  const ids = BigInt64Array.from({ length: rows * columns }, (_, at) => BigInt(at % 100));
  return { ids, mask: new BigInt64Array(ids.length).fill(1n), rows, columns, dimension: DIMENSION };
}

const LARGE = batchOf(4, 64);
const QUERY = batchOf(1, 16);

/** A vector for each row, by its ids. @param {Batch} batch */
function vectorsOf({ ids, rows, columns }) {
  return Float32Array.from({ length: rows * DIMENSION }, (_, at) => Math.sin(Number(ids[Math.floor(at / DIMENSION) * columns]) + at % DIMENSION));
}

/** A provider on a clock that only its runs move. */
class FakeRunner {
  tokens = 0;
  releases = 0;
  /** @type {(batch: Batch) => Promise<Float32Array>} */ answer = async (batch) => vectorsOf(batch);

  /** @param {{ms: number}} clock @param {number} tokensPerMs */
  constructor(clock, tokensPerMs) {
    this.clock = clock;
    this.tokensPerMs = tokensPerMs;
  }

  /** @param {Batch} batch */
  async run(batch) {
    const tokens = batch.rows * batch.columns;
    this.tokens += tokens;
    this.clock.ms += tokens / this.tokensPerMs;
    return this.answer(batch);
  }

  async release() {
    this.releases += 1;
  }
}

/**
 * @param {{adapter?: any, policy?: import('../../web/inference_provider.mjs').GpuPolicy, wasmRate?: number, gpuRate?: number,
 *   remembered?: number | null}} [options]
 */
function start({ adapter = { info: REAL }, policy = 'auto', wasmRate = 2, gpuRate = 20, remembered = null } = {}) {
  const clock = { ms: 0 };
  /** @type {(info: {message: string}) => void} */
  let lose = () => {};
  const device = { lost: new Promise((resolve) => (lose = resolve)), isDestroyed: false, destroy: () => {} };
  device.destroy = () => {
    device.isDestroyed = true;
    lose({ message: 'destroyed' });
  };
  const asked = { devices: 0, runtimes: 0 };
  const requestDevice = async () => {
    asked.devices += 1;
    return device;
  };
  const wasm = new FakeRunner(clock, wasmRate);
  const onGpu = new FakeRunner(clock, gpuRate);
  /** @type {number[]} */
  const told = [];
  /** @type {(number | null)[]} what is kept of trials, in turn */
  const kept = [remembered];
  const trials = {
    recall: async () => kept.at(-1),
    keep: async (/** @type {any} */ _, /** @type {number | null} */ batchTokens) => void kept.push(batchTokens),
  };
  const parts = {
    wasm,
    trials: /** @type {any} */ (trials),
    gpu: /** @type {any} */ ({
      requestAdapter: async () => (typeof adapter === 'function' ? adapter() : adapter && { features: new Set(), limits: {}, requestDevice, ...adapter }),
    }),
    policy,
    openOnGpu: async () => {
      asked.runtimes += 1;
      return onGpu;
    },
    onGpu: (/** @type {number} */ batchTokens) => void told.push(batchTokens),
    now: () => clock.ms,
  };
  return { parts, wasm, onGpu, told, asked, kept, device, lose: () => lose({ message: 'gone' }) };
}

/** What is under way in the background comes to rest. */
async function settle() {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
}

test('a faster graphics processor gets the large batches, and queries stay', async () => {
  const { parts, wasm, onGpu, told } = start();
  const choice = new ProviderChoice(parts);
  assert.deepEqual(await choice.run(LARGE), vectorsOf(LARGE));
  await settle();
  assert.deepEqual(told, [1536], '20 tokens a millisecond are 1,600 in 80');
  const [wasmTokens, gpuTokens] = [wasm.tokens, onGpu.tokens];
  assert.deepEqual(await choice.run(LARGE), vectorsOf(LARGE));
  assert.deepEqual([wasm.tokens, onGpu.tokens], [wasmTokens, gpuTokens + 256]);
  assert.deepEqual(await choice.run(QUERY), vectorsOf(QUERY));
  assert.deepEqual([wasm.tokens, onGpu.tokens], [wasmTokens + 16, gpuTokens + 256]);
  await choice.release();
  assert.deepEqual([wasm.releases, onGpu.releases, told.at(-1)], [1, 1, 0]);
});

test('queries alone set off no trial', async () => {
  const { parts, asked } = start();
  const choice = new ProviderChoice(parts);
  for (let n = 0; n < 20; n++) await choice.run(QUERY);
  await settle();
  assert.deepEqual(asked, { devices: 0, runtimes: 0 });
});

test('one that is not clearly faster is let go, and not tried again', async () => {
  for (const gpuRate of [1, 2, 2.2]) {
    const { parts, onGpu, told, asked, device } = start({ gpuRate });
    const choice = new ProviderChoice(parts);
    await choice.run(LARGE);
    await settle();
    await choice.run(LARGE);
    await settle();
    assert.deepEqual([told, asked.runtimes, onGpu.releases, device.isDestroyed], [[], 1, 1, true], `${gpuRate}`);
  }
});

test('one that gives other vectors is not used, however fast and whatever was asked for', async () => {
  for (const policy of /** @type {const} */ (['auto', 'always'])) {
    for (const wrong of [0, NaN, -1]) {
      const { parts, onGpu, told, device } = start({ policy });
      onGpu.answer = async (batch) => {
        const vectors = vectorsOf(batch);
        vectors[DIMENSION] = wrong;
        vectors[DIMENSION + 1] *= -1;
        return vectors;
      };
      const choice = new ProviderChoice(parts);
      await choice.run(LARGE);
      await settle();
      assert.deepEqual([told, onGpu.releases, device.isDestroyed], [[], 1, true], `${policy} ${wrong}`);
    }
  }
});

test('what a trial gave is kept, and the next visit has none', async () => {
  for (const gpuRate of [1, 20]) {
    const { parts, kept } = start({ gpuRate });
    await new ProviderChoice(parts).run(LARGE);
    await settle();
    assert.deepEqual(kept, [null, gpuRate === 1 ? 0 : 1536]);
  }
  const slow = start({ remembered: 0 });
  const stays = new ProviderChoice(slow.parts);
  for (let n = 0; n < 2; n++) assert.deepEqual(await stays.run(LARGE), vectorsOf(LARGE));
  await settle();
  assert.deepEqual([slow.told, slow.asked, slow.kept], [[], { devices: 0, runtimes: 0 }, [0]]);

  const fast = start({ remembered: 512 });
  const goes = new ProviderChoice(fast.parts);
  await goes.run(LARGE);
  await settle();
  assert.deepEqual([fast.told, fast.wasm.tokens, fast.onGpu.tokens], [[512], 256, 256], 'no timed runs');
  fast.lose();
  await settle();
  assert.deepEqual(fast.kept, [512, null], 'what was lost is tried anew before it is trusted');
  await goes.release();
  assert.deepEqual(fast.kept, [512, null]);

  const wrong = start({ remembered: 512 });
  wrong.onGpu.answer = async (batch) => vectorsOf(batch).map((value, at) => (at % 3 === 0 ? -value : value));
  await new ProviderChoice(wrong.parts).run(LARGE);
  await settle();
  assert.deepEqual([wrong.told, wrong.kept], [[], [512, 0]]);
});

test('a trial that does not come to its end, or was asked for, says nothing of the next', async () => {
  const broken = start();
  await new ProviderChoice({ ...broken.parts, openOnGpu: () => Promise.reject(new Error('no connection')) }).run(LARGE);
  const always = start({ policy: 'always', remembered: 0 });
  await new ProviderChoice(always.parts).run(LARGE);
  const closed = start();
  const choice = new ProviderChoice(closed.parts);
  await choice.run(LARGE);
  await choice.release();
  await settle();
  assert.deepEqual([broken.kept, always.kept, closed.kept], [[null], [0], [null]]);
  assert.equal(always.told.length, 1);
});

test('a software adapter is never chosen by itself', async () => {
  const adapters = [
    { info: { ...REAL, isFallbackAdapter: true } },
    { info: { ...REAL, isFallbackAdapter: undefined }, isFallbackAdapter: true },
    { info: { ...REAL, vendor: 'google', architecture: 'swiftshader' } },
    { info: { ...REAL, vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' } },
    { info: { ...REAL, vendor: 'microsoft', description: 'Microsoft Basic Render Driver' } },
  ];
  for (const adapter of adapters) {
    const { parts, told, asked } = start({ adapter });
    const choice = new ProviderChoice(parts);
    for (let n = 0; n < 3; n++) assert.deepEqual(await choice.run(LARGE), vectorsOf(LARGE));
    await settle();
    assert.deepEqual([told, asked], [[], { devices: 0, runtimes: 0 }], JSON.stringify(adapter));
  }
  const { parts, told } = start({ adapter: adapters[2], policy: 'always', gpuRate: 0.1 });
  await new ProviderChoice(parts).run(LARGE);
  await settle();
  assert.equal(told.length, 1);
});

test('without an adapter no runtime is asked for', async () => {
  const refuses = () => {
    throw new Error('no');
  };
  for (const adapter of [null, refuses]) {
    const { parts, asked } = start({ adapter, policy: 'always' });
    const choice = new ProviderChoice(parts);
    await choice.run(LARGE);
    await settle();
    assert.deepEqual(asked, { devices: 0, runtimes: 0 });
  }
});

test('a runtime that cannot be had changes nothing', async () => {
  const { parts, told, device } = start();
  const choice = new ProviderChoice({ ...parts, openOnGpu: () => Promise.reject(new Error('no connection')) });
  for (let n = 0; n < 3; n++) {
    assert.deepEqual(await choice.run(LARGE), vectorsOf(LARGE));
    await settle();
  }
  assert.deepEqual([told, device.isDestroyed], [[], true]);
});

test('a batch that fails there is answered by the other provider, as are all after it', async () => {
  const { parts, onGpu, told, device } = start();
  const choice = new ProviderChoice(parts);
  await choice.run(LARGE);
  await settle();
  onGpu.answer = () => Promise.reject(new Error('out of memory'));
  const before = onGpu.tokens;
  for (let n = 0; n < 3; n++) assert.deepEqual(await choice.run(LARGE), vectorsOf(LARGE));
  assert.equal(onGpu.tokens, before + 256, 'it is asked once');
  assert.deepEqual([told.at(-1), told.length, onGpu.releases, device.isDestroyed], [0, 2, 1, true]);
});

test('one that is lost while a batch runs loses no batch', async () => {
  const { parts, onGpu, told, lose } = start();
  const choice = new ProviderChoice(parts);
  await choice.run(LARGE);
  await settle();
  // Neither the run nor the release of what is lost ever ends.
  onGpu.answer = () => new Promise(() => {});
  onGpu.release = () => new Promise(() => {});
  const answers = [choice.run(LARGE), choice.run(QUERY), choice.run(LARGE)];
  await settle();
  lose();
  assert.deepEqual(await Promise.all(answers), [LARGE, QUERY, LARGE].map(vectorsOf));
  assert.deepEqual(told.slice(1), [0]);
  await choice.release();
});

test('one that is lost between two batches is told of at once', async () => {
  const { parts, told, lose } = start();
  const choice = new ProviderChoice(parts);
  await choice.run(LARGE);
  await settle();
  lose();
  await settle();
  assert.deepEqual(told.slice(1), [0]);
  assert.deepEqual(await choice.run(LARGE), vectorsOf(LARGE));
});

test('one that is lost in its trial is not used', async () => {
  const { parts, onGpu, told, lose } = start();
  onGpu.answer = () => new Promise(() => {});
  const choice = new ProviderChoice(parts);
  await choice.run(LARGE);
  await settle();
  lose();
  await settle();
  assert.deepEqual(await choice.run(LARGE), vectorsOf(LARGE));
  assert.deepEqual(told, []);
  await choice.release();
});

test('a model that is closed during the trial leaves nothing open', async () => {
  for (const policy of /** @type {const} */ (['auto', 'always'])) {
    const { parts, wasm, onGpu, told, device } = start({ policy });
    /** @type {() => void} */
    let open = () => {};
    const opened = new Promise((resolve) => (open = () => resolve(undefined)));
    const openOnGpu = async () => {
      await opened;
      return onGpu;
    };
    const choice = new ProviderChoice({ ...parts, openOnGpu });
    await choice.run(LARGE);
    await settle();
    await choice.release();
    open();
    await settle();
    assert.deepEqual([told, wasm.releases, onGpu.releases, device.isDestroyed], [[], 1, 1, true], policy);
  }
});
