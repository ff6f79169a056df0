// What an import did not take as it was, record by record: said once for each row and reason, so that it can be counted for ever.
import type { Decider } from '../decider.ts';
import type { ImportEvent, SourcePayment } from './events.ts';

type About = { importId: string; source: string; file: string; row: string; reason: string; at: string };

export type ImportCommand =
  | ({ type: 'reject'; status: string | null; payments: readonly SourcePayment[] } & About)
  | ({ type: 'adjust'; field: string; before: string | null } & About);

/** `said`: what was noted already. One stream is about one record of the source, so there is never much of it. */
export interface Import {
  readonly said: readonly string[];
}

const rejection = ({ file, row, reason }: About) => `${file}/${row}/${reason}`;
const adjustment = (about: About & { field: string }) => `${rejection(about)}/${about.field}`;

const evolve = (state: Import, event: ImportEvent): Import => {
  switch (event.type) {
    case 'import.row_rejected':
      return { said: [...state.said, rejection(event)] };
    case 'import.row_adjusted':
      return { said: [...state.said, adjustment(event)] };
    default:
      return event satisfies never;
  }
};

const decide = (command: ImportCommand, { said }: Import): ImportEvent[] => {
  switch (command.type) {
    case 'reject':
      return said.includes(rejection(command)) ? [] : [{ ...command, type: 'import.row_rejected', payments: [...command.payments] }];
    case 'adjust':
      return said.includes(adjustment(command)) ? [] : [{ ...command, type: 'import.row_adjusted' }];
    default:
      return command satisfies never;
  }
};

export const imports: Decider<Import, ImportCommand, ImportEvent> = {
  category: 'import',
  version: 1,
  initial: { said: [] },
  evolve,
  decide,
};
