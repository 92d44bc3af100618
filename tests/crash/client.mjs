// HTTP over keep-alive connections, with the one distinction a crash test needs: answered or not.

import http from 'node:http';

// No answer came: the request may have been done, or not.
export class Unanswered extends Error {}

export class Client {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

  constructor(url) {
    this.url = new URL(url);
  }

  // Answers {status, body}; throws Unanswered. `lines` instead of `body` is NDJSON as it is.
  request(method, path, { token, body, lines, headers: more } = {}) {
    const text = body === undefined ? lines : JSON.stringify(body);
    const headers = { ...more };
    if (token?.startsWith('zs_')) headers['X-API-Key'] = token;
    else if (token) headers.Authorization = `Bearer ${token}`;
    if (text !== undefined) {
      headers['Content-Type'] = lines === undefined ? 'application/json' : 'application/x-ndjson';
      headers['Content-Length'] = Buffer.byteLength(text);
    }
    const { hostname, port } = this.url;
    return new Promise((resolve, reject) => {
      const lost = (error) => reject(new Unanswered(error?.message ?? 'cut off'));
      const request = http.request({ hostname, port, path, method, headers, agent: this.#agent });
      request.on('error', lost);
      request.on('response', (response) => {
        const pieces = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('error', lost);
        response.on('end', () => {
          if (!response.complete) return lost();
          const answer = Buffer.concat(pieces).toString();
          return resolve({ status: response.statusCode, body: answer ? JSON.parse(answer) : null });
        });
      });
      request.end(text);
    });
  }

  // Throws for any other status than `status`.
  async expect(status, method, path, options) {
    const answer = await this.request(method, path, options);
    if (answer.status !== status) {
      throw new Error(`${method} ${path}: ${answer.status} instead of ${status}: `
        + `${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  // The rows as arrays.
  async rows(token, sql, params = []) {
    const body = { sql, params, row_format: 'arrays', max_rows: 100_000 };
    const answer = await this.expect(200, 'POST', '/v1/sql', { token, body });
    if (answer.truncated) throw new Error(`more rows than this test reads: ${sql}`);
    return answer.rows;
  }

  close() {
    this.#agent.destroy();
  }
}
