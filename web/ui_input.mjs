// Feeds pointer, wheel, touch and keys of the page to the interface module.

/**
 * @typedef {object} InputModule the exports that are called here
 * @property {(x: number, y: number) => void} _ui_pointer_move
 * @property {() => void} _ui_pointer_leave
 * @property {(down: number) => void} _ui_pointer_button
 * @property {(delta: number, precise: number) => void} _ui_wheel
 * @property {(speed: number) => void} _ui_fling
 * @property {(key: number, inField: number) => number} _ui_key
 */

// A finger that moves less than this has tapped.
const TAP_SLOP_PX = 8;
const LINE_PX = 24;
// Wheels with notches report big steps; anything finer is followed at once.
const NOTCH_PX = 50;
// The speed of a finger is taken over its last moments.
const FLING_WINDOW_MS = 90;

/** Keys by the numbers of src/ui/app_view.h. */
const KEY = {
  up: 0, down: 1, enter: 2, escape: 3, pageUp: 4, pageDown: 5, home: 6, end: 7, slash: 8, focus: 9, library: 10, copy: 11,
};
/** @type {Record<string, number>} */
const PLAIN_KEYS = {
  ArrowUp: KEY.up, ArrowDown: KEY.down, Enter: KEY.enter, Escape: KEY.escape, PageUp: KEY.pageUp, PageDown: KEY.pageDown,
  Home: KEY.home, End: KEY.end, '/': KEY.slash,
};
/** @type {Record<string, number>} */
const CHORDS = { k: KEY.focus, l: KEY.library, c: KEY.copy };

/**
 * @param {object} options
 * @param {HTMLElement} options.stage
 * @param {HTMLInputElement} options.field
 * @param {InputModule} options.module
 * @param {() => void} options.invalidate
 * @param {boolean} options.pointer false where nothing is drawn to point at
 */
export function listen({ stage, field, module, invalidate, pointer }) {
  listenToKeys(field, module, invalidate);
  if (pointer) listenToPointer(stage, field, module, invalidate);
}

/**
 * @param {HTMLElement} stage
 * @param {HTMLInputElement} field
 * @param {InputModule} module
 * @param {() => void} invalidate
 */
function listenToPointer(stage, field, module, invalidate) {
  /** @param {PointerEvent | WheelEvent} event */
  const move = (event) => {
    const box = stage.getBoundingClientRect();
    module._ui_pointer_move(event.clientX - box.left, event.clientY - box.top);
    invalidate();
  };
  const touch = new TouchScroll(module, invalidate);

  stage.addEventListener('pointerdown', (event) => {
    if (event.target === field || !event.isPrimary || event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    move(event);
    if (event.pointerType === 'touch') touch.down(event);
    else module._ui_pointer_button(1);
  });
  stage.addEventListener('pointermove', (event) => {
    if (!event.isPrimary) return;
    if (event.pointerType === 'touch' && touch.moved(event)) return;
    move(event);
  });
  stage.addEventListener('pointerup', (event) => {
    if (!event.isPrimary) return;
    if (event.pointerType === 'touch') {
      if (touch.up(event)) {
        module._ui_pointer_button(1);
        module._ui_pointer_button(0);
        // A finger that is gone hovers over nothing; after a scroll it still says which area rolls on.
        module._ui_pointer_leave();
      }
    } else {
      move(event);
      if (event.button === 0) module._ui_pointer_button(0);
    }
    invalidate();
  });
  stage.addEventListener('pointercancel', () => {
    touch.cancel();
    module._ui_pointer_button(0);
    module._ui_pointer_leave();
    invalidate();
  });
  stage.addEventListener('pointerleave', () => {
    module._ui_pointer_leave();
    invalidate();
  });
  // A click on what is drawn leaves the focus in the field, so that one can go on typing.
  stage.addEventListener('mousedown', (event) => {
    if (event.target !== field) event.preventDefault();
  });
  stage.addEventListener('wheel', (event) => {
    if (event.ctrlKey) return; // the browser's zoom
    event.preventDefault();
    move(event);
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? stage.clientHeight : 1;
    const delta = event.deltaY * unit;
    const precise = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL && Math.abs(delta) < NOTCH_PX;
    module._ui_wheel(delta, precise ? 1 : 0);
    invalidate();
  }, { passive: false });
}

/**
 * @param {HTMLInputElement} field
 * @param {InputModule} module
 * @param {() => void} invalidate
 */
function listenToKeys(field, module, invalidate) {
  document.addEventListener('keydown', (event) => {
    const key = keyOf(event, field);
    if (key === undefined) return;
    if (module._ui_key(key, event.target === field ? 1 : 0) !== 0) event.preventDefault();
    invalidate();
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLInputElement} field
 * @returns {number | undefined} undefined leaves the key to the browser
 */
function keyOf(event, field) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return undefined;
  const target = event.target;
  const elsewhere = target instanceof HTMLElement && target !== field &&
    (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement || target.closest('dialog') !== null);
  if (elsewhere) return undefined;
  if (event.ctrlKey || event.metaKey) {
    const key = event.shiftKey ? undefined : CHORDS[event.key.toLowerCase()];
    // A selection in the field is what copying means there.
    if (key === KEY.copy && target === field && field.selectionStart !== field.selectionEnd) return undefined;
    return key;
  }
  const key = PLAIN_KEYS[event.key];
  // A focused button is pressed by Enter like any other.
  if (key === KEY.enter && target instanceof HTMLButtonElement) return undefined;
  if (event.shiftKey && key !== KEY.slash) return undefined;
  return key;
}

// One finger: a tap, or a scroll that goes on by its own speed.
class TouchScroll {
  #module;
  #invalidate;
  #active = false;
  #scrolling = false;
  #startX = 0;
  #startY = 0;
  #lastY = 0;
  /** @type {{y: number, at: number}[]} */ #trail = [];

  /**
   * @param {InputModule} module
   * @param {() => void} invalidate
   */
  constructor(module, invalidate) {
    this.#module = module;
    this.#invalidate = invalidate;
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.#active = true;
    this.#scrolling = false;
    this.#startX = event.clientX;
    this.#startY = this.#lastY = event.clientY;
    this.#trail = [];
    this.#module._ui_wheel(0.01, 1); // a finger on the page halts what still rolls
  }

  /** @param {PointerEvent} event @returns {boolean} whether it was taken */
  moved(event) {
    if (!this.#active) return false;
    if (!this.#scrolling && Math.hypot(event.clientX - this.#startX, event.clientY - this.#startY) < TAP_SLOP_PX) return true;
    this.#scrolling = true;
    this.#module._ui_wheel(this.#lastY - event.clientY, 1);
    this.#lastY = event.clientY;
    this.#trail.push({ y: event.clientY, at: event.timeStamp });
    while (this.#trail.length > 1 && event.timeStamp - this.#trail[0].at > FLING_WINDOW_MS) this.#trail.shift();
    this.#invalidate();
    return true;
  }

  /** @param {PointerEvent} event @returns {boolean} whether it was a tap */
  up(event) {
    const tapped = this.#active && !this.#scrolling;
    const first = this.#trail[0];
    if (this.#scrolling && first !== undefined && event.timeStamp > first.at) {
      this.#module._ui_fling(((first.y - event.clientY) / (event.timeStamp - first.at)) * 1000);
    }
    this.cancel();
    return tapped;
  }

  cancel() {
    this.#active = this.#scrolling = false;
  }
}
