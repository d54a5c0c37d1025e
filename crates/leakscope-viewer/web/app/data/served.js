// Answers from the server that gave out this page.
import { followNews } from 'leakscope/data/live.js';

/** @typedef {import('leakscope/data/types.js').Source} Source */

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
      const answer = await fetch(`api/${route}?${query}`, { signal, cache: 'no-store' });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.error ?? `the server answered ${answer.status}`);
      return body;
    },

    follow: followNews,
  };
}
