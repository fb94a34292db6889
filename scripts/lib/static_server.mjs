// A plain static file server on the loopback, as any web host is one: it sends types and nothing
// that isolates a page, so what runs here runs from any static host.
import { createServer } from 'node:http';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

const TYPES = new Map([
  ['.css', 'text/css; charset=utf-8'],
  ['.html', 'text/html; charset=utf-8'],
  ['.ico', 'image/x-icon'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.map', 'application/json; charset=utf-8'],
  ['.mjs', 'text/javascript; charset=utf-8'],
  ['.onnx', 'application/octet-stream'],
  ['.otf', 'font/otf'],
  ['.png', 'image/png'],
  ['.svg', 'image/svg+xml'],
  ['.ttf', 'font/ttf'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.wasm', 'application/wasm'],
  ['.webmanifest', 'application/manifest+json'],
  ['.woff2', 'font/woff2'],
]);

/** @typedef {Buffer | string | {status: number} | null | undefined} Altered */
/**
 * @typedef {object} StaticServerOptions
 * @property {string} root folder to serve
 * @property {string} [prefix] sub-path that the folder appears under, with both slashes
 * @property {number} [port] 0 takes a free one
 * @property {string} [host]
 * @property {Record<string, string>} [headers] sent with every answer (a host that isolates by itself)
 * @property {(relativePath: string, bytes: Buffer | null) => Altered | Promise<Altered>} [respond]
 *   alters or holds back an answer in a test: bytes in place of the file's, or a status; null leaves it as it is
 * @property {(relativePath: string) => void} [onRequest] told of each request as it comes
 */

/**
 * @param {StaticServerOptions} options
 * @returns {Promise<{port: number, url: string, sentBytes: () => number, close: () => Promise<void>}>} sentBytes: bodies of files
 */
export async function startStaticServer(options) {
  const { prefix = '/lodestone/', port = 0, host = '127.0.0.1', headers = {}, respond, onRequest } = options;
  const root = path.resolve(options.root);
  let sentBytes = 0;
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500, headers);
      response.end(`Cannot serve: ${error.message}`);
    });
  });

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async function answer(request, response) {
    /** @param {number} status @param {Record<string, string>} [extra] */
    const end = (status, extra = {}) => {
      response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8', ...extra });
      response.end(request.method === 'HEAD' ? undefined : `${status}`);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(405);
    let pathname;
    try {
      pathname = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    } catch {
      return end(400);
    }
    if (`${pathname}/` === prefix) return end(301, { Location: prefix });
    if (!pathname.startsWith(prefix)) return end(404);
    let relative = pathname.slice(prefix.length);
    if (relative === '' || relative.endsWith('/')) relative += 'index.html';
    onRequest?.(relative);
    const file = path.resolve(root, relative);
    if (file !== root && !file.startsWith(root + path.sep)) return end(404);
    const info = await stat(file).catch(() => null);
    const isFile = info !== null && info.isFile();
    const altered = await respond?.(relative, respond.length > 1 && isFile ? await readFile(file) : null);
    if (altered !== null && altered !== undefined && typeof altered === 'object' && 'status' in altered) {
      return end(altered.status);
    }
    const type = TYPES.get(path.extname(file).toLowerCase()) ?? 'application/octet-stream';
    if (altered !== null && altered !== undefined) {
      const body = Buffer.from(/** @type {string} */ (altered));
      response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': String(body.length) });
      return void response.end(request.method === 'HEAD' ? undefined : body);
    }
    if (!isFile) return end(404);
    const modified = info.mtime.toUTCString();
    if (request.headers['if-modified-since'] === modified) {
      response.writeHead(304, headers);
      return void response.end();
    }
    response.writeHead(200, {
      ...headers,
      'Content-Type': type,
      'Content-Length': String(info.size),
      'Last-Modified': modified,
    });
    if (request.method === 'HEAD') return void response.end();
    sentBytes += info.size;
    const stream = createReadStream(file);
    stream.on('error', () => response.destroy());
    stream.pipe(response);
  }

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    port: address.port,
    url: `http://localhost:${address.port}${prefix}`,
    sentBytes: () => sentBytes,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
