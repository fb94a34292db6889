// Models that specs hand to the page, made when they are needed.
import { bertGraph, CONFIG, OPSET } from '../../scripts/lib/bench/stand_in/bert.mjs';
import { encodeOnnx } from '../../scripts/lib/bench/stand_in/onnx_file.mjs';
import { makeTokenizer } from '../../scripts/lib/bench/stand_in/tokenizer.mjs';
import { writeTree } from './fixtures.mjs';

const VOCABULARY_SIZE = 1000;
export const SMALL_WIDTH = 96;

/**
 * A small BERT with random weights.
 * @param {'fp32' | 'int8'} precision
 * @returns {Uint8Array} an ONNX file
 */
export function smallBert(precision) {
  const shape = { width: SMALL_WIDTH, layers: 2, vocabularySize: VOCABULARY_SIZE, isQuantised: precision === 'int8' };
  return encodeOnnx(bertGraph(shape), OPSET);
}

/**
 * Writes it in Hugging Face's layout.
 * @param {string} folder
 * @param {string} id
 * @param {'fp32' | 'int8'} precision
 */
export function writeSmallBert(folder, id, precision) {
  const { tokenizer } = makeTokenizer([], VOCABULARY_SIZE);
  writeTree(folder, {
    'config.json': JSON.stringify({ ...CONFIG, _name_or_path: id, hidden_size: SMALL_WIDTH }),
    'tokenizer.json': JSON.stringify(tokenizer),
    'onnx/model.onnx': smallBert(precision),
  });
}

/**
 * Row by row.
 * @param {ArrayLike<number>} a [rows x dimension]
 * @param {ArrayLike<number>} b
 * @param {number} dimension
 */
export function cosines(a, b, dimension) {
  return Array.from({ length: a.length / dimension }, (_, row) => {
    let [dot, aa, bb] = [0, 0, 0];
    for (let at = row * dimension; at < (row + 1) * dimension; at++) {
      dot += a[at] * b[at];
      aa += a[at] ** 2;
      bb += b[at] ** 2;
    }
    return dot / Math.sqrt(aa * bb);
  });
}
