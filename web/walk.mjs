// Turns what a person dropped, picked or handed over into files with paths, one by one as they are
// found: folders of any depth and size, without recursion, and without stopping at what cannot be read.

/**
 * @typedef {{path: string, data: string | BufferSource | Blob, modified?: number | Date}} PathItem
 * @typedef {{handle: FileSystemDirectoryHandle, root: string}} KeptItem a folder that was added before, and its name then
 * @typedef {File | FileSystemHandle | FileSystemEntry | PathItem | KeptItem} AddItem
 * @typedef {{name: string, handle: FileSystemDirectoryHandle | null, isKept?: boolean}} Root a folder that was handed over
 * @typedef {{size: number, lastModified: number, content: Uint8Array}} MemoryFile
 * @typedef {{size: number, lastModified: number, content: Blob}} DatedBlob making a File of it would block on the browser's process
 * @typedef {File | MemoryFile | DatedBlob} AnyFile
 * @typedef {{path: string, file: AnyFile, reason?: undefined, root?: Root}} FoundFile
 * @typedef {{path: string, reason: string, file?: undefined, root?: Root}} Unreadable
 * @typedef {FoundFile | Unreadable} Found
 */

/**
 * A child of a folder, whatever kind of handle stands behind it.
 * @typedef {object} Node
 * @property {string} name
 * @property {boolean} isFolder
 * @property {() => Promise<File>} file
 * @property {() => AsyncIterable<Node>} children
 */

const SKIPPED_FOLDERS = new Set(['.git', '.hg', '.svn', '.bzr', '.jj', 'CVS', 'node_modules', '__MACOSX', '$RECYCLE.BIN']);
const SKIPPED_FILES = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);
// The protocol's limit of a string.
const MAX_PATH_BYTES = 4096;
// Handles asked for their files at a time: enough to hide the way to the browser and back.
const FILES_AT_ONCE = 64;
// Making a File, and reading it again, takes several messages to the browser's process: what is short goes as it is.
const MAX_MEMORY_BYTES = 64 << 10;

const encoder = new TextEncoder();

/**
 * @param {Iterable<AddItem>} items
 * @param {{signal?: AbortSignal}} [options]
 * @returns {AsyncGenerator<Found>}
 */
export async function* walk(items, { signal } = {}) {
  const names = new Names();
  /** @type {Map<string, Root>} */
  const picked = new Map();
  for (const item of items) {
    if (signal?.aborted) return;
    yield* walkItem(item, names, picked, signal);
  }
}

/**
 * @param {AddItem} item
 * @param {Names} names
 * @param {Map<string, Root>} picked folders that come as flat lists
 * @param {AbortSignal | undefined} signal
 * @returns {AsyncGenerator<Found>}
 */
async function* walkItem(item, names, picked, signal) {
  if (item instanceof File) {
    const relative = item.webkitRelativePath;
    // A picked folder comes as a flat list of everything in it.
    if (relative !== '' && isSkipped(relative)) return;
    const found = checked(relative || names.take(item.name), item);
    if (relative === '') yield found;
    else yield { ...found, root: pickedRoot(relative, picked) };
  } else if ('root' in item) {
    const root = { name: item.root, handle: item.handle, isKept: true };
    for await (const found of walkFolder(nodeOfHandle(item.handle), item.root, signal)) yield { ...found, root };
  } else if ('data' in item) {
    yield fromPathItem(item);
  } else {
    const node = 'kind' in item ? nodeOfHandle(item) : nodeOfEntry(item);
    const name = names.take(node.name, node.isFolder);
    if (!node.isFolder) return void (yield readNode(node, name));
    const handle = 'kind' in item ? /** @type {FileSystemDirectoryHandle} */ (item) : null;
    const root = { name, handle };
    for await (const found of walkFolder(node, name, signal)) yield { ...found, root };
  }
}

/**
 * @param {string} relative
 * @param {Map<string, Root>} picked
 */
function pickedRoot(relative, picked) {
  const name = relative.slice(0, relative.indexOf('/'));
  const root = picked.get(name) ?? { name, handle: null };
  picked.set(name, root);
  return root;
}

/**
 * @param {Node} root
 * @param {string} rootPath
 * @param {AbortSignal | undefined} signal
 * @returns {AsyncGenerator<Found>}
 */
