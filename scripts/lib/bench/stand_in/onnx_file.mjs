// Writes ONNX files: the part of the format's public schema that an exported transformer needs.
import protobuf from 'protobufjs/light.js';

/**
 * @typedef {{name: string, dims: number[], type: number, bytes: Uint8Array}} Tensor
 * @typedef {number | number[] | {float: number}} Attribute plain numbers are integers
 * @typedef {{op: string, inputs: string[], outputs: string[], attributes?: Record<string, Attribute>}} Node
 * @typedef {{name: string, type: number, dims: (number | string)[]}} Port
 * @typedef {{name: string, nodes: Node[], tensors: Tensor[], inputs: Port[], outputs: Port[]}} Graph
 */

export const FLOAT = 1;
export const INT8 = 3;
export const INT64 = 7;

const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;
const IR_VERSION = 8;

/** @param {string} type @param {number} id @param {boolean} [repeated] */
const field = (type, id, repeated) => ({ type, id, ...(repeated && { rule: 'repeated' }) });

const SCHEMA = {
  nested: {
    ModelProto: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        graph: field('GraphProto', 7),
        opsetImport: field('OperatorSetIdProto', 8, true),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    GraphProto: {
      fields: {
        node: field('NodeProto', 1, true),
        name: field('string', 2),
        initializer: field('TensorProto', 5, true),
        input: field('ValueInfoProto', 11, true),
        output: field('ValueInfoProto', 12, true),
      },
    },
    NodeProto: {
      fields: {
        input: field('string', 1, true),
        output: field('string', 2, true),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: field('AttributeProto', 5, true),
      },
    },
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        ints: field('int64', 8, true),
        type: field('int32', 20),
      },
    },
    TensorProto: {
      fields: {
        dims: field('int64', 1, true),
        dataType: field('int32', 2),
        name: field('string', 8),
        rawData: field('bytes', 9),
      },
    },
    ValueInfoProto: { fields: { name: field('string', 1), type: field('TypeProto', 2) } },
    TypeProto: { fields: { tensorType: field('TensorTypeProto', 1) } },
    TensorTypeProto: { fields: { elemType: field('int32', 1), shape: field('ShapeProto', 2) } },
    ShapeProto: { fields: { dim: field('DimensionProto', 1, true) } },
    DimensionProto: { fields: { dimValue: field('int64', 1), dimParam: field('string', 2) } },
  },
};

/** @param {string} name @param {Attribute} value */
function attribute(name, value) {
  if (Array.isArray(value)) return { name, type: ATTRIBUTE_INTS, ints: value };
  if (typeof value === 'object') return { name, type: ATTRIBUTE_FLOAT, f: value.float };
  return { name, type: ATTRIBUTE_INT, i: value };
}

/** @param {Port} port */
function valueInfo({ name, type, dims }) {
  const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: type, shape: { dim } } } };
}

/**
 * @param {Graph} graph
 * @param {number} opset
 * @returns {Uint8Array} an ONNX file
 */
export function encodeOnnx(graph, opset) {
  const Model = protobuf.Root.fromJSON(SCHEMA).lookupType('ModelProto');
  return Model.encode(
    Model.create({
      irVersion: IR_VERSION,
      producerName: 'lodestone-bench',
      opsetImport: [{ domain: '', version: opset }],
      graph: {
        name: graph.name,
        node: graph.nodes.map(({ op, inputs, outputs, attributes = {} }, n) => ({
          name: `${op}_${n}`,
          opType: op,
          input: inputs,
          output: outputs,
          attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
        })),
        initializer: graph.tensors.map(({ name, dims, type, bytes }) => ({ name, dims, dataType: type, rawData: bytes })),
        input: graph.inputs.map(valueInfo),
        output: graph.outputs.map(valueInfo),
      },
    }),
  ).finish();
}
