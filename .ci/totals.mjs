// Prints `tests: <n> passed, <m> failed` from vitest's JSON report (a test file that does not load is one failure);
// exits non-zero when a test failed, was skipped, or none ran.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
if (text === '') {
  console.log('tests: 0 passed, 0 failed (the tests did not start: see above)');
  process.exit(1);
}

const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults, success } = JSON.parse(text);
const unloadable = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
const skipped = numPendingTests + numTodoTests;

for (const { name } of unloadable) console.log(`could not be loaded: ${name}`);
if (skipped > 0) console.log(`${skipped} skipped: here that counts as a failure`);
console.log(`tests: ${numPassedTests} passed, ${numFailedTests + unloadable.length} failed`);
process.exit(success && skipped === 0 && numPassedTests > 0 ? 0 : 1);
