export const enter = async () => 1;
