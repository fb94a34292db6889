// Finds the files of a model in a folder that the person picked.
import { LodestoneError } from './errors.mjs';

/**
 * @typedef {import('./generated/protocol.mjs').SetModel} SetModel
 * @typedef {{message: SetModel, files: Map<number, File>}} ModelRequest
 */

const ONNX_PATHS = ['onnx/model_quantized.onnx', 'onnx/model_int8.onnx', 'onnx/model.onnx', 'model.onnx'];

/**
 * A model from a folder in Hugging Face's layout.
 * @param {Iterable<File | {path: string, data: Blob | string | BufferSource}>} items
 * @param {(file: File) => number} newFileId
 * @returns {Promise<ModelRequest>}
 * @throws {LodestoneError} kBadData saying which file is missing or wrong
 */
export async function pickedModel(items, newFileId) {
  const files = filesByPath(items);
  const tokenizer = files.get('tokenizer.json');
  if (tokenizer === undefined) throw new LodestoneError('kBadData', 'This folder holds no model: it has no tokenizer.json.');
  const onnxPath = ONNX_PATHS.find((path) => files.has(path)) ?? [...files.keys()].find((path) => path.endsWith('.onnx'));
  const onnx = onnxPath === undefined ? undefined : files.get(onnxPath);
  if (onnx === undefined) throw new LodestoneError('kBadData', 'This folder holds no model: it has no onnx/model_quantized.onnx.');
  const manifest = await readManifest(files);
  const onnxId = newFileId(onnx);
  return {
    message: {
      id: manifest.id,
      onnx_url: '',
      onnx_file_id: onnxId,
      tokenizer_json: await tokenizer.text(),
      manifest_json: manifest.json,
      built_in: false,
      failure_code: '',
      failure: '',
    },
    files: new Map([[onnxId, onnx]]),
  };
}

/**
 * Our own manifest, or one made from what Hugging Face's layout says.
 * @param {Map<string, File>} files
 * @returns {Promise<{id: string, json: string}>}
 */
async function readManifest(files) {
  const ours = files.get('manifest.json');
  if (ours !== undefined) {
    const json = await ours.text();
    const { id } = parseObject(json, 'manifest.json');
    if (typeof id !== 'string' || id === '') throw new LodestoneError('kBadData', "The model's manifest.json has no id.");
    return { id, json };
  }
  const configFile = files.get('config.json');
  if (configFile === undefined) throw new LodestoneError('kBadData', 'This folder holds no model: it has no config.json.');
  const config = parseObject(await configFile.text(), 'config.json');
  const promptFile = files.get('config_sentence_transformers.json');
  const prompts = promptFile === undefined ? {} : (parseObject(await promptFile.text(), promptFile.name).prompts ?? {});
  const id = String(config._name_or_path || config.model_type || 'picked-model');
  const manifest = {
    id,
    name: id,
    dimension: config.hidden_size ?? config.dim,
    max_tokens: Math.min(Number(config.max_position_embeddings ?? 512), 512),
    query_prompt: prompts.query ?? '',
    passage_prompt: prompts.passage ?? prompts.document ?? '',
  };
  return { id, json: JSON.stringify(manifest) };
}

/**
 * @param {string} json
 * @param {string} name
 * @returns {Record<string, any>}
 */
function parseObject(json, name) {
  try {
    const value = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below, the same as for any other value.
  }
  throw new LodestoneError('kBadData', `The model's ${name} is not a JSON object.`);
}

/**
 * Paths relative to the model's folder: the one that holds tokenizer.json.
 * @param {Iterable<File | {path: string, data: Blob | string | BufferSource}>} items
 */
function filesByPath(items) {
  /** @type {Map<string, File>} */
  const all = new Map();
  for (const item of items) {
    if (item instanceof File) {
      all.set(item.webkitRelativePath || item.name, item);
    } else {
      const name = item.path.slice(item.path.lastIndexOf('/') + 1);
      all.set(item.path, item.data instanceof File ? item.data : new File([/** @type {BlobPart} */ (item.data)], name));
    }
  }
  const marks = [...all.keys()].filter((path) => /(^|\/)tokenizer\.json$/.test(path));
  marks.sort((a, b) => a.length - b.length);
  const prefix = marks[0]?.slice(0, -'tokenizer.json'.length) ?? '';
  return new Map([...all].filter(([path]) => path.startsWith(prefix)).map(([path, file]) => [path.slice(prefix.length), file]));
}
