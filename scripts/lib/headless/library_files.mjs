// Lists what a library's folder holds, as a person who drops it on the page would mean it.

import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const SKIPPED_FOLDERS = new Set(['.git', 'node_modules']);

/**
 * @typedef {{path: string, absolute: string}} LibraryFile  path: relative, '/' separators
 * @typedef {{path: string, reason: string}} Failure
 */

/**
 * Files below `root`, by path. Linked files count, linked folders do not (they may form a ring).
 * @param {string} root absolute path of a folder
 * @returns {{files: LibraryFile[], failed: Failure[]}}
 */
export function listFolder(root) {
  /** @type {LibraryFile[]} */
  const files = [];
  /** @type {Failure[]} */
  const failed = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const { name, entry } of readFolder(path.join(root, folder), folder, failed)) {
      const relative = folder ? `${folder}/${name}` : name;
      const absolute = path.join(root, relative);
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(name)) folders.push(relative);
      } else if (entry.isFile() || (entry.isSymbolicLink() && isFile(absolute))) {
        files.push({ path: relative, absolute });
      }
    }
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, failed };
}

/**
 * @param {string} absolute
 * @param {string} relative
 * @param {Failure[]} failed
 */
function readFolder(absolute, relative, failed) {
  let entries;
  try {
    entries = readdirSync(absolute, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    failed.push({ path: relative || '.', reason: `The folder cannot be read (${code}).` });
    return [];
  }
  const named = [];
  for (const entry of entries) {
    const bytes = /** @type {Buffer} */ (/** @type {unknown} */ (entry.name));
    const name = bytes.toString('utf8');
    // The browser takes paths as text, so a name that is not UTF-8 names no file there.
    if (Buffer.from(name, 'utf8').equals(bytes)) {
      named.push({ name, entry });
    } else {
      failed.push({
        path: relative ? `${relative}/${name}` : name,
        reason: 'The name is not valid UTF-8. Rename it and try again.',
      });
    }
  }
  return named;
}

/** @param {string} name */
function isFile(name) {
  return statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}
