// The command line of scripts/search, read and checked before anything is started.

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `Searches a folder or file by meaning and by words, in headless Chromium.

  scripts/search --library PATH [--query TEXT | --queries FILE.jsonl] [options]

  --library PATH        the folder or file to search (.git and node_modules are skipped)
  --query TEXT          one question
  --queries FILE.jsonl  many: a {"_id", "text"} object a line, answered in order
  --top N               documents a query, 1 to 1000 (10)
  --mode MODE           hybrid, semantic or lexical (hybrid)
  --model ID            a model of this site, or the path of a model's folder
  --threads N           compute threads (what the site chooses)
  --profile DIR         keep the browser's profile, and so the index, in DIR
  --format FORMAT       text or jsonl (text)
  --stats FILE.json     write what the run took
  --help

Exit status: 0; 1 if a single --query finds nothing; 2 for bad use; 3 for any failure.
`;

/** @type {import('../../../web/generated/protocol.mjs').SearchMode[]} */
export const MODES = ['hybrid', 'semantic', 'lexical'];
const FORMATS = ['text', 'jsonl'];
const MAX_TOP = 1000;
const MAX_THREADS = 64;

/** The command was used wrongly: exit status 2. */
export class UsageError extends Error {}

/**
 * @typedef {{id: string | null, text: string}} Query
 * @typedef {object} Options
 * @property {boolean} help
 * @property {string} library    absolute path
 * @property {boolean} libraryIsFile
 * @property {Query[]} queries   empty: index only
 * @property {boolean} single    --query was given
 * @property {number} top
 * @property {typeof MODES[number]} mode
 * @property {string | null} modelId      a model of the site
 * @property {string | null} modelFolder  or a folder that holds one
 * @property {number | null} threads
 * @property {string | null} profile
 * @property {string} format
 * @property {string | null} stats
 */

/**
 * @param {string[]} argv without the program's name
 * @returns {Options}
 * @throws {UsageError}
 */
export function readOptions(argv) {
  const values = parse(argv);
  if (values.help) return /** @type {Options} */ ({ help: true });
  if (values.library === undefined) throw new UsageError('--library PATH is missing');
  if (values.query !== undefined && values.queries !== undefined) {
    throw new UsageError('give --query or --queries, not both');
  }
  const library = path.resolve(values.library);
  const found = statOrNull(library);
  if (!found) throw new UsageError(`--library: there is no ${values.library}`);
  if (!found.isDirectory() && !found.isFile()) {
    throw new UsageError(`--library: ${values.library} is neither a folder nor a file`);
  }
  const stats = values.stats === undefined ? null : path.resolve(values.stats);
  if (stats && !statOrNull(path.dirname(stats))?.isDirectory()) {
    throw new UsageError(`--stats: there is no folder ${path.dirname(values.stats ?? '')}`);
  }
  return {
    help: false,
    library,
    libraryIsFile: found.isFile(),
    queries: readQueries(values),
    single: values.query !== undefined,
    top: wholeNumber('--top', values.top ?? '10', MAX_TOP),
    mode: oneOf('--mode', values.mode ?? 'hybrid', MODES),
    ...readModel(values.model),
    threads:
      values.threads === undefined ? null : wholeNumber('--threads', values.threads, MAX_THREADS),
    profile: readProfile(values.profile),
    format: oneOf('--format', values.format ?? 'text', FORMATS),
    stats,
  };
}

/** @param {string[]} argv */
function parse(argv) {
  const text = /** @type {const} */ ({ type: 'string' });
  try {
    return parseArgs({
      args: argv,
      strict: true,
      allowPositionals: false,
      options: {
        library: text,
        query: text,
        queries: text,
        top: text,
        mode: text,
        model: text,
        threads: text,
        profile: text,
        format: text,
        stats: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message);
  }
}

/**
 * @param {{query?: string, queries?: string}} values
 * @returns {Query[]}
 */
function readQueries(values) {
  if (values.query !== undefined) {
    if (values.query.trim() === '') throw new UsageError('--query is empty');
    return [{ id: null, text: values.query }];
  }
  if (values.queries === undefined) return [];
  let text;
  try {
    text = readFileSync(values.queries, 'utf8');
  } catch (error) {
    throw new UsageError(`--queries: cannot read ${values.queries} (${codeOf(error)})`);
  }
  return parseQueries(text, values.queries);
}

/**
 * @param {string} text
 * @param {string} name of the file, for messages
 * @returns {Query[]}
 */
export function parseQueries(text, name) {
  const queries = [];
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const where = `--queries: line ${index + 1} of ${name}`;
    let record;
    try {
      record = JSON.parse(line);
    } catch {
      throw new UsageError(`${where} is not JSON`);
    }
    const id = record?._id;
    if (typeof record?.text !== 'string' || (typeof id !== 'string' && typeof id !== 'number')) {
      throw new UsageError(`${where} is not a {"_id", "text"} object`);
    }
    queries.push({ id: String(id), text: record.text });
  }
  return queries;
}

/** @param {string | undefined} model */
function readModel(model) {
  if (model === undefined) return { modelId: null, modelFolder: null };
  const found = statOrNull(path.resolve(model));
  if (found?.isDirectory()) return { modelId: null, modelFolder: path.resolve(model) };
  if (model === '' || model.includes('/')) {
    throw new UsageError(`--model: there is no folder ${model}`);
  }
  return { modelId: model, modelFolder: null };
}

/** @param {string | undefined} profile */
function readProfile(profile) {
  if (profile === undefined) return null;
  const folder = path.resolve(profile);
  const found = statOrNull(folder);
  if (profile === '' || (found && !found.isDirectory())) {
    throw new UsageError(`--profile: ${profile} is not a folder`);
  }
  return folder;
}

/**
 * @param {string} name
 * @param {string} value
 * @param {number} max
 */
function wholeNumber(name, value, max) {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > max) {
    throw new UsageError(`${name} takes a whole number from 1 to ${max}, not "${value}"`);
  }
  return number;
}

/**
 * @template {string} T
 * @param {string} name
 * @param {string} value
 * @param {T[]} allowed
 * @returns {T}
 */
function oneOf(name, value, allowed) {
  const found = allowed.find((each) => each === value);
  if (found === undefined) {
    throw new UsageError(`${name} takes ${allowed.join(', ')}, not "${value}"`);
  }
  return found;
}

/** @param {string} name */
function statOrNull(name) {
  try {
    return statSync(name);
  } catch {
    return null;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code ?? String(error);
}
