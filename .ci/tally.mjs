// The closing line over all test results (files of `jest --json`): in the gate nothing is skipped. A test that one run
// skipped and another run passed, as those that need root are by an ordinary user, counts as passed; so does one that passed
// when it was run once more, which is named.
import { readFileSync } from 'node:fs';

const results = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const tests = results.flatMap(({ testResults }) =>
  testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({ status, test: `${name}: ${fullName}` })),
  ),
);
const named = (status) => new Set(tests.filter((test) => test.status === status).map(({ test }) => test));
const passed = named('passed');
const unsteady = [...named('failed')].filter((test) => passed.has(test));
const failed = new Set([...named('failed')].filter((test) => !passed.has(test)));
const skipped = new Set([...named('pending'), ...named('todo')].filter((test) => !passed.has(test)));

for (const test of unsteady) console.error(`passed only at the second try: ${test}`);
for (const test of failed) console.error(`failed: ${test}`);
for (const test of skipped) console.error(`skipped: ${test}`);
const count = tests.filter(({ status }) => status === 'passed').length;
console.log(`${count} passed, ${failed.size} failed, ${skipped.size} skipped`);
if (count === 0 || failed.size > 0 || skipped.size > 0) process.exitCode = 1;
