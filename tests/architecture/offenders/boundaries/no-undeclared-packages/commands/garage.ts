import picomatch from 'picomatch';
export const matches = picomatch('B *');
