// Answers from the server that gave out this page.
import { followNews } from 'leakscope/data/live.js';

/** @typedef {import('leakscope/data/types.js').Source} Source */

/** What is left to do where nothing was asked before. */
const GONE = 'The server is gone and cannot be asked for this. What was shown in other views can still be looked at; for more, start leakscope view again.';

/** @returns {Source} */
export function served() {
  return {
    served: true,
    held: null,

    async get(route, parameters = {}, signal) {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(parameters)) {
        if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
      }
      const answer = await fetch(`api/${route}?${query}`, { signal, cache: 'no-store' }).catch((error) => {
        // As the browser says it, it would be "Failed to fetch".
        throw error instanceof TypeError ? new TypeError(GONE, { cause: error }) : error;
      });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.error ?? `the server answered ${answer.status}`);
      return body;
    },

    follow: followNews,
  };
}
