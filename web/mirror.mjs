// The tree that screen readers and scripts see: transparent elements over the canvas, with roles, names and states, kept
// in step with what is drawn. Pointer events fall on them and bubble to the stage, so that the drawn widgets get real
// clicks; the keyboard and assistive technology activate them by a click without a pointer (its detail is 0).

/**
 * One element as the interface module tells it (src/ui/mirror.h).
 * @typedef {object} MirrorNode
 * @property {number} i id
 * @property {number} [p] parent's id
 * @property {string} r role
 * @property {[number, number, number, number]} b x, y, width, height in the stage
 * @property {string} [n] name
 * @property {string} [t] text, only when it changed
 * @property {1} [d] disabled
 * @property {1} [f] focusable
 * @property {0 | 1} [c] checked
 * @property {0 | 1} [e] expanded
 * @property {1} [u] the current one of its list
 * @property {1} [o] cuts its children off and can scroll them into view
 * @property {number} [v] per cent
 * @property {[number, number]} [s] position in its set, size of the set
 */

/**
 * @typedef {object} MirrorCalls
 * @property {(id: number) => void} activate
 * @property {(id: number) => void} focus 0: none of ours
 * @property {(id: number, by: number) => void} reveal a clipping element was asked to scroll down by so much
 */

/** @typedef {{element: HTMLElement, shape: string, x: number, y: number, seen: number}} Entry */

/** @type {Record<string, string>} */
const TAGS = { button: 'button', radio: 'button', switch: 'button', region: 'section', heading: 'h2', paragraph: 'p' };
// Elements whose role the tag does not say.
const OWN_ROLES = new Set(['radio', 'switch', 'list', 'listitem', 'group', 'radiogroup', 'status', 'alert', 'progressbar']);
const CHECKABLE = new Set(['radio', 'switch']);

// It follows what is drawn, but not every key: laying out ten results anew takes as long as two frames.
const PAUSE_MS = 250;

/** Tells the tree of a frame in a task after it, so that what was drawn is seen first, and not too often. */
export class Pace {
  #tell;
  #timer = 0;
  #told = -Infinity;

  /** @param {() => boolean} tell returns whether there was anything to tell */
  constructor(tell) {
    this.#tell = tell;
  }

  ask() {
    if (this.#timer === 0) this.#timer = setTimeout(() => this.now(), Math.max(0, this.#told + PAUSE_MS - performance.now()));
  }

  now() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const start = performance.now();
    if (this.#tell()) this.#told = start;
  }
}

export class Mirror {
  /** @type {Map<number, Entry>} */ #entries = new Map();
  #round = 0;
  #calls;
  #plain;
  root;

  /**
   * @param {HTMLElement} stage
   * @param {MirrorCalls} calls
   * @param {boolean} plain the elements are all that is seen: they flow like a document and any click activates
   */
  constructor(stage, calls, plain) {
    this.#calls = calls;
    this.#plain = plain;
    this.root = document.createElement('div');
    this.root.className = plain ? 'ui-mirror ui-plain' : 'ui-mirror';
    this.root.addEventListener('click', (event) => {
      if (event.detail !== 0 && !plain) return;
      const id = idOf(event.target);
      if (id !== 0) calls.activate(id);
    });
    this.root.addEventListener('focusin', (event) => {
      const element = /** @type {HTMLElement} */ (event.target);
      calls.focus(element.matches(':focus-visible') ? idOf(element) : 0);
    });
    this.root.addEventListener('focusout', () => calls.focus(0));
    this.root.addEventListener('keydown', (event) => moveInRadioGroup(event));
    // Focus and scripts scroll a cut-off element into view; the drawing follows, and the box stays where it is.
    this.root.addEventListener('scroll', (event) => {
      const element = /** @type {HTMLElement} */ (event.target);
      const by = element.scrollTop;
      if (plain || (by === 0 && element.scrollLeft === 0)) return;
      element.scrollTop = element.scrollLeft = 0;
      calls.reveal(Number(element.dataset.id), by);
    }, { capture: true });
    stage.append(this.root);
  }

