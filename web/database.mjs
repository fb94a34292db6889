// The app's small database beside the library: what is kept between visits and is no document. Apps under other paths of
// the origin have their own. Thread: any.

/** @typedef {'folders' | 'trials'} StoreName */

/** By store, what its entries are found by. @type {Record<StoreName, string>} */
const STORES = { folders: 'root', trials: 'key' };
const VERSION = 2; // one more for each change of them

// This file lies in the site's v/BUILD/.
const NAME = `lodestone:${new URL('../../', import.meta.url).pathname}`;

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      for (const [store, keyPath] of Object.entries(STORES)) {
        if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store, { keyPath });
      }
    };
    let isGivenUp = false;
    request.onsuccess = () => {
      // Who wants to change or delete it does not wait for this one.
      request.result.onversionchange = () => request.result.close();
      if (isGivenUp) request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => {
      isGivenUp = true;
      reject(new Error('another tab holds the database'));
    };
  });
}

/**
 * @template T
 * @param {StoreName} name
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} use
 * @returns {Promise<T>}
 * @throws {Error} where the browser has no database for this page, or no room in it
 */
export async function withStore(name, mode, use) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = use(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** All that it holds, with itself; never fails. @returns {Promise<void>} */
export function deleteDatabase() {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(NAME);
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });
}
