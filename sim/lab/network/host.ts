import {
  s,
  UsageError,
  withDefaults,
  type Activity,
  type GroupView,
  type TableView,
  type Viewable,
  type World,
} from "../../core/index.js";
import {
  HttpClient,
  HttpServer,
  ipv4,
  isErrno,
  NetworkNamespace,
  Resolver,
  textOf,
  textResponse,
  type Handler,
  type Ipv4,
  type ResolverOptions,
} from "../../net/index.js";
import {
  ping,
  pingDefaults,
  throughput,
  throughputDefaults,
  traceroute,
  type PingOptions,
  type PingResult,
  type ThroughputOptions,
  type ThroughputResult,
} from "./measurements.js";

/** The port at which every host says its name: the echo protocol's (RFC 862), which answers with who it is. */
const namePort = 7;

/** A computer on a network, seen as its network stack: what it sends, hears and measures. */
export class NetworkHost implements Viewable {
  readonly name: string;
  /** Its stack: interfaces, routes, filter, sockets. */
  readonly stack: NetworkNamespace;
  #resolver: Resolver | undefined;
  #client: HttpClient | undefined;

  constructor(world: World, name: string) {
    this.name = name;
    this.stack = new NetworkNamespace(world, name);
    const socket = this.stack.udpSocket();
    socket.bind(undefined, namePort);
    const answer = Uint8Array.from(name, (letter) => letter.charCodeAt(0) & 255);
    const listen = (): void => {
      socket.changed.onSettled(() => {
        for (let got = socket.tryReceive(); !isErrno(got); got = socket.tryReceive())
          socket.send(answer, got.address, got.port);
        listen();
      });
    };
    listen();
  }

  /** Its first address. @throws UsageError where it has none */
  get address(): Ipv4 {
    const first = this.stack.interfaces
      .filter(({ kind }) => kind !== "loopback")
      .flatMap(({ addresses }) => addresses)[0];
    if (first !== undefined) return first.address;
    throw new UsageError(
      `${this.name} has no address`,
      'Give it one where it is made or linked: { address: "10.0.0.1/24" }.',
    );
  }

  /** A line of iptables(8). @returns what it prints */
  iptables(line: string): string {
    return this.stack.iptables(line);
  }

  /** Adds a route. */
  route(to: string, via: string): this {
    this.stack.addRoute({ to, via });
    return this;
  }

  /** Has it find names by these servers, as /etc/resolv.conf says. */
  resolvers(options: Partial<ResolverOptions>): this {
    this.#resolver = new Resolver(this.stack, options);
    this.#client = undefined;
    return this;
  }

  /** Sends echo requests to an address, and lets the world run until they are answered, or are not. */
  ping(to: string | NetworkHost, options?: Partial<PingOptions>): PingResult {
    return this.#run(ping(this.stack, addressOf(to), withDefaults<PingOptions>("ping", options, pingDefaults)));
  }

  /** The routers on the way to an address. */
  traceroute(to: string | NetworkHost, most: number = 30): TableView {
    return this.#run(traceroute(this.stack, addressOf(to), most));
  }

  /**
   * Sends to another host as fast as it goes, and says how fast that was.
   * @param options `address` where it is to be reached by another than its first
   * @throws UsageError where it cannot connect
   */
  throughput(
    to: NetworkHost,
    options: Partial<ThroughputOptions> & { readonly address?: string } = {},
  ): ThroughputResult {
    const { address = to.address, ...others } = options;
    const settings = withDefaults<ThroughputOptions>("throughput", others, throughputDefaults);
    const got = this.#run(throughput(this.stack, to.stack, ipv4(address), settings));
    if (typeof got !== "string") return got;
    throw new UsageError(
      `${this.name} cannot reach ${to.name} by TCP: ${got}`,
      "Try ping and traceroute, and look at routes and filters.",
    );
  }

  /** Serves HTTP: a text, or what a function answers. */
  serve(port: number, answer: string | Handler): HttpServer {
    return new HttpServer(this.stack, {
      port,
      handler: typeof answer === "string" ? () => textResponse(answer) : answer,
    });
  }

  /** Asks for a URL: the answer's text with its status, or the error's name. */
  get(url: string): { readonly status: number; readonly text: string } | { readonly error: string } {
    this.#client ??= new HttpClient(this.stack, this.#resolver);
    const got = this.#run(this.#client.request(url));
    return typeof got === "string" ? { error: got } : { status: got.status, text: textOf(got.body) };
  }

  /** Who answers at an address, as it says itself; undefined where nobody does. */
  whoIs(to: string): string | undefined {
    return this.#run(this.#ask(ipv4(to)));
  }

  view(): GroupView {
    return this.stack.view();
  }

  *#ask(to: Ipv4): Activity<string | undefined> {
    const { engine } = this.stack.world;
    const socket = this.stack.udpSocket();
    if (socket.connect(to, namePort) !== undefined || socket.send(new Uint8Array(1)) !== undefined) return undefined;
    const late = engine.after(s(5), () => {
      socket.close();
    });
    const got = yield* socket.receive();
    late();
    socket.close();
    return isErrno(got) ? undefined : textOf(got.data);
  }

  #run<T>(body: Activity<T>): T {
    const { engine } = this.stack.world;
    const process = engine.spawn(body, { name: this.name });
    engine.run(process);
    if (process.settled) return process.value;
    process.cancel();
    throw new UsageError(`what ${this.name} does was interrupted`, "Run the cell again.");
  }
}

const addressOf = (to: string | NetworkHost): Ipv4 => (typeof to === "string" ? ipv4(to) : to.address);
