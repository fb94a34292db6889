// Fetches what the engine needs of a model that comes with the site. Thread: the coordinator's worker.
import { LodestoneError, asLodestoneError } from './errors.mjs';

/**
 * @typedef {import('./generated/protocol.mjs').SetModel} SetModel
 * @typedef {{default: string, models: {id: string}[]}} ModelIndex
 */

const MODELS = new URL('./models/', import.meta.url);

/** @param {URL} address */
async function fetchText(address) {
  let response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw asLodestoneError(error, 'kUnavailable', `The model could not be fetched (${nameOf(address)}). Check the connection and try again.`);
  }
  if (!response.ok) {
    throw new LodestoneError('kUnavailable', `The site lacks a part of its model (${nameOf(address)}).`, `status ${response.status}`);
  }
  return response.text();
}

/** @param {URL} address */
function nameOf(address) {
  return address.pathname.slice(MODELS.pathname.length);
}

/**
 * @param {string | null} wanted the model's id, or null for the default
 * @returns {Promise<SetModel>}
 * @throws {LodestoneError} kNotFound for an id that the site does not have
 */
export async function siteModel(wanted) {
  const indexText = await fetchText(new URL('index.json', MODELS));
  /** @type {ModelIndex} */
  let index;
  try {
    index = JSON.parse(indexText);
  } catch (error) {
    throw asLodestoneError(error, 'kBadData', "The site's list of models cannot be read.");
  }
  const id = wanted ?? index.default;
  const known = index.models.map((model) => model.id);
  if (!known.includes(id)) {
    throw new LodestoneError('kNotFound', `There is no model "${id}" on this site. It has: ${known.join(', ')}.`);
  }
  const folder = new URL(`${encodeURIComponent(id)}/`, MODELS);
  const [manifestJson, tokenizerJson] = await Promise.all([
    fetchText(new URL('manifest.json', folder)),
    fetchText(new URL('tokenizer.json', folder)),
  ]);
  return {
    id,
    onnx_url: new URL('onnx/model_quantized.onnx', folder).pathname,
    onnx_file_id: 0,
    tokenizer_json: tokenizerJson,
    manifest_json: manifestJson,
    built_in: true,
    failure_code: '',
    failure: '',
  };
}

/**
 * That there is none, for the engine to tell of and to have begun anew.
 * @param {LodestoneError} failure
 * @returns {SetModel}
 */
export function noSiteModel({ code, message }) {
  return { id: '', onnx_url: '', onnx_file_id: 0, tokenizer_json: '', manifest_json: '', built_in: true, failure_code: code, failure: message };
}
