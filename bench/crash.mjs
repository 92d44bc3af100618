// Kills the server many times under load and counts what was lost: the crash test, for longer.

import { main } from '../tests/crash/crash_loop.mjs';

process.exitCode = await main({ binary: 'build/release/zserver', kills: 500 });
