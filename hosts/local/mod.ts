export * from "./open_local.ts";
