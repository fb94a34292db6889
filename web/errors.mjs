// What every rejection of the page looks like: {code, message, detail}, as the engine's own errors.

/** @typedef {{code: string, message: string, detail: string}} Failure */

export class LodestoneError extends Error {
  /**
   * @param {string} code one of the engine's status names, e.g. 'kNotFound'
   * @param {string} message one sentence for the person
   * @param {string} [detail] for an engineer
   */
  constructor(code, message, detail = '') {
    super(message);
    this.name = 'LodestoneError';
    this.code = code;
    this.detail = detail;
  }

  /** @returns {Failure} */
  toJSON() {
    return { code: this.code, message: this.message, detail: this.detail };
  }
}

/**
 * @param {unknown} thrown
 * @param {string} code for what is not a LodestoneError already
 * @param {string} message
 */
export function asLodestoneError(thrown, code, message) {
  if (thrown instanceof LodestoneError) return thrown;
  return new LodestoneError(code, message, describe(thrown));
}

/** @param {unknown} thrown */
export function describe(thrown) {
  if (thrown instanceof Error) return thrown.name === 'Error' ? thrown.message : `${thrown.name}: ${thrown.message}`;
  return String(thrown);
}
