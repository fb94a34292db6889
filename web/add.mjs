// Sends files to the engine in lots while a folder is still being walked, and merges what it answers.
import { LodestoneError } from './errors.mjs';
import { FolderScan, newId } from './folders.mjs';
import { decode } from './generated/protocol.mjs';
import { Turns } from './turns.mjs';
import { bodyOf, walk } from './walk.mjs';

/**
 * @typedef {import('./walk.mjs').AddItem} AddItem
 * @typedef {import('./walk.mjs').FoundFile} FoundFile
 * @typedef {import('./generated/protocol.mjs').AddFilesReply} AddFilesReply
 * @typedef {import('./generated/protocol.mjs').FinishedFile} FinishedFile
 * @typedef {FinishedFile & {total: number}} AddProgress
 * @typedef {import('./engine_client.mjs').EngineClient} EngineClient
 */
/**
 * @typedef {object} AddOptions
 * @property {AbortSignal} [signal]
 * @property {(progress: AddProgress) => void} [onProgress] counts over the whole call
 * @property {(fileCount: number, path: string) => void} [onFound] while folders are being walked
 * @property {() => void} [onWalked] all files are found, or the walk failed; may come twice
 * @property {import('./folders.mjs').Ask} [ask] what to do with a folder that has the name of another
 * @property {Map<string, string>} [names] what folders are called in the library, by their names, where that was decided before;
 *   what is decided now comes in
 * @property {() => void} [onCancelled] the engine gave it up, not by `signal`
 */
/** @typedef {AddFilesReply & {renamed: number}} AddResult `renamed`: of those added, whose content was removed under another path */

// The coordinator takes in a lot at one go, and those that come together one after the other: with a gap between them
// what else it is asked has its turn.
const MAX_FILES_PER_REQUEST = 50;
const LOT_GAP_MS = 5;
const MAX_REQUESTS = 40;
// Files in memory go with the message: it must not grow without bound.
const MAX_BYTES_PER_REQUEST = 4 << 20;
// A lot goes off at the latest after this, so that the engine works while the walk goes on.
const LOT_MS = 100;

/**
 * @param {EngineClient} engine
 * @param {Iterable<AddItem>} items
 * @param {AddOptions} options
 * @returns {Promise<AddResult>}
 * @throws {LodestoneError} kCancelled, or the first failure that is not about a single file
 */
export async function addItems(engine, items, { signal, onProgress, onFound, onWalked, ask = () => 'separate', names = new Map(), onCancelled }) {
  /** @type {AddResult} */
  const total = { added: 0, updated: 0, unchanged: 0, removed: 0, renamed: 0, failed: [] };
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
  let continues = false; // the run that the first lot begins, however long the walk takes for the next one

  /**
   * @param {FoundFile[]} lot
   * @param {FolderScan | null} scan
   */
  const send = (lot, scan) => {
    const doneBefore = { count: 0 };
    const files = lot.map(({ path, file }) => ({
      file_id: newId(), path, size_bytes: file.size, modified_ms: file.lastModified,
    }));
    const sent = engine
      .request('AddFiles', { files, scan: scan?.id ?? 0, continues }, {
        signal: stop.signal,
        files: new Map(lot.map(({ file }, i) => [files[i].file_id, bodyOf(file)])),
        onEvent: (type, bytes) => {
          if (type !== 'AddProgress') return;
          for (const file of decode('AddProgress', bytes).files) {
            done += file.done - doneBefore.count;
            doneBefore.count = file.done;
            onProgress?.({ ...file, done, total: found });
          }
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
        if (error.code === 'kCancelled' && !stop.signal.aborted) onCancelled?.();
        failure ??= error;
        abort(); // what stopped one lot (no storage, the engine's end) stops them all
      })
      .finally(() => running.delete(sent));
    running.add(sent);
    continues = true;
  };

  /** @type {FoundFile[]} */
  let lot = [];
  let lotBytes = 0; // of files in memory
  let lotStart = performance.now();
  let sent = 0; // when the last one went off
  /** @type {FolderScan | null} the folder that the walk is in */
  let scan = null;
  /** @type {FolderScan[]} */
  const scans = [];

  const sendLot = () => {
    if (lot.length > 0 && !stop.signal.aborted) send(lot, scan);
    lot = [];
    lotBytes = 0;
    sent = lotStart = performance.now();
  };
  /** @param {FoundFile} item */
  const take = async (item) => {
    lot.push(item);
    if (!(bodyOf(item.file) instanceof Blob)) lotBytes += item.file.size;
    const isFull = lot.length >= MAX_FILES_PER_REQUEST || lotBytes >= MAX_BYTES_PER_REQUEST;
    const early_ms = sent + LOT_GAP_MS - performance.now();
    // A hidden page's timers take a second or more, and nobody asks anything there.
    if (isFull && early_ms > 0 && document.visibilityState === 'visible') await new Promise((resolve) => setTimeout(resolve, early_ms));
    while (isFull && running.size >= MAX_REQUESTS && !stop.signal.aborted) await Promise.race(running);
    const isDue = performance.now() - lotStart > LOT_MS && running.size < MAX_REQUESTS;
    if (isFull || isDue) sendLot();
  };
  // The walk leaves a folder: what was held until its name was known goes off.
  const leaveFolder = async () => {
    if (scan !== null && !stop.signal.aborted) {
      for (const item of await scan.decide(ask)) await take(item);
    }
    sendLot();
    scan = null;
  };

  const turns = new Turns();
  /** @type {import('./walk.mjs').Root | undefined} */
  let root;
  try {
    for await (const item of walk(items, { signal: stop.signal })) {
      if (item.root !== root) {
        await leaveFolder();
        root = item.root;
        if (root !== undefined) {
          scan = new FolderScan(engine, root, names);
          scans.push(scan);
          await scan.begin();
        }
      }
      if (item.file === undefined) {
        total.failed.push({ path: item.path, reason: item.reason });
        scan?.unlisted.push(item.path);
        continue;
      }
      await turns.next();
      found++;
      onFound?.(found, item.path);
      if (scan !== null && !scan.isDecided) scan.held.push(item);
      else await take(scan === null ? item : { ...item, path: scan.pathOf(item.path) });
    }
    onWalked?.();
    await leaveFolder();
  } catch (error) {
    onWalked?.();
    failure ??= error;
    abort();
  }
  while (running.size > 0) await Promise.race(running);
  signal?.removeEventListener('abort', abort);
  if (signal?.aborted) throw new LodestoneError('kCancelled', 'Adding was cancelled. What was added before stays.');
  if (failure !== null) throw failure;
  for (const done of scans) {
    const { removed, renamed } = await done.finish();
    total.removed += removed;
    total.renamed += renamed;
  }
  return total;
}
