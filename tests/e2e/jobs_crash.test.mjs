// Jobs through 24 kills: of the server, of a worker elsewhere, of both, each during submits, runs,
// log writes and completions. `./dev bench jobs_crash` does a hundred.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { binary } from './support/server.mjs';

const KILLS = 24;
const DEATHS = 6;
const seed = Number(process.env.ZS_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`${KILLS} kills: no job is lost, ends twice or misses a line`, { timeout: 300_000 },
  async () => {
    console.log(`seed ${seed}: repeat with ZS_CRASH_SEED=${seed}`);
    const { stdout } = await promisify(execFile)(binary, ['crashtest', 'jobs', '--rounds',
      String(KILLS), '--deaths', String(DEATHS), '--seed', String(seed), '--json', '--quiet'])
      .catch((error) => error);
    const report = JSON.parse(stdout);
    console.log(JSON.stringify(report));
    const { lost, unfinished, failed, never_run, ended_twice, logs_with_holes } = report;
    assert.deepEqual({ lost, unfinished, failed, never_run, ended_twice, logs_with_holes },
      { lost: 0, unfinished: 0, failed: 0, never_run: 0, ended_twice: 0, logs_with_holes: 0 });
    assert.equal(report.passed, true);
    assert.ok(report.answered_submits > KILLS, 'there was something to lose');
    for (const victim of ['server', 'worker', 'both'])
      assert.equal(report[`kills_of_${victim}`], KILLS / 3);
    for (const moment of ['submits', 'runs', 'log_writes', 'completions'])
      assert.equal(report[`kills_during_${moment}`], KILLS / 4);
    assert.ok(report.programs_cut_off > 0, 'programs ran when their process was killed');
    assert.ok(report.attached_again > 0, 'and some of them were found again');
    assert.deepEqual([report.shims_killed_local, report.shims_killed_remote],
      [DEATHS / 2, DEATHS / 2]);
  });
