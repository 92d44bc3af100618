// Submits jobs and waits for what becomes of them.

import { expectStatus } from './server.mjs';

export class Jobs {
  constructor(server, token) {
    this.server = server;
    this.token = token;
  }

  request(method, target, options = {}) {
    return this.server.request(method, target, { token: this.token, ...options });
  }

  // Answers the id of a job that was taken.
  async submit(spec, status = 201) {
    const reply = await this.request('POST', '/v1/jobs', { body: spec });
    expectStatus(reply, status, JSON.stringify(spec));
    return reply.json.job_id;
  }

  sh(script, spec = {}) { return this.submit({ command: ['sh', '-c', script], ...spec }); }

  async get(id) {
    const reply = await this.request('GET', `/v1/jobs/${id}`);
    expectStatus(reply, 200);
    return reply.json;
  }

  // Waits until the job is as `wanted` says, without polling: each wait ends with a change.
  async until(id, wanted, ms = 20_000) {
    const end = Date.now() + ms;
    for (;;) {
      const job = await this.get(id);
      if (wanted(job)) return job;
      if (Date.now() > end)
        throw new Error(`still not so after ${ms} ms: ${wanted}: ${JSON.stringify(job)}`);
      const left = Math.max(1, Math.min(end - Date.now(), 1000));
      await this.request('GET', `/v1/jobs/${id}?wait_ms=${left}`);
    }
  }

  untilState(id, state, ms) { return this.until(id, (job) => job.state === state, ms); }
  untilFinal(id, ms) {
    return this.until(id, ({ state }) => ['succeeded', 'failed', 'canceled'].includes(state), ms);
  }

  async logs(id, query = '') {
    const reply = await this.request('GET', `/v1/jobs/${id}/logs${query}`);
    expectStatus(reply, 200);
    return reply.json;
  }

  async lines(id, stream = 'stdout') {
    return (await this.logs(id, `?stream=${stream}&limit=5000`)).map(({ line }) => line);
  }
}
