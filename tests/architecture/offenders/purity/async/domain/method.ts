export const garage = {
  async enter() {
    return 1;
  },
};
