// SIGTERM and Ctrl-C reach what was started, also through npm: servers stop in good order, commands say that they were ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { madeUp } from '../import/made-up.ts';
import { command, newFolder } from './command-line.ts';

const patience = { timeout: 180_000 };
const root = fileURLToPath(new URL('../..', import.meta.url));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const folder = () => {
  const made = newFolder();
  folders.push(made);
  return made;
};

/** Runs a program in the repository; `said` waits until it has written this. */
const run = (program: string, args: readonly string[], env: Record<string, string>) => {
  const child: ChildProcess = spawn(program, args, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'test', PORT: '0', ANALYTICS: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      for (const listener of listeners) listener();
    });
  const closed = once(child, 'close');
  const said = (wanted: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (wanted.test(text)) resolve();
      };
      listeners.add(look);
      look();
      void closed.then(() => (wanted.test(text) ? resolve() : reject(new Error(`it ended without it: ${text}`))));
    });
  return { child, said, ended: once(child, 'exit').then(([code]) => code as number | null), closed, text: () => text };
};

describe('a server', patience, () => {
  it.each([
    ['npm start', 'npm', ['start'], 0],
    ['npx node main.ts start', 'npx', ['--no', 'node', '--', 'main.ts', 'start'], null],
    ['npm exec -- tokobapak start', 'npm', ['exec', '--no', '--', 'tokobapak', 'start'], null],
  ] as const)('that was started by `%s` stops in good order on SIGTERM to npm', async (_line, program, args, code) => {
    const DATA_DIR = folder();
    const started = run(program, args, { DATA_DIR });
    await started.said(/listening on/);
    started.child.kill('SIGTERM');
    await started.said(/"msg":"stopped"/);
    if (code !== null) expect(await started.ended).toBe(code);
    await started.closed;
    // The folder is free again.
    expect((await command(['events', 'tail'], { DATA_DIR })).code).toBe(0);
  });
  it('stops in good order on Ctrl-C, which npm passes on once more', async () => {
    const started = run(process.execPath, ['main.ts', 'start'], { DATA_DIR: folder() });
    await started.said(/listening on/);
    started.child.kill('SIGINT');
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);
    await started.said(/"msg":"stopped"/);
  });
});

describe('a command', patience, () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that imports ends at the first %s, and goes on from there when it is run again', async (signal, code) => {
    const files = madeUp();
    folders.push(files);
    const DATA_DIR = folder();
    const importing = run(process.execPath, ['main.ts', 'import', 'olist', files], { DATA_DIR });
    await importing.said(/import: 0 %|import: \d+ %/);
    importing.child.kill(signal);
    expect(await importing.ended).toBe(code);
    expect(importing.text()).toContain('Stopped before it was done.');
    const again = await command(['import', 'olist', files, '--verify'], { DATA_DIR, ANALYTICS: 'off' });
    expect([again.code, again.out]).toEqual([0, expect.stringMatching(/ 0 differences\n$/)]);
  });
  it('that follows the log ends as the shell expects it', async () => {
    const DATA_DIR = folder();
    const market = run(process.execPath, ['main.ts', 'start'], { DATA_DIR, NODE_ENV: 'development' });
    await market.said(/listening on/);
    const following = run(process.execPath, ['main.ts', 'events', 'tail', '--follow', '--type', 'category', '--count', '1'], { DATA_DIR });
    await following.said(/category\.created/);
    following.child.kill('SIGINT');
    expect(await following.ended).toBe(130);
    market.child.kill('SIGTERM');
    expect(await market.ended).toBe(0);
  });
});

it('an old Node says which one is needed: the file that it reads has nothing newer than ES2015 but the import', () => {
  const text = readFileSync(join(root, 'tokobapak.cjs'), 'utf8');
  expect(text).toMatch(/^#!\/usr\/bin\/env -S node /);
  expect(text).not.toMatch(/\?\.|\?\?|async |await |import .* from/);
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
  expect(text).toContain(`needed = ${/\d+/.exec(engines.node)?.[0]};`);
});
