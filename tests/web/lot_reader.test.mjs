// Small files are read together, and one that has gone costs no other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LotReader, SMALL_BYTES } from '../../web/lot_reader.mjs';

const decoder = new TextDecoder();
const whole = (/** @type {LotReader} */ reader, /** @type {Blob} */ file) => reader.read(file, 0, 1 << 20);

/** A blob that counts the reads of itself; of one that it is a part of, nothing is heard. */
class Watched extends Blob {
  reads = 0;
  /** @override */
  arrayBuffer() {
    this.reads += 1;
    return super.arrayBuffer();
  }
}

test('small files that are asked for together are read as one, each with its own bytes', async () => {
  const files = Array.from({ length: 150 }, (_, i) => new Watched(['text ', String(i).repeat(i % 7)]));
  const reader = new LotReader();
  const read = await Promise.all(files.map((file) => whole(reader, file)));
  for (const [i, bytes] of read.entries()) assert.equal(decoder.decode(bytes), 'text ' + String(i).repeat(i % 7));
  assert.equal(files.reduce((sum, { reads }) => sum + reads, 0), 0);
});

test('parts and large files are read by themselves', async () => {
  const large = new Watched([new Uint8Array(SMALL_BYTES + 1)]);
  const reader = new LotReader();
  const [all, part] = await Promise.all([whole(reader, large), reader.read(new Blob(['0123456789']), 3, 4)]);
  assert.equal(all.length, SMALL_BYTES + 1);
  assert.equal(large.reads, 1);
  assert.equal(decoder.decode(part), '3456');
});

test('a file that has gone fails alone', async () => {
  const gone = new Blob(['gone']);
  Object.defineProperty(gone, 'arrayBuffer', { value: () => Promise.reject(new Error('gone')) });
  // What a browser does with a blob made of it: the whole of it cannot be read.
  const together = Blob.prototype.arrayBuffer;
  Blob.prototype.arrayBuffer = function () {
    return this.size > 4 ? Promise.reject(new Error('a part is gone')) : together.call(this);
  };
  try {
    const reader = new LotReader();
    const read = await Promise.allSettled([new Blob(['one']), gone, new Blob(['two'])].map((file) => whole(reader, file)));
    assert.deepEqual(read.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']);
    const [one, , two] = read.map((each) => (each.status === 'fulfilled' ? decoder.decode(each.value) : ''));
    assert.deepEqual([one, two], ['one', 'two']);
  } finally {
    Blob.prototype.arrayBuffer = together;
  }
});

test('an empty file is an empty read', async () => {
  const reader = new LotReader();
  assert.deepEqual((await Promise.all([whole(reader, new Blob([])), whole(reader, new Blob(['a']))])).map(({ length }) => length), [0, 1]);
});
