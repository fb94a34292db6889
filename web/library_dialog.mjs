// What a person does with the library as a whole: bring its folders up to date, take it away, take one in, erase it.
import { askPerson } from './dialogs.mjs';
import { asLodestoneError } from './errors.mjs';
import { keptFolders } from './handles.mjs';
import { damagedNames } from './origin_files.mjs';

/**
 * @typedef {import('./storage_watch.mjs').Room} Room
 * @typedef {object} LibraryParts
 * @property {import('./api.mjs').Lodestone} api
 * @property {string} scope path of the site
 * @property {() => void} refresh of the kept folders; it tells the person of its end
 * @property {(level: 'info' | 'error', text: string) => void} notice
 */

/** @param {LibraryParts} parts */
export async function manageLibrary({ api, scope, refresh, notice }) {
  const [room, folders, damaged] = await Promise.all([api.storage(), keptFolders(), damagedNames(scope)]);
  const choice = await askPerson('Library', roomText(room), [
    { value: 'export', label: 'Export the library as a file' },
    { value: 'import', label: 'Import a library from a file' },
    ...(folders.length > 0 ? [{ value: 'refresh', label: `Refresh ${folders.length === 1 ? `the folder "${folders[0].root}"` : `${folders.length} folders`}` }] : []),
    ...(damaged.length > 0 ? [{ value: 'damaged', label: 'Export the damaged library that was set aside' }] : []),
    { value: 'erase', label: 'Erase everything' },
    { value: 'close', label: 'Close' },
  ], 'close');
  try {
    if (choice === 'export') save(await api.export(), 'lodestone.sqlite');
    else if (choice === 'damaged') save(await api.export({ damaged: true }), 'lodestone-damaged.sqlite');
    else if (choice === 'import') await takeIn(api, notice);
    else if (choice === 'refresh') refresh();
    else if (choice === 'erase') await erase(api);
  } catch (error) {
    const { code, message } = asLodestoneError(error, 'kInternal', 'That failed.');
    notice(code === 'kCancelled' ? 'info' : 'error', message);
  }
}

/** @param {Room} room */
function roomText({ used_bytes, quota_bytes, persisted }) {
  if (quota_bytes === 0) return 'The browser does not tell how much room this site has.';
  const used = `${size(used_bytes)} are used, ${size(Math.max(0, quota_bytes - used_bytes))} are left in the browser's room for this site.`;
  const promise = persisted ? 'The browser has promised to keep them.' : 'The browser may remove them when the disk is nearly full: an exported file is a copy.';
  return `${used} ${promise}`;
}

/** @param {number} bytes */
function size(bytes) {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GB'] : [2 ** 20, 'MB'];
  return `${(bytes / unit).toLocaleString('en', { maximumFractionDigits: 1 })} ${name}`;
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has its own hold on the blob once it has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * @param {import('./api.mjs').Lodestone} api
 * @param {LibraryParts['notice']} notice
 */
async function takeIn(api, notice) {
  const file = await pickLibrary();
  if (file === null) return;
  const mode = await askPerson(
    `Take in "${file.name}"?`,
    'Of two documents with one path the one modified later stays when it is added to this library. Replacing removes what is here now.',
    [
      { value: 'merge', label: 'Add it to this library' },
      { value: 'replace', label: 'Replace this library' },
      { value: 'cancel', label: 'Cancel' },
    ],
    'cancel',
  );
  if (mode === 'cancel') return;
  const { added, updated, unchanged } = await api.import(file, /** @type {'merge' | 'replace'} */ (mode));
  notice('info', `The library was taken in: ${added.toLocaleString('en')} documents added, ${updated.toLocaleString('en')} updated, ${unchanged.toLocaleString('en')} unchanged.`);
}

/** @returns {Promise<File | null>} null when none was picked */
function pickLibrary() {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.sqlite,.sqlite3,.db,application/vnd.sqlite3';
  return new Promise((resolve) => {
    input.addEventListener('change', () => resolve(input.files?.[0] ?? null));
    input.addEventListener('cancel', () => resolve(null));
    input.click();
  });
}

/** @param {import('./api.mjs').Lodestone} api */
async function erase(api) {
  const sure = await askPerson(
    'Erase everything?',
    'The library, its folders and the copy of this site for use without a network are removed from this browser, for all its tabs. Your own files stay as they are.',
    [
      { value: 'keep', label: 'Keep it' },
      { value: 'erase', label: 'Erase everything' },
    ],
    'keep',
  );
  if (sure === 'erase') await api.erase();
}
