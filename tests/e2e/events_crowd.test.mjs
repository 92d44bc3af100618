// 2,000 WebSockets of the npm `ws` client, slow readers and cut connections among them.
// `./dev bench events_crowd` opens 10,000.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runCrowd } from '../crowd/event_crowd.mjs';

test('2,000 sockets: nobody misses an event unnoticed, and slow readers delay nobody',
  { timeout: 240_000 }, async () => {
    const report = await runCrowd({ sockets: 2000, slow: 20, cut: 20, events: 60 });
    console.log(JSON.stringify(report));
    for (const count of ['readers_that_missed', 'readers_out_of_order', 'slow_that_missed',
      'cut_that_missed', 'incomplete']) assert.equal(report[count], 0, count);
    assert.equal(report.slow_told_of_a_gap, report.slow, 'each slow reader lost events, and knew');
    assert.ok(report.events_dropped > 0);
  });
