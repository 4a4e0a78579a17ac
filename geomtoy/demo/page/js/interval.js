// The interval of time and of x on which sin is learned.

export const [LOW, HIGH] = [-2 * Math.PI, 2 * Math.PI];
