// Questions that a person must answer before something goes on, as the browser's own dialogs: they hold the
// keyboard, and assistive technology knows them.

/**
 * @param {{name: string, stored: number, found: number}} folder
 * @returns {Promise<import('./folders.mjs').Choice>}
 */
export function askAboutFolder({ name, stored, found }) {
  return askPerson(
    `Is this the same folder "${name}"?`,
    `The library has a folder of this name with ${stored.toLocaleString('en')} files, and ${found === 0 ? 'none' : `only ${found.toLocaleString('en')}`} of them can be found in the one that you add.`,
    [
      { value: 'separate', label: 'Another folder: add it beside the other' },
      { value: 'update', label: 'The same: update it, removing what is gone' },
      { value: 'cancel', label: 'Cancel' },
    ],
    'cancel',
  );
}

/**
 * @template {string} V
 * @param {string} title
 * @param {string} text
 * @param {{value: V, label: string}[]} answers the first one is what Enter means
 * @param {V} dismissed what Escape means
 * @returns {Promise<V>}
 */
export function askPerson(title, text, answers, dismissed) {
  const dialog = document.createElement('dialog');
  const heading = document.createElement('h2');
  heading.id = 'question';
  heading.textContent = title;
  dialog.setAttribute('aria-labelledby', heading.id);
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  const form = document.createElement('form');
  form.method = 'dialog';
  for (const { value, label } of answers) {
    const button = document.createElement('button');
    button.value = value;
    button.textContent = label;
    form.append(button);
  }
  dialog.append(heading, paragraph, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      const chosen = answers.find(({ value }) => value === dialog.returnValue);
      resolve(chosen === undefined ? dismissed : chosen.value);
    });
  });
}
