export const market = () => process.env['MARKET'];
