// scripts/screenshot: the picture of the page in README.md, made from the fixtures.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { AppSession } from './app_session.mjs';
import { launchBrowser } from './browser.mjs';
import { listFolder } from './library_files.mjs';
import { ROOT, serveSite } from './site.mjs';

const QUESTION = 'how do I make a blunt blade cut again';
const LIBRARY = path.join(ROOT, 'e2e/fixtures');

/** @param {string} target */
async function takeScreenshot(target) {
  const site = await serveSite();
  const browser = await launchBrowser({
    port: site.port,
    profile: null,
    viewport: { width: 1280, height: 800 },
  });
  try {
    const page = browser.context.pages()[0] ?? (await browser.context.newPage());
    const app = await AppSession.open(page);
    await app.modelSettled();
    await app.add([
      ...listFolder(path.join(LIBRARY, 'handbook')).files,
      { path: 'household.jsonl', absolute: path.join(LIBRARY, 'quality/corpus.jsonl') },
    ]);
    await page.getByRole('searchbox').fill(QUESTION);
    const results = page.getByRole('list', { name: 'Results' }).getByRole('listitem');
    await results.first().getByRole('button').first().click();
    await page.getByRole('region', { name: 'Preview' }).waitFor();
    await app.idle();
    mkdirSync(path.dirname(target), { recursive: true });
    await page.screenshot({ path: target, animations: 'disabled', caret: 'hide' });
  } finally {
    await browser.close();
    await site.close();
  }
}

await takeScreenshot(path.resolve(process.argv[2] ?? path.join(ROOT, 'docs/screenshot.png')));
