// scripts/run's way of serving: where it listens, and what it says when it cannot.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { on, once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SERVE = path.join(ROOT, 'scripts/lib/serve.mjs');

test('serves a folder below /lodestone/ with its types and no header that isolates', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lodestone-run-'));
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(path.join(folder, 'a.wasm'), 'x');
  const server = spawn(process.execPath, [SERVE, folder, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
    const url = /http:\/\/localhost:\d+\/lodestone\//.exec(line)?.[0] ?? '';
    assert.notEqual(url, '', line);
    const page = await fetch(url.replace('localhost', '127.0.0.1'));
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(page.headers.get('cross-origin-opener-policy'), null);
    assert.equal(page.headers.get('cross-origin-embedder-policy'), null);
    const wasm = await fetch(`${url.replace('localhost', '127.0.0.1')}a.wasm`);
    assert.equal(wasm.headers.get('content-type'), 'application/wasm');
  } finally {
    server.kill('SIGTERM');
    const [status] = await once(server, 'exit');
    rmSync(folder, { recursive: true });
    assert.equal(status, 0);
  }
});

test('--open hands the address to the desktop, and says so where there is none', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lodestone-run-'));
  const opener = path.join(folder, 'xdg-open');
  writeFileSync(opener, '#!/bin/sh\necho "$1" > "$(dirname "$0")/opened"\n', { mode: 0o755 });
  const serve = (/** @type {string} */ PATH) =>
    spawn(process.execPath, [SERVE, folder, '0', '--open'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH } });
  const watcher = watch(folder);
  const changes = on(watcher, 'change'); // from before there can be any
  const withOne = serve(`${folder}:${process.env.PATH}`);
  const withNone = serve(path.join(folder, 'none'));
  try {
    const [line] = await once(withOne.stdout.setEncoding('utf8'), 'data');
    const url = /http:\S+/.exec(line)?.[0];
    const opened = path.join(folder, 'opened');
    while (!existsSync(opened) || readFileSync(opened, 'utf8') === '') await changes.next();
    assert.equal(readFileSync(opened, 'utf8').trim(), url);
    const [said] = await once(withNone.stderr.setEncoding('utf8'), 'data');
    assert.match(said, /xdg-open was not found; open http:\S+ yourself/);
  } finally {
    watcher.close();
    for (const server of [withOne, withNone]) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    rmSync(folder, { recursive: true });
  }
});

test('a port in use is named, with what to do', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (other.address());
  try {
    // Not spawnSync: the other server's loop must go on.
    const server = spawn(process.execPath, [SERVE, os.tmpdir(), String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    server.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    const [status] = await once(server, 'close');
    assert.equal(status, 1);
    assert.equal(said, `lodestone: port ${port} is in use; choose another with --port N\n`);
  } finally {
    other.close();
  }
});

for (const args of [['--port'], ['--port', 'x'], ['--port', '70000'], ['--fast']]) {
  test(`scripts/run ${args.join(' ')} is refused before anything is built`, () => {
    const { status, stderr } = spawnSync(path.join(ROOT, 'scripts/run'), args, { encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(stderr, /--port takes a number|unknown option --fast/);
  });
}
