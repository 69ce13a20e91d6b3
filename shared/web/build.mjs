// Puts what the pages load into static/built/: packages' own files, our scripts, style sheets compiled from styles/.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { compile } from "sass";

const built = new URL("static/built/", import.meta.url);
const fonts = "@fontsource-variable/noto-sans/files/noto-sans";
const copies = {
  "htmx.js": "htmx.org/dist/htmx.min.js",
  "noto-sans-latin.woff2": `${fonts}-latin-wght-normal.woff2`,
  "noto-sans-vietnamese.woff2": `${fonts}-vietnamese-wght-normal.woff2`,
};

rmSync(built, { recursive: true, force: true });
mkdirSync(built);
for (const [name, source] of Object.entries(copies)) {
  cpSync(new URL(`node_modules/${source}`, import.meta.url), new URL(name, built));
}
cpSync(new URL("scripts/", import.meta.url), built, { recursive: true });
const styles = new URL("styles/", import.meta.url);
for (const name of readdirSync(styles).filter((each) => /^[^_].*\.scss$/.test(each))) {
  const { css } = compile(new URL(name, styles).pathname, {
    loadPaths: [new URL("node_modules/", import.meta.url).pathname],
    style: "compressed",
    quietDeps: true,
  });
  writeFileSync(new URL(name.replace(/scss$/, "css"), built), css);
}
// Text travels packed: nothing in these files is secret, so their length may tell what it likes.
for (const name of readdirSync(built).filter((each) => /\.(css|js)$/.test(each))) {
  writeFileSync(new URL(`${name}.gz`, built), gzipSync(readFileSync(new URL(name, built)), { level: 9 }));
}
