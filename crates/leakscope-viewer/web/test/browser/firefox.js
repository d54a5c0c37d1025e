// A small driver for Firefox: Marionette over a socket of this machine, which needs no library and no other program.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATIENCE = 60_000; // milliseconds, until it counts as not started

/** Firefox keeps to itself, and listens on a port that is free; it writes which into its profile. */
const PREFERENCES = {
  'marionette.port': 0, 'app.update.enabled': false, 'browser.shell.checkDefaultBrowser': false, 'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false, 'browser.aboutwelcome.enabled': false,
};

export class Firefox {
  /** @returns {Promise<Firefox>} */
  static async start() {
    const firefox = new Firefox();
    const port = await firefox.port();
    await firefox.connect(port);
    await firefox.send('WebDriver:NewSession', {});
    return firefox;
  }

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'leakscope-firefox-'));
    writeFileSync(join(this.folder, 'user.js'), Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`).join('\n'));
    this.process = spawn(process.env.FIREFOX ?? 'firefox-esr', ['--headless', '--marionette', '--no-remote', '--profile', this.folder], { stdio: 'ignore' });
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.next = 0;
    /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
    this.waiting = new Map();
  }

  /** @returns {Promise<number>} */
  async port() {
    const begun = performance.now();
    while (performance.now() - begun < PATIENCE) {
      try {
        const port = Number(readFileSync(join(this.folder, 'MarionetteActivePort'), 'utf8'));
        if (port > 0) return port;
      } catch { /* It is not written yet. */ }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('Firefox has not started');
  }

  /** Messages are JSON behind their length: `12:[1,1,null,{}]`. @param {number} port */
  async connect(port) {
    this.socket = connect(port, '127.0.0.1');
    let bytes = Buffer.alloc(0);
    const greeted = new Promise((resolve, reject) => {
      this.socket?.once('error', reject);
      this.socket?.on('data', (data) => {
        bytes = Buffer.concat([bytes, data]);
        for (let colon = bytes.indexOf(58); colon > 0; colon = bytes.indexOf(58)) {
          const length = Number(bytes.subarray(0, colon).toString());
          if (bytes.length < colon + 1 + length) return;
          const message = JSON.parse(bytes.subarray(colon + 1, colon + 1 + length).toString());
          bytes = bytes.subarray(colon + 1 + length);
          if (Array.isArray(message)) this.receive(message);
          else resolve(message);
        }
      });
    });
    await greeted;
  }

  /** @param {any[]} message */
  receive([, id, error, result]) {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }

  /** @param {string} name @param {object} parameters @returns {Promise<any>} */
  send(name, parameters) {
    this.next += 1;
    const message = JSON.stringify([0, this.next, name, parameters]);
    this.socket?.write(`${Buffer.byteLength(message)}:${message}`);
    return new Promise((resolve, reject) => this.waiting.set(this.next, { resolve, reject }));
  }

  /** @param {string} url */
  open(url) {
    return this.send('WebDriver:Navigate', { url });
  }

  /**
   * Runs a function in the page.
   * @template {unknown[]} A
   * @template R
   * @param {(...given: A) => R} run
   * @param {A} given
   * @returns {Promise<R>}
   */
  async run(run, ...given) {
    const { value } = await this.send('WebDriver:ExecuteScript', { script: `return (${run})(...arguments)`, args: given, newSandbox: false, sandbox: null });
    return value;
  }

  /**
   * Waits until a function in the page gives something true.
   * @template {unknown[]} A
   * @param {string} what is waited for
   * @param {(...given: A) => unknown} look
   * @param {A} given
   */
  async until(what, look, ...given) {
    const begun = performance.now();
    while (performance.now() - begun < PATIENCE) {
      if (await this.run(look, ...given)) return;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    throw new Error(`waited in vain for: ${what}; the page says: ${await this.run(() => document.body.innerText.slice(0, 600))}`);
  }

  /** @param {string} key as in WebDriver */
  async key(key) {
    await this.send('WebDriver:PerformActions', { actions: [{ type: 'key', id: 'keys', actions: [{ type: 'keyDown', value: key }, { type: 'keyUp', value: key }] }] });
  }

  async picture() {
    const { value } = await this.send('WebDriver:TakeScreenshot', { full: false });
    return Buffer.from(value, 'base64');
  }

  async close() {
    await this.send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
