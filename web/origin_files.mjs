// Opens the library's files in the origin private file system for the thread that owns them: the storage thread, or the
// coordinator where there are no threads. It reads and writes an open file at once, but cannot wait for one to be opened.

/** @typedef {{name: string, handle: any}} OriginFile a FileSystemSyncAccessHandle */

const NAMES = ['library.sqlite', 'library.sqlite-journal'];
// A tab that was closed or has crashed may hold them for a moment longer.
const PATIENCE_MS = 3000;
const STEP_MS = 50;

/** Whether the browser gives this page files at all: old ones have none, and private windows of some refuse them. */
export async function hasOriginFiles() {
  try {
    await navigator.storage.getDirectory();
    return 'createSyncAccessHandle' in FileSystemFileHandle.prototype;
  } catch {
    return false;
  }
}

/**
 * The files belong to the thread that calls.
 * @param {string} scope path of the site
 * @returns {Promise<OriginFile[]>} none where the browser has no such files, or another tab does not let go of them
 */
export async function openOriginFiles(scope) {
  /** @type {OriginFile[]} */
  const files = [];
  const begun = performance.now();
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(folderOf(scope), { create: true });
    for (const name of NAMES) {
      const file = /** @type {any} */ (await folder.getFileHandle(name, { create: true }));
      for (;;) {
        try {
          files.push({ name, handle: await file.createSyncAccessHandle() });
          break;
        } catch (error) {
          if (performance.now() - begun > PATIENCE_MS) throw error;
          await new Promise((resolve) => setTimeout(resolve, STEP_MS));
        }
      }
    }
    return files;
  } catch {
    for (const { handle } of files) handle.close();
    return [];
  }
}

/**
 * Removes the folder with all that is in it; the threads of an engine that has just ended let go of it by and by.
 * @param {string} scope
 */
export async function removeOriginFiles(scope) {
  if (navigator.storage?.getDirectory === undefined) return;
  const begun = performance.now();
  for (;;) {
    try {
      const root = await navigator.storage.getDirectory();
      return await root.removeEntry(folderOf(scope), { recursive: true });
    } catch (error) {
      const name = error instanceof DOMException ? error.name : '';
      if (name === 'NotFoundError' || name === 'SecurityError') return; // there are no files, or none for this page
      if (performance.now() - begun > PATIENCE_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }
}

/**
 * @param {string} scope
 * @returns {Promise<string[]>} the damaged libraries that were set aside
 */
export async function damagedNames(scope) {
  const names = [];
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(folderOf(scope));
    for await (const name of /** @type {any} */ (folder).keys()) {
      if (/^library\.sqlite\.damaged-\d+$/.test(name)) names.push(name);
    }
  } catch {
    // There is no such folder, or none for this page.
  }
  return names;
}

/**
 * As src/platform/storage_web.cc names it: no two paths have one name.
 * @param {string} scope
 */
function folderOf(scope) {
  return `lodestone${scope.replace(/[^A-Za-z0-9/]/g, (c) => `_${c.charCodeAt(0).toString(16).padStart(2, '0')}`).replaceAll('/', '-')}`;
}
