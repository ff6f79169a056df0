// Reads the part of YAML that compose.yaml keeps to: maps by indentation, flow lists and maps on one line, anchors, aliases and merges.

export type Yaml = string | null | Yaml[] | { readonly [name: string]: Yaml };
export type YamlMap = { readonly [name: string]: Yaml };

export const isMap = (value: Yaml | undefined): value is YamlMap => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Line {
  readonly indent: number;
  readonly text: string;
  readonly number: number;
}

/** What stands before a `#` that begins a comment. */
const withoutComment = (line: string) => {
  let quote = '';
  for (const [index, sign] of [...line].entries()) {
    if (quote) quote = sign === quote ? '' : quote;
    else if (sign === "'" || sign === '"') quote = sign;
    else if (sign === '#' && (index === 0 || line[index - 1] === ' ')) return line.slice(0, index);
  }
  return line;
};

const linesOf = (text: string): Line[] =>
  text.split('\n').flatMap((raw, index) => {
    const line = withoutComment(raw).trimEnd();
    return line.trim() ? [{ indent: line.length - line.trimStart().length, text: line.trim(), number: index + 1 }] : [];
  });

/** Parts between commas that stand in no quotes and no brackets of their own. */
const partsOf = (text: string): string[] =>
  (text.match(/(?:'[^']*'|"[^"]*"|\{[^{}]*\}|\[[^[\]]*\]|[^,'"])+/g) ?? []).map((part) => part.trim()).filter(Boolean);

/** The last key may be quoted nowhere: a name ends at the first colon that is followed by nothing or by a blank. */
const entryOf = (text: string): readonly [string, string] | null => {
  const found = /^([^\s:'"[{][^:]*?|<<):(?:\s+(.*))?$/.exec(text);
  return found ? [found[1] ?? '', found[2] ?? ''] : null;
};

/** Throws SyntaxError, with the line, for what it does not know. */
export const parseYaml = (text: string): YamlMap => {
  const lines = linesOf(text);
  const anchors = new Map<string, Yaml>();
  let at = 0;

  const merged = (entries: readonly (readonly [string, Yaml])[]): YamlMap => {
    const base = entries.flatMap(([name, value]) => (name === '<<' && isMap(value) ? [value] : []));
    return Object.assign({}, ...base, Object.fromEntries(entries.filter(([name]) => name !== '<<')));
  };

  const scalar = (given: string, number: number): Yaml => {
    if (given === '') return null;
    if (given.startsWith('*')) {
      const value = anchors.get(given.slice(1));
      if (value === undefined) throw new SyntaxError(`line ${number}: nothing is called ${given}`);
      return value;
    }
    if (/^'.*'$|^".*"$/.test(given)) return given.slice(1, -1);
    if (given.startsWith('[') && given.endsWith(']')) return partsOf(given.slice(1, -1)).map((part) => scalar(part, number));
    if (given.startsWith('{') && given.endsWith('}')) {
      const entries = partsOf(given.slice(1, -1)).map((part) => {
        const entry = entryOf(part);
        if (!entry) throw new SyntaxError(`line ${number}: ${part}`);
        return [entry[0], scalar(entry[1], number)] as const;
      });
      return merged(entries);
    }
    if (/^[&|>-]/.test(given) && !/^-\S/.test(given)) throw new SyntaxError(`line ${number}: this is not read here: ${given}`);
    return given;
  };

  const block = (indent: number): YamlMap => {
    const entries: (readonly [string, Yaml])[] = [];
    for (let line = lines[at]; line && line.indent === indent; line = lines[at]) {
      const entry = entryOf(line.text);
      if (!entry) throw new SyntaxError(`line ${line.number}: ${line.text}`);
      at += 1;
      const [, anchor, rest = ''] = /^(?:&(\S+)\s*)?(.*)$/.exec(entry[1]) ?? [];
      const next = lines[at];
      const value = rest === '' && next && next.indent > indent ? block(next.indent) : scalar(rest, line.number);
      if (anchor) anchors.set(anchor, value);
      if (entries.some(([name]) => name === entry[0])) throw new SyntaxError(`line ${line.number}: ${entry[0]} stands twice`);
      entries.push([entry[0], value]);
    }
    return merged(entries);
  };

  const whole = block(0);
  if (at < lines.length) throw new SyntaxError(`line ${lines[at]?.number}: ${lines[at]?.text}`);
  return whole;
};
