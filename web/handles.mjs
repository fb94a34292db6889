// The handles of folders that were added, kept in IndexedDB: by them a folder is known again and can be read
// again without being picked. Where the browser has no handles, or does not keep them, there are none.

import { withStore } from './database.mjs';

/** @typedef {{root: string, handle: FileSystemDirectoryHandle}} KeptFolder */

/** @returns {Promise<KeptFolder[]>} */
export async function keptFolders() {
  try {
    return await withStore('folders', 'readonly', (store) => store.getAll());
  } catch {
    return [];
  }
}

/**
 * @param {string} root the folder's name in the library
 * @param {FileSystemDirectoryHandle} handle
 */
export async function keepFolder(root, handle) {
  try {
    await withStore('folders', 'readwrite', (store) => store.put({ root, handle }));
  } catch {
    // It can be picked again.
  }
}

/** @param {string} root */
export async function forgetFolder(root) {
  try {
    await withStore('folders', 'readwrite', (store) => store.delete(root));
  } catch {
    // It was not kept.
  }
}

export async function forgetAllFolders() {
  try {
    await withStore('folders', 'readwrite', (store) => store.clear());
  } catch {
    // None were kept.
  }
}

/**
 * Whether a folder that comes by the name of one in the library is that one.
 * @param {string} root
 * @param {FileSystemDirectoryHandle | null} handle
 */
export async function isKeptFolder(root, handle) {
  if (handle === null) return false;
  const kept = (await keptFolders()).find((folder) => folder.root === root);
  try {
    return kept !== undefined && (await kept.handle.isSameEntry(handle));
  } catch {
    return false;
  }
}
