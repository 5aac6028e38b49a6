/** A server's number, from 1 on; 0 is nobody. */
export type NodeId = number;
