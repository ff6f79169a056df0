// Who may import whom: the real tree breaks no rule, and each rule is seen to fail on a small tree that breaks it alone.
import { existsSync, readdirSync } from 'node:fs';
import { cruise, type IFlattenedRuleSet } from 'dependency-cruiser';
import extractConfiguration from 'dependency-cruiser/config-utl/extract-depcruise-config';
import { describe, expect, it } from 'vitest';

const { options, ...ruleSet } = await extractConfiguration('./.dependency-cruiser.mjs');
const rules = [...new Set((ruleSet as IFlattenedRuleSet).forbidden?.map(({ name }) => name ?? 'unnamed'))];
const production = ['main.ts', 'domain', 'commands', 'projections', 'read-api', 'write-api', 'infra'];
const offenders = 'tests/architecture/offenders/boundaries';

/** `rule: from → to` of each violation below `baseDir`. */
const violations = async (baseDir: string) => {
  const present = production.filter((path) => existsSync(`${baseDir}/${path}`));
  const { output } = await cruise(present, { ...options, baseDir, ruleSet, validate: true }, options?.enhancedResolveOptions);
  if (typeof output === 'string') throw new Error(output);
  return output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, text: `${rule.name}: ${from} → ${to}` }));
};

describe('boundaries', () => {
  it('hold in the real tree', async () => {
    expect((await violations(process.cwd())).map(({ text }) => text)).toEqual([]);
  });

  it('have one offender each', () => {
    expect(readdirSync(offenders).toSorted()).toEqual(rules.toSorted());
  });

  it.each(rules)('%s is seen to fail, alone', async (rule) => {
    const found = await violations(`${process.cwd()}/${offenders}/${rule}`);
    expect([...new Set(found.map((violation) => violation.rule))], JSON.stringify(found)).toEqual([rule]);
  });
});
