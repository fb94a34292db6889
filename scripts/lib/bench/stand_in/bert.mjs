// The graph of a BERT encoder as exporters write it, in fp32 or as dynamic quantisation leaves it, with random weights:
// it stands in for the hub's MiniLM, which what runs without a network cannot have.
import { randomNumbers } from '../texts.mjs';
import { FLOAT, INT64, INT8 } from './onnx_file.mjs';

const LAYERS = 6;
const HEADS = 12;
// Of the hidden layer, in widths.
const INNER = 4;
const POSITIONS = 512;
const LAYER_NORM_EPSILON = 1e-12;
const WEIGHT_DEVIATION = 0.05;
const BIAS_DEVIATION = 0.02;
const SEED = 20261121;

export const WIDTH = 384;
export const VOCABULARY_SIZE = 30522;
export const OPSET = 17;
export const CONFIG = {
  _name_or_path: 'lodestone-bench/minilm-l6-shape',
  architectures: ['BertModel'],
  model_type: 'bert',
  hidden_size: WIDTH,
  num_hidden_layers: LAYERS,
  num_attention_heads: HEADS,
  intermediate_size: INNER * WIDTH,
  hidden_act: 'gelu',
  layer_norm_eps: LAYER_NORM_EPSILON,
  max_position_embeddings: POSITIONS,
  type_vocab_size: 2,
  vocab_size: VOCABULARY_SIZE,
  pad_token_id: 0,
};

/** @typedef {{width?: number, layers?: number, vocabularySize?: number, isQuantised?: boolean}} Shape MiniLM's by default, in int8 */

class GraphBuilder {
  /** @type {import('./onnx_file.mjs').Node[]} */ nodes = [];
  /** @type {import('./onnx_file.mjs').Tensor[]} */ tensors = [];
  #random = randomNumbers(SEED);
  #count = 0;
  #isQuantised;

  /** @param {number} width @param {boolean} isQuantised */
  constructor(width, isQuantised) {
    this.width = width;
    this.#isQuantised = isQuantised;
  }

  /**
   * @param {string} op
   * @param {string[]} inputs
   * @param {Record<string, import('./onnx_file.mjs').Attribute>} [attributes]
   * @returns {string} its output
   */
  add(op, inputs, attributes) {
    return this.addWide(op, inputs, 1, attributes)[0];
  }

  /** @param {string} op @param {string[]} inputs @param {number} outputCount @param {Record<string, import('./onnx_file.mjs').Attribute>} [attributes] */
  addWide(op, inputs, outputCount, attributes) {
    const outputs = Array.from({ length: outputCount }, () => `${op}_out_${this.#count++}`);
    this.nodes.push({ op, inputs, outputs, attributes });
    return outputs;
  }

  /** @param {string} name @param {number[]} dims @param {number} type @param {ArrayBufferView} values */
  tensor(name, dims, type, values) {
    this.tensors.push({ name, dims, type, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });
    return name;
  }

  /** @param {string} name @param {number} value */
  scalar(name, value) {
    return this.tensor(name, [], FLOAT, new Float32Array([value]));
  }

  /** @param {string} name @param {number[]} values */
  integers(name, values) {
    return this.tensor(name, [values.length], INT64, new BigInt64Array(values.map(BigInt)));
  }

  /** Nearly normal, within three deviations. @param {number} deviation */
  #normal(deviation) {
    return (this.#random() + this.#random() + this.#random() + this.#random() - 2) * Math.sqrt(3) * deviation;
  }

