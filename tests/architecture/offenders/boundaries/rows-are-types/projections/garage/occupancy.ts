export const occupancy = { name: 'garage-occupancy' };
