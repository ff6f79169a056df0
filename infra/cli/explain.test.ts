// Whatever goes wrong ends in one sentence that says what to do, without a stack.
import { describe, expect, it } from 'vitest';
import { explain, Interrupted } from './explain.ts';

const said = (error: unknown) => explain(error, { dataDir: '/data', isDebugging: false });
const ofTheSystem = (code: string, more: object = {}) => Object.assign(new Error(`${code}: something`), { code, ...more });
const ofSqlite = (errcode: number) => Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode });

describe('an error', () => {
  it.each([
    [ofTheSystem('EADDRINUSE', { address: '::', port: 8080 }), /^Another process listens on :: port 8080 already: .*PORT/],
    [ofTheSystem('EACCES', { address: '0.0.0.0', port: 80 }), /^This user may not use on 0.0.0.0 port 80: /],
    [ofTheSystem('EACCES', { path: '/data' }), /^This user may not use \/data: .*DATA_DIR/],
    [ofTheSystem('EROFS', { path: '/data/x' }), /^The file system is read-only, at \/data\/x: set DATA_DIR/],
    [ofTheSystem('EMFILE'), /ulimit -n/],
    [ofTheSystem('ENOSPC'), /^The disk is full/],
    [Object.assign(new Error('Worker initialization failure: EMFILE'), { code: 'ERR_WORKER_INIT_FAILED' }), /ulimit -n/],
    [new Error('outer', { cause: ofTheSystem('ENOSPC') }), /^The disk is full/],
    [ofSqlite(13), /^The disk is full/],
    [ofSqlite(8 | (1 << 8)), /^A database in DATA_DIR \(\/data\) cannot be written/],
    [ofSqlite(14), /^A database in DATA_DIR \(\/data\) cannot be opened/],
    [new Error('boom'), /^This should not have happened: boom \(LOG_LEVEL=debug shows where\)\.$/],
  ])('is one sentence: %#', (error, sentence) => {
    const { sentence: text, exitCode } = said(error);
    expect([exitCode, text.includes('\n')]).toEqual([1, false]);
    expect(text).toMatch(sentence);
  });
  it('shows its stack to those who ask for it', () =>
    expect(explain(new Error('boom'), { dataDir: '', isDebugging: true }).sentence).toContain('explain.test.ts'));
  it('ends a command that somebody stopped as the shell expects it', () =>
    expect([said(new Interrupted('SIGINT')).exitCode, said(new Interrupted('SIGTERM')).exitCode]).toEqual([130, 143]));
});