  /** @param {string} name @param {number} size */
  bias(name, size) {
    return this.tensor(name, [size], FLOAT, Float32Array.from({ length: size }, () => this.#normal(BIAS_DEVIATION)));
  }

  /** @param {string} name @param {number} rows @param {number} columns */
  quantised(name, rows, columns) {
    const scale = (2 * Math.sqrt(3) * WEIGHT_DEVIATION) / 127;
    const values = Int8Array.from({ length: rows * columns }, () => Math.round(this.#normal(WEIGHT_DEVIATION) / scale));
    this.tensor(`${name}_quantized`, [rows, columns], INT8, values);
    this.scalar(`${name}_scale`, scale);
    this.tensor(`${name}_zero_point`, [], INT8, new Int8Array(1));
    return name;
  }

  /** @param {string} name @param {number} rows @param {number} columns */
  #exact(name, rows, columns) {
    const values = Float32Array.from({ length: rows * columns }, () => this.#normal(WEIGHT_DEVIATION));
    return this.tensor(name, [rows, columns], FLOAT, values);
  }

  /** What linear() takes. @param {string} input @returns {string[]} values, and where quantised scale and zero point */
  prepared(input) {
    return this.#isQuantised ? this.addWide('DynamicQuantizeLinear', [input], 3) : [input];
  }

  /** @param {string[]} input from prepared() @param {string} name @param {number} rows @param {number} columns */
  linear([values, scale, zeroPoint], name, rows, columns) {
    if (!this.#isQuantised) {
      const product = this.add('MatMul', [values, this.#exact(`${name}.weight`, rows, columns)]);
      return this.add('Add', [this.bias(`${name}.bias`, columns), product]);
    }
    this.quantised(`${name}.weight`, rows, columns);
    const sums = this.add('MatMulInteger', [
      values,
      `${name}.weight_quantized`,
      zeroPoint,
      `${name}.weight_zero_point`,
    ]);
    const scales = this.add('Mul', [scale, `${name}.weight_scale`]);
    const product = this.add('Mul', [this.add('Cast', [sums], { to: FLOAT }), scales]);
    return this.add('Add', [this.bias(`${name}.bias`, columns), product]);
  }

  /** @param {string} input @param {string} name */
  layerNorm(input, name) {
    this.tensor(`${name}.weight`, [this.width], FLOAT, new Float32Array(this.width).fill(1));
    return this.add('LayerNormalization', [input, `${name}.weight`, this.bias(`${name}.bias`, this.width)], {
      axis: -1,
      epsilon: { float: LAYER_NORM_EPSILON },
    });
  }

  /** @param {string} name @param {number} rows @param {string} ids */
  lookUp(name, rows, ids) {
    if (!this.#isQuantised) return this.add('Gather', [this.#exact(name, rows, this.width), ids]);
    this.quantised(name, rows, this.width);
    const picked = this.add('Gather', [`${name}_quantized`, ids]);
    return this.add('DequantizeLinear', [picked, `${name}_scale`, `${name}_zero_point`]);
  }
}

/** @param {GraphBuilder} graph @param {number} vocabularySize @returns {string} */
function embeddings(graph, vocabularySize) {
  const words = graph.lookUp('embeddings.word_embeddings.weight', vocabularySize, 'input_ids');
  const types = graph.lookUp('embeddings.token_type_embeddings.weight', 2, 'token_type_ids');
  const all = Array.from({ length: POSITIONS }, (_, n) => BigInt(n));
  graph.tensor('embeddings.position_ids', [1, POSITIONS], INT64, new BigInt64Array(all));
  const shape = graph.add('Shape', ['input_ids']);
  const columns = graph.add('Gather', [shape, graph.integers('one_index', [1])]);
  const used = graph.add('Slice', [
    'embeddings.position_ids',
    graph.integers('slice_start', [0]),
    columns,
    'one_index',
    graph.integers('slice_step', [1]),
  ]);
  const places = graph.lookUp('embeddings.position_embeddings.weight', POSITIONS, used);
  const sum = graph.add('Add', [graph.add('Add', [words, types]), places]);
  return graph.layerNorm(sum, 'embeddings.LayerNorm');
}

/** Large negative numbers where there is padding. @param {GraphBuilder} graph @returns {string} */
function paddingMask(graph) {
  const wide = graph.add('Unsqueeze', ['attention_mask', graph.integers('mask_axes', [1, 2])]);
  const kept = graph.add('Cast', [wide], { to: FLOAT });
  const dropped = graph.add('Sub', [graph.scalar('one', 1), kept]);
  return graph.add('Mul', [dropped, graph.scalar('lowest', -3.4028234663852886e38)]);
}

/** @param {GraphBuilder} graph @param {string} input @param {string} mask @param {string} name */
function attention(graph, input, mask, name) {
  const { width } = graph;
  const prepared = graph.prepared(input);
  const [query, key, value] = ['query', 'key', 'value'].map((part) => {
    const flat = graph.linear(prepared, `${name}.self.${part}`, width, width);
    const split = graph.add('Reshape', [flat, 'split_heads']);
    return graph.add('Transpose', [split], { perm: part === 'key' ? [0, 2, 3, 1] : [0, 2, 1, 3] });
  });
  const scores = graph.add('Div', [graph.add('MatMul', [query, key]), 'root_of_head_width']);
  const weights = graph.add('Softmax', [graph.add('Add', [scores, mask])], { axis: -1 });
  const mixed = graph.add('Transpose', [graph.add('MatMul', [weights, value])], { perm: [0, 2, 1, 3] });
  const joined = graph.add('Reshape', [mixed, 'join_heads']);
  const out = graph.linear(graph.prepared(joined), `${name}.output.dense`, width, width);
  return graph.layerNorm(graph.add('Add', [out, input]), `${name}.output.LayerNorm`);
}

/** @param {GraphBuilder} graph @param {string} input @param {string} name */
function feedForward(graph, input, name) {
  const { width } = graph;
  const inner = graph.linear(graph.prepared(input), `${name}.intermediate.dense`, width, INNER * width);
  const erf = graph.add('Erf', [graph.add('Div', [inner, 'root_of_two'])]);
  const gelu = graph.add('Mul', [graph.add('Mul', [inner, graph.add('Add', [erf, 'one'])]), 'half']);
  const out = graph.linear(graph.prepared(gelu), `${name}.output.dense`, INNER * width, width);
  return graph.layerNorm(graph.add('Add', [out, input]), `${name}.output.LayerNorm`);
}

/**
 * @param {Shape} [shape]
 * @returns {import('./onnx_file.mjs').Graph}
 */
export function bertGraph({ width = WIDTH, layers = LAYERS, vocabularySize = VOCABULARY_SIZE, isQuantised = true } = {}) {
  const graph = new GraphBuilder(width, isQuantised);
  let hidden = embeddings(graph, vocabularySize);
  const mask = paddingMask(graph);
  graph.integers('split_heads', [0, 0, HEADS, width / HEADS]);
  graph.integers('join_heads', [0, 0, width]);
  graph.scalar('root_of_head_width', Math.sqrt(width / HEADS));
  graph.scalar('root_of_two', Math.SQRT2);
  graph.scalar('half', 0.5);
  for (let layer = 0; layer < layers; layer++) {
    const name = `encoder.layer.${layer}`;
    hidden = feedForward(graph, attention(graph, hidden, mask, `${name}.attention`), name);
  }
  const last = graph.nodes[graph.nodes.length - 1];
  last.outputs = ['last_hidden_state'];
  const dims = ['batch_size', 'sequence_length'];
  return {
    name: 'bert',
    nodes: graph.nodes,
    tensors: graph.tensors,
    inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => ({ name, type: INT64, dims })),
    outputs: [{ name: 'last_hidden_state', type: FLOAT, dims: [...dims, width] }],
  };
}
