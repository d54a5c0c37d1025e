// News of the reading, over one connection for all tabs that show a trace: browsers open no more than six to a
// server, and a tab that only waits would keep one of them from those that ask.

/** @typedef {import('leakscope/data/types.js').Listener} Listener */
/** What tabs tell each other: news, that the server is gone, or that one of them is new.
 *  @typedef {{ reading: import('leakscope/data/types.js').Reading } | 'lost' | 'new'} Message */

/** @param {Listener} listener */
export function followNews(listener) {
  // The path is the server's secret: pages of other traces have others.
  const name = `leakscope ${location.pathname}`;
  const others = new BroadcastChannel(name);
  let listens = false;
  /** @type {Message | null} */
  let last = null;

  const hear = (/** @type {Message} */ message) => {
    if (message === 'new') {
      if (listens && last !== null) others.postMessage(last);
      return;
    }
    last = message;
    if (message === 'lost') listener.lost();
    else listener.news(message.reading);
  };
  const tell = (/** @type {Message} */ message) => {
    hear(message);
    others.postMessage(message);
  };
  others.addEventListener('message', ({ data }) => hear(data));

  const listen = () => {
    listens = true;
    const stream = new EventSource('api/live');
    stream.addEventListener('reading', (event) => tell({ reading: JSON.parse(event.data) }));
    // The browser tries again by itself; the next message says that the server is back.
    stream.addEventListener('error', () => tell('lost'));
  };
  others.postMessage('new');
  // The tab with the lock listens for all, until it is closed; then it is the next one's turn.
  navigator.locks.request(name, () => {
    listen();
    return new Promise(() => {});
  });
}
