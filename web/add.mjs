// Sends files to the engine in lots while a folder is still being walked, and merges what it answers.
import { LodestoneError } from './errors.mjs';
import { decode } from './generated/protocol.mjs';
import { Turns } from './turns.mjs';
import { walk } from './walk.mjs';

/**
 * @typedef {import('./walk.mjs').AddItem} AddItem
 * @typedef {import('./walk.mjs').FoundFile} FoundFile
 * @typedef {import('./generated/protocol.mjs').AddFilesReply} AddFilesReply
 * @typedef {import('./generated/protocol.mjs').AddProgress} AddProgress
 * @typedef {import('./engine_client.mjs').EngineClient} EngineClient
 */
/**
 * @typedef {object} AddOptions
 * @property {AbortSignal} [signal]
 * @property {(progress: AddProgress) => void} [onProgress] counts over the whole call
 * @property {(fileCount: number, path: string) => void} [onFound] while folders are being walked
 * @property {() => void} [onWalked] all files are found
 */

const MAX_FILES_PER_REQUEST = 1000;
const MAX_REQUESTS = 16;
// A lot goes off at the latest after this, so that the engine works while the walk goes on.
const LOT_MS = 100;

let lastFileId = 0;

/** Unique for the life of the page. */
export function newFileId() {
  return ++lastFileId;
}

/**
 * @param {EngineClient} engine
 * @param {Iterable<AddItem>} items
 * @param {AddOptions} options
 * @returns {Promise<AddFilesReply>}
 * @throws {LodestoneError} kCancelled, or the first failure that is not about a single file
 */
export async function addItems(engine, items, { signal, onProgress, onFound, onWalked }) {
  /** @type {AddFilesReply} */
  const total = { added: 0, updated: 0, unchanged: 0, removed: 0, failed: [] };
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();

  /** @type {Set<Promise<void>>} */
  const running = new Set();
  /** @type {unknown} */
  let failure = null;
  let found = 0;
  let done = 0;

  /** @param {FoundFile[]} lot */
  const send = (lot) => {
    const doneBefore = { count: 0 };
    const files = lot.map(({ path, file }) => ({
      file_id: newFileId(), path, size_bytes: file.size, modified_ms: file.lastModified,
    }));
    const sent = engine
      .request('AddFiles', { files }, {
        signal: stop.signal,
        files: lot.map(({ file }) => file),
        onEvent: (type, bytes) => {
          if (type !== 'AddProgress') return;
          const progress = decode('AddProgress', bytes);
          done += progress.done - doneBefore.count;
          doneBefore.count = progress.done;
          onProgress?.({ ...progress, done, total: found });
        },
      })
      .then((reply) => {
        total.added += reply.added;
        total.updated += reply.updated;
        total.unchanged += reply.unchanged;
        total.removed += reply.removed;
        total.failed = total.failed.concat(reply.failed);
      })
      .catch((error) => {
        failure ??= error;
        abort(); // what stopped one lot (no storage, the engine's end) stops them all
      })
      .finally(() => running.delete(sent));
    running.add(sent);
  };

  /** @type {FoundFile[]} */
  let lot = [];
  let lotStart = performance.now();
  const turns = new Turns();
  for await (const item of walk(items, { signal: stop.signal })) {
    if (item.file === undefined) {
      total.failed.push({ path: item.path, reason: item.reason });
      continue;
    }
    await turns.next();
    lot.push(item);
    found++;
    onFound?.(found, item.path);
    while (lot.length >= MAX_FILES_PER_REQUEST && running.size >= MAX_REQUESTS && !stop.signal.aborted) await Promise.race(running);
    const isDue = performance.now() - lotStart > LOT_MS && running.size < MAX_REQUESTS;
    if (lot.length >= MAX_FILES_PER_REQUEST || isDue) {
      send(lot);
      lot = [];
      lotStart = performance.now();
    }
  }
  onWalked?.();
  if (lot.length > 0 && !stop.signal.aborted) send(lot);
  while (running.size > 0) await Promise.race(running);
  signal?.removeEventListener('abort', abort);
  if (signal?.aborted) throw new LodestoneError('kCancelled', 'Adding was cancelled. What was added before stays.');
  if (failure !== null) throw failure;
  return total;
}
