// Hosts the interface module (ui.wasm): frames only when something changed, input, fonts, the text field and
// the mirror tree. It holds no documents: requests and intents go to the page by callbacks.
import { Mirror, Pace } from './mirror.mjs';
import { GlyphPainter } from './ui_glyphs.mjs';
import { listen } from './ui_input.mjs';
import { decode } from './generated/protocol.mjs';
import { AnswerWatch, UiLag } from './ui_stats.mjs';
import { Screen } from './ui_screen.mjs';
import { adoptStyle } from './ui_style.mjs';

/** @typedef {import('./ui_input.mjs').InputModule} InputModule */

/**
 * The module's exports; texts are UTF-8 in its memory, by address and size.
 * @typedef {object} OwnExports
 * @property {Uint8Array} HEAPU8
 * @property {{registerContext: (context: WebGL2RenderingContext, attributes: object) => number, makeContextCurrent: (handle: number) => boolean}} GL
 * @property {(size: number) => number} _malloc
 * @property {(address: number) => void} _free
 * @property {(hasGl: number) => void} _ui_start
 * @property {(now: number) => number} _ui_frame
 * @property {(width: number, height: number, density: number) => void} _ui_resize
 * @property {(semiBold: number, bytes: number, size: number) => number} _ui_set_font
 * @property {(dark: number, reducedMotion: number) => void} _ui_set_look
 * @property {() => void} _ui_lose_gl
 * @property {() => void} _ui_attach_gl
 * @property {(id: number) => void} _ui_activate
 * @property {(id: number) => void} _ui_focus
 * @property {(id: number, by: number) => void} _ui_reveal
 * @property {(focused: number) => void} _ui_field_focused
 * @property {(text: number, size: number) => void} _ui_set_query
 * @property {(phase: number, message: number, size: number) => void} _ui_set_boot
 * @property {(files: number, folder: number, size: number) => void} _ui_set_walking
 * @property {(level: number, text: number, size: number) => void} _ui_notice
 * @property {(type: number, typeSize: number, bytes: number, size: number) => void} _ui_event
 * @property {(call: number, type: number, typeSize: number, bytes: number, size: number) => void} _ui_reply
 * @property {(call: number, code: number, codeSize: number, message: number, size: number) => void} _ui_failure
 * @property {() => number} _ui_wake
 * @property {() => number} _ui_tell_mirror
 * @property {() => number} _ui_waiting
 */
/** @typedef {OwnExports & InputModule} UiModule */

/**
 * @typedef {object} BootState
 * @property {'starting' | 'ready' | 'died' | 'mismatch' | 'failed'} [phase]
 * @property {string} [message] one sentence for the person
 * @property {{folder: string, files: number} | null} [walking] a dropped folder being looked through
 */

/**
 * @typedef {object} UiOptions
 * @property {HTMLCanvasElement} canvas inside the stage
 * @property {HTMLElement} stage fills the page
 * @property {HTMLInputElement} searchInput inside the stage
 * @property {(type: string, bytes: Uint8Array) => Promise<{type: string, bytes: Uint8Array}>} onRequest rejects with {code, message}
 * @property {(name: string, args: {text: string}) => void} onIntent pickFiles, pickFolder, pasteText, copyText, restart, reload
 */

const PHASES = ['starting', 'ready', 'died', 'mismatch', 'failed'];
const LEVELS = ['info', 'warning', 'error'];
const CURSORS = ['default', 'pointer', 'text'];
const FONTS = { regular: './fonts/Inter-Regular.ttf', semiBold: './fonts/Inter-SemiBold.ttf' };
const FIELD_LABEL = 'Search your documents';
// How long a key's own frame waits for the answer.
const ANSWER_PATIENCE_MS = 100;

/**
 * Resolves once the first frame is drawn.
 * @param {UiOptions} options
 * @returns {Promise<Ui>}
 */
export async function createUi(options) {
  // All that the first frame needs comes at once.
  const regular = fetchFont(FONTS.regular);
  const semiBold = fetchFont(FONTS.semiBold);
  const { default: createModule } = await import(new URL('./ui.mjs', import.meta.url).href);
  const ui = new Ui(options);
  await ui.start(createModule, regular, semiBold);
  return ui;
}