async function* walkFolder(root, rootPath, signal) {
  const folders = [{ node: root, path: rootPath }];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (signal?.aborted) return;
    const { path } = folder;
    /** @type {Node[]} */
    const children = [];
    try {
      for await (const child of folder.node.children()) children.push(child);
    } catch (error) {
      // What was listed before the folder went away is still taken.
      yield { path, reason: `The folder cannot be listed: ${reasonOf(error)}.` };
    }
    children.sort((a, b) => (a.name < b.name ? -1 : 1));
    const files = children.filter((child) => !child.isFolder && !SKIPPED_FILES.has(child.name));
    for (let start = 0; start < files.length && !signal?.aborted; start += FILES_AT_ONCE) {
      const lot = files.slice(start, start + FILES_AT_ONCE);
      yield* await Promise.all(lot.map((file) => readNode(file, `${path}/${file.name}`)));
    }
    for (const child of children.reverse()) {
      if (child.isFolder && !SKIPPED_FOLDERS.has(child.name)) folders.push({ node: child, path: `${path}/${child.name}` });
    }
  }
}

/**
 * @param {Node} node
 * @param {string} path
 * @returns {Promise<Found>}
 */
async function readNode(node, path) {
  try {
    return checked(path, await node.file());
  } catch (error) {
    return { path, reason: `The file cannot be opened: ${reasonOf(error)}.` };
  }
}

/** @param {PathItem} item @returns {Found} */
function fromPathItem({ path, data, modified }) {
  const clean = String(path).replace(/^(\.?\/)+/, '');
  if (clean === '') return { path: String(path), reason: 'The path is empty.' };
  const isBlob = data instanceof Blob;
  const given = modified === undefined ? undefined : Number(modified);
  const lastModified = given ?? (data instanceof File ? data.lastModified : Date.now());
  if (!Number.isFinite(lastModified)) return { path: clean, reason: 'The modification date is not a date.' };
  if (!isBlob && typeof data !== 'string' && !(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data)) {
    return { path: clean, reason: 'The data is neither text nor bytes.' };
  }
  const bytes = isBlob ? null : shortBytes(data);
  if (bytes !== null) return checked(clean, { size: bytes.length, lastModified, content: bytes });
  const content = isBlob ? data : new Blob([/** @type {BlobPart} */ (data)]);
  return checked(clean, { size: content.size, lastModified, content });
}

/**
 * A copy: the caller may go on writing into what it gave.
 * @param {string | BufferSource} data
 * @returns {Uint8Array | null} null if it is not short
 */
function shortBytes(data) {
  if ((typeof data === 'string' ? data.length : data.byteLength) > MAX_MEMORY_BYTES) return null;
  if (typeof data === 'string') return encoder.encode(data);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice() : new Uint8Array(data).slice();
}

/**
 * What is handed to the engine.
 * @param {AnyFile} file
 * @returns {Blob | MemoryFile}
 */
export function bodyOf(file) {
  return 'content' in file && file.content instanceof Blob ? file.content : /** @type {File | MemoryFile} */ (file);
}

/** @param {string} path @param {AnyFile} file @returns {Found} */
function checked(path, file) {
  if (path.length * 3 > MAX_PATH_BYTES && encoder.encode(path).length > MAX_PATH_BYTES) {
    return { path: `${path.slice(0, 200)}…`, reason: 'The path is longer than 4,096 bytes.' };
  }
  return { path, file };
}

/** @param {string} relative path from a picked folder, that folder's own name first */
function isSkipped(relative) {
  const [, ...below] = relative.split('/');
  const name = below.pop() ?? '';
  return SKIPPED_FILES.has(name) || below.some((folder) => SKIPPED_FOLDERS.has(folder));
}

/** @param {FileSystemHandle} handle @returns {Node} */
function nodeOfHandle(handle) {
  return {
    name: handle.name,
    isFolder: handle.kind === 'directory',
    file: () => /** @type {FileSystemFileHandle} */ (handle).getFile(),
    async *children() {
      for await (const child of /** @type {any} */ (handle).values()) yield nodeOfHandle(child);
    },
  };
}

/** @param {FileSystemEntry} entry @returns {Node} */
function nodeOfEntry(entry) {
  return {
    name: entry.name,
    isFolder: entry.isDirectory,
    file: () => new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)),
    async *children() {
      const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
      for (;;) {
        /** @type {FileSystemEntry[]} */
        const lot = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (lot.length === 0) return;
        yield* lot.map(nodeOfEntry);
      }
    },
  };
}

/** Keeps things of one name that come together apart: "docs" and "docs (2)", "a.md" and "a (2).md". */
class Names {
  /** @type {Set<string>} */ #taken = new Set();

  /**
   * @param {string} name
   * @param {boolean} [isFolder]
   */
  take(name, isFolder = false) {
    let free = name;
    const dot = isFolder ? 0 : name.lastIndexOf('.');
    const stem = dot > 0 ? name.slice(0, dot) : name;
    for (let count = 2; this.#taken.has(free); count++) free = `${stem} (${count})${name.slice(stem.length)}`;
    this.#taken.add(free);
    return free;
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotFoundError') return 'it is not there any more';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'the browser may not read it';
  if (name === 'NotReadableError') return 'its storage does not give it out';
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
