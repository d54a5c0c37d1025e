// The address's fragment holds all that is shown, whoever typed it; the history holds what Back undoes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, USUAL, write } from 'leakscope/state/fragment.js';
import { Store } from 'leakscope/state/store.js';

test('what is written is read again', () => {
  /** @type {import('leakscope/state/fragment.js').State} */
  const state = {
    ...USUAL, view: 'events', range: [100, 900], window: [0, 5_000], cursor: 17, event: 4_711, site: 3, kinds: ['api', 'heap'],
    contexts: [0, 2], core: 0, at: 9, address: '0x3ffb1234', text: 'a&b=c#d %, ü', search: 'x y', sort: '-Growth', weight: 'allocations', zoom: 'main › a::b<c, d> › 0x1234',
    inverted: true, upward: true, allocator: true, log: '100 %', levels: ['error'], loggers: [1], mixed: true, close: true, theme: 'dark', pins: ['4', 'task-2', 'heap-0x3ffb0000'], stacked: 'context', around: 'a::b<c, d>', against: 'before',
  };
  assert.deepEqual(read(write(state)), state);
  assert.equal(write(USUAL), '#overview');
  assert.deepEqual(read(''), USUAL);
});

test('nonsense in an address is as if it were not there', () => {
  for (const fragment of ['#nowhere?range=9-1', '#?cursor=-5&core=x', '#overview?theme=pink&kinds=&__proto__=1', '#overview?range=1', '#overview?pins=x,task-,heap-3,-1,1e3&stacked=all&against=1', '#%%%?&&=']) {
    assert.deepEqual(read(fragment), USUAL, fragment);
  }
});

/** A browser's history. @param {string} first */
function history(first) {
  const entries = [first];
  let place = 0;
  /** @type {(() => void)[]} */
  const waiting = [];
  return {
    entries,
    fragment: () => entries[place],
    push: (/** @type {string} */ fragment) => {
      place += 1;
      entries.splice(place, Infinity, fragment);
    },
    replace: (/** @type {string} */ fragment) => { entries[place] = fragment; },
    later: (/** @type {() => void} */ action) => void waiting.push(action),
    back: () => { place -= 1; },
    timePasses: () => waiting.splice(0).forEach((action) => action()),
  };
}

test('a change of view can be undone, a movement of the cursor only moves it', () => {
  const address = history('#overview');
  const store = new Store(address);
  store.change({ view: 'timeline' });
  store.change({ cursor: 10 });
  store.change({ cursor: 20 });
  assert.equal(address.entries.length, 2);
  address.timePasses();
  assert.equal(address.fragment(), '#timeline?cursor=20');
  store.change({ cursor: 30 });
  store.change({ view: 'events' });
  assert.deepEqual(address.entries, ['#overview', '#timeline?cursor=30', '#events?cursor=30']);
  address.timePasses();
  assert.equal(address.fragment(), '#events?cursor=30');
  address.back();
  store.moved();
  assert.equal(store.state.view, 'timeline');
});

test('listeners hear of changes, and only of changes', () => {
  const store = new Store(history('#overview'));
  /** @type {string[]} */
  const heard = [];
  store.subscribe((state, before) => heard.push(`${before.text}>${state.text}`));
  store.change({ text: 'a' });
  store.change({ text: 'a', kinds: [] });
  store.change({ text: 'b' });
  assert.deepEqual(heard, ['>a', 'a>b']);
});

test('a theme that was chosen stays when one goes back', () => {
  const address = history('#overview');
  const store = new Store(address);
  store.change({ view: 'tasks' });
  store.change({ theme: 'dark' });
  address.back();
  store.moved();
  assert.equal(store.state.theme, 'dark');
});
