// Kills the servers that a fleet stands on, and starts them again, by the commands that the environment names.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export const engines = ['postgres', 'redis', 'kafka', 'elasticsearch', 'clickhouse'] as const;
export type Engine = (typeof engines)[number];

const commandIn = (name: 'ENGINE_KILL' | 'ENGINE_UP'): string => {
  const command = process.env[name];
  if (!command) throw new Error(`${name} is not set: a shell command that gets one of ${engines.join(', ')} as its argument.`);
  return command;
};

const runIn = async (name: 'ENGINE_KILL' | 'ENGINE_UP', engine: Engine): Promise<void> => {
  await execute('sh', ['-c', `${commandIn(name)} "$1"`, 'sh', engine]);
};

/** Both commands, before anything is killed that nobody could start again. Throws where one is missing. */
export const engineCommands = () => {
  commandIn('ENGINE_KILL');
  commandIn('ENGINE_UP');
  return {
    /** Ends the server in the midst of whatever it does. */
    kill: (engine: Engine) => runIn('ENGINE_KILL', engine),
    /** Answers when it can be reached again. */
    up: (engine: Engine) => runIn('ENGINE_UP', engine),
  };
};
