export type Connections = { log: string };
