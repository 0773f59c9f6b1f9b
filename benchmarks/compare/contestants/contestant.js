// Node. Arguments, output and works: see ../../README.md.
'use strict';

const { spawn, execFile } = require('node:child_process');
const fs = require('node:fs');
const readline = require('node:readline');
const { pipeline } = require('node:stream/promises');
const { once } = require('node:events');
const { promisify } = require('node:util');

const [work, argument, warm, count, program] = process.argv.slice(2);
let child = null;
let onLine = () => {};
let lines = null;
let latencies = [];
let chars = 0;

/** The lines of a stream, by the fastest of readline's ways: its event. */
function listen(stream) {
  const reader = readline.createInterface({ input: stream });
  reader.on('line', (line) => onLine(line));
  return reader;
}

function start(...args) {
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

const works = {
  lines(count) {
    if (count === 0) return Promise.resolve();
    if (child === null) {
      child = start('lines', argument);
      lines = listen(child.stdout);
    } else {
      lines.resume();
    }
    let left = count;
    return new Promise((resolve) => {
      onLine = (line) => {
        chars += line.length;
        if (--left === 0) {
          lines.pause();
          resolve();
        }
      };
    });
  },

  async roundtrip(count) {
    if (child === null) {
      child = start('echo');
      lines = listen(child.stdout);
    }
    const message = 'x'.repeat(Number(argument) - 1) + '\n';
    latencies = [];
    for (let i = 0; i < count; i++) {
      const begin = process.hrtime.bigint();
      const answer = new Promise((resolve) => { onLine = resolve; });
      child.stdin.write(message);
      chars += (await answer).length;
      latencies.push(Number(process.hrtime.bigint() - begin));
    }
  },

  async tofile(count) {
    const [path, size] = argument.split(':');
    for (let i = 0; i < count; i++) {
      const source = start('source', size);
      const ended = once(source, 'close');
      await pipeline(source.stdout, fs.createWriteStream(path));
      await ended;
    }
  },

  async fromfile(count) {
    const [path] = argument.split(':');
    for (let i = 0; i < count; i++) {
      const sink = start('sink');
      sink.stdout.resume();
      const ended = once(sink, 'close');
      await pipeline(fs.createReadStream(path), sink.stdin);
      await ended;
    }
  },

  async starts(count) {
    const one = async () => {
      const echo = start('echo');
      const ended = once(echo, 'close');
      const answer = once(readline.createInterface({ input: echo.stdout }), 'line');
      echo.stdin.write('hello\n');
      await answer;
      echo.stdin.end();
      await ended;
    };
    for (let i = 0; i < count; i++) await Promise.all(Array.from({ length: Number(argument) }, one));
  },

  async runs(count) {
    const run = promisify(execFile);
    for (let i = 0; i < count; i++) {
      await Promise.all(Array.from({ length: Number(argument) }, () => run('/bin/true')));
    }
  },
};

function waitForDriver() {
  fs.readSync(0, Buffer.alloc(1));
}

async function main() {
  if (!(work in works)) {
    console.error('unsupported: Node can not make a pipe within the process');
    process.exit(3);
  }
  // A JIT needs time, however fast the work.
  const warmUntil = Date.now() + 1000 * Number(process.env.WARM_SECONDS ?? 0);
  do await works[work](Number(warm)); while (Date.now() < warmUntil);
  fs.writeSync(1, 'ready\n');
  waitForDriver();
  const begin = process.hrtime.bigint();
  await works[work](Number(count));
  const ns = Number(process.hrtime.bigint() - begin);
  latencies.sort((one, other) => one - other);
  const at = (percent) => latencies[Math.floor(latencies.length * percent / 100)] ?? 0;
  fs.writeSync(1, `done ${JSON.stringify({ ns, p50: at(50), p99: at(99) })}\n`);
  waitForDriver();
  process.exit(0); // children that still write end by their broken pipe
}

main();
