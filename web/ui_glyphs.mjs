// Draws what the shipped font lacks (Han, kana, Arabic, emoji...) with the fonts of the system, one
// cluster of code points at a time.

const FAMILY = 'system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "Noto Color Emoji", sans-serif';
// Room for what antialiasing spills over the measured box.
const MARGIN = 1;

/**
 * A drawn cluster. Lengths are device pixels; left and top lead from the pen on the baseline to the
 * upper left corner.
 * @typedef {object} GlyphPicture
 * @property {number} width
 * @property {number} height
 * @property {number} left
 * @property {number} top
 * @property {number} advance
 * @property {boolean} coloured
 * @property {Uint8ClampedArray | null} rgba
 */

export class GlyphPainter {
  /** @type {CanvasRenderingContext2D | null} */ #context = null;
  #font = '';

  /**
   * @param {string} text
   * @param {number} em device pixels
   * @param {boolean} semiBold
   * @returns {GlyphPicture}
   */
  paint(text, em, semiBold) {
    const context = this.#context ?? this.#makeContext();
    if (context === null) return { width: 0, height: 0, left: 0, top: 0, advance: em / 2, coloured: false, rgba: null };
    const font = fontOf(em, semiBold);
    this.#setFont(context, font);
    const box = context.measureText(text);
    const left = Math.floor(-box.actualBoundingBoxLeft) - MARGIN;
    const top = Math.ceil(box.actualBoundingBoxAscent) + MARGIN;
    const width = Math.ceil(box.actualBoundingBoxRight) + MARGIN - left;
    const height = Math.ceil(box.actualBoundingBoxDescent) + MARGIN + top;
    const empty = box.actualBoundingBoxRight + box.actualBoundingBoxLeft <= 0;
    if (empty) return { width: 0, height: 0, left: 0, top: 0, advance: box.width, coloured: false, rgba: null };
    const { canvas } = context;
    if (canvas.width < width || canvas.height < height) {
      canvas.width = Math.max(canvas.width, width);
      canvas.height = Math.max(canvas.height, height);
      this.#font = '';
      this.#setFont(context, font);
    }
    context.clearRect(0, 0, width, height);
    context.fillText(text, -left, top);
    const rgba = context.getImageData(0, 0, width, height).data;
    const coloured = hasColour(rgba);
    if (!coloured) {
      for (let i = 0; i < rgba.length; i += 4) rgba[i] = rgba[i + 1] = rgba[i + 2] = 255;
    }
    return { width, height, left, top, advance: box.width, coloured, rgba };
  }

  /**
   * How far the pen moves for it.
   * @param {string} text
   * @param {number} em device pixels
   * @param {boolean} semiBold
   */
  advance(text, em, semiBold) {
    const context = this.#context ?? this.#makeContext();
    if (context === null) return em / 2;
    this.#setFont(context, fontOf(em, semiBold));
    return context.measureText(text).width;
  }

  #makeContext() {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 64;
    this.#context = canvas.getContext('2d', { willReadFrequently: true });
    return this.#context;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {string} font
   */
  #setFont(context, font) {
    if (font === this.#font) return;
    this.#font = font;
    context.font = font;
    context.textBaseline = 'alphabetic';
    context.textAlign = 'left';
    context.direction = 'ltr';
    context.fillStyle = '#000';
  }
}

/**
 * @param {number} em
 * @param {boolean} semiBold
 */
function fontOf(em, semiBold) {
  return `${semiBold ? 600 : 400} ${em}px ${FAMILY}`;
}

/** Ink was black: anything else is a picture of its own. @param {Uint8ClampedArray} rgba */
function hasColour(rgba) {
  for (let i = 0; i < rgba.length; i += 4) {
    if (rgba[i + 3] > 40 && rgba[i] + rgba[i + 1] + rgba[i + 2] > 60) return true;
  }
  return false;
}
