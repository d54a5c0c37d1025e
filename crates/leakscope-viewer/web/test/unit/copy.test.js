// Tables as text and as CSV.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asCsv, asText } from 'leakscope/part/copy.js';

/** @type {import('leakscope/part/table.js').Column<{ name: string, bytes: number }>[]} */
const columns = [
  { name: 'Call site', cell: ({ name }) => name },
  { name: 'Bytes', class: 'number', cell: ({ bytes }) => `${bytes.toLocaleString('en')} B`, order: ({ bytes }) => bytes },
];
const rows = [{ name: 'parse_header', bytes: 12_345 }, { name: 'say "a, b"', bytes: 7 }];

test('text is aligned as the table is', () => {
  assert.equal(asText(columns, rows), 'Call site        Bytes\nparse_header  12,345 B\nsay "a, b"         7 B\n');
});

test('CSV has numbers as they are, and quotes what it must', () => {
  assert.equal(asCsv(columns, rows), 'Call site,Bytes\r\nparse_header,12345\r\n"say ""a, b""",7\r\n');
});

test('of a cell with two numbers, both are columns of CSV; buttons are not copied', () => {
  /** @type {typeof columns} */
  const own = [
    { ...columns[1], unit: 'bytes', beside: { name: 'Letters', order: ({ name }) => name.length } },
    { name: 'Track', isCopied: false, cell: () => 'Pin' },
  ];
  assert.equal(asCsv(own, rows), 'Bytes [bytes],Letters\r\n12345,12\r\n7,10\r\n');
  assert.equal(asText(own, rows), '   Bytes\n12,345 B\n     7 B\n');
});

test('what a device calls something is no formula', () => {
  assert.match(asCsv(columns, [{ name: '=HYPERLINK("http://x")', bytes: 1 }]), /"'=HYPERLINK/);
  assert.match(asCsv(columns, [{ name: '-1+cmd', bytes: 1 }]), /\n'-1\+cmd/);
});
