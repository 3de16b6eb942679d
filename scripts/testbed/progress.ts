/** Says which stage is at work; for people, one line each. */
export type Progress = (line: string) => void;
