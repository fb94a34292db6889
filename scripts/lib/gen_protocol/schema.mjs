// Reads and checks the protocol's schema, and settles every default, so that the writers of C++
// and JavaScript only print.
import { createHash } from 'node:crypto';

/**
 * @typedef {'u8'|'u32'|'u64'|'i64'|'f32'|'f64'|'bool'} Scalar
 * @typedef {{kind: 'scalar', name: Scalar}
 *   | {kind: 'string' | 'bytes', max: number}
 *   | {kind: 'enum' | 'struct', name: string}
 *   | {kind: 'list', max: number, item: Type}} Type
 * @typedef {{name: string, type: Type}} Field
 * @typedef {{name: string, fields: Field[]}} Struct
 * @typedef {{name: string, values: string[]}} Enum
 * @typedef {Struct & {id: number, role: 'request' | 'response' | 'event', response?: string}} Message
 * @typedef {{hash: string, enums: Enum[], structs: Struct[], messages: Message[]}} Schema
 */

/** @type {Record<Scalar, number>} */
const SCALAR_BYTES = { u8: 1, u32: 4, u64: 8, i64: 8, f32: 4, f64: 8, bool: 1 };

/**
 * @param {string} json
 * @returns {Schema} structs in an order in which each follows what it holds
 */
export function loadSchema(json) {
  const source = JSON.parse(json);
  const { comment: _, ...meaning } = source;
  // Field order is the wire's order, so the canonical form keeps it.
  const hash = createHash('sha256').update(JSON.stringify(meaning)).digest('hex').slice(0, 16);
  expectKeys(meaning, ['limits', 'enums', 'structs', 'requests', 'responses', 'events'], 'schema');

  /** @type {Enum[]} */
  const enums = Object.entries(source.enums).map(([name, values]) => {
    expectName(name);
    if (!Array.isArray(values) || values.length === 0 || values.length > 255) {
      throw new Error(`enum ${name} needs 1 to 255 values`);
    }
    return { name, values };
  });
  const reader = new TypeReader(source, new Set(enums.map((item) => item.name)));
  const structs = Object.entries(source.structs).map(([name, fields]) => reader.struct(name, fields));

  /** @type {Message[]} */
  const messages = [];
  for (const [name, request] of Object.entries(source.requests)) {
    expectKeys(request, ['fields', 'response'], name);
    if (!(request.response in source.responses)) throw new Error(`${name}: no response ${request.response}`);
    messages.push({
      ...reader.struct(name, request.fields), id: messages.length + 1, role: 'request', response: request.response,
    });
  }
  for (const [group, role] of /** @type {const} */ ([['responses', 'response'], ['events', 'event']])) {
    for (const [name, fields] of Object.entries(source[group])) {
      messages.push({ ...reader.struct(name, fields), id: messages.length + 1, role });
    }
  }
  const names = [...enums, ...structs, ...messages].map((item) => item.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new Error(`${twice} is there twice`);
  return { hash, enums, structs: inOrder(structs), messages };
}

class TypeReader {
  /**
   * @param {any} source
   * @param {Set<string>} enumNames
   */
  constructor(source, enumNames) {
    this.limits = source.limits;
    this.structs = source.structs;
    this.enumNames = enumNames;
  }

  /**
   * @param {string} name
   * @param {any} fields
   * @returns {Struct}
   */
  struct(name, fields) {
    expectName(name);
    return {
      name,
      fields: Object.entries(fields).map(([field, type]) => {
        if (!/^[a-z][a-z0-9_]*$/.test(field)) throw new Error(`${name}.${field}: names are snake_case`);
        return { name: field, type: this.type(type, `${name}.${field}`) };
      }),
    };
  }

  /**
   * @param {any} spec
   * @param {string} where
   * @returns {Type}
   */
  type(spec, where) {
    const { type, max } = typeof spec === 'string' ? { type: spec, max: undefined } : spec;
    if (typeof spec !== 'string') expectKeys(spec, ['type', 'max'], where);
    if (type === 'string' || type === 'bytes') {
      return { kind: type, max: this.limit(max ?? 'string_bytes', where) };
    }
    const list = /^list<(.+)>$/.exec(type);
    if (list) {
      const item = this.type(list[1], where);
      if (item.kind === 'list' || (item.kind === 'scalar' && item.name === 'bool')) {
        throw new Error(`${where}: list<${list[1]}> is not supported`);
      }
      return { kind: 'list', max: this.limit(max ?? 'list_items', where), item };
    }
    if (max !== undefined) throw new Error(`${where}: only strings, bytes and lists have a max`);
    if (type in SCALAR_BYTES) return { kind: 'scalar', name: type };
    if (this.enumNames.has(type)) return { kind: 'enum', name: type };
    if (type in this.structs) return { kind: 'struct', name: type };
    throw new Error(`${where}: no type ${type}`);
  }

  /**
   * @param {string | number} max
   * @param {string} where
   */
  limit(max, where) {
    const value = typeof max === 'number' ? max : this.limits[max];
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new Error(`${where}: bad max ${max}`);
    return value;
  }
}

/**
 * The bytes of the shortest legal value.
 * @param {Type} type
 * @param {Struct[]} structs
 * @returns {number}
 */
export function minBytes(type, structs) {
  switch (type.kind) {
    case 'scalar': return SCALAR_BYTES[type.name];
    case 'enum': return 1;
    case 'string': case 'bytes': case 'list': return 4;
    case 'struct': {
      const struct = structs.find((item) => item.name === type.name);
      if (!struct) throw new Error(`no struct ${type.name}`);
      return struct.fields.reduce((sum, field) => sum + minBytes(field.type, structs), 0);
    }
  }
}

/**
 * @param {Struct[]} structs
 * @returns {Struct[]}
 */
function inOrder(structs) {
  /** @type {Struct[]} */
  const done = [];
  /** @type {Set<string>} */
  const open = new Set();
  /** @param {Struct} struct */
  const visit = (struct) => {
    if (done.includes(struct)) return;
    if (open.has(struct.name)) throw new Error(`struct ${struct.name} holds itself`);
    open.add(struct.name);
    for (const { type } of struct.fields) {
      const held = type.kind === 'list' ? type.item : type;
      if (held.kind === 'struct') {
        const found = structs.find((item) => item.name === held.name);
        if (found) visit(found);
      }
    }
    done.push(struct);
  };
  structs.forEach(visit);
  return done;
}

/** @param {string} name */
function expectName(name) {
  if (!/^[A-Z][A-Za-z0-9]*$/.test(name)) throw new Error(`${name}: type names are CamelCase`);
}

/**
 * @param {object} object
 * @param {string[]} keys
 * @param {string} where
 */
function expectKeys(object, keys, where) {
  const strange = Object.keys(object).find((key) => !keys.includes(key));
  if (strange) throw new Error(`${where}: unknown key ${strange}`);
}
