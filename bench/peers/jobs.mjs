// One measurement of one job queue, as one line of JSON:
//     node jobs.mjs PEER URL MEASURE SECONDS JOBS
//   PEER     bullmq (URL of Redis), graphile-worker or pg-boss (URLs of PostgreSQL)
//   MEASURE  submit_1, submit_64, batch, batch_4, drain, idle
// Every peer gets the settings that its manual gives for throughput; durability is the server's.
import { performance } from 'node:perf_hooks';

const [peerName, url, measure, secondsText, jobsText] = process.argv.slice(2);
const seconds = Number(secondsText);
const jobs = Number(jobsText);
const batchSize = 1000;

// graphile-worker adds many by its SQL function.
const addJobs = `select count(*) from graphile_worker.add_jobs(array(
    select ('noop', e.value, null, null, null, null, null, null)::graphile_worker.job_spec
    from json_array_elements($1::json) e))`;

const peers = {
    bullmq: async () => {
        const { Queue, Worker } = await import('bullmq');
        const address = new URL(url);
        const port = Number(address.port);
        const connection = { host: address.hostname, port, maxRetriesPerRequest: null };
        const name = `bench${process.pid}`;
        const queue = new Queue(name, { connection });
        await queue.waitUntilReady();
        const keep = { removeOnComplete: true };
        return {
            add: data => queue.add('noop', data, keep),
            addMany: list => queue.addBulk(list.map(data => ({ name: 'noop', data, opts: keep }))),
            work: async handle => {
                const options = { connection, concurrency: 128 };
                const worker = new Worker(name, async job => handle(job.data), options);
                await worker.waitUntilReady();
                return () => worker.close();
            },
            close: () => queue.close(),
        };
    },
    'graphile-worker': async () => {
        const { default: pg } = await import('pg');
        const { makeWorkerUtils, run } = await import('graphile-worker');
        const pool = new pg.Pool({ connectionString: url, max: 64 });
        const utils = await makeWorkerUtils({ pgPool: pool });
        await utils.migrate();
        await pool.query('delete from graphile_worker._private_jobs');
        return {
            add: data => utils.addJob('noop', data),
            addMany: list => pool.query(addJobs, [JSON.stringify(list)]),
            work: async handle => {
                const runner = await run({
                    pgPool: new pg.Pool({ connectionString: url, max: 32 }),
                    concurrency: 24,
                    noHandleSignals: true,
                    taskList: { noop: async payload => handle(payload) },
                });
                return () => runner.stop();
            },
            close: async () => {
                await utils.release();
                await pool.end();
            },
        };
    },
    'pg-boss': async () => {
        const { default: PgBoss } = await import('pg-boss');
        const quiet = { supervise: false, schedule: false };
        const boss = new PgBoss({ connectionString: url, max: 64, ...quiet });
        boss.on('error', error => console.error(error.message));
        await boss.start();
        const name = `bench${process.pid}`;
        await boss.createQueue(name);
        return {
            add: data => boss.send(name, data),
            addMany: list => boss.insert(list.map(data => ({ name, data }))),
            work: async handle => {
                const options = { batchSize, pollingIntervalSeconds: 0.5 };
                await boss.work(name, options, async list => list.forEach(job => handle(job.data)));
                return () => boss.offWork(name);
            },
            close: () => boss.stop({ graceful: false }),
        };
    },
};

function percentile(sorted, percent) {
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

async function submit(peer, inFlight) {
    const took = [];
    const end = performance.now() + seconds * 1000;
    const client = async () => {
        while (performance.now() < end) {
            const began = performance.now();
            await peer.add({ began });
            took.push(performance.now() - began);
        }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: inFlight }, client));
    const spent = performance.now() - began;
    took.sort((a, b) => a - b);
    return {
        jobs_per_second: (took.length / spent) * 1000,
        p50_us: percentile(took, 50) * 1000,
        p99_us: percentile(took, 99) * 1000,
    };
}

async function fill(peer, count) {
    for (let done = 0; done < count; done += batchSize) {
        const length = Math.min(batchSize, count - done);
        await peer.addMany(Array.from({ length }, (_, i) => ({ i })));
    }
}

async function batch(peer, inFlight) {
    let count = 0;
    const began = performance.now();
    const client = async () => {
        while (performance.now() < began + seconds * 1000) {
            await fill(peer, batchSize);
            count += batchSize;
        }
    };
    await Promise.all(Array.from({ length: inFlight }, client));
    return { jobs_per_second: (count / (performance.now() - began)) * 1000 };
}

async function drain(peer) {
    await fill(peer, jobs);
    let left = jobs;
    const began = performance.now();
    let stop;
    await new Promise((resolve, reject) => {
        const handled = () => {
            left -= 1;
            if (left === 0) resolve();
        };
        peer.work(handled).then(stopping => (stop = stopping), reject);
    });
    const spent = performance.now() - began;
    await stop();
    return { jobs_per_second: (jobs / spent) * 1000 };
}

// From the answer to a submit to the handler; 0 when the handler was first.
async function idle(peer) {
    const took = [];
    let started = () => {};
    const stop = await peer.work(() => started(performance.now()));
    await new Promise(resolve => setTimeout(resolve, 500));
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end || took.length < 3) {
        const run = new Promise(resolve => (started = resolve));
        await peer.add({});
        const answered = performance.now();
        took.push(Math.max(0, (await run) - answered));
        await new Promise(resolve => setTimeout(resolve, 20));
    }
    await stop();
    took.sort((a, b) => a - b);
    return { p50_us: percentile(took, 50) * 1000, p99_us: percentile(took, 99) * 1000 };
}

const measures = {
    submit_1: peer => submit(peer, 1),
    submit_64: peer => submit(peer, 64),
    batch: peer => batch(peer, 1),
    batch_4: peer => batch(peer, 4),
    drain,
    idle,
};

if (!peers[peerName] || !measures[measure]) {
    const [names, kinds] = [peers, measures].map(each => Object.keys(each).join('|'));
    console.error(`usage: node jobs.mjs ${names} URL ${kinds} SECONDS JOBS`);
    process.exit(2);
}
const peer = await peers[peerName]();
const figures = await measures[measure](peer);
process.stdout.write(`${JSON.stringify(figures)}\n`);
await peer.close();
process.exit(0);
