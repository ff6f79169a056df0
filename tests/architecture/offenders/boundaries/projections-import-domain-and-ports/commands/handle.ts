export type Handle = () => void;
