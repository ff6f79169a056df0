export class Garage {
  async enter() {
    return 1;
  }
}
