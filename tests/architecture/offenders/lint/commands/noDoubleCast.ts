export const gate = (wall: string) => wall as unknown as number;
