// The wire form of messages, driven by the field tables of generated/protocol.mjs: little-endian
// numbers, u32 byte or item counts before strings and lists, one byte for bool and enum.
// src/protocol/wire.h is the same in C++; the golden bytes under tests/protocol bind both.

/**
 * @typedef {{kind: 'u8'|'u32'|'u64'|'i64'|'f32'|'f64'|'bool'}
 *   | {kind: 'string'|'bytes', max: number}
 *   | {kind: 'enum'|'struct', name: string}
 *   | {kind: 'list', max: number, minItemBytes: number, item: FieldType}} FieldType
 * @typedef {[name: string, type: FieldType]} Field
 * @typedef {{enums: Record<string, string[]>, structs: Record<string, Field[]>}} Schema
 */

/** A message that cannot be written, or bytes that are no message. */
export class ProtocolError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'ProtocolError';
  }
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param {Schema} schema
 * @param {string} name
 * @param {unknown} message
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeStruct(schema, name, message) {
  const writer = new Writer(schema);
  writer.struct(name, message, name);
  return writer.take();
}

/**
 * @param {Schema} schema
 * @param {string} name
 * @param {Uint8Array} bytes
 * @returns {Record<string, unknown>}
 */
export function decodeStruct(schema, name, bytes) {
  const reader = new Reader(schema, bytes);
  const message = reader.struct(name, name);
  reader.finish(name);
  return message;
}

class Writer {
  /** @param {Schema} schema */
  constructor(schema) {
    this.schema = schema;
    this.bytes = new Uint8Array(256);
    this.view = new DataView(this.bytes.buffer);
    this.size = 0;
    this.last = 0;
  }

  take() {
    return this.bytes.slice(0, this.size);
  }

  /**
   * Makes room and returns where it begins.
   * @param {number} count
   */
  grow(count) {
    const start = this.size;
    this.size += count;
    if (this.size > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.size, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return start;
  }

  /**
   * The view to write the next `count` bytes into, at `last`: making room replaces view and bytes, so
   * neither may be named before.
   * @param {number} count
   */
  place(count) {
    this.last = this.grow(count);
    return this.view;
  }

  /**
   * @param {string} name
   * @param {unknown} value
   * @param {string} where
   */
  struct(name, value, where) {
    if (typeof value !== 'object' || value === null) throw new ProtocolError(`${where}: not an object`);
    const object = /** @type {Record<string, unknown>} */ (value);
    for (const [field, type] of fieldsOf(this.schema, name)) this.value(type, object[field], `${where}.${field}`);
  }

  /**
   * @param {FieldType} type
   * @param {unknown} value
   * @param {string} where
   */
  value(type, value, where) {
    if (value === undefined) throw new ProtocolError(`${where}: missing`);
    switch (type.kind) {
      case 'u8': return this.place(1).setUint8(this.last, integer(value, 0, 0xff, where));
      case 'u32': return this.u32(integer(value, 0, 0xffffffff, where));
      case 'u64': {
        const number = integer(value, 0, Number.MAX_SAFE_INTEGER, where);
        return this.place(8).setBigUint64(this.last, BigInt(number), true);
      }
      case 'i64': {
        const number = integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, where);
        return this.place(8).setBigInt64(this.last, BigInt(number), true);
      }
      case 'f32': return this.place(4).setFloat32(this.last, expect(value, 'number', where), true);
      case 'f64': return this.place(8).setFloat64(this.last, expect(value, 'number', where), true);
      case 'bool': return this.place(1).setUint8(this.last, expect(value, 'boolean', where) ? 1 : 0);
      case 'string': return this.blob(textEncoder.encode(expect(value, 'string', where)), type.max, where);
      case 'bytes':
        if (!(value instanceof Uint8Array)) throw new ProtocolError(`${where}: not a Uint8Array`);
        return this.blob(value, type.max, where);
      case 'enum': {
        const index = valuesOf(this.schema, type.name).indexOf(expect(value, 'string', where));
        if (index < 0) throw new ProtocolError(`${where}: ${type.name} has no value ${value}`);
        return this.place(1).setUint8(this.last, index);
      }
      case 'struct': return this.struct(type.name, value, where);
      case 'list': {
        if (!Array.isArray(value)) throw new ProtocolError(`${where}: not an array`);
        if (value.length > type.max) {
          throw new ProtocolError(`${where}: ${value.length} items, and at most ${type.max} are allowed`);
        }
        this.u32(value.length);
        value.forEach((item, i) => this.value(type.item, item, `${where}[${i}]`));
      }
    }
  }

  /** @param {number} value */
  u32(value) {
    this.place(4).setUint32(this.last, value, true);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} max
   * @param {string} where
   */
  blob(bytes, max, where) {
    if (bytes.length > max) {
      throw new ProtocolError(`${where}: ${bytes.length} bytes, and at most ${max} are allowed`);
    }
    this.u32(bytes.length);
    const start = this.grow(bytes.length);
    this.bytes.set(bytes, start);
  }
}

