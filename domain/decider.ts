/**
 * A pure aggregate. `decide` answers a command with the events that it causes (none = already so) or throws DomainError;
 * `evolve` says what an event means. `category` names its streams (`<category>-<id>`); `version` names the shape of the
 * folded state: raise it when `evolve` changes, so that older snapshots are ignored.
 */
export interface Decider<State, Command, Event> {
  readonly category: string;
  readonly version: number;
  readonly initial: State;
  decide(command: Command, state: State): readonly Event[];
  evolve(state: State, event: Event): State;
}
