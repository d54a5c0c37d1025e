// Starts the real program: `leakscope view`, and `leakscope report --html`.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The project's root. */
export const ROOT = resolve(fileURLToPath(new URL('../../../../..', import.meta.url)));
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
export const PROGRAM = process.env.LEAKSCOPE ?? join(TARGET, 'debug', 'leakscope');

/** Pictures of the views for eyes, kept by CI. */
export const SCREENSHOTS = join(ROOT, 'target', 'screenshots');
mkdirSync(SCREENSHOTS, { recursive: true });

assert.ok(existsSync(PROGRAM), `${PROGRAM} is not there: cargo build -p leakscope, or name it in LEAKSCOPE`);

/** A golden case. @param {string} name */
export function golden(name) {
  return join(ROOT, 'testdata', name, 'input.svdat');
}

/**
 * A real recording; null if it is not there, which is a failure where everything is required.
 * @param {string} name
 */
export function recording(name) {
  const path = join(ROOT, '..', 'shared', 'corpus', name);
  if (existsSync(path)) return path;
  assert.notEqual(process.env.LEAKSCOPE_REQUIRE, 'all', `${path} is not there`);
  console.log(`skipped: ${path} is not there`);
  return null;
}

/**
 * Serves a trace as long as it is used.
 * @param {string} trace
 * @param {(url: string, end: () => Promise<void>) => Promise<void>} use
 * @param {string[]} options of `leakscope view`
 */
export async function serving(trace, use, ...options) {
  const { url, end } = await view(trace, ...options);
  try {
    await use(url, end);
  } finally {
    await end();
  }
}

/**
 * @param {string[]} given what stands on the command line
 * @returns {Promise<{ url: string, end: () => Promise<void> }>}
 */
function view(...given) {
  const program = spawn(PROGRAM, ['view', '--no-open', ...given], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => program.once('exit', resolve));
  const end = async () => {
    program.kill('SIGINT');
    await ended;
  };
  return new Promise((resolve, reject) => {
    let said = '';
    const listen = (/** @type {Buffer} */ data) => {
      said += data;
      const [url] = /http:\/\/(127\.0\.0\.1|\[::1\]):\d+\/\S*(?=\s)/.exec(said) ?? [];
      if (url !== undefined) resolve({ url, end });
    };
    program.stdout.on('data', listen);
    program.stderr.on('data', listen);
    program.once('exit', (code) => reject(new Error(`leakscope view ended with ${code}: ${said}`)));
  });
}

/**
 * What the served page's program says, once it has read all there is: before that, an answer is about a part.
 * @param {string} url
 * @param {string} question as it stands behind `api/`
 * @returns {Promise<any>}
 */
export async function answerTo(url, question) {
  const ask = async (/** @type {string} */ question) => (await fetch(`${url}api/${question}`)).json();
  while ((await ask('overview')).reading.state === 'reading');
  for (;;) {
    const answer = await ask(question);
    if (answer.complete !== false) return answer;
  }
}

/**
 * Writes the single file.
 * @param {string} name of the file, without its ending
 * @param {string[]} traces and options
 * @returns {{ url: string, path: string }}
 */
export function singleFile(name, ...traces) {
  const path = join(SCREENSHOTS, `${name}.html`);
  const { status, stderr } = spawnSync(PROGRAM, ['report', '--force', '--html', path, ...traces], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return { url: pathToFileURL(path).href, path };
}

/**
 * A single file with other data in it: for states that no recording at hand is in.
 * @param {string} name of the file, without its ending
 * @param {string} path of the single file
 * @param {(document: any) => void} change
 * @returns {string} its address
 */
export function withData(name, path, change) {
  const page = readFileSync(path, 'utf8');
  const begin = '<script type="application/json" id="leakscope-data">';
  const [before, rest] = page.split(begin);
  const end = rest.indexOf('</script>');
  const document = JSON.parse(rest.slice(0, end));
  change(document);
  const changed = join(SCREENSHOTS, `${name}.html`);
  writeFileSync(changed, before + begin + JSON.stringify(document).replaceAll('<', '\\u003c') + rest.slice(end));
  return pathToFileURL(changed).href;
}
