// The catalogue of a library that does not exist: books with a summary and an embedding of it.
// The same count and seed always give the same documents.
//
//   node examples/library/library.mjs [--count 20000] [--seed 1] > library.ndjson
//   node examples/library/library.mjs --embed "a storm at sea"
//
// The embedding is a toy, and honest about it: every word belongs to a concept, concepts have
// random directions, a text is the mean of its words. Texts about the same things are near each
// other, which is all that a demonstration of vector search needs.

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const DIMENSIONS = 32;

// Concept: words that mean nearly the same for a reader of catalogues.
const CONCEPTS = {
  sea: ['sea', 'ship', 'sailor', 'harbour', 'storm', 'tide', 'captain', 'lighthouse', 'island'],
  mountain: ['mountain', 'summit', 'glacier', 'rope', 'avalanche', 'valley', 'hut', 'snow'],
  machine: ['machine', 'engine', 'gear', 'workshop', 'inventor', 'steam', 'clock', 'automaton'],
  stars: ['star', 'orbit', 'telescope', 'comet', 'planet', 'astronomer', 'moon', 'rocket'],
  garden: ['garden', 'seed', 'orchard', 'bee', 'blossom', 'greenhouse', 'herb', 'root', 'gardener'],
  music: ['music', 'violin', 'choir', 'melody', 'concert', 'piano', 'composer', 'silence', 'song'],
  court: ['court', 'judge', 'trial', 'witness', 'verdict', 'law', 'prison', 'advocate', 'oath'],
  kitchen: ['kitchen', 'bread', 'salt', 'recipe', 'oven', 'feast', 'cook', 'spice', 'market'],
  war: ['war', 'siege', 'soldier', 'border', 'letter', 'treaty', 'general', 'retreat', 'peace'],
  family: ['family', 'sister', 'inheritance', 'house', 'wedding', 'grandmother', 'secret'],
  city: ['city', 'tram', 'rooftop', 'crowd', 'newspaper', 'bridge', 'café', 'station', 'night'],
  winter: ['winter', 'frost', 'wolf', 'forest', 'lantern', 'cabin', 'fire', 'silver', 'north'],
};
const ADJECTIVES = ['quiet', 'last', 'hidden', 'broken', 'patient', 'distant', 'paper', 'borrowed',
  'green', 'hollow', 'second', 'unfinished', 'bright', 'forgotten'];
const LANGUAGES = ['en', 'de', 'fr', 'pl', 'sv', 'is'];
const GIVEN = ['Ada', 'Ilse', 'Jonas', 'Mira', 'Tomasz', 'Elin', 'Noor', 'Petra', 'Sven', 'Ruth'];
const FAMILY = ['Halvorsen', 'Brandt', 'Okafor', 'Lindqvist', 'Marek', 'Sato', 'Vidal', 'Ferrer'];
const an = (word) => `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
const PHRASES = [
  (a, b, c) => `Here ${an(a)} and ${an(b)} decide what becomes of the ${c}.`,
  (a, b, c) => `Nobody remembers the ${a}, until the ${b} finds ${an(c)}.`,
  (a, b, c) => `Between ${a} and ${b} there is only one ${c}.`,
  (a, b, c) => `The ${a} was never about the ${b}; it was about the ${c}.`,
  (a, b, c) => `What the ${a} took, the ${b} gives back with ${an(c)}.`,
];

// Numbers in [0, 1) from a seed (mulberry32).
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hash(text) {
  let value = 2166136261;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 16777619);
  return value >>> 0;
}

// A direction that depends on nothing but the text.
function direction(text) {
  const next = random(hash(text));
  return Array.from({ length: DIMENSIONS }, () => next() + next() + next() - 1.5);
}

const conceptOf = new Map(Object.entries(CONCEPTS).flatMap(
  ([concept, words]) => words.map((word) => [word, concept])));
const vectorOf = new Map();
function wordVector(word) {
  let vector = vectorOf.get(word);
  if (!vector) {
    const own = direction(word);
    const concept = conceptOf.get(word);
    const shared = concept ? direction(`concept ${concept}`) : own;
    vector = own.map((x, i) => (concept ? shared[i] + 0.35 * x : 0.25 * x));
    vectorOf.set(word, vector);
  }
  return vector;
}

// The embedding of any text: a unit vector, rounded to four digits.
export function embed(text) {
  const sum = new Array(DIMENSIONS).fill(0);
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    wordVector(word).forEach((x, i) => { sum[i] += x; });
  }
  const norm = Math.hypot(...sum) || 1;
  return sum.map((x) => Math.round((x / norm) * 1e4) / 1e4);
}

// `count` documents, one after the other.
export function* documents(count, seed = 1) {
  const next = random(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const concepts = Object.keys(CONCEPTS);
  for (let i = 1; i <= count; ++i) {
    const main = pick(concepts);
    const side = pick(concepts);
    const word = () => pick(CONCEPTS[next() < 0.75 ? main : side]);
    const title = `The ${pick(ADJECTIVES)} ${word()}`;
    const summary = Array.from({ length: 2 + Math.floor(next() * 3) },
      () => pick(PHRASES)(word(), word(), word())).join(' ');
    yield {
      _id: `book-${String(i).padStart(6, '0')}`,
      title: title.replace(/\b\p{L}/gu, (letter) => letter.toUpperCase()),
      author: { given: pick(GIVEN), family: pick(FAMILY) },
      year: 1890 + Math.floor(next() * 135),
      pages: 80 + Math.floor(next() * 720),
      language: pick(LANGUAGES),
      genre: main,
      summary,
      embedding: embed(`${title} ${summary}`),
    };
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      embed: { type: 'string' },
    },
  });
  if (values.embed !== undefined) {
    console.log(JSON.stringify(embed(values.embed)));
    return;
  }
  let lines = '';
  const flush = () => new Promise((done) => { process.stdout.write(lines, done); lines = ''; });
  for (const document of documents(Number(values.count), Number(values.seed))) {
    lines += `${JSON.stringify(document)}\n`;
    if (lines.length > 1 << 18) await flush();
  }
  await flush();
}

// Run as a program, also through a link.
const program = process.argv[1] && realpathSync(process.argv[1]);
if (program === fileURLToPath(import.meta.url)) await main();
