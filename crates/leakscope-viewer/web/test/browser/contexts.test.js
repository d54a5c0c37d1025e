// How tasks and interrupts run, in Chromium: the table's numbers agree with the table of tasks above it, and with each other.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, recording, SCREENSHOTS, serving, singleFile } from './program.js';
import { fits } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

/** The cells of the table of runs. @param {import('./chromium.js').Tab} tab */
function listed(tab) {
  return tab.until('the table of runs', () => {
    const table = [...document.querySelectorAll('table')].find((table) => table.querySelector('caption')?.textContent === 'Runs');
    return table && {
      heads: [...table.querySelectorAll('thead th')].map((head) => head.textContent ?? ''),
      rows: [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent ?? '')),
    };
  });
}

/** @param {string} url @param {{ contexts: any[] }} runs @param {any[]} tasks @param {string} form */
async function look(url, { contexts }, tasks, form) {
  for (const row of contexts) {
    const task = tasks.find(({ context }) => context === row.context);
    const ran = task?.run.find((/** @type {any} */ { core }) => core === row.core) ?? { ticks: 0, switches: 0 };
    // A context that is not known to run is in no row of the tasks.
    if (task !== undefined) assert.equal(row.run.total, ran.ticks, `${task.name}: the time is that of the tasks`);
    assert.ok(row.run.count === 0 || (row.run.shortest * row.run.count <= row.run.total && row.run.total <= row.run.longest * row.run.count));
  }
  for (const theme of /** @type {const} */ (['dark', 'light'])) {
    for (const width of [1440, 1024, 420]) {
      const tab = await browser.tab({ theme, width, height: 900 });
      await tab.open(`${url}#tasks`);
      const { heads, rows } = await listed(tab);
      const count = heads.indexOf('Runs');
      assert.deepEqual(rows.map((row) => Number(row[count].replaceAll(',', ''))), contexts.map(({ run }) => run.count));
      writeFileSync(join(SCREENSHOTS, `contexts-${form}-${theme}-${width}.png`), await tab.picture());
      await fits(tab, width);
      assert.doesNotMatch(await tab.run(() => document.body.innerText), /\b(null|undefined|NaN|Infinity|\[object)\b/);
      assert.deepEqual(tab.complaints, []);
      await tab.close();
    }
  }
}

for (const [name, trace] of /** @type {[string, string | null][]} */ ([['golden', golden('steady-leak')], ['real', recording('idf-mcore-2026/heap_log_mcore.svdat')]])) {
  test(name, { skip: trace === null }, async () => {
    if (trace === null) return;
    await serving(trace, async (url) => {
      const [runs, { tasks }] = await Promise.all(['contexts', 'tasks'].map((route) => answerTo(url, route)));
      await look(url, runs, tasks, `${name}-served`);
      await look(singleFile(`contexts-${name}`, trace).url, runs, tasks, `${name}-file`);
    });
  });
}
