export const shout = () => console.log('entered');
