// Kills under streams of documents with vectors, index builds and updates: nothing is lost, nothing
// is there twice, and searches find what the rows are. ZS_CRASH_KILLS=50 for more.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { describe, runCrashLoop } from '../crash/crash_loop.mjs';
import { DOCUMENTS } from '../crash/documents.mjs';

const kills = Number(process.env.ZS_CRASH_KILLS ?? 20);
const binary = path.resolve(process.env.ZSERVER_BINARY ?? 'build/release/zserver');
const seed = Number(process.env.ZS_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`${kills} kills leave documents, vectors and indexes whole`,
  { timeout: 60_000 + kills * 12_000 }, async () => {
    console.log(`seed ${seed}: repeat with ZS_CRASH_SEED=${seed}`);
    const report = await runCrashLoop({ binary, kills, seed, cast: DOCUMENTS });
    console.log(describe(report));
    assert.deepEqual(report.losses, []);
  });
