// Measures search through the real site (scripts/search) on the development sets.

import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { queryFigures, rankingFigures, spearman, textbookBm25 } from './metrics.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const SHARED = path.resolve(ROOT, '../shared');
const RETRIEVAL_SETS = ['xquad', 'medline'];
const SIMILARITY_SET = 'stsb';

const USAGE = `Measures search through the site on the development sets.

  scripts/train_model/evaluate [options]

  --eval DIR       the sets: DIR/NAME/{corpus.jsonl,queries.jsonl,qrels.tsv}, DIR/stsb/*-dev.csv
  --baseline DIR   a published model to compare with (potion-base-2M)
  --sets A,B       retrieval sets (${RETRIEVAL_SETS.join(',')})
  --model PATH     a model's id or folder instead of the built-in one
  --worst N        also list the N worst queries of each set in hybrid mode (0)
  --json FILE      also write all figures
  --help
`;

/** @typedef {{id: string, text: string}} Record */
/** @typedef {{set: string, run: string, ndcg: number, recall: number, mrr: number}} Row */

/** @param {string} file */
function readRows(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}

/** @param {string} folder */
function readJudgements(folder) {
  /** @type {import('./metrics.mjs').Judgements} */
  const result = new Map();
  for (const line of readFileSync(path.join(folder, 'qrels.tsv'), 'utf8').split('\n').slice(1)) {
    const [query, record, score] = line.split('\t');
    if (!(Number(score) > 0)) continue;
    if (!result.has(query)) result.set(query, new Set());
    result.get(query)?.add(record);
  }
  return result;
}

/**
 * Runs scripts/search once and hands over each answer.
 * @param {string[]} options
 * @param {(answer: {query_id: string, results: {path: string, score: number}[]}) => void} onAnswer
 */
async function search(options, onAnswer) {
  const child = spawn(path.join(ROOT, 'scripts/search'), [...options, '--format', 'jsonl'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints = (complaints + chunk).slice(-2000)));
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) onAnswer(JSON.parse(line));
  const status = await ended;
  if (status !== 0) throw new Error(`scripts/search ended with ${status}:\n${complaints}`);
}

/** @param {string} found such as corpus.jsonl#12 */
const recordId = (found) => found.slice(found.indexOf('#') + 1);

/**
 * @param {string} folder
 * @param {string} mode
 * @param {string | null} model
 * @param {string} work a folder for the run's statistics
 */
async function siteRankings(folder, mode, model, work) {
  /** @type {import('./metrics.mjs').Rankings} */
  const rankings = new Map();
  const stats = path.join(work, 'stats.json');
  const options = ['--library', path.join(folder, 'corpus.jsonl'), '--mode', mode, '--top', '10'];
  options.push('--queries', path.join(folder, 'queries.jsonl'), '--stats', stats);
  if (model) options.push('--model', model);
  await search(options, ({ query_id, results }) => {
    rankings.set(
      query_id,
      results.map((result) => recordId(result.path)),
    );
  });
  return { rankings, stats: JSON.parse(readFileSync(stats, 'utf8')) };
}

/** @param {string} file CSV of sentence, sentence, score; quotes double inside quotes */
function readSimilarity(file) {
  /** @type {string[][]} */
  const rows = [];
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    if (line === '') continue;
    const cells = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => (quoted === undefined ? plain : quoted.replaceAll('""', '"')),
    );
    if (cells.length !== 3) throw new Error(`${file}: not three cells: ${line}`);
    rows.push(cells);
  }
  return rows;
}

/**
 * The site's own similarity of each pair: one sentence is a record, the other a question to that record alone.
 * @param {string} file
 * @param {string | null} model
 * @param {string} work
 */
