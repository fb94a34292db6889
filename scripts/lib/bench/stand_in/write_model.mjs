// Writes the stand-in for the hub's MiniLM in Hugging Face's layout, once for each state of these sources.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BENCH_FILES } from '../peers.mjs';
import { frequentWords } from '../texts.mjs';
import { bertGraph, CONFIG, OPSET, VOCABULARY_SIZE } from './bert.mjs';
import { encodeOnnx } from './onnx_file.mjs';
import { makeTokenizer } from './tokenizer.mjs';

export const MODEL_NAME = 'minilm-l6-shape';
// Of the words that are used once every so manieth is cut into pieces, which makes 1.1 tokens a word, as BERT's own vocabulary
// makes of these texts: of the passages, and of the words that one would ask for.
const CUT_EVERY = 8;

/** @returns {string[]} that stay whole, most frequent first */
function wholeWords() {
  const repeated = new Set(frequentWords(2));
  return frequentWords().filter((word, n) => repeated.has(word) || n % CUT_EVERY !== 0);
}

/** @returns {string} of what the model is made from */
function sourceHash() {
  const hash = createHash('sha256');
  for (const name of readdirSync(import.meta.dirname).sort()) hash.update(readFileSync(path.join(import.meta.dirname, name)));
  return hash.update(wholeWords().join()).digest('hex');
}

/** @returns {string} the model's folder */
export function writeModel() {
  const folder = path.join(BENCH_FILES, 'models', MODEL_NAME);
  const stamp = path.join(folder, '.source');
  const hash = sourceHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return folder;
  process.stderr.write('writing the stand-in model\n');
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(path.join(fresh, 'onnx'), { recursive: true });
  writeFileSync(path.join(fresh, 'onnx/model_quantized.onnx'), encodeOnnx(bertGraph(), OPSET));
  const { tokenizer, config } = makeTokenizer(wholeWords(), VOCABULARY_SIZE);
  for (const [name, value] of Object.entries({
    'config.json': CONFIG,
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': config,
  })) {
    writeFileSync(path.join(fresh, name), JSON.stringify(value, null, 1) + '\n');
  }
  writeFileSync(path.join(fresh, '.source'), hash);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return folder;
}
