// Runs one test file beside emulators of its own: `node with-emulators.cjs FILE`. Node reads certificates to trust when
// it starts, so that the emulators must be there before the tests are.
'use strict';

const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');

const SCENE = ['emulate', '--tls', '--json', '--contacts', '40', '--registrations', '5'];

async function main(file) {
  const binary = process.env.WEBINAR_BRIDGE;
  if (!binary || !file) {
    throw new Error('usage: WEBINAR_BRIDGE=/path/to/webinar-bridge node with-emulators.cjs FILE');
  }
  const emulators = spawn(binary, SCENE, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => emulators.kill());
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  const line = await firstLine(emulators);
  const env = { ...process.env, READY: line, NODE_EXTRA_CA_CERTS: JSON.parse(line).ca };
  const tests = spawn(process.execPath, ['--test', '--test-reporter=spec', '--test-timeout=60000', file], {
    stdio: 'inherit',
    env,
  });
  process.exitCode = await new Promise((resolve) => tests.on('exit', (code) => resolve(code ?? 1)));
  emulators.kill();
}

function firstLine(emulators) {
  return new Promise((resolve, reject) => {
    createInterface({ input: emulators.stdout }).once('line', resolve);
    emulators.once('error', reject);
    emulators.once('exit', (code) =>
      reject(new Error(`the emulators ended with ${code} before they were ready`)),
    );
  });
}

main(process.argv[2]).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
