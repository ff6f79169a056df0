export async function* cars() {
  yield 1;
}
