// scripts/search: the site as a command. Options in, answers out, an exit status.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { AppError, AppSession } from './app_session.mjs';
import { launchBrowser, peakRendererMb } from './browser.mjs';
import { listFolder } from './library_files.mjs';
import { readOptions, USAGE, UsageError } from './options.mjs';
import {
  OutputClosed,
  percentile,
  Progress,
  round,
  toJsonLine,
  toText,
  writeOut,
} from './output.mjs';
import { serveSite, siteModels } from './site.mjs';

const EXIT_OK = 0;
const EXIT_NOTHING_FOUND = 1;
const EXIT_BAD_USE = 2;
const EXIT_FAILURE = 3;

/** @typedef {import('./options.mjs').Options} Options */

/** @type {(() => Promise<void> | void)[]} */
const cleanups = [];
let cleaning = false;

async function cleanUp() {
  cleaning = true;
  for (let step = cleanups.pop(); step; step = cleanups.pop()) await step();
}

for (const [signal, number] of /** @type {[NodeJS.Signals, number][]} */ ([
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
])) {
  process.on(signal, () => {
    if (!cleaning) void cleanUp().finally(() => process.exit(128 + number));
  });
}

/**
 * @param {string[]} argv
 * @returns {Promise<number>} the exit status
 */
async function main(argv) {
  const progress = new Progress();
  try {
    const options = readOptions(argv);
    if (options.help) {
      writeOut(USAGE);
      return EXIT_OK;
    }
    checkModel(options);
    return await run(options, progress);
  } catch (error) {
    if (error instanceof OutputClosed) return EXIT_OK;
    if (cleaning) return EXIT_FAILURE; // the signal that closes the browser is the reason
    const message = error instanceof Error ? error.message : String(error);
    progress.line(`scripts/search: ${message}`);
    if (!(error instanceof UsageError)) return EXIT_FAILURE;
    progress.line('Try scripts/search --help.');
    return EXIT_BAD_USE;
  } finally {
    await cleanUp();
  }
}

/** @param {Options} options */
function checkModel({ modelId }) {
  if (modelId === null) return;
  const ids = siteModels();
  if (!ids.includes(modelId)) {
    throw new UsageError(
      `--model: this site has ${ids.join(', ')}, and there is no folder "${modelId}"`,
    );
  }
}

/**
 * @param {Options} options
 * @param {Progress} progress
 */
async function run(options, progress) {
  const site = await serveSite();
  cleanups.push(() => site.close());
  const browser = await launchBrowser({ port: site.port, profile: options.profile });
  cleanups.push(() => browser.close());
  const page = browser.context.pages()[0] ?? (await browser.context.newPage());
  const app = await AppSession.open(page, {
    threads: options.threads,
    model: options.modelId,
    onProgress: ({ done, total, path }) => progress.files(done, total, path),
    onNotice: (level, text) => progress.line(`${level}: ${text}`),
  });

  const model = await settleModel(app, options, progress);
  const indexed = await indexLibrary(app, options, progress);
  const answered = await answerQueries(app, options, progress);

  if (options.stats) {
    const end = await app.state();
    writeFileSync(
      options.stats,
      JSON.stringify(
        {
          documents: end.documents,
          passages: end.passages,
          embedded_passages: end.embedded_passages,
          tokens: indexed.tokens,
          failed: indexed.failed,
          ready_s: round(app.readyMs / 1000, 3),
          index_s: round(indexed.indexMs / 1000, 3),
          embed_tokens_per_s: round(indexed.tokensPerSecond, 1),
          query_p50_ms: round(percentile(answered.times, 0.5), 3),
          query_p95_ms: round(percentile(answered.times, 0.95), 3),
          peak_memory_mb: round(await peakRendererMb(browser.context), 1),
          threads: end.threads,
          isolated: end.isolated,
          model,
        },
        null,
        2,
      ) + '\n',
    );
  }
  if (answered.errors > 0) return EXIT_FAILURE;
  return options.single && answered.found === 0 ? EXIT_NOTHING_FOUND : EXIT_OK;
}

/**
 * Words alone can be searched without a model; for meaning its failure is the run's.
 * @param {AppSession} app
 * @param {Options} options
 * @param {Progress} progress
 * @returns {Promise<string>} the model's id
 */
async function settleModel(app, options, progress) {
  if (options.modelFolder) {
    const { files } = listFolder(options.modelFolder);
    const { id } = await app.setModel(files);
    return id;
  }
  const state = await app.modelSettled();
  if (state.model_state !== 'ready') {
    const why = `The model could not be loaded: ${state.model_error}`;
    if (options.mode !== 'lexical' || options.modelId !== null) throw new Error(why);
    progress.line(`warning: ${why}`);
  }
  return state.model_id;
}

/**
 * @param {AppSession} app
 * @param {Options} options
 * @param {Progress} progress
 */
async function indexLibrary(app, options, progress) {
  const { files, failed: unlisted } = options.libraryIsFile
    ? { files: [{ path: path.basename(options.library), absolute: options.library }], failed: [] }
    : listFolder(options.library);
  const start = performance.now();
  const before = await app.state();
  const added = await app.add(files);
  // Afterwards, so that a file that was only renamed finds its vectors.
  const removed = options.profile ? await app.removeOthers(files) : 0;
  const indexMs = performance.now() - start;
  const state = await app.state();
  const failed = [...unlisted, ...added.failed];
  for (const { path, reason } of failed) progress.line(`not indexed: ${path}: ${reason}`);
  progress.line(
    `${state.documents} documents, ${state.passages} passages ` +
      `(${added.added} added, ${added.updated} updated, ${added.unchanged} unchanged, ` +
      `${added.removed + removed} removed, ${failed.length} failed) ` +
      `in ${round(indexMs / 1000, 2)} s`,
  );
  if (state.documents === 0 && failed.length > 0) throw new Error('Nothing could be indexed.');
  const tokens = state.tokens_embedded - before.tokens_embedded;
  return { failed, indexMs, tokens, tokensPerSecond: tokens > 0 ? state.embed_tokens_per_s : 0 };
}

/**
 * @param {AppSession} app
 * @param {Options} options
 * @param {Progress} progress
 */
async function answerQueries(app, options, progress) {
  /** @type {number[]} */
  const times = [];
  let found = 0;
  let errors = 0;
  for (const query of options.queries) {
    let answer;
    try {
      answer = await app.search(query.text, options);
      times.push(answer.ms);
    } catch (error) {
      // One query that cannot be answered costs its own line only; a dead page ends the run.
      if (!(error instanceof AppError) || options.single) throw error;
      progress.line(`query ${query.id}: ${error.message}`);
      errors += 1;
      answer = { ms: 0, results: [] };
    }
    found += answer.results.length;
    writeOut(options.format === 'jsonl' ? toJsonLine(query, answer) : toText(query, answer));
  }
  return { times, found, errors };
}

process.exitCode = await main(process.argv.slice(2));
