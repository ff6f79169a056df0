export enum Gate {
  Open,
}
