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
// Rarer words are cut into pieces, as in real text.
const LEAST_USES = 2;

/** @returns {string} of what the model is made from */
function sourceHash() {
  const hash = createHash('sha256');
  for (const name of readdirSync(import.meta.dirname).sort()) hash.update(readFileSync(path.join(import.meta.dirname, name)));
  return hash.update(frequentWords(LEAST_USES).join()).digest('hex');
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
  const { tokenizer, config } = makeTokenizer(frequentWords(LEAST_USES), VOCABULARY_SIZE);
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
