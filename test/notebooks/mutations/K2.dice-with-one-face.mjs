// Dice of a packet filter show the same face always: the first endpoint gets every connection.
import { Netfilter } from "../../../dist/sim/net/netfilter/netfilter.js";

Netfilter.prototype.random = () => 0;
