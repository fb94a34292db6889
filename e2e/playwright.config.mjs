// Runs the page as people use it: Chromium, dist/, a sub-path of a server that adds no headers.
import { defineConfig } from '@playwright/test';
import { CHROMIUM_ARGS, findChromium } from '../scripts/lib/headless/browser.mjs';

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  reporter: [['list']],
  // The page uses every core by itself; and a hang guard, not a budget.
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  use: {
    viewport: { width: 1200, height: 800 },
    launchOptions: { executablePath: findChromium(), args: CHROMIUM_ARGS },
  },
});
