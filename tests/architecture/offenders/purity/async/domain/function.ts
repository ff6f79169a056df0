export async function enter() {
  return 1;
}
