/**
 * What `sluice.yaml` may say.
 *
 * @module
 */

import { z } from "zod";
import { clusterConfigSchema, clusterNameSchema } from "../model/mod.ts";

/** Fewest characters of a bearer token. */
export const minTokenLength = 16;

const hostName = z.string().min(1).max(253);

/** How the server listens and whom it answers. */
export const serverConfigSchema = z.strictObject({
  host: hostName.default("127.0.0.1").describe("Address to listen on. Default: loopback only."),
  port: z.int().min(0).max(65535).default(7878).describe(
    "Port to listen on; 0 takes a free one. Default: 7878.",
  ),
  allowRemote: z.boolean().default(false).describe(
    "Must be true for `host` to be any but a loopback address. The token then crosses the network: put TLS in front.",
  ),
  allowedHosts: z.array(hostName).default([]).describe(
    "Names beside loopback and addresses by which clients may reach the server, against DNS rebinding.",
  ),
  allowedOrigins: z.array(z.url()).default([]).describe(
    "Origins of web pages, beside the server's own, that may call it.",
  ),
  token: z.string().min(minTokenLength).optional().describe(
    "Bearer token that every call must carry. Better kept in a file: see `tokenFile`.",
  ),
  tokenFile: z.string().min(1).optional().describe(
    "File that holds the bearer token. Default: `token` in the data directory, made on first start.",
  ),
}).check((context) => {
  if (context.value.token !== undefined && context.value.tokenFile !== undefined) {
    context.issues.push({
      code: "custom",
      input: context.value,
      message: "choose one of token and tokenFile",
    });
  }
}).describe("How the server listens and whom it answers.");

/** See {@linkcode serverConfigSchema}. */
export type ServerConfig = z.infer<typeof serverConfigSchema>;

/** What `sluice.yaml` may say; what is left out gets its default. */
export const sluiceFileSchema = z.strictObject({
  server: serverConfigSchema.prefault({}),
  dataDirectory: z.string().min(1).optional().describe(
    "Directory of the journal and the token. Default: $XDG_STATE_HOME/sluice, else ~/.local/state/sluice.",
  ),
  clusters: z.record(clusterNameSchema, clusterConfigSchema).default({}).describe(
    "Clusters by name.",
  ),
}).describe("The configuration of one Sluice.");

/** The whole configuration with every default filled in and every local path absolute. */
export const sluiceConfigSchema = sluiceFileSchema.extend({
  dataDirectory: z.string().min(1).describe("Directory of the journal and the token."),
});

/** See {@linkcode sluiceConfigSchema}. */
export type SluiceConfig = z.infer<typeof sluiceConfigSchema>;
