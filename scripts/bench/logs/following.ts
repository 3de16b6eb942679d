/** Resolves with the number of bytes that came in all, once they have. */
export type Following = () => Promise<number>;
