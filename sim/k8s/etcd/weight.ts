import { valueOf } from "./late-value.js";
import type { KeyValue, PutRequest } from "./types.js";

/** What a record takes beside key and value: its revision as the key (17 bytes), field tags and numbers, bbolt's element. */
const overhead = 60;

/** Bytes that a record takes of the database. */
export const weight = (record: KeyValue): number => overhead + record.key.length + valueOf(record).length;

/** The same of what is to be put. */
export const weightOf = ({ key, value = "" }: PutRequest): number => overhead + key.length + value.length;
