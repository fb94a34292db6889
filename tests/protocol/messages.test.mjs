// The JavaScript side of the protocol against the same bytes as messages_test.cc.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ProtocolError, REQUESTS, SCHEMA_HASH, TYPE_IDS, TYPE_NAMES, decode, encode,
} from '../../web/generated/protocol.mjs';
import { decodeStruct, encodeStruct } from '../../web/wire.mjs';
import { GOLDEN } from './golden.mjs';

const golden = readFileSync(new URL('golden.txt', import.meta.url), 'utf8').trimEnd().split('\n')
  .map((line) => line.split(' '));

/** @param {string} hex */
const unhex = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
/** @param {Uint8Array} bytes */
const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** A schema with every kind of field, small maxima. */
const SCHEMA = /** @type {import('../../web/wire.mjs').Schema} */ ({
  enums: { Colour: ['red', 'green', 'blue'] },
  structs: {
    All: [
      ['a', { kind: 'u8' }], ['b', { kind: 'u32' }], ['c', { kind: 'u64' }], ['d', { kind: 'i64' }],
      ['e', { kind: 'f32' }], ['f', { kind: 'f64' }], ['g', { kind: 'bool' }], ['h', { kind: 'string', max: 4 }],
      ['i', { kind: 'bytes', max: 3 }], ['j', { kind: 'enum', name: 'Colour' }],
      ['k', { kind: 'list', max: 2, minItemBytes: 4, item: { kind: 'string', max: 4 } }],
    ],
  },
});
const ALL = {
  a: 255, b: 2 ** 32 - 1, c: Number.MAX_SAFE_INTEGER, d: Number.MIN_SAFE_INTEGER, e: 0.5, f: Math.PI, g: true,
  h: '😀', i: new Uint8Array([1, 2, 3]), j: 'blue', k: ['', 'abcd'],
};

test('the checked-in outputs are those of the schema', () => {
  execFileSync(fileURLToPath(new URL('../../scripts/gen_protocol', import.meta.url)), ['--check']);
});

test('golden bytes are written and read', () => {
  assert.equal(golden.length, GOLDEN.length);
  GOLDEN.forEach(([name, message], i) => {
    assert.equal(`${name} ${hex(encode(name, message))}`, golden[i].join(' '));
    assert.deepEqual(decode(name, unhex(golden[i][1])), message);
  });
});

test('a message cut anywhere or with a byte more is refused', () => {
  for (const [name, text] of golden) {
    const type = /** @type {import('../../web/generated/protocol.mjs').MessageName} */ (name);
    const bytes = unhex(text);
    for (let size = 0; size < bytes.length; ++size) {
      assert.throws(() => decode(type, bytes.subarray(0, size)), ProtocolError, `${name} cut at ${size}`);
    }
    assert.throws(() => decode(type, new Uint8Array([...bytes, 0])), /bytes after the end/);
  }
});

test('any bytes are either refused or a message that is written the same way', () => {
  let state = 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  let read = 0;
  for (let round = 0; round < 4000; ++round) {
    const [name, text] = golden[Math.floor(random() * golden.length)];
    const type = /** @type {import('../../web/generated/protocol.mjs').MessageName} */ (name);
    const bytes = unhex(text);
    for (let edits = 1 + Math.floor(random() * 3); edits > 0 && bytes.length > 0; --edits) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    let message;
    try {
      message = decode(type, bytes);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
      continue;
    }
    ++read;
    assert.deepEqual(decode(type, encode(type, message)), message);
  }
  assert.ok(read > 400, `only ${read} were read`);
});

test('every kind of field goes through, at its extremes', () => {
  const bytes = encodeStruct(SCHEMA, 'All', ALL);
  assert.equal(bytes.byteLength, bytes.buffer.byteLength);
  assert.deepEqual(decodeStruct(SCHEMA, 'All', bytes), ALL);
  const inside = new Uint8Array(bytes.length + 2);
  inside.set(bytes, 1);
  assert.deepEqual(decodeStruct(SCHEMA, 'All', inside.subarray(1, -1)), ALL);
});

test('values outside the schema are not written', () => {
  /** @type {[object, RegExp][]} */
  const wrong = [
    [{ a: 256 }, /All\.a: 256 is no integer/], [{ b: -1 }, /All\.b/], [{ b: 1.5 }, /All\.b/],
    [{ c: 2 ** 53 }, /All\.c/], [{ d: -(2 ** 53) }, /All\.d/], [{ e: '1' }, /All\.e: not a number/],
    [{ g: 1 }, /All\.g: not a boolean/], [{ h: 'abcde' }, /All\.h: 5 bytes, and at most 4/],
    [{ h: 'éüö' }, /6 bytes/], [{ i: [1] }, /not a Uint8Array/], [{ i: new Uint8Array(4) }, /at most 3/],
    [{ j: 'pink' }, /Colour has no value pink/], [{ k: ['', '', ''] }, /All\.k: 3 items, and at most 2/],
    [{ k: 'ab' }, /not an array/], [{ k: [7] }, /All\.k\[0\]: not a string/], [{ k: undefined }, /All\.k: missing/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(() => encodeStruct(SCHEMA, 'All', { ...ALL, ...change }), message);
  }
  assert.throws(() => encodeStruct(SCHEMA, 'All', null), ProtocolError);
  assert.throws(() => encodeStruct(SCHEMA, 'toString', {}), /there is no message/);
});

test('values outside the schema are not read', () => {
  /** @param {number} at @param {number[]} values */
  const edited = (at, values) => {
    const bytes = encodeStruct(SCHEMA, 'All', ALL);
    bytes.set(values, at);
    return () => decodeStruct(SCHEMA, 'All', bytes);
  };
  assert.throws(edited(5, [0, 0, 0, 0, 0, 0, 0x20, 0]), /All\.c: a number is too large/);
  assert.throws(edited(33, [2]), /All\.g: a bool or enum has an unknown value, at byte 34/);
  assert.throws(edited(34, [5]), /All\.h: a string or list is over its maximum, at byte 38/);
  assert.throws(edited(38, [0xff]), /All\.h: a string is not UTF-8/);
  assert.throws(edited(38, [0xed, 0xa0, 0x80, 0x41]), /All\.h: a string is not UTF-8/);
  assert.throws(edited(49, [3]), /All\.j: a bool or enum/);
  assert.throws(edited(50, [3]), /All\.k: a string or list is over its maximum/);
  assert.throws(edited(50, [255, 255, 255, 255]), /All\.k: a string or list is over its maximum/);
});

test('names, numbers and replies agree', () => {
  assert.match(SCHEMA_HASH, /^[0-9a-f]{16}$/);
  for (const [name, id] of Object.entries(TYPE_IDS)) assert.equal(TYPE_NAMES.get(id), name);
  assert.equal(TYPE_NAMES.size, Object.keys(TYPE_IDS).length);
  for (const { response } of Object.values(REQUESTS)) assert.ok(TYPE_IDS[response] > 0);
});

test('a message of any size is written whole, wherever its buffer has to grow', () => {
  for (let length = 0; length < 600; length++) {
    const files = [0, 1, 2].map((n) => ({
      file_id: n, path: 'p'.repeat(length), size_bytes: 2 ** 40 + n, modified_ms: n - 5,
    }));
    assert.deepEqual(decode('AddFiles', encode('AddFiles', { files, scan: 1, continues: false })), { files, scan: 1, continues: false });
  }
});
