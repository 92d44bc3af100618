// 10,000 WebSockets of the npm `ws` client: slow readers and cut connections among them.

import process from 'node:process';

import { runCrowd } from '../tests/crowd/event_crowd.mjs';

const sockets = Number(process.argv[2] ?? 10_000);
const report = await runCrowd({ sockets, slow: sockets / 100, cut: sockets / 100, events: 60 });
for (const [name, value] of Object.entries(report))
  console.log(`${name.padEnd(28)}${Number.isInteger(value) ? value : value.toFixed(1)}`);
const missed = report.readers_that_missed + report.readers_out_of_order + report.slow_that_missed
  + report.cut_that_missed + report.incomplete;
process.exitCode = missed === 0 && report.slow_told_of_a_gap === report.slow ? 0 : 1;
