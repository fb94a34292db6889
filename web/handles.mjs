// The handles of folders that were added, kept in IndexedDB: by them a folder is known again and can be read
// again without being picked. Where the browser has no handles, or does not keep them, there are none.

/** @typedef {{root: string, handle: FileSystemDirectoryHandle}} KeptFolder */

const STORE = 'folders';

/** Apps under other paths of the origin have their own. */
function databaseName() {
  return `lodestone:${new URL('./', document.baseURI).pathname}`;
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseName(), 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'root' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('another tab holds the list of folders'));
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} use
 * @returns {Promise<T>}
 */
async function withStore(mode, use) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = use(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** @returns {Promise<KeptFolder[]>} */
export async function keptFolders() {
  try {
    return await withStore('readonly', (store) => store.getAll());
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
    await withStore('readwrite', (store) => store.put({ root, handle }));
  } catch {
    // It can be picked again.
  }
}

/** @param {string} root */
export async function forgetFolder(root) {
  try {
    await withStore('readwrite', (store) => store.delete(root));
  } catch {
    // It was not kept.
  }
}

/** All of them, with the database itself. @returns {Promise<void>} */
export function forgetAllFolders() {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(databaseName());
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });
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
