#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --disable-warning=TimeoutNegativeWarning
// The command line for any Node: an old one, which cannot read TypeScript, says which one is needed. NOTE: nothing here may be newer than ES2015, but the import.
const needed = 24;
const { node } = process.versions;

const refuse = () => {
  process.stderr.write(
    `TokoBapak needs Node ${needed} or newer; this is Node ${node}. Run \`npm start\` or \`npx tokobapak\`, which take the Node that \`npm ci\` has installed here, or install a newer one.\n`,
  );
  process.exitCode = 1;
};

const fail = (error) => {
  process.stderr.write(`TokoBapak cannot be loaded: ${error.message}. Run \`npm ci\` again.\n`);
  process.exitCode = 1;
};

if (Number(node.split('.')[0]) < needed) refuse();
else import('./main.ts').catch(fail);
