// compose.yaml says what the program understands: settings, roles, services and ports; and every engine is watched, bounded and kept.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commands } from '../../cli.ts';
import { readCommand } from '../../infra/cli/arguments.ts';
import { ConfigError, readConfig } from '../../infra/config.ts';
import { addressOf, portOf, roles, serviceNames, services } from '../../infra/services.ts';
import { checkPart, portFor } from '../../roles.ts';
import { isMap, parseYaml, type Yaml, type YamlMap } from './yaml.ts';

const text = readFileSync(fileURLToPath(new URL('../../compose.yaml', import.meta.url)), 'utf8');
const dockerfile = readFileSync(fileURLToPath(new URL('../../Dockerfile', import.meta.url)), 'utf8');

const mapAt = (value: Yaml | undefined): YamlMap => (isMap(value) ? value : {});
const file = parseYaml(text);
const all = Object.entries(mapAt(file.services)).map(([name, definition]) => ({ name, definition: mapAt(definition) }));

/** What compose makes of `${NAME-default}` while NAME is not set. */
const plain = (value: string) => value.replace(/\$\{[A-Z_]+-([^}]*)\}/g, '$1');
const environmentOf = (definition: YamlMap): Record<string, string> =>
  Object.fromEntries(Object.entries(mapAt(definition.environment)).map(([name, value]) => [name, plain(String(value))]));
const words = (value: Yaml | undefined) => (Array.isArray(value) ? value.map(String) : []);

const processes = all.filter(({ definition }) => definition.image === 'tokobapak');
const engines = all.filter(({ definition }) => definition.image !== 'tokobapak');
/** Those that are given a part of the marketplace, by what their command says. */
const parts = processes.flatMap(({ name, definition }) => {
  const [command, option, value] = words(definition.command);
  return command === 'start' ? [{ name, definition, option, value }] : [];
});

describe('the processes', () => {
  it.each(processes)('$name has settings that the program accepts', ({ definition }) => {
    const env = environmentOf(definition);
    const config = readConfig(env);
    expect(Object.keys(env).filter((name) => !Object.hasOwn(config, name))).toEqual([]);
  });

  it.each(processes)('$name has a command that there is', ({ definition }) => {
    const [first = ''] = words(definition.command);
    if (first === 'help') return;
    expect(() => readCommand(commands, 'npx node main.ts', words(definition.command))).not.toThrow();
  });

  it('are every role, and every service alone', () => {
    const named = (option: string) => parts.flatMap((part) => (part.option === option ? [part.value] : [])).sort();
    expect(named('--role')).toEqual([...roles].sort());
    expect(named('--services')).toEqual([...serviceNames].sort());
    expect(parts.filter(({ name, value }) => name !== value)).toEqual([]);
  });

  it('start every service alone only when they are asked to', () => {
    const isAsked = ({ definition }: { definition: YamlMap }) => words(definition.profiles).includes('services');
    expect(parts.filter(isAsked).map(({ name }) => name)).toEqual(
      parts.flatMap(({ name, option }) => (option === '--services' ? [name] : [])),
    );
  });

  it.each(parts)('$name may run beside others, where others look for it', ({ name, definition, option }) => {
    const config = readConfig(environmentOf(definition));
    const role = roles.find((each) => option === '--role' && each === name);
    const service = services.find((each) => option === '--services' && each.name === name);
    const part = { ...(role && { role }), ...(service && { services: [service.name] }) };
    expect(() => checkPart(config, part)).not.toThrow();
    const side = role === 'write-api' || role === 'read-api' ? role : undefined;
    const address = side ? addressOf(config, 'order', side) : addressOf(config, role ?? service?.name ?? 'gateway');
    expect(address).toBe(`http://${name}:${portFor(config, part)}`);
    if (!side) expect(portFor(config, part)).toBe(portOf(role ?? service?.name ?? 'gateway'));
  });

  it('are found one by one once SERVICE_ADDRESSES is empty', () => {
    const [first] = parts;
    const config = readConfig({ ...environmentOf(mapAt(first?.definition)), SERVICE_ADDRESSES: '' });
    for (const { name, port } of services) expect(addressOf(config, name, 'read-api')).toBe(`http://${name}:${port}`);
  });

  it('publish the gateway alone', () => {
    expect(all.filter(({ definition }) => definition.ports !== undefined).map(({ name }) => name)).toEqual(['gateway']);
    expect(mapAt(mapAt(file.services).gateway).ports).toEqual(['8080:8080']);
  });

  it('share settings that production refuses', () => {
    const env = { ...environmentOf(mapAt(parts[0]?.definition)), NODE_ENV: 'production' };
    expect(() => readConfig(env)).toThrow(ConfigError);
  });
});

describe('the engines', () => {
  it('are all that a fleet can use', () => {
    expect(engines.map(({ name }) => name).sort()).toEqual(
      ['clickhouse', 'elasticsearch', 'eventstoredb', 'kafka', 'pgbouncer', 'postgres', 'redis'].sort(),
    );
    const hosts = Object.values(environmentOf(mapAt(parts[0]?.definition))).join(' ');
    for (const { name } of engines.filter((each) => each.name !== 'postgres')) expect(hosts).toContain(name);
  });

  it.each(engines)('$name is of a fixed version, watched and bounded', ({ definition }) => {
    expect(definition.image).toMatch(/^[\w./-]+:v?\d/);
    expect(mapAt(definition.healthcheck).test).toEqual(expect.arrayContaining([expect.stringMatching(/^CMD/)]));
    expect(definition.mem_limit).toMatch(/^\d+[mg]$/);
  });

  it('keep their data in volumes, but for PgBouncer, which has none', () => {
    const volumes = engines.flatMap(({ definition }) => words(definition.volumes).map((volume) => volume.split(':')[0]));
    expect(volumes.sort()).toEqual(engines.flatMap(({ name }) => (name === 'pgbouncer' ? [] : [name])).sort());
    expect(Object.keys(mapAt(file.volumes)).sort()).toEqual([...volumes, 'simulators'].sort());
  });
});

it('everybody who is waited for is there, and says when he is ready', () => {
  for (const { definition } of all) {
    for (const [name, { condition }] of Object.entries(mapAt(definition.depends_on)).map(([other, how]) => [other, mapAt(how)] as const)) {
      const waited = mapAt(mapAt(file.services)[name]);
      expect(waited.image, name).toBeDefined();
      expect(condition, name).toBe(name === 'topics' ? 'service_completed_successfully' : 'service_healthy');
    }
  }
});

it('the image runs as somebody without rights, and says whether it lives', () => {
  expect(dockerfile).toMatch(/^USER node$/m);
  expect(dockerfile).toMatch(/^HEALTHCHECK /m);
  expect(dockerfile).toMatch(/^ENTRYPOINT \[.*"main\.ts"\]$/m);
  expect(dockerfile).not.toMatch(/MASTER_KEY|SECRET/);
});
