// A certified OpenID Provider on a free port, with its own pages and keys. Reads one JSON a line: first
// { "console": address, "secret": text, "people": { subject: claims } }, later { "rotate": true }; answers each line
// with its address. Ends with its standard input.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const key = () => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  use: "sig",
  alg: "RS256",
});

const configuration = ({ console, secret, people }, keys) => ({
  clients: [
    {
      client_id: "motcua-desk",
      client_secret: secret,
      token_endpoint_auth_method: "client_secret_post",
      redirect_uris: [`${console}/desk/sign-in/return`],
      post_logout_redirect_uris: [`${console}/desk/sign-in`],
    },
  ],
  claims: { openid: ["sub"], profile: ["preferred_username", "title", "motcua_grants"] },
  findAccount: (_, subject) => ({ accountId: subject, claims: () => ({ sub: subject, ...people[subject] }) }),
  cookies: { keys: [secret] },
  jwks: { keys },
});

const server = createServer();
server.listen(0, "127.0.0.1", async () => {
  const issuer = `http://localhost:${server.address().port}`;
  const keys = [key()];
  let known;
  process.stdout.write(`${issuer}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const said = JSON.parse(line);
    if (said.rotate) keys.unshift(key());
    else known = said;
    server.removeAllListeners("request");
    server.on("request", new Provider(issuer, configuration(known, keys)).callback());
    process.stdout.write(`${issuer}\n`);
  }
  process.exit(0);
});
