// The ways in for a person's documents: drag and drop, the folder and file pickers, and paste.

/**
 * @typedef {import('./walk.mjs').AddItem} AddItem
 * @typedef {import('./walk.mjs').PathItem} PathItem
 */
/**
 * @typedef {object} PickerOptions
 * @property {(items: AddItem[]) => void} add
 * @property {(level: 'info' | 'warning' | 'error', text: string) => void} notice
 */

export class Pickers {
  /** @type {PickerOptions} */ #options;
  #lastPasteName = '';
  #pasteCount = 0;

  /** @param {PickerOptions} options */
  constructor(options) {
    this.#options = options;
    const root = document.documentElement;
    // The depth of nested elements that the pointer is over: each tells of its own enter and leave.
    let depth = 0;
    const setDragging = (/** @type {number} */ next) => {
      depth = Math.max(0, next);
      root.classList.toggle('dragging', depth > 0);
    };
    addEventListener('dragenter', (event) => {
      if (hasFiles(event.dataTransfer)) setDragging(depth + 1);
    });
    addEventListener('dragleave', (event) => {
      if (hasFiles(event.dataTransfer)) setDragging(depth - 1);
    });
    addEventListener('dragover', (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'copy';
    });
    addEventListener('drop', (event) => {
      setDragging(0);
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault(); // the browser would open the file in place of the page
      void this.#addTransfer(/** @type {DataTransfer} */ (event.dataTransfer));
    });
    addEventListener('paste', (event) => this.#paste(event));
  }

  async pickFolder() {
    const picker = /** @type {any} */ (globalThis).showDirectoryPicker;
    if (typeof picker !== 'function') {
      this.#options.add(await pickByInput({ folder: true }));
      return;
    }
    try {
      this.#options.add([await picker({ id: 'lodestone', mode: 'read' })]);
    } catch (error) {
      const name = error instanceof DOMException ? error.name : '';
      if (name === 'AbortError') return; // the person changed their mind
      this.#options.notice('error', `The folder could not be opened: ${error instanceof Error ? error.message : error}`);
    }
  }

  async pickFiles() {
    this.#options.add(await pickByInput({ folder: false }));
  }

  /** Takes the clipboard's text as a new document. */
  async pasteText() {
    let text = '';
    try {
      text = await navigator.clipboard.readText();
    } catch {
      this.#options.notice('info', 'The browser does not give out the clipboard here. Click beside the search field and press Ctrl+V (or ⌘V).');
      return;
    }
    this.#addText(text);
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    const data = event.clipboardData;
    if (data === null) return;
    if (hasFiles(data)) {
      event.preventDefault();
      void this.#addTransfer(data);
      return;
    }
    const target = event.composedPath()[0];
    const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    if (isField || (target instanceof HTMLElement && target.isContentEditable)) return;
    event.preventDefault();
    this.#addText(data.getData('text/plain'));
  }

  /** @param {string} text */
  #addText(text) {
    if (text.trim() === '') {
      this.#options.notice('info', 'The clipboard holds no text.');
      return;
    }
    const stamp = localStamp(new Date());
    this.#pasteCount = stamp === this.#lastPasteName ? this.#pasteCount + 1 : 1;
    this.#lastPasteName = stamp;
    const suffix = this.#pasteCount > 1 ? ` (${this.#pasteCount})` : '';
    this.#options.add([{ path: `Pasted text ${stamp}${suffix}.txt`, data: text, modified: Date.now() }]);
  }

  /** @param {DataTransfer} transfer */
  async #addTransfer(transfer) {
    // Everything must be asked for within the event: afterwards the transfer is empty.
    const asked = [...transfer.items].filter((item) => item.kind === 'file').map(askFor);
    const items = await Promise.all(asked);
    this.#options.add(items.filter((item) => item !== null));
  }
}

/**
 * @param {DataTransferItem} item
 * @returns {Promise<AddItem | null>} its handle where there are handles, else its entry, else its file
 */
function askFor(item) {
  const entry = item.webkitGetAsEntry?.() ?? null;
  const file = item.getAsFile();
  const getHandle = /** @type {any} */ (item).getAsFileSystemHandle;
  const handle = typeof getHandle === 'function' ? getHandle.call(item) : Promise.resolve(null);
  // A pasted file has neither handle nor entry.
  return handle.catch(() => null).then((/** @type {FileSystemHandle | null} */ found) => found ?? entry ?? file);
}

/** @param {DataTransfer | null} transfer */
function hasFiles(transfer) {
  return transfer !== null && transfer.types.includes('Files');
}

/**
 * @param {{folder: boolean}} options
 * @returns {Promise<File[]>} none when the person changed their mind
 */
function pickByInput({ folder }) {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.webkitdirectory = folder;
  input.hidden = true;
  document.body.append(input);
  return new Promise((resolve) => {
    const finish = () => {
      input.remove();
      resolve([...(input.files ?? [])]);
    };
    input.addEventListener('change', finish, { once: true });
    input.addEventListener('cancel', finish, { once: true });
    input.click();
  });
}

/** @param {Date} date in local time, fit for a file name */
function localStamp(date) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}.${two(date.getMinutes())}.${two(date.getSeconds())}`;
}
