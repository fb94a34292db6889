// The canvas: its WebGL context, its size in device pixels, and what the person's system wants of it. Thread: the page's.

// Where nothing is drawn the layout is still made, on a page so tall that lists are told whole.
const PLAIN_SIZE = { width: 1100, height: 6000 };

/** @typedef {import('./ui_host.mjs').UiModule} UiModule */

/**
 * @typedef {object} ScreenCalls
 * @property {(change: () => void) => void} then runs a change of the module, and draws it
 * @property {() => void} invalidate asks for a frame
 */

export class Screen {
  #canvas;
  #stage;
  #module;
  #sizeChanged = true;
  /** There is no WebGL 2, so the mirror becomes the page. */
  isPlain;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} stage
   * @param {UiModule} module not started yet
   */
  constructor(canvas, stage, module) {
    this.#canvas = canvas;
    this.#stage = stage;
    this.#module = module;
    const gl = canvas.getContext('webgl2', { alpha: false, antialias: false, depth: false, stencil: false });
    this.isPlain = gl === null;
    if (gl === null) return;
    rememberParameters(gl);
    module.GL.makeContextCurrent(module.GL.registerContext(gl, { majorVersion: 2, minorVersion: 0, enableExtensionsByDefault: false }));
  }

  /** @param {ScreenCalls} calls */
  watch({ then, invalidate }) {
    this.#watchLook(then);
    this.#watchSize(invalidate);
    this.#watchContext(invalidate);
  }

  /** In the same task as the frame: setting a canvas's size clears it. */
  applySize() {
    if (!this.#sizeChanged) return;
    this.#sizeChanged = false;
    if (this.isPlain) {
      this.#module._ui_resize(PLAIN_SIZE.width, PLAIN_SIZE.height, 1);
      return;
    }
    const width = this.#stage.clientWidth;
    const height = this.#stage.clientHeight;
    const density = devicePixelRatio;
    this.#canvas.width = Math.round(width * density);
    this.#canvas.height = Math.round(height * density);
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    this.#module._ui_resize(width, height, density);
  }

  /**
   * Says why nothing is drawn.
   * @param {Element} before
   */
  sayPlain(before) {
    this.#canvas.style.display = 'none';
    this.#stage.classList.add('ui-plain-page');
    const why = document.createElement('p');
    why.className = 'ui-why';
    why.setAttribute('role', 'alert');
    why.textContent = 'This browser gives the page no WebGL 2, so Lodestone is shown as plain text. Searching works as usual. ' +
      'To see the full page, turn on hardware acceleration in the browser\u2019s settings, or use another browser.';
    before.before(why);
  }

  /** @param {ScreenCalls['then']} then */
  #watchLook(then) {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const still = matchMedia('(prefers-reduced-motion: reduce)');
    const tell = () => then(() => this.#module._ui_set_look(dark.matches ? 1 : 0, still.matches ? 1 : 0));
    dark.addEventListener('change', tell);
    still.addEventListener('change', tell);
    tell();
  }

  /** @param {ScreenCalls['invalidate']} invalidate */
  #watchSize(invalidate) {
    const changed = () => {
      this.#sizeChanged = true;
      invalidate();
    };
    new ResizeObserver(changed).observe(this.#stage);
    // Moving to a screen of another density changes no size.
    const watchDensity = () => {
      matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', () => {
        changed();
        watchDensity();
      }, { once: true });
    };
    watchDensity();
  }

  /** @param {ScreenCalls['invalidate']} invalidate */
  #watchContext(invalidate) {
    this.#canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault(); // else it is never given back
      this.#module._ui_lose_gl();
    });
    this.#canvas.addEventListener('webglcontextrestored', () => {
      this.#module._ui_attach_gl();
      invalidate();
    });
  }
}

/**
 * The renderer saves and restores GL state around each frame, and every question is a round trip to another process
 * (measured: 80 of a frame's 85 ms). Nobody else draws on this context, so the first answers hold.
 * @param {WebGL2RenderingContext} gl
 */
function rememberParameters(gl) {
  const known = new Map();
  const ask = gl.getParameter.bind(gl);
  gl.getParameter = (name) => {
    if (!known.has(name)) known.set(name, ask(name));
    return known.get(name);
  };
}
