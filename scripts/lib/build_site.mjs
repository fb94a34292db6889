// Puts the site together: dist/ from what was built and what is served as it is.
//
// The shell (index.html, the service worker, manifest, icons) lies at the top under fixed names. All
// else lies under v/BUILD/, where BUILD is a hash of the contents, so that a page and its engine always
// match and a host may cache for ever. dist/ is replaced whole, and left alone when nothing changed.
//
//   node scripts/lib/build_site.mjs [--modules FOLDER] [--out FOLDER]
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ORT_FILES = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];
// The build that can use the graphics processor, fetched where it is tried.
const ORT_GPU_FILES = ['ort.jspi.min.mjs', 'ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm'];
const FONTS = [
  ['400Regular/Inter_400Regular.ttf', 'Inter-Regular.ttf'],
  ['600SemiBold/Inter_600SemiBold.ttf', 'Inter-SemiBold.ttf'],
];
// Of shell/, what is versioned: index.html names it with its build.
const VERSIONED_SHELL = ['style.css'];
const BUILD_ID_LENGTH = 12;

/** @typedef {{path: string, source: string, bytes: Buffer, sha256: string}} SiteFile */

/**
 * @param {string} site its path in the site, relative to v/BUILD/ or to the top
 * @param {string} source
 * @returns {SiteFile}
 */
function siteFile(site, source) {
  const bytes = readFileSync(source);
  return { path: site, source, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * Every file below a folder, in a fixed order.
 * @param {string} folder
 * @returns {string[]} relative, with forward slashes
 */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => !path.basename(file).startsWith('.') && statSync(path.join(folder, file)).isFile())
    .map((file) => file.split(path.sep).join('/'))
    .sort();
}

/** @param {string} modules folder of the compiled modules @returns {SiteFile[]} */
function versionedFiles(modules) {
  const inRoot = (/** @type {string[]} */ ...parts) => path.join(ROOT, ...parts);
  const ort = inRoot('node_modules/onnxruntime-web/dist');
  const inter = inRoot('node_modules/@expo-google-fonts/inter');
  return [
    ...filesBelow(inRoot('web')).filter((file) => !/(\.d\.m?ts|tsconfig\.json)$/.test(file)).map((file) => siteFile(file, inRoot('web', file))),
    ...VERSIONED_SHELL.map((file) => siteFile(file, inRoot('shell', file))),
    ...filesBelow(modules).filter((file) => /\.(mjs|wasm)$/.test(file)).map((file) => siteFile(file, path.join(modules, file))),
    ...[...ORT_FILES, ...ORT_GPU_FILES].map((file) => siteFile(`ort/${file}`, path.join(ort, file))),
    ...FONTS.map(([from, to]) => siteFile(`fonts/${to}`, path.join(inter, from))),
    siteFile('fonts/LICENSE.txt', path.join(inter, 'LICENSE_FONT')),
  ];
}

/** @returns {SiteFile[]} */
function shellFiles() {
  const shell = path.join(ROOT, 'shell');
  const worker = path.join(ROOT, 'coi-serviceworker');
  return [
    ...filesBelow(shell).filter((file) => !VERSIONED_SHELL.includes(file)).map((file) => siteFile(file, path.join(shell, file))),
    ...filesBelow(worker).filter((file) => file.endsWith('.js')).map((file) => siteFile(file, path.join(worker, file))),
  ];
}

/**
 * The build's name: any change of a served byte changes it.
 * @param {SiteFile[]} files
 */
function buildIdOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.path}\0${file.sha256}\n`);
  return hash.digest('hex').slice(0, BUILD_ID_LENGTH);
}

/**
 * What a first visit leaves ready for use without a network: everything but the models that are not
 * the default one, and what only some machines use.
 * @param {SiteFile[]} versioned
 */
function coreOf(versioned) {
  const index = versioned.find((file) => file.path === 'models/index.json');
  const chosen = index ? `models/${JSON.parse(index.bytes.toString()).default}/` : '';
  const rest = new Set(ORT_GPU_FILES.map((file) => `ort/${file}`));
  return versioned.filter(
    (file) =>
      !rest.has(file.path) &&
      (!file.path.startsWith('models/') || file === index || (chosen !== '' && file.path.startsWith(chosen))),
  );
}

/** @param {string} modules @param {string} out */
function buildSite(modules, out) {
  const versioned = versionedFiles(modules);
  const shell = shellFiles();
  const id = buildIdOf([...versioned, ...shell]);
  const core = coreOf(versioned)
    .map((file) => ({ path: `v/${id}/${file.path}`, bytes: file.bytes.length, sha256: file.sha256 }))
    .concat(shell.filter((file) => !/\.(html|js)$/.test(file.path)).map((file) => ({ path: file.path, bytes: file.bytes.length, sha256: file.sha256 })));
  const stamp = path.join(out, 'build.json');
  if (existsSync(stamp) && JSON.parse(readFileSync(stamp, 'utf8')).build === id && isWhole(out, id, versioned, shell)) {
    // Newer than its sources, as those who compare times expect.
    utimesSync(stamp, new Date(), new Date());
    console.log(`lodestone: dist/ is up to date (build ${id})`);
    return;
  }

  mkdirSync(path.join(ROOT, 'build'), { recursive: true });
  const fresh = mkdtempSync(path.join(ROOT, 'build', 'site-'));
  chmodSync(fresh, 0o755);
  /** @param {string} site @param {Buffer | string} bytes */
  const write = (site, bytes) => {
    const file = path.join(fresh, site);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  };
  for (const file of versioned) write(`v/${id}/${file.path}`, file.bytes);
  for (const file of shell) {
    write(file.path, file.path === 'index.html' ? file.bytes.toString().replaceAll('@BUILD_ID@', id) : file.bytes);
  }
  write(`v/${id}/core_files.json`, `${JSON.stringify(core, null, 1)}\n`);
  write('build.json', `${JSON.stringify({ build: id, core_bytes: core.reduce((sum, file) => sum + file.bytes, 0) }, null, 1)}\n`);

  const old = `${fresh}-old`;
  if (existsSync(out)) renameSync(out, old);
  try {
    renameSync(fresh, out);
  } catch {
    // Another file system.
    cpSync(fresh, out, { recursive: true });
    rmSync(fresh, { recursive: true });
  }
  rmSync(old, { recursive: true, force: true });
  console.log(`lodestone: dist/ is build ${id}`);
}

/**
 * Whether an earlier dist/ still has every file and no other.
 * @param {string} out @param {string} id @param {SiteFile[]} versioned @param {SiteFile[]} shell
 */
function isWhole(out, id, versioned, shell) {
  const wanted = new Set([...versioned.map((file) => `v/${id}/${file.path}`), `v/${id}/core_files.json`, ...shell.map((file) => file.path), 'build.json']);
  const there = filesBelow(out);
  return there.length === wanted.size && there.every((file) => wanted.has(file));
}

const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: path.join(ROOT, 'build/web-release/web') },
    out: { type: 'string', default: path.join(ROOT, 'dist') },
  },
});
buildSite(path.resolve(values.modules), path.resolve(values.out));
