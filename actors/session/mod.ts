/**
 * Sessions: where their steps go, and the actor of each.
 *
 * @module
 */

export * from "./capacity.ts";
export * from "./errors.ts";
export * from "./placement.ts";
export * from "./session_actor.ts";
export * from "./standing.ts";
export * from "./tunnel.ts";
export * from "./view.ts";
