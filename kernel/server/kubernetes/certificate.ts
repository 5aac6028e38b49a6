import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A certificate for this computer's loopback address, and its key, both as PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

/** A value in DER (X.690): its tag, its length, its contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...items: readonly Uint8Array[]): Buffer => der(0x30, ...items);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const text = (value: string): Buffer => der(0x0c, Buffer.from(value));
/** UTCTime: two digits of the year. */
const time = (date: Date): Buffer =>
  der(
    0x17,
    Buffer.from(
      date
        .toISOString()
        .replace(/[-:T]|\.\d+/g, "")
        .slice(2),
    ),
  );

/** Object identifiers, encoded: ecdsa-with-SHA256, commonName, subjectAltName, basicConstraints. */
const ids = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
};
const day = 86_400_000;

/**
 * Makes a self-signed certificate (RFC 5280) for 127.0.0.1 and localhost. kubectl sends tokens over TLS alone, so a served cluster
 * needs one; it is made anew each time, and no authority but the kubeconfig beside it vouches for it.
 */
export function selfSigned(now: Date = new Date()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = sequence(identifier(ids.ecdsaWithSha256));
  const name = sequence(der(0x31, sequence(identifier(ids.commonName), text("virtlab"))));
  const names = sequence(der(0x87, Buffer.from([127, 0, 0, 1])), der(0x82, Buffer.from("localhost")));
  const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
    sequence(identifier(id), ...(critical ? [der(0x01, Buffer.from([255]))] : []), der(0x04, value));
  const serial = randomBytes(8);
  // A positive number without superfluous zeros.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    sequence(time(new Date(now.getTime() - day)), time(new Date(now.getTime() + 365 * day))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        extension(ids.basicConstraints, true, sequence(der(0x01, Buffer.from([255])))),
        extension(ids.subjectAltName, false, names),
      ),
    ),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, privateKey));
  const base64 = sequence(body, algorithm, signature)
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}
