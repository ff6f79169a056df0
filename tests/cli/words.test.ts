// What the command line answers to words, options and folders that make no sense: one sentence that says what would, and nothing made on the way.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../cli.ts';
import { explain } from '../../infra/cli/explain.ts';
import { command, newFolder } from './command-line.ts';

const patience = { timeout: 120_000 };
const folder = newFolder();
const nowhere = join(folder, 'nowhere');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = async (line: string, env: Record<string, string> = {}) => {
  const { code, out, err } = await command(line.split(' '), { DATA_DIR: nowhere, ANALYTICS: 'off', ...env });
  return { code, out, lines: err.split('\n').filter(Boolean) };
};

/** The same without a process of its own: the sentence that would be printed, and the exit code. */
const said = async (line: string) => {
  const streams = { print: () => {}, screen: { write: () => {} }, letGo: () => {}, signal: new AbortController().signal };
  try {
    const code = await runCommandLine(line.split(' '), { env: { DATA_DIR: nowhere, ANALYTICS: 'off' }, ...streams });
    return { exitCode: code, sentence: '' };
  } catch (error) {
    return explain(error, { dataDir: nowhere, isDebugging: false });
  }
};

describe('a line', patience, () => {
  it.each([
    ['evnts tail', 'There is no command "evnts"; did you mean "events"? `npx node main.ts --help` lists all.'],
    ['events', 'Say what to do with events: tail, show, copy.'],
    ['events tial', 'There is no command "events tial"; did you mean "events tail"?'],
    ['events tail --folow', 'events tail has no option --folow; did you mean --follow?'],
    ['events tail --count x', '--count takes a whole number, not x.'],
    ['events tail --count', '--count needs a value. Usage: events tail [--follow] [--count N] [--after POSITION] [--type TYPE]'],
    ['events tail --follow=1', '--follow takes no value.'],
    ['events tail --count 1 --count 2', '--count is given twice.'],
    ['sagas list --outcome nope', 'There is no outcome nope. There are: NotStarted, Running, Completed, Compensated, NeedsHuman.'],
    ['sagas list --limit 0', '--limit takes a number of at least 1, not 0.'],
    ['sagas show refnud 1', expect.stringMatching(/^There is no saga refnud; did you mean refund\? There are: checkout, collection, /)],
    ['users grant a@b.c EMPEROR', 'There is no role EMPEROR. There are: CUSTOMER, AUDITOR, ANALYST, ADMIN, SUPER_ADMIN.'],
    ['start --role gatway', expect.stringContaining('There is no role gatway; did you mean gateway? There are:')],
  ])('that makes no sense is answered in one sentence: %s', async (line, sentence) =>
    expect(await said(line)).toEqual({ exitCode: 2, sentence }),
  );
  it('is answered on stderr alone, with the exit code', async () =>
    expect(await run('events tail --count x')).toEqual({ code: 2, out: '', lines: ['--count takes a whole number, not x.'] }));
  it('asks for help anywhere, for a command, a group or all, and for the version', async () => {
    const group = await run('events --help');
    expect([group.code, group.out]).toEqual([0, expect.stringMatching(/events tail [\s\S]*events copy/)]);
    expect(group.out).not.toContain('sagas list');
    expect((await run('events tail --count x --help')).out).not.toContain('events show');
    expect((await run('fly --help')).out).toContain('audit verify');
    expect((await run('--version')).out).toMatch(/^tokobapak \d+\.\d+\.\d+\n$/);
  });
});

describe('a command that only looks', patience, () => {
  it.each(['events tail', 'events show order-1', 'projections status', 'sagas list', 'users grant a@b.c ADMIN', 'tokens'])(
    'makes nothing where there is no marketplace: %s',
    async (line) => {
      const sentence = `DATA_DIR ${nowhere} does not exist: set DATA_DIR to the folder of a marketplace, or make one by \`npm start\`.`;
      expect(await said(line)).toEqual({ exitCode: 1, sentence });
      expect(existsSync(nowhere)).toBe(false);
    },
  );
  it('makes nothing in a folder that holds something else, and names what is missing', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'photo.jpg'), '');
    for (const line of ['events tail', 'sagas list', 'audit verify', `backup ${join(folder, 'copy')}`]) {
      const { code, lines } = await run(line, { DATA_DIR: other });
      expect([code, lines.length, lines[0]]).toEqual([1, 1, expect.stringMatching(/log/)]);
    }
    expect(readdirSync(other)).toEqual(['photo.jpg']);
    expect(existsSync(join(folder, 'copy'))).toBe(false);
  });
  it('says of a file that is no log that it is none', async () => {
    const foreign = join(folder, 'foreign.db');
    const database = new DatabaseSync(foreign);
    database.exec('CREATE TABLE x (a)');
    database.close();
    const text = join(folder, 'text.db');
    writeFileSync(text, 'no database at all, but long enough to be taken for one');
    for (const file of [foreign, text])
      expect(await run(`audit verify ${file}`)).toMatchObject({ code: 1, lines: [expect.stringMatching(/ is no log of TokoBapak/)] });
    expect(await run('audit verify /nope')).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/^There is no log at \/nope\/log.db/)],
    });
  });
});

describe('a start that cannot be', patience, () => {
  it('says which port another process has', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '0.0.0.0', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const { code, lines } = await run('start', { PORT: port, DATA_DIR: join(folder, 'port'), SEED_DEMO: 'off' });
    taken.close();
    expect(code).toBe(1);
    expect(lines).toContain(
      `Another process listens on 0.0.0.0 port ${port} already: stop it, or set PORT to another port (0 takes a free one).`,
    );
    expect(lines.join()).not.toContain('    at ');
  });
  it('says that DATA_DIR is a file', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    expect(await run('start', { DATA_DIR: file })).toMatchObject({ code: 1, lines: [`${file} is a file: set DATA_DIR to a folder.`] });
  });
});
