const enter = async () => 1;

export const all = () => {
  enter();
};
