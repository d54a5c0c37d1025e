// Where addresses are in the map of memory, and which of many parts is seen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fittingRowBytes, layOut, partAt, pixels, placeOf, regionsOf, rowAt } from 'leakscope/chart/address-layout.js';

const REGIONS = regionsOf([
  { address: '0x20000010', lengths: [16, 100, 12], parts: [-1, 0, -4] },
  { address: '0xffffffffff600000', lengths: [4096], parts: [-1] },
]);

test('rows begin at multiples of their length, and regions have a heading', () => {
  const layout = layOut(REGIONS, 64);
  assert.equal(layout.rows, 1 + 3 + 1 + 64);
  assert.equal(rowAt(layout, 0)?.stretch, null);
  const rows = [1, 2, 3].map((row) => rowAt(layout, row)?.stretch).map((stretch) => [stretch?.from, stretch?.to]);
  assert.deepEqual(rows, [[0, 48], [48, 112], [112, 128]]);
  assert.equal(rowAt(layout, 4)?.placed.region, REGIONS[1]);
  assert.equal(rowAt(layout, layout.rows), null);
});

test('each byte is where it is shown, at any row length', () => {
  for (const rowBytes of [32, 64, 128, 4096]) {
    const layout = layOut(REGIONS, rowBytes);
    for (let offset = 0; offset < REGIONS[0].bytes; offset += 1) {
      const { row, along } = placeOf(layout, REGIONS[0], offset);
      const { stretch } = rowAt(layout, row) ?? {};
      assert.ok(stretch && offset >= stretch.from && offset < stretch.to, `${offset} in rows of ${rowBytes}`);
      assert.equal((0x10 + offset) % rowBytes, along * rowBytes);
    }
  }
});

test('all of it fits where there is room', () => {
  assert.ok(layOut(REGIONS, fittingRowBytes(REGIONS, 12)).rows <= 12);
  assert.ok(layOut(REGIONS, fittingRowBytes(REGIONS, 12) / 2).rows > 12);
  assert.ok(fittingRowBytes(REGIONS, 0) > 0);
  assert.ok(fittingRowBytes([], 10) > 0);
});

test('the part of a byte is found as by looking at all of them', () => {
  const [region] = REGIONS;
  for (let offset = 0; offset < region.bytes; offset += 1) {
    assert.equal(partAt(region, offset), region.starts.findLastIndex((start) => start <= offset));
  }
});

test('what stands out is seen, however small it is', () => {
  const lengths = Array.from({ length: 1000 }, () => 4);
  const [region] = regionsOf([{ address: '0x0', lengths, parts: lengths.map((_, at) => at) }]);
  const runs = pixels({ region, from: 0, to: region.bytes }, { x: 0, width: 10 }, (part) => Number(part === 777));
  assert.equal(runs.reduce((sum, { width }) => sum + width, 0), 10);
  assert.deepEqual(runs.filter(({ part }) => part === 777), [{ x: 7, width: 1, part: 777 }]);
  const close = pixels({ region, from: 0, to: 8 }, { x: 5, width: 80 }, () => 0);
  assert.deepEqual(close, [{ x: 5, width: 40, part: 0 }, { x: 45, width: 40, part: 1 }]);
});