async function similarity(file, model, work) {
  const rows = readSimilarity(file);
  // Of one length, so that no record's path begins with another's.
  const ids = rows.map((_, at) => `r${String(at).padStart(6, '0')}`);
  const corpus = path.join(work, 'corpus.jsonl');
  const queries = path.join(work, 'queries.jsonl');
  writeFileSync(corpus, rows.map((row, at) => JSON.stringify({ _id: ids[at], text: row[1] }) + '\n').join(''));
  // Quotes and a word's minus would be filters.
  const plain = (/** @type {string} */ text) => text.replace(/["“”]/g, ' ').replace(/(^|\s)-(?=\S)/g, '$1- ');
  const question = (/** @type {string[]} */ row, /** @type {number} */ at) =>
    `path:corpus.jsonl#${ids[at]} ${plain(row[0])}`;
  writeFileSync(queries, rows.map((row, at) => JSON.stringify({ _id: ids[at], text: question(row, at) }) + '\n').join(''));
  const options = ['--library', corpus, '--queries', queries, '--mode', 'semantic', '--top', '1'];
  if (model) options.push('--model', model);
  /** @type {Map<string, number>} */
  const found = new Map();
  await search(options, ({ query_id, results }) => {
    if (results.length === 1 && recordId(results[0].path) === query_id) found.set(query_id, results[0].score);
  });
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) console.log(`  no similarity, counted as zero: ${missing.join(' ')}`);
  if (missing.length > rows.length / 100) throw new Error(`${missing.length} of ${rows.length} pairs got no similarity`);
  return spearman(
    ids.map((id) => found.get(id) ?? 0),
    rows.map((row) => Number(row[2])),
  );
}

/**
 * scripts/search takes Hugging Face's layout; a baseline that is only an .onnx gets it here.
 * @param {string} folder
 * @param {string} work
 */
function laidOut(folder, work) {
  if (existsSync(path.join(folder, 'config.json'))) return folder;
  const result = path.join(work, 'baseline');
  mkdirSync(path.join(result, 'onnx'), { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(path.join(folder, name), path.join(result, name));
  }
  copyFileSync(path.join(folder, 'model.onnx'), path.join(result, 'onnx/model_quantized.onnx'));
  const manifest = {
    id: path.basename(folder),
    name: path.basename(folder),
    dimension: 64,
    max_tokens: 512,
    pooling: 'none',
    query_prompt: '',
    passage_prompt: '',
    fusion_weight: 0.5,
    similarity_floor: 0.2,
    add_special_tokens: false,
    drop_unknown: true,
  };
  writeFileSync(path.join(result, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(path.join(result, 'config.json'), JSON.stringify({ model_type: 'static' }));
  return result;
}

/** @param {number} value */
const show = (value) => value.toFixed(4);

/** @param {Row} row */
function printRow({ set, run, ndcg, recall, mrr }) {
  console.log(`${set.padEnd(10)} ${run.padEnd(28)} ${show(ndcg)}   ${show(recall)}     ${show(mrr)}`);
}

/**
 * @param {import('./metrics.mjs').Rankings} rankings
 * @param {import('./metrics.mjs').Judgements} judgements
 * @param {Map<string, string>} queries
 * @param {number} count
 */
function printWorst(rankings, judgements, queries, count) {
  const rated = [...judgements].map(([query, wanted]) => ({
    query,
    wanted: wanted.size,
    ...queryFigures(rankings.get(query) ?? [], wanted),
  }));
  rated.sort((a, b) => a.ndcg - b.ndcg);
  for (const { query, wanted, ndcg, recall } of rated.slice(0, count)) {
    console.log(
      `  worst: ${query} nDCG ${show(ndcg)}, recall ${show(recall)} of ${wanted}: ${queries.get(query)}`,
    );
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      eval: { type: 'string', default: path.join(SHARED, 'eval') },
      baseline: { type: 'string', default: path.join(SHARED, 'baselines/potion-base-2M-int8') },
      sets: { type: 'string', default: RETRIEVAL_SETS.join(',') },
      model: { type: 'string' },
      worst: { type: 'string', default: '0' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const model = values.model ?? null;
  const work = mkdtempSync(path.join(os.tmpdir(), 'lodestone-evaluate-'));
  try {
    const baseline = existsSync(values.baseline) ? laidOut(values.baseline, work) : null;
    if (!baseline) console.log(`absent: the baseline ${values.baseline}`);
    /** @type {Row[]} */
    const rows = [];
    console.log('set        run                          nDCG@10  recall@10  MRR@10');
    for (const set of values.sets.split(',')) {
      const folder = path.join(values.eval, set);
      if (!existsSync(path.join(folder, 'qrels.tsv'))) {
        console.log(`${set.padEnd(10)} absent: no such set in ${values.eval}`);
        continue;
      }
      rows.push(...(await evaluateSet(set, folder, model, baseline, work, Number(values.worst))));
    }
    const similarities = await evaluateSimilarity(values.eval, model, baseline, work);
    if (values.json) {
      writeFileSync(values.json, JSON.stringify({ retrieval: rows, similarities }, null, 2) + '\n');
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} set
 * @param {string} folder
 * @param {string | null} model
 * @param {string | null} baseline
 * @param {string} work
 * @param {number} worst
 * @returns {Promise<Row[]>}
 */
async function evaluateSet(set, folder, model, baseline, work, worst) {
  const judgements = readJudgements(folder);
  const queries = readRows(path.join(folder, 'queries.jsonl')).map(({ _id, text }) => ({ id: _id, text }));
  const records = readRows(path.join(folder, 'corpus.jsonl')).map(({ _id, title, text }) => ({
    id: _id,
    text: `${title ?? ''} ${text}`,
  }));
  /** @type {Row[]} */
  const rows = [];
  const add = (/** @type {string} */ run, /** @type {import('./metrics.mjs').Rankings} */ rankings) => {
    const row = { set, run, ...rankingFigures(rankings, judgements) };
    rows.push(row);
    printRow(row);
  };
  add('textbook BM25', textbookBm25(records, queries));
  for (const mode of ['lexical', 'semantic', 'hybrid']) {
    const { rankings, stats } = await siteRankings(folder, mode, model, work);
    add(`site, ${mode}`, rankings);
    if (mode === 'semantic') {
      console.log(`  ${Math.round(stats.embed_tokens_per_s)} tokens/s on ${stats.threads} threads`);
    }
    if (mode === 'hybrid' && worst > 0) {
      const texts = new Map(queries.map((query) => [query.id, query.text]));
      printWorst(rankings, judgements, texts, worst);
    }
  }
  for (const mode of baseline ? ['semantic', 'hybrid'] : []) {
    const { rankings } = await siteRankings(folder, mode, baseline, work);
    add(`potion-base-2M, ${mode}`, rankings);
  }
  return rows;
}

/**
 * @param {string} folder
 * @param {string | null} model
 * @param {string | null} baseline
 * @param {string} work
 */
async function evaluateSimilarity(folder, model, baseline, work) {
  /** @type {{[run: string]: number}} */
  const result = {};
  const set = path.join(folder, SIMILARITY_SET);
  const file = existsSync(set) ? readdirSync(set).find((name) => name.endsWith('-dev.csv')) : undefined;
  if (!file) {
    console.log(`${SIMILARITY_SET.padEnd(10)} absent: no *-dev.csv in ${set}`);
    return result;
  }
  result.site = await similarity(path.join(set, file), model, work);
  if (baseline) result['potion-base-2M'] = await similarity(path.join(set, file), baseline, work);
  for (const [run, value] of Object.entries(result)) {
    console.log(`${SIMILARITY_SET.padEnd(10)} ${run.padEnd(28)} Spearman ${show(value)}`);
  }
  return result;
}

await main();
