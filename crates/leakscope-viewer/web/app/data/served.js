// Answers from the server that gave out this page.

/** @typedef {import('leakscope/data/types.js').Source} Source */

/** @returns {Source} */
export function served() {
  return {
    served: true,

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

    follow(listener) {
      const stream = new EventSource('api/live');
      stream.addEventListener('reading', (event) => listener.news(JSON.parse(event.data)));
      // The browser tries again by itself; the next message says that the server is back.
      stream.addEventListener('error', () => listener.lost());
    },
  };
}