export class Ui {
  #options;
  /** @type {UiModule} */ #module = /** @type {any} */ (null);
  /** @type {Mirror} */ #mirror = /** @type {any} */ (null);
  #painter = new GlyphPainter();
  #lag = new UiLag();
  #answers = new AnswerWatch();
  #scheduled = false;
  #dirty = false;
  /** @type {Screen} */ #screen = /** @type {any} */ (null);
  #broken = false;
  #phase = 'starting';
  #message = '';
  #placed = '';
  #cursor = -1;
  #wakeTimer = 0;
  #answerTimer = 0;
  #mirrorPace = new Pace(() => this.#tellMirror());
  /** @type {(() => void)[]} */ #idleWaiters = [];

  /** @param {UiOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * @param {(options: object) => Promise<UiModule>} createModule
   * @param {Promise<ArrayBuffer | null>} regular
   * @param {Promise<ArrayBuffer | null>} semiBold
   */
  async start(createModule, regular, semiBold) {
    const { canvas, stage, searchInput } = this.#options;
    this.#lag.watch();
    const module = await createModule({ host: this.#callbacks() });
    this.#module = module;
    this.#screen = new Screen(canvas, stage, module);
    const { isPlain } = this.#screen;
    module._ui_start(isPlain ? 0 : 1);
    adoptStyle();
    this.#mirror = new Mirror(stage, {
      activate: (id) => this.#then(() => module._ui_activate(id)),
      focus: (id) => this.#then(() => module._ui_focus(id)),
      reveal: (id, by) => this.#then(() => module._ui_reveal(id, by)),
    }, isPlain);
    if (isPlain) this.#screen.sayPlain(this.#mirror.root);
    this.#screen.watch({ then: (change) => this.#then(change), invalidate: this.invalidate });
    this.#adoptField();
    listen({ stage, field: searchInput, module, invalidate: this.invalidate, pointer: !isPlain });
    this.#setFont(0, await regular);
    void semiBold.then((bytes) => this.#setFont(1, bytes));
    this.#drawNow();
  }

  /**
   * @param {string} type
   * @param {Uint8Array} bytes
   */
  deliverEvent(type, bytes) {
    this.#then(() => this.#withBytes([utf8(type), bytes], ([at, size, bytesAt, bytesSize]) => this.#module._ui_event(at, size, bytesAt, bytesSize)), type);
  }

  /** What is left out stays as it was. @param {BootState} state */
  setBoot({ phase, message, walking }) {
    this.#phase = phase ?? this.#phase;
    this.#message = message ?? (phase === undefined ? this.#message : '');
    this.#then(() => {
      this.#withBytes([utf8(this.#message)], ([at, size]) => this.#module._ui_set_boot(PHASES.indexOf(this.#phase), at, size));
      if (walking === undefined) return;
      this.#withBytes([utf8(walking?.folder ?? '')], ([at, size]) => this.#module._ui_set_walking(walking?.files ?? -1, at, size));
    });
  }

  /**
   * @param {'info' | 'warning' | 'error'} level
   * @param {string} text
   */
  showNotice(level, text) {
    this.#then(() => this.#withBytes([utf8(text)], ([at, size]) => this.#module._ui_notice(Math.max(0, LEVELS.indexOf(level)), at, size)));
  }

  /** @param {string} text */
  setQuery(text) {
    this.#options.searchInput.value = text;
    this.#tellQuery();
  }

  /** Asks for a frame. */
  invalidate = () => {
    this.#dirty = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(this.#onFrame);
  };

  /** Resolves when everything asked for is answered and drawn, in the mirror too. @returns {Promise<void>} */
  idle() {
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      // A hidden page gets no animation frames.
      if (this.#dirty && document.visibilityState === 'hidden') this.#drawNow();
      this.#tellIdle();
    });
  }

  /** How long the page's thread is busy at a time. */
  lag() {
    return this.#lag.read();
  }

  /** What ui.wasm calls. */
  #callbacks() {
    const { searchInput, onRequest, onIntent } = this.#options;
    return {
      /** @type {(call: number, type: string, bytes: Uint8Array) => void} */
      request: (call, type, bytes) => {
        if (type === 'Search') this.#answers.asked(call, decode('Search', bytes).text);
        onRequest(type, bytes).then(
          (answer) => {
            this.#answers.answered(call, answer.type === 'SearchReply');
            this.#then(() => this.#withBytes([utf8(answer.type), answer.bytes], ([at, size, bytesAt, bytesSize]) =>
              this.#module._ui_reply(call, at, size, bytesAt, bytesSize)), answer.type);
          },
          (error) => this.#then(() => this.#withBytes([utf8(String(error?.code ?? 'kInternal')), utf8(String(error?.message ?? error))],
            ([at, size, textAt, textSize]) => this.#module._ui_failure(call, at, size, textAt, textSize))),
        );
      },
      // The page may open a picker, which browsers allow only while the click that asked for it is fresh: no detour here.
      /** @type {(name: string, text: string) => void} */
      intent: (name, text) => onIntent(name, { text }),
      /** @type {(text: string) => void} */
      setField: (text) => {
        searchInput.value = text;
      },
      focusField: () => {
        searchInput.focus({ preventScroll: true });
        searchInput.select();
      },
      /** @type {(json: string) => void} */
      mirror: (json) => this.#mirror.update(JSON.parse(json)),
      /** @type {(x: number, y: number, width: number, height: number, cursor: number) => void} */
      place: (x, y, width, height, cursor) => this.#place(x, y, width, height, cursor),
      /** @type {(wait: number) => void} */
      wake: (wait) => {
        clearTimeout(this.#wakeTimer);
        if (wait >= 0) this.#wakeTimer = setTimeout(() => this.#wake(), wait + 1);
      },
      /** @type {(text: string, em: number, semiBold: boolean) => import('./ui_glyphs.mjs').GlyphPicture} */
      paint: (text, em, semiBold) => this.#painter.paint(text, em, semiBold),
      /** @type {(text: string, em: number, semiBold: boolean) => number} */
      advance: (text, em, semiBold) => this.#painter.advance(text, em, semiBold),
    };
  }

  /**
   * @param {() => void} change
   * @param {string} [what] names it
   */
  #then(change, what = 'input') {
    this.#change(change, what);
    this.invalidate();
  }

  /**
   * @param {() => void} change
   * @param {string} [what] names it
   */
  #change(change, what = 'input') {
    if (this.#broken) return;
    const start = performance.now();
    change();
    this.#lag.ran(what, start, performance.now());
  }

  /** The field shows its text by itself; what else a key changes is drawn with the answer to it. */
  #invalidateWithAnswer() {
    if (this.#broken || this.#module._ui_waiting() === 0) return this.invalidate();
    this.#dirty = true;
    if (this.#answerTimer === 0) this.#answerTimer = setTimeout(this.invalidate, ANSWER_PATIENCE_MS);
  }

  /** A bug of ours stopped the module: nothing of it is called again. @param {unknown} error */
  #break(error) {
    this.#broken = true;
    console.error(error);
    const line = document.createElement('p');
    line.className = 'ui-why ui-broken';
    line.setAttribute('role', 'alert');
    line.textContent = 'The page can no longer be drawn. Reload it to go on: everything that was saved is still there.';
    this.#options.stage.append(line);
  }

  #onFrame = () => {
    this.#scheduled = false;
    if (this.#dirty) this.#drawNow();
  };

  #wake() {
    if (this.#broken) return;
    try {
      if (this.#module._ui_wake() !== 0) this.invalidate();
    } catch (error) {
      this.#break(error);
    }
    this.#tellIdle();
  }

  #drawNow() {
    if (this.#broken) return;
    this.#dirty = false;
    clearTimeout(this.#answerTimer);
    this.#answerTimer = 0;
    const start = performance.now();
    this.#screen.applySize();
    let more = false;
    try {
      more = this.#module._ui_frame(start) !== 0;
    } catch (error) {
      this.#break(error);
    }
    const end = performance.now();
    this.#lag.ran('frame', start, end);
    this.#answers.drawn(end);
    this.#mirrorPace.ask();
    if (more) this.invalidate();
    this.#tellIdle();
  }

  /** Returns whether there was anything to tell. */
  #tellMirror() {
    if (this.#broken) return false;
    const start = performance.now();
    let told = false;
    try {
      told = this.#module._ui_tell_mirror() !== 0;
    } catch (error) {
      this.#break(error);
    }
    this.#lag.ran('mirror', start, performance.now());
    return told;
  }

  #tellIdle() {
    if (this.#idleWaiters.length === 0) return;
    if (!this.#broken && (this.#dirty || this.#module._ui_waiting() !== 0)) return;
    this.#mirrorPace.now();
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /**
   * Copies byte arrays into the module for the length of a call; `use` gets address and size of each in turn.
   * @param {Uint8Array[]} arrays
   * @param {(places: number[]) => void} use
   */
  #withBytes(arrays, use) {
    const places = [];
    for (const bytes of arrays) {
      const at = this.#module._malloc(Math.max(1, bytes.length));
      if (at === 0) throw new Error('The page is out of memory.');
      this.#module.HEAPU8.set(bytes, at);
      places.push(at, bytes.length);
    }
    use(places);
    for (let i = 0; i < places.length; i += 2) this.#module._free(places[i]);
  }

  /**
   * @param {number} semiBold
   * @param {ArrayBuffer | null} file
   */
  #setFont(semiBold, file) {
    if (file === null) return; // the system's fonts stand in
    this.#withBytes([new Uint8Array(file)], ([at, size]) => this.#module._ui_set_font(semiBold, at, size));
    if (semiBold === 0) {
      // The text field shows the same face, without fetching it twice.
      const face = new FontFace('Lodestone UI', file);
      face.load().then(() => document.fonts.add(face), () => {});
    }
    this.invalidate();
  }

  #adoptField() {
    const { stage, searchInput } = this.#options;
    const hadFocus = document.activeElement === searchInput;
    if (!stage.contains(searchInput)) stage.prepend(searchInput);
    searchInput.classList.add(this.#screen.isPlain ? 'ui-search-plain' : 'ui-search');
    searchInput.setAttribute('aria-label', FIELD_LABEL);
    searchInput.placeholder = FIELD_LABEL;
    searchInput.addEventListener('input', (event) => {
      // Half-composed words are not searched for.
      if (!(event instanceof InputEvent && event.isComposing)) this.#tellQuery(event.timeStamp);
    });
    searchInput.addEventListener('compositionend', (event) => this.#tellQuery(event.timeStamp));
    const tellFocus = () => this.#then(() => this.#module._ui_field_focused(document.activeElement === searchInput ? 1 : 0));
    searchInput.addEventListener('focus', tellFocus);
    searchInput.addEventListener('blur', tellFocus);
    if (hadFocus) searchInput.focus({ preventScroll: true });
    tellFocus();
    if (searchInput.value !== '') this.#tellQuery();
  }

  #tellQuery(start = performance.now()) {
    this.#answers.typed(this.#options.searchInput.value, start);
    const text = utf8(this.#options.searchInput.value);
    this.#change(() => this.#withBytes([text], ([at, size]) => this.#module._ui_set_query(at, size)));
    this.#invalidateWithAnswer();
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {number} cursor
   */
  #place(x, y, width, height, cursor) {
    const { stage, searchInput } = this.#options;
    const placed = `${x},${y},${width},${height}`;
    if (placed !== this.#placed && !this.#screen.isPlain) {
      this.#placed = placed;
      searchInput.toggleAttribute('data-hidden', width === 0);
      if (width > 0) {
        searchInput.style.left = `${x}px`;
        searchInput.style.top = `${y}px`;
        searchInput.style.width = `${width}px`;
        searchInput.style.height = `${height}px`;
      }
    }
    if (cursor !== this.#cursor) {
      this.#cursor = cursor;
      stage.style.cursor = CURSORS[cursor];
    }
  }
}

/** @param {string} path @returns {Promise<ArrayBuffer | null>} */
async function fetchFont(path) {
  try {
    const answer = await fetch(new URL(path, import.meta.url));
    return answer.ok ? await answer.arrayBuffer() : null;
  } catch {
    return null;
  }
}

const encoder = new TextEncoder();
/** Lone surrogates, as a text field may hold, become U+FFFD. @param {string} text */
function utf8(text) {
  return encoder.encode(text);
}
