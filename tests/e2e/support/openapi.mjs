// Validates real replies against api/openapi.yaml.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const require = createRequire(path.join(root, 'deps/package.json'));
const Ajv = require('ajv/dist/2020').default;
const addFormats = require('ajv-formats').default;
const YAML = require('yaml');

export const document = YAML.parse(readFileSync(path.join(root, 'api/openapi.yaml'), 'utf8'),
  { maxAliasCount: -1 });

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ ...document, $id: 'openapi' });

export function operations() {
  return Object.entries(document.paths).flatMap(([pattern, item]) =>
    METHODS.filter((method) => item[method]).map((method) => `${method} ${pattern}`));
}

const patterns = Object.keys(document.paths)
  .map((pattern) => ({
    pattern,
    test: new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`),
    params: (pattern.match(/\{/g) ?? []).length,
  }))
  .sort((a, b) => a.params - b.params);

function deref(value) {
  if (!value?.$ref) return value;
  return deref(value.$ref.slice(2).split('/').reduce(
    (at, part) => at[part.replaceAll('~1', '/').replaceAll('~0', '~')], document));
}

// The pointer of a schema inside the document, so that its references resolve.
function pointer(...parts) {
  return parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
}

const compiled = new Map();
function validator(reference) {
  if (!compiled.has(reference))
    compiled.set(reference, ajv.compile({ $ref: `openapi#/${reference}` }));
  return compiled.get(reference);
}

// Where the schema of this media type stands, following one reference of the whole response.
function schemaReference(pattern, method, status, type) {
  const raw = document.paths[pattern][method].responses[status];
  if (!raw.$ref) {
    return pointer('paths', pattern, method, 'responses', status, 'content', type, 'schema');
  }
  return `${raw.$ref.slice(2)}/${pointer('content', type, 'schema')}`;
}

// Answers what is wrong with the reply, as a list of texts; empty when it is as described.
export function check(method, target, reply) {
  const pathname = target.split('?')[0];
  const found = patterns.find((one) => one.test.test(pathname));
  const operation = document.paths[found?.pattern]?.[method.toLowerCase()];
  if (!operation) return { operation: null, problems: [`${method} ${target} is not described`] };
  const name = `${method.toLowerCase()} ${found.pattern}`;
  const status = operation.responses[reply.status] ? String(reply.status) : 'default';
  if (status === 'default' && reply.status < 400) {
    return { operation: name, problems: [`${name}: status ${reply.status} is not described`] };
  }
  const response = deref(operation.responses[status]);
  const problems = [];
  if (!response.content) {
    if (reply.text !== '')
      problems.push(`${name}: ${reply.status} has a body: ${reply.text.slice(0, 100)}`);
    return { operation: name, problems };
  }
  const type = (reply.headers.get('content-type') ?? '').split(';')[0].trim();
  if (!response.content[type]) problems.push(`${name}: ${reply.status} has type '${type}'`);
  if (type === 'application/json' && response.content[type]) {
    const validate = validator(schemaReference(found.pattern, method.toLowerCase(), status, type));
    if (!validate(reply.json)) {
      problems.push(
        `${name}: ${reply.status} ${ajv.errorsText(validate.errors)}: ${reply.text.slice(0, 400)}`);
    }
  }
  return { operation: name, problems };
}
