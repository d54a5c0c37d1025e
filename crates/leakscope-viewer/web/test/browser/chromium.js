// A small driver for Chromium: the DevTools protocol over two pipes, which needs no library and no port.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void, method: string }} Waiting */

const PATIENCE = 60_000; // milliseconds, until something that is waited for counts as missing

/** How much slower than this machine the page runs, and how long its questions may be on their way: what a test took for granted fails then. */
const SLOW = process.env.LEAKSCOPE_BROWSER === 'slow' ? { times: 6, longest: 800 } : null;

export class Browser {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'leakscope-browser-'));
    this.process = spawn(process.env.CHROMIUM ?? 'chromium', [
      '--headless=new', '--no-sandbox', '--remote-debugging-pipe', `--user-data-dir=${this.folder}`, '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-gpu', '--disable-features=BackForwardCache', '--force-device-scale-factor=1', 'about:blank',
    ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.input = /** @type {import('node:stream').Writable} */ (this.process.stdio[3]);
    const output = /** @type {import('node:stream').Readable} */ (this.process.stdio[4]);
    this.next = 0;
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
    /** @type {Map<string, (method: string, parameters: any) => void>} by session */
    this.listeners = new Map();
    /** @type {Buffer[]} */
    let pieces = [];
    output.on('data', (/** @type {Buffer} */ data) => {
      for (let end = data.indexOf(0); end >= 0; end = data.indexOf(0)) {
        this.receive(JSON.parse(Buffer.concat([...pieces, data.subarray(0, end)]).toString()));
        pieces = [];
        data = data.subarray(end + 1);
      }
      pieces.push(data);
    });
  }

  /** @param {any} message */
  receive(message) {
    const waiting = this.waiting.get(message.id);
    if (waiting === undefined) {
      this.listeners.get(message.sessionId)?.(message.method, message.params);
      return;
    }
    this.waiting.delete(message.id);
    if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
    else waiting.resolve(message.result);
  }

  /**
   * @param {string} method
   * @param {object} [parameters]
   * @param {string} [session]
   * @returns {Promise<any>}
   */
  send(method, parameters = {}, session) {
    this.next += 1;
    const id = this.next;
    this.input.write(`${JSON.stringify({ id, method, params: parameters, sessionId: session })}\0`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject, method }));
  }

  /**
   * A new tab, with nothing that another one has left; or beside others, with which it shares what tabs share.
   * @param {{ width?: number, height?: number, theme?: 'dark' | 'light', beside?: Tab }} [look]
   * @returns {Promise<Tab>}
   */
  async tab({ width = 1280, height = 800, theme = 'dark', beside } = {}) {
    const browserContextId = beside?.context ?? (await this.send('Target.createBrowserContext')).browserContextId;
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, sessionId, targetId, browserContextId);
    this.listeners.set(sessionId, (method, parameters) => tab.heard(method, parameters));
    for (const domain of ['Page', 'Runtime', 'Log']) await tab.send(`${domain}.enable`);
    await tab.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await tab.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: theme }] });
    if (SLOW !== null) {
      await tab.send('Emulation.setCPUThrottlingRate', { rate: SLOW.times });
      await tab.send('Fetch.enable', { patterns: [{ urlPattern: '*/api/*' }] });
    }
    // As if it were in front, whatever else is open.
    await tab.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    return tab;
  }

  async close() {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    await this.send('Browser.close').catch(() => {});
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class Tab {
  /** @param {Browser} browser @param {string} session @param {string} target @param {string} context */
  constructor(browser, session, target, context) {
    this.browser = browser;
    this.session = session;
    this.target = target;
    this.context = context;
    /** What the console said that it should not: errors, exceptions, violations of the policy. @type {string[]} */
    this.complaints = [];
    /** @type {(nothing?: unknown) => void} the page that is waited for has come */
    this.loaded = () => {};
  }

  /** @param {string} method @param {object} [parameters] */
  send(method, parameters) {
    return this.browser.send(method, parameters, this.session);
  }

  /** @param {string} method @param {any} parameters */
  heard(method, parameters) {
    if (method === 'Page.loadEventFired') this.loaded();
    if (method === 'Fetch.requestPaused') {
      // The page may be gone by then.
      setTimeout(() => this.send('Fetch.continueRequest', { requestId: parameters.requestId }).catch(() => {}), Math.random() * (SLOW?.longest ?? 0));
    }
    if (method === 'Runtime.exceptionThrown') this.complaints.push(parameters.exceptionDetails.exception?.description ?? parameters.exceptionDetails.text);
    if (method === 'Runtime.consoleAPICalled' && ['error', 'assert', 'warning'].includes(parameters.type)) {
      this.complaints.push(parameters.args.map((/** @type {any} */ argument) => argument.value ?? argument.description).join(' '));
    }
    if (method === 'Log.entryAdded' && ['error', 'warning'].includes(parameters.entry.level)) {
      this.complaints.push(`${parameters.entry.text} ${parameters.entry.url ?? ''}`);
    }
  }

  /** @param {string} url */
  async open(url) {
    // From one fragment of a page to another would not load it anew.
    const emptied = new Promise((resolve) => { this.loaded = resolve; });
    await this.send('Page.navigate', { url: 'about:blank' });
    await emptied;
    const loaded = new Promise((resolve) => { this.loaded = resolve; });
    const { errorText } = await this.send('Page.navigate', { url });
    assert.equal(errorText, undefined);
    await loaded;
  }

  /**
   * Runs a function in the page.
   * @template {unknown[]} A
   * @template R
   * @param {(...given: A) => R | Promise<R>} run
   * @param {A} given
   * @returns {Promise<R>}
   */
  async run(run, ...given) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression: `(${run})(...${JSON.stringify(given)})`, awaitPromise: true, returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /**
   * Waits until a function in the page gives something true, and answers with that.
   * @template {unknown[]} A
   * @template R
   * @param {string} what is waited for
   * @param {(...given: A) => R} look
   * @param {A} given
   * @returns {Promise<Exclude<R, false | null | undefined>>}
   */
  async until(what, look, ...given) {
    const expression = `new Promise((resolve, reject) => {
      const begun = performance.now();
      const look = () => {
        const seen = (${look})(...${JSON.stringify(given)});
        if (seen) resolve(seen);
        else if (performance.now() - begun > ${PATIENCE}) reject(new Error(${JSON.stringify(`waited in vain for: ${what}`)} + '; the page says: ' + document.body.innerText.slice(0, 600)));
        else requestAnimationFrame(look);
      };
      look();
    })`;
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /**
   * Waits until a function in the page gives what it must; in vain, the failure shows what it gave last.
   * @template {unknown[]} A
   * @template R
   * @param {R} expected
   * @param {string} what is looked at
   * @param {(...given: A) => R | Promise<R>} look
   * @param {A} given
   */
  async gives(expected, what, look, ...given) {
    const begun = performance.now();
    for (;;) {
      const seen = await this.run(look, ...given);
      if (isDeepStrictEqual(seen, expected)) return;
      if (performance.now() - begun > PATIENCE) assert.deepEqual(seen, expected, what);
      await this.run(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    }
  }

  /** Waits for an element that is to be seen and holds the text. @param {string} selector @param {string} [text] */
  async see(selector, text = '') {
    await this.until(`${selector} with “${text}”`, (selector, text) => [...document.querySelectorAll(selector)]
      .some((element) => element instanceof HTMLElement && element.offsetParent !== null && (element.textContent ?? '').includes(text)), selector, text);
  }

  /** The middle of an element. @param {string} selector @param {string} [text] */
  async place(selector, text = '') {
    await this.see(selector, text);
    return this.run((selector, text) => {
      const found = [...document.querySelectorAll(selector)].find((element) =>
        element instanceof HTMLElement && element.offsetParent !== null && (element.textContent ?? '').includes(text));
      const box = /** @type {Element} */ (found).getBoundingClientRect();
      return { x: box.left + box.width / 2, y: box.top + box.height / 2, left: box.left, top: box.top, width: box.width, height: box.height };
    }, selector, text);
  }

  /** @param {string} type @param {{ x: number, y: number }} place @param {object} [more] */
  mouse(type, { x, y }, more = {}) {
    return this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1, ...more });
  }

  /** @param {string} selector @param {string} [text] @param {'left' | 'right'} [button] */
  async click(selector, text, button = 'left') {
    await this.clickAt(await this.place(selector, text), button);
  }

  /** @param {{ x: number, y: number }} place @param {'left' | 'right'} [button] */
  async clickAt(place, button = 'left') {
    await this.mouse('mouseMoved', place, { button: 'none' });
    await this.mouse('mousePressed', place, { button });
    await this.mouse('mouseReleased', place, { button });
  }

  /** @param {{ x: number, y: number }} from @param {{ x: number, y: number }} to */
  async drag(from, to) {
    await this.mouse('mouseMoved', from, { button: 'none' });
    await this.mouse('mousePressed', from);
    for (const part of [0.25, 0.5, 0.75, 1]) {
      await this.mouse('mouseMoved', { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }, { buttons: 1 });
    }
    await this.mouse('mouseReleased', to);
  }

  /** @param {{ x: number, y: number }} place @param {number} deltaY */
  wheel(place, deltaY) {
    return this.mouse('mouseWheel', place, { deltaX: 0, deltaY, button: 'none' });
  }

  /** @param {string} key as in KeyboardEvent.key @param {{ shift?: boolean, control?: boolean }} [held] */
  async key(key, { shift = false, control = false } = {}) {
    const modifiers = (shift ? 8 : 0) | (control ? 2 : 0);
    const codes = /** @type {Record<string, number>} */ ({ Enter: 13, Escape: 27, ArrowDown: 40, ArrowUp: 38, ArrowLeft: 37, ArrowRight: 39, Tab: 9, F10: 121, End: 35, Home: 36, PageDown: 34 });
    const text = key.length === 1 && !control ? key : key === 'Enter' ? '\r' : undefined;
    const code = { key, text, modifiers, windowsVirtualKeyCode: codes[key] ?? key.toUpperCase().charCodeAt(0) };
    await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', ...code });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...code });
  }

  /** @param {string} text */
  type(text) {
    return this.send('Input.insertText', { text });
  }

  async picture() {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }

  close() {
    return this.browser.send('Target.closeTarget', { targetId: this.target });
  }
}
