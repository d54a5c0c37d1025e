// One question at a time: a new one ends the one before it, whose answer then does not matter. Only if the data have
// grown meanwhile does the one under way come to its end first: on a slow machine news would end every question.

/** @typedef {import('leakscope/data/types.js').Source} Source */
/** @typedef {import('leakscope/data/types.js').Routes} Routes */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */

/** Questions that are under way. @type {Set<object>} */
const underWay = new Set();
/** What happens when there is none. @type {(() => void)[]} */
const waiting = [];

/** Waits until all questions are answered. @returns {Promise<void>} */
export function allAnswered() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    tellIfNone();
  });
}

function tellIfNone() {
  if (underWay.size === 0) for (const resolve of waiting.splice(0)) resolve();
}

/** Milliseconds between two parts of an answer: enough to read something. */
const BETWEEN_PARTS = 300;

/** @template {keyof Routes} R */
export class Latest {
  /**
   * @param {Source} source
   * @param {R} route
   * @param {(answer: Routes[R]) => void} answered
   * @param {(message: string) => void} failed
   */
  constructor(source, route, answered, failed) {
    this.source = source;
    this.route = route;
    this.answered = answered;
    this.failed = failed;
    /** @type {AbortController | null} */
    this.running = null;
    this.asked = '';
    this.isAnswered = false;
    /** Of the data that the question under way is about. */
    this.version = 0;
    /** What is asked when that is answered. @type {[Parameters, number] | null} */
    this.next = null;
  }

  /**
   * Asks, unless this was asked last.
   * @param {Parameters} parameters
   * @param {number} version of the data
   */
  async ask(parameters, version = 0) {
    const question = JSON.stringify([parameters, version]);
    if (question === this.asked) return;
    this.asked = question;
    if (this.running !== null && version !== this.version) {
      this.next = [parameters, version];
      return;
    }
    this.next = null;
    this.version = version;
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    underWay.add(this);
    try {
      await this.#hear(parameters, running.signal);
    } catch (error) {
      if (running.signal.aborted) return;
      this.asked = '';
      // The server is gone, which the head of the page says: what was answered before stays.
      if (error instanceof TypeError && this.isAnswered) return;
      this.failed(error instanceof Error ? error.message : String(error));
    }
    if (this.running !== running) return;
    this.running = null;
    underWay.delete(this);
    // Set meanwhile, which the compiler does not see.
    const next = /** @type {[Parameters, number] | null} */ (this.next);
    if (next === null) {
      tellIfNone();
      return;
    }
    this.asked = '';
    await this.ask(...next);
  }

  /**
   * Hears the answer. What of it was counted so far is passed on now and then, until nothing is missing.
   * @param {Parameters} parameters
   * @param {AbortSignal} signal
   */
  async #hear(parameters, signal) {
    let heard = performance.now();
    while (!signal.aborted) {
      const answer = await this.source.get(this.route, parameters, signal);
      const isPart = 'complete' in Object(answer) && /** @type {{ complete?: boolean }} */ (answer).complete === false;
      if (!signal.aborted && (!isPart || performance.now() - heard >= BETWEEN_PARTS)) {
        this.answered(answer);
        this.isAnswered = true;
        heard = performance.now();
      }
      if (!isPart) return;
    }
  }

  /** Ends the question that is under way. */
  stop() {
    this.running?.abort();
    this.running = null;
    this.next = null;
    this.asked = '';
    underWay.delete(this);
    tellIfNone();
  }
}
