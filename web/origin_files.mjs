// Opens the library's files in the origin private file system for the engine without threads, which can read and
// write an open file at once but cannot wait for one to be opened. The engine with threads has the same files in the
// same places.

/** @typedef {{name: string, handle: any}} OriginFile a FileSystemSyncAccessHandle */

const NAMES = ['library.sqlite', 'library.sqlite-journal'];
// A tab that was closed or has crashed may hold them for a moment longer.
const PATIENCE_MS = 3000;
const STEP_MS = 50;

/**
 * @param {string} scope path of the site
 * @returns {Promise<OriginFile[]>} none where the browser has no such files
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
 * As src/platform/storage_web.cc names it.
 * @param {string} scope
 */
function folderOf(scope) {
  return `lodestone${scope.replace(/[^A-Za-z0-9]/g, '-')}`;
}
