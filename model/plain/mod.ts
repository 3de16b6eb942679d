/**
 * The part of the vocabulary that needs no schema, so that what runs in browsers loads none.
 *
 * @module
 */

export * from "./json_value.ts";
export * from "./sluice_error.ts";
