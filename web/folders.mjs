// What a folder that is added means for one of the same name in the library: the same folder is brought up to
// date, another gets a name of its own. Nothing of the library is removed unless it is the same.
import { LodestoneError } from './errors.mjs';
import { isKeptFolder, keepFolder } from './handles.mjs';
import { bodyOf } from './walk.mjs';

/**
 * @typedef {import('./engine_client.mjs').EngineClient} EngineClient
 * @typedef {import('./walk.mjs').FoundFile} FoundFile
 * @typedef {import('./walk.mjs').Root} Root
 * @typedef {'update' | 'separate' | 'cancel'} Choice
 * @typedef {(folder: {name: string, stored: number, found: number}) => Choice | Promise<Choice>} Ask
 */

// The protocol's limit of a list.
const MAX_COMPARED = 100_000;

// Scans of several tabs meet in one engine, as files do.
let lastId = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;

/** A number for a file or a scan that no other tab uses at the same time. */
export function newId() {
  lastId = lastId + 1 >>> 0 || 1;
  return lastId;
}

/** One folder on its way in. */
export class FolderScan {
  id = newId();
  /** @type {string[]} paths that were not read: what the library has of them stays */ unlisted = [];
  /** @type {FoundFile[]} files whose folder's name is not decided yet */ held = [];
  #engine;
  #root;
  #names;
  #name;
  #isDecided = false;

  /**
   * @param {EngineClient} engine
   * @param {Root} root
   * @param {Map<string, string>} names what folders are called in the library, by their names, where that was decided
   */
  constructor(engine, root, names) {
    this.#engine = engine;
    this.#root = root;
    this.#names = names;
    this.#name = names.get(root.name) ?? root.name;
  }

  get isDecided() {
    return this.#isDecided;
  }

  /** Looks whether the library has a folder of this name at all, or this very one. */
  async begin() {
    this.#isDecided = this.#names.has(this.#root.name);
    if (this.#isDecided) return;
    const { stored } = await this.#compare(this.#name, []);
    this.#isDecided = stored === 0 || this.#root.isKept === true || (await isKeptFolder(this.#name, this.#root.handle));
    if (this.#isDecided) this.#names.set(this.#root.name, this.#name);
  }

  /**
   * All files are found: the same folder has half of the stored files or more, by path or by content.
   * @param {Ask} ask the person, when it has not
   * @returns {Promise<FoundFile[]>} the files, under the folder's name in the library
   * @throws {LodestoneError} kCancelled
   */
  async decide(ask) {
    const files = this.held.splice(0);
    if (this.#isDecided) return files;
    const { stored, found } = await this.#compare(this.#name, files.slice(0, MAX_COMPARED));
    const choice = found * 2 >= stored ? 'update' : await ask({ name: this.#name, stored, found });
    if (choice === 'cancel') throw new LodestoneError('kCancelled', 'Adding was cancelled.');
    this.#isDecided = true;
    if (choice === 'separate') await this.#rename();
    this.#names.set(this.#root.name, this.#name);
    return files.map((item) => ({ ...item, path: this.pathOf(item.path) }));
  }

  /** @param {string} path as it was found */
  pathOf(path) {
    return this.#name + path.slice(this.#root.name.length);
  }

  /**
   * Every file was handed to the engine.
   * @returns {Promise<{removed: number, renamed: number}>}
   */
  async finish() {
    const unlisted = this.unlisted.map((path) => this.pathOf(path));
    const reply = await this.#engine.request('FinishScan', { scan: this.id, root: this.#name, unlisted });
    if (this.#root.handle !== null) await keepFolder(this.#name, this.#root.handle);
    return reply;
  }

  async #rename() {
    for (let count = 2; ; count++) {
      const name = `${this.#root.name} (${count})`;
      if ((await this.#compare(name, [])).stored > 0) continue;
      this.#name = name;
      return;
    }
  }

  /**
   * @param {string} root
   * @param {FoundFile[]} found
   */
  #compare(root, found) {
    const files = found.map(({ path, file }) => ({
      file_id: newId(), path, size_bytes: file.size, modified_ms: file.lastModified,
    }));
    return this.#engine.request('CompareFolder', { root, files }, { files: new Map(found.map(({ file }, i) => [files[i].file_id, bodyOf(file)])) });
  }
}
