// What was being added when the engine's task was cancelled: added again if the person restarts that task, and forgotten
// with it. What was given up in the page, by a signal or in a dialog, does not come here. Thread: the page.

/**
 * @typedef {object} Adding
 * @property {import('./walk.mjs').AddItem[]} items
 * @property {import('./folders.mjs').Ask} [ask]
 * @property {Map<string, string>} names what folders are called in the library, as far as that is decided
 */
/** @typedef {{kind: string, task: number}} Task */

export class CancelledAdds {
  /** By what was being added, its task; null until that is known. @type {Map<Adding, number | null>} */ #all = new Map();

  /**
   * @param {Adding} adding
   * @param {() => Promise<{tasks: Task[], ended_tasks: Task[]}>} readState of the engine, asked for after the cancel: it has the
   *   task, ended or about to
   */
  async keep(adding, readState) {
    this.#all.set(adding, null);
    /** @type {Task | undefined} */
    let task;
    try {
      const { tasks, ended_tasks } = await readState();
      task = [...ended_tasks, ...tasks].find(({ kind }) => kind === 'index');
    } catch {
      // The engine is gone, and its tasks with it.
    }
    if (task === undefined) this.#all.delete(adding);
    else this.#all.set(adding, task.task);
  }

  /**
   * @param {number} task that is restarted
   * @returns {Adding[]} not kept any more; none where another tab had them
   */
  take(task) {
    const taken = [...this.#all].filter(([, of]) => of === task).map(([adding]) => adding);
    for (const adding of taken) this.#all.delete(adding);
    return taken;
  }

  /** @param {Task[]} known what was cancelled with any other will not be asked for any more */
  forgetOthers(known) {
    for (const [adding, of] of this.#all) {
      if (of !== null && !known.some(({ task }) => task === of)) this.#all.delete(adding);
    }
  }
}