  /** @param {MirrorNode[]} nodes in reading order, parents before children */
  update(nodes) {
    this.#round += 1;
    for (const node of nodes) {
      const entry = this.#entries.get(node.i);
      if (entry !== undefined) entry.seen = this.#round;
    }
    // What is gone goes first, so that what stays is not moved past it (moving an element takes its focus).
    for (const [id, entry] of this.#entries) {
      if (entry.seen === this.#round) continue;
      entry.element.remove();
      this.#entries.delete(id);
    }
    /** @type {Map<HTMLElement, ChildNode | null>} */
    const nextOf = new Map();
    const placed = new Set();
    for (const node of nodes) {
      if (node.r === 'searchbox' || placed.has(node.i)) continue; // the field is a real element of the page
      placed.add(node.i);
      const parent = node.p === undefined ? undefined : this.#entries.get(node.p);
      const holder = parent?.element ?? this.root;
      const entry = this.#entries.get(node.i) ?? this.#create(node);
      this.#apply(entry, node, parent);
      const next = nextOf.has(holder) ? /** @type {ChildNode | null} */ (nextOf.get(holder)) : firstElement(holder);
      if (next !== entry.element) holder.insertBefore(entry.element, next);
      nextOf.set(holder, entry.element.nextSibling);
    }
  }

  /** @param {MirrorNode} node */
  #create(node) {
    const element = document.createElement(TAGS[node.r] ?? 'div');
    element.dataset.id = String(node.i);
    if (OWN_ROLES.has(node.r)) element.setAttribute('role', node.r);
    if (element instanceof HTMLButtonElement) element.type = 'button';
    // A status with a name is there to be looked up; one without speaks up when it changes.
    if (node.r === 'status' && node.n !== undefined) element.setAttribute('aria-live', 'off');
    const entry = { element, shape: '', x: 0, y: 0, seen: this.#round };
    this.#entries.set(node.i, entry);
    return entry;
  }

  /**
   * @param {Entry} entry
   * @param {MirrorNode} node
   * @param {Entry | undefined} parent
   */
  #apply(entry, node, parent) {
    const { element } = entry;
    if (node.t !== undefined) setText(element, node.t);
    const [x, y, width, height] = node.b;
    entry.x = x;
    entry.y = y;
    const left = x - (parent?.x ?? 0);
    const top = y - (parent?.y ?? 0);
    const shape = `${left},${top},${width},${height},${node.n},${node.d},${node.f},${node.c},${node.e},${node.u},${node.o},${node.v},${node.s}`;
    if (shape === entry.shape) return;
    entry.shape = shape;
    if (!this.#plain) {
      element.style.transform = `translate(${left}px, ${top}px)`;
      element.style.width = `${Math.max(1, width)}px`;
      element.style.height = `${Math.max(1, height)}px`;
    }
    element.classList.toggle('ui-clips', node.o === 1);
    attribute(element, 'aria-label', node.n);
    if (this.#plain && node.r !== 'list' && node.r !== 'region' && element instanceof HTMLButtonElement && node.n !== undefined) {
      setText(element, node.n);
    }
    attribute(element, 'aria-disabled', node.d === undefined ? undefined : 'true');
    attribute(element, 'aria-expanded', node.e === undefined ? undefined : String(node.e === 1));
    attribute(element, CHECKABLE.has(node.r) ? 'aria-checked' : 'aria-pressed', node.c === undefined ? undefined : String(node.c === 1));
    attribute(element, 'aria-current', node.u === undefined ? undefined : 'true');
    attribute(element, 'aria-posinset', node.s === undefined ? undefined : String(node.s[0]));
    attribute(element, 'aria-setsize', node.s === undefined ? undefined : String(node.s[1]));
    if (node.r === 'progressbar') {
      element.setAttribute('aria-valuemin', '0');
      element.setAttribute('aria-valuemax', '100');
      attribute(element, 'aria-valuenow', node.v === undefined ? undefined : String(node.v));
    }
    // In a group of radios only the chosen one is in the order of Tab; arrows move within.
    if (node.f === 1) element.tabIndex = node.r === 'radio' && node.c === 0 ? -1 : 0;
    else if (element instanceof HTMLButtonElement) element.tabIndex = -1;
  }
}

/** @param {EventTarget | null} target */
function idOf(target) {
  if (!(target instanceof Element)) return 0;
  const element = /** @type {HTMLElement | null} */ (target.closest('button[data-id]'));
  return element === null || element.getAttribute('aria-disabled') === 'true' ? 0 : Number(element.dataset.id);
}

/** @param {HTMLElement} holder */
function firstElement(holder) {
  const first = holder.firstChild;
  return first instanceof Text ? first.nextSibling : first;
}

/**
 * Text comes before any child elements.
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  const first = element.firstChild;
  if (first instanceof Text) first.data = text;
  else element.prepend(text);
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {string | undefined} value
 */
function attribute(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** @param {KeyboardEvent} event */
function moveInRadioGroup(event) {
  const element = /** @type {HTMLElement} */ (event.target);
  if (element.getAttribute('role') !== 'radio') return;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const radios = /** @type {HTMLElement[]} */ ([...(element.parentElement?.children ?? [])]);
  const next = radios[(radios.indexOf(element) + step + radios.length) % radios.length];
  next.focus();
  next.click();
  event.preventDefault();
  event.stopPropagation();
}
