// Serves the built site until interrupted: serve.mjs FOLDER PORT [--open].
import { spawn } from 'node:child_process';
import { startStaticServer } from './static_server.mjs';

const [root, port, ...options] = process.argv.slice(2);

try {
  const server = await startStaticServer({ root, port: Number(port) });
  console.log(`Lodestone is at ${server.url} (stop it with Ctrl-C)`);
  if (options.includes('--open')) openBrowser(server.url);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => void server.close().then(() => process.exit(0)));
  }
} catch (error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  console.error(
    code === 'EADDRINUSE' || code === 'EACCES'
      ? `lodestone: port ${port} is ${code === 'EACCES' ? 'not allowed' : 'in use'}; choose another with --port N`
      : `lodestone: cannot serve: ${message}`,
  );
  process.exitCode = 1;
}

/** @param {string} url */
function openBrowser(url) {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => console.error(`lodestone: ${command} was not found; open ${url} yourself`));
  child.unref();
}