class Reader {
  /**
   * @param {Schema} schema
   * @param {Uint8Array} bytes
   */
  constructor(schema, bytes) {
    this.schema = schema;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = 0;
  }

  /** @param {string} where */
  finish(where) {
    if (this.offset !== this.bytes.length) this.fail(where, 'there are bytes after the end');
  }

  /**
   * @param {string} where
   * @param {string} problem
   * @returns {never}
   */
  fail(where, problem) {
    throw new ProtocolError(`${where}: ${problem}, at byte ${this.offset} of ${this.bytes.length}`);
  }

  /**
   * @param {number} count
   * @param {string} where
   */
  take(count, where) {
    const start = this.offset;
    if (this.bytes.length - start < count) this.fail(where, 'the message ends early');
    this.offset += count;
    return start;
  }

  /**
   * @param {string} name
   * @param {string} where
   */
  struct(name, where) {
    /** @type {Record<string, unknown>} */
    const object = {};
    for (const [field, type] of fieldsOf(this.schema, name)) object[field] = this.value(type, `${where}.${field}`);
    return object;
  }

  /**
   * @param {FieldType} type
   * @param {string} where
   * @returns {unknown}
   */
  value(type, where) {
    switch (type.kind) {
      case 'u8': return this.view.getUint8(this.take(1, where));
      case 'u32': return this.view.getUint32(this.take(4, where), true);
      case 'u64': return this.safe(this.view.getBigUint64(this.take(8, where), true), where);
      case 'i64': return this.safe(this.view.getBigInt64(this.take(8, where), true), where);
      case 'f32': return this.view.getFloat32(this.take(4, where), true);
      case 'f64': return this.view.getFloat64(this.take(8, where), true);
      case 'bool': return this.choice(2, where) === 1;
      case 'string': {
        const bytes = this.blob(type.max, where);
        try {
          return textDecoder.decode(bytes);
        } catch {
          return this.fail(where, 'a string is not UTF-8');
        }
      }
      case 'bytes': return this.blob(type.max, where).slice();
      case 'enum': {
        const values = valuesOf(this.schema, type.name);
        return values[this.choice(values.length, where)];
      }
      case 'struct': return this.struct(type.name, where);
      case 'list': {
        const count = this.count(type.max, type.minItemBytes, where);
        const items = [];
        for (let i = 0; i < count; ++i) items.push(this.value(type.item, where));
        return items;
      }
    }
  }

  /**
   * @param {bigint} value
   * @param {string} where
   */
  safe(value, where) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : this.fail(where, 'a number is too large for JavaScript');
  }

  /**
   * @param {number} valueCount
   * @param {string} where
   */
  choice(valueCount, where) {
    const value = this.view.getUint8(this.take(1, where));
    return value < valueCount ? value : this.fail(where, 'a bool or enum has an unknown value');
  }

  /**
   * @param {number} max
   * @param {number} minItemBytes
   * @param {string} where
   */
  count(max, minItemBytes, where) {
    const count = this.view.getUint32(this.take(4, where), true);
    if (count > max) this.fail(where, 'a string or list is over its maximum');
    if (count * minItemBytes > this.bytes.length - this.offset) this.fail(where, 'the message ends early');
    return count;
  }

  /**
   * @param {number} max
   * @param {string} where
   */
  blob(max, where) {
    const size = this.count(max, 1, where);
    const start = this.take(size, where);
    return this.bytes.subarray(start, start + size);
  }
}

/**
 * @param {Schema} schema
 * @param {string} name
 */
function fieldsOf(schema, name) {
  if (!Object.hasOwn(schema.structs, name)) throw new ProtocolError(`there is no message ${name}`);
  return schema.structs[name];
}

/**
 * @param {Schema} schema
 * @param {string} name
 */
function valuesOf(schema, name) {
  return schema.enums[name];
}

/**
 * @param {unknown} value
 * @param {number} min
 * @param {number} max
 * @param {string} where
 */
function integer(value, min, max, where) {
  const number = expect(value, 'number', where);
  if (!Number.isInteger(number) || number < min || number > max) {
    throw new ProtocolError(`${where}: ${number} is no integer from ${min} to ${max}`);
  }
  return number;
}

/**
 * @template {'number' | 'string' | 'boolean'} K
 * @param {unknown} value
 * @param {K} kind
 * @param {string} where
 * @returns {K extends 'number' ? number : K extends 'string' ? string : boolean}
 */
function expect(value, kind, where) {
  if (typeof value !== kind) throw new ProtocolError(`${where}: not a ${kind}`);
  return /** @type {any} */ (value);
}
