"use strict";
// Checks a transparency log in the browser. Every word of "verified" below follows from what is computed here, from the
// bytes of the export and the key that the reader types; nothing is fetched.

class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const refuse = (code, message) => { throw new Refusal(code, message); };

// Bytes

const utf8 = new TextEncoder();
const text = (bytes, code = "log.note-format") => {
  try { return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes); }
  catch { return refuse(code, "it is not UTF-8 text"); }
};
const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const join = parts => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
};
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(parts)));

// Base64 has one spelling here: what is read must be what would be written.
const base64 = string => {
  let binary;
  try { binary = atob(string); } catch { return null; }
  if (btoa(binary) !== string) return null;
  return Uint8Array.from(binary, letter => letter.charCodeAt(0));
};

// Decimal numbers with one spelling; sizes beyond 2^53 cannot be in a file that a browser reads.
const decimal = string => /^(0|[1-9][0-9]{0,15})$/.test(string) && Number.isSafeInteger(Number(string))
  ? Number(string) : null;

// Signed notes: C2SP signed-note and tlog-checkpoint

const Key = {
  // Reads name+id+base64(01 || key); the fingerprint is SHA-256 of name, line feed, 01 and key.
  async read(vkey) {
    const [, name, id, rest] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey.trim()) ?? [];
    const bytes = rest && base64(rest);
    if (!bytes || bytes.length !== 33 || bytes[0] !== 1) refuse("log.key", "it is no key of a log");
    const fingerprint = await sha256(utf8.encode(`${name}\n`), bytes);
    if (hex(fingerprint.slice(0, 4)) !== id) refuse("log.key", "the key's id is not that of the key");
    return { name, bytes: bytes.slice(1), id: fingerprint.slice(0, 4), fingerprint: hex(fingerprint) };
  },

  async isSigner(key, signature, message) {
    let imported;
    try { imported = await crypto.subtle.importKey("raw", key.bytes, { name: "Ed25519" }, false, ["verify"]); }
    catch { return refuse("browser.ed25519", "this browser cannot check Ed25519 signatures; take a newer one"); }
    return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
  },
};

function readNote(bytes) {
  if (bytes.length > 1 << 20) refuse("log.note-format", "the checkpoint is too long");
  const whole = text(bytes);
  const split = whole.lastIndexOf("\n\n");
  if (split < 0 || !whole.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(whole))
    refuse("log.note-format", "the checkpoint is no signed note");
  const lines = whole.slice(split + 2, -1).split("\n").map(line => {
    const [, name, value] = /^\u2014 ([^\s+]+) (\S+)$/.exec(line) ?? [];
    const signature = value && base64(value);
    if (!signature || signature.length < 5) refuse("log.note-format", "a signature line has another form");
    return { name, id: signature.slice(0, 4), signature: signature.slice(4) };
  });
  return { text: whole.slice(0, split + 1), lines };
}

function readCheckpoint(note) {
  const lines = note.text.split("\n");
  const size = decimal(lines[1] ?? "");
  const root = base64(lines[2] ?? "");
  if (lines.length !== 4 || lines[3] !== "" || !/^[^\s+]+$/.test(lines[0]) || !root || root.length !== 32)
    refuse("log.note-format", "a checkpoint is origin, size and root, a line each");
  if (size === null) refuse("log.size", "the size is no plain decimal number");
  return { origin: lines[0], size, root };
}

async function checkSignature(note, key) {
  const mine = note.lines.filter(line => line.name === key.name && equal(line.id, key.id));
  if (mine.length !== 1) refuse("log.checkpoint-signature", "there is not exactly one signature by this key");
  if (mine[0].signature.length !== 64 || !await Key.isSigner(key, mine[0].signature, utf8.encode(note.text)))
    refuse("log.checkpoint-signature", "the signature does not verify");
  if (readCheckpoint(note).origin !== key.name) refuse("log.origin", "the checkpoint is of another log than the key");
}

// The tree: RFC 6962, tiles of 256 (C2SP tlog-tiles)

const leafHash = entry => sha256(Uint8Array.of(0), entry);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

// Pairs up from the left; a node without a partner moves up as it is.
async function rootOf(hashes) {
  if (hashes.length === 0) return sha256();
  let level = hashes;
  while (level.length > 1) {
    const pairs = [];
    for (let at = 0; at + 1 < level.length; at += 2) pairs.push(nodeHash(level[at], level[at + 1]));
    if (level.length % 2) pairs.push(level[level.length - 1]);
    level = await Promise.all(pairs);
  }
  return level[0];
}

async function rootOfPath(hash, index, size, path) {
  if (index >= size) refuse("log.index", "the index is beyond the checkpoint");
  const wrong = () => refuse("log.proof-length", "the proof has not the length that index and size ask for");
  let [node, last, result] = [index, size - 1, hash];
  for (const sibling of path) {
    if (last === 0) wrong();
    if (node % 2 || node === last) {
      result = await nodeHash(sibling, result);
      while (node % 2 === 0 && node !== 0) { node = Math.floor(node / 2); last = Math.floor(last / 2); }
    } else {
      result = await nodeHash(result, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) wrong();
  return result;
}

function tilePath(kind, index, width) {
  const groups = [];
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(String(rest % 1000).padStart(3, "0"));
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${kind}/${name}${width < 256 ? `.p/${width}` : ""}`;
}

// The paths of the files that hold so many elements, with the first element of each.
function* tilesOf(kind, count) {
  for (let first = 0; first < count; first += 256) {
    const width = Math.min(256, count - first);
    yield { first, width, path: tilePath(kind, first / 256, width) };
  }
}

function readBundle(bytes, width, path) {
  const entries = [];
  let at = 0;
  while (at + 2 <= bytes.length && entries.length < width) {
    const length = bytes[at] * 256 + bytes[at + 1];
    if (at + 2 + length > bytes.length) break;
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (at !== bytes.length || entries.length !== width)
    refuse("log.bundle-format", `${path} does not hold exactly ${width} entries`);
  return entries;
}

// Leaves: canonical JSON (RFC 8785, whole numbers only)

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object")
    return `{${Object.keys(value).sort().map(name => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  if (typeof value === "number" && (!Number.isSafeInteger(value) || Object.is(value, -0))) return "\u0000";
  return JSON.stringify(value);
}

// What a public leaf may hold: ids, digests, codes and numbers, in the members that its kind of event has.
const isPlain = value => typeof value === "string" && value.length <= 512 && /^[+,\-./0-9:=A-Z_a-z]*$/.test(value);

const shapes = {
  number: (value, low, high) => (Number.isSafeInteger(value) && value >= low && value <= high ? null : "is not the number it must be"),
  text: value => (isPlain(value) ? null : "is no text that is plain enough"),
  constant: (value, wanted) => (value === wanted ? null : `is not ${wanted}`),
  decimal: value => (typeof value === "string" && /^(0|[1-9][0-9]{0,18})$/.test(value) && BigInt(value) < 1n << 63n
    ? null : "is no plain decimal number in a text"),
  digest: (value, ...prefixes) => (typeof value === "string" && prefixes.some(prefix => value.startsWith(prefix)
    && /^[0-9a-f]{64}$/.test(value.slice(prefix.length))) ? null : "is no digest"),
  texts: value => (Array.isArray(value) && value.every(isPlain) ? null : "is no list of plain texts"),
  object: (value, members) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return "is no object";
    const unknown = Object.keys(value).find(name => !Object.hasOwn(members, name));
    if (unknown !== undefined) return `has the unknown member ${unknown}`;
    for (const [name, [isRequired, shape]] of Object.entries(members)) {
      if (!Object.hasOwn(value, name)) {
        if (isRequired) return `.${name} is missing`;
        continue;
      }
      const fault = faultOf(value[name], shape);
      if (fault) return `.${name} ${fault}`;
    }
    return null;
  },
};
const faultOf = (value, [name, ...rest]) => shapes[name](value, ...rest);

function checkEvent(value, own, index, origin) {
  const wrong = why => refuse("log.schema", `entry ${index} ${why}`);
  if (typeof own?.event !== "string") wrong("is no event of a log");
  if (!Object.hasOwn(bundle.forms, own.event))
    wrong(`is called ${own.event}, which this page does not know; the page of a newer glovebox may`);
  const fault = faultOf(value, bundle.forms[own.event]);
  if (fault) wrong(`${own.event}: the leaf ${fault}`);
  if (own.origin !== origin) refuse("log.origin", `entry ${index} names another log as its origin`);
  if (value.metadata.sequence !== index) refuse("log.sequence", `entry ${index} says it stands elsewhere`);
}

function readLeaf(entry, index, origin) {
  const not = why => refuse("log.leaf-not-canonical", `entry ${index} ${why}`);
  let value;
  const string = text(entry, "log.leaf-not-canonical");
  try { value = JSON.parse(string); } catch { not("is no JSON"); }
  if (value === null || typeof value !== "object" || canonical(value) !== string) not("is not canonical JSON");
  const isReport = Object.keys(value).join() === "apiVersion,kind,spec" && value.kind === "hashedrekord"
    && value.apiVersion === "0.0.2";
  if (("class_uid" in value) === isReport) refuse("log.leaf-kind", `entry ${index} is neither event nor report`);
  if (isReport) return { index, isReport };
  const own = value.unmapped?.glovebox;
  checkEvent(value, own, index, origin);
  return { index, isReport, value, own };
}

function checkPairs(leaves) {
  leaves.forEach((leaf, index) => {
    const next = leaves[index + 1];
    if (leaf.isReport && !(next && next.own?.event === "attestation.issued" && next.own.reportLeaf === String(index)))
      refuse("log.unpaired-report", `the report at ${index} has no event after it`);
    if (leaf.own?.event === "attestation.issued" && !("reportId" in leaf.own && leaves[index - 1]?.isReport))
      refuse("log.unpaired-report", `the event at ${index} follows no report`);
  });
}

// Private bodies: each field has its own commitment, and the leaf commits to the list of them

async function fieldCommitment(field) {
  if (typeof field.commitment === "string" && /^[0-9a-f]{64}$/.test(field.commitment)) return field.commitment;
  const salt = typeof field.salt === "string" && base64(field.salt);
  if (typeof field.name !== "string" || !salt || salt.length !== 32 || !("value" in field)) return null;
  const name = utf8.encode(field.name);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(name.length));
  return hex(await sha256(Uint8Array.of(0x43), salt, length, name, utf8.encode(canonical(field.value))));
}

async function readBody(line, leaves) {
  let body;
  try { body = JSON.parse(line); } catch { refuse("audit.body-format", "a line of bodies.jsonl is no JSON"); }
  const index = decimal(String(body?.index));
  const salt = typeof body?.salt === "string" && base64(body.salt);
  if (index === null || !salt || salt.length !== 32 || !Array.isArray(body.fields) || canonical(body) !== line)
    refuse("audit.body-format", "a line of bodies.jsonl is no private body");
  const commitments = await Promise.all(body.fields.map(fieldCommitment));
  const commit = hex(await sha256(Uint8Array.of(0x42), salt, utf8.encode(JSON.stringify(commitments))));
  if (!leaves[index]?.own || leaves[index].own.bodyCommit !== commit)
    refuse("audit.body-mismatch", `the private body shown for entry ${index} is not the one its leaf commits to`);
  return { index, fields: body.fields.filter(field => "value" in field), all: body.fields.length };
}

// The steps, in their order; each says what it found, or refuses

const steps = [
  ["key", "Key", async state => {
    const wanted = state.wanted.trim();
    if (!wanted) refuse("log.key-not-given", "you have not said whose log this must be");
    const typed = /^[0-9a-fA-F:\s]+$/.test(wanted)
      ? wanted.toLowerCase().replace(/[:\s]/g, "") : (await Key.read(wanted)).fingerprint;
    if (typed !== state.key.fingerprint) refuse("log.key", "the key of this log is not the one you gave");
    return "is the one you gave";
  }],
  ["checkpoint", "Checkpoint", async state => {
    state.note = readNote(state.file("checkpoint", "log.note-format"));
    state.checkpoint = readCheckpoint(state.note);
    return `${state.checkpoint.size} entries, root ${hex(state.checkpoint.root)}`;
  }],
  ["signature", "Signature", async state => {
    await checkSignature(state.note, state.key);
    return `Ed25519, by ${state.key.name}`;
  }],
  ["entries", "Entries", async state => {
    state.entries = [];
    for (const { width, path } of tilesOf("entries", state.checkpoint.size))
      state.entries.push(...readBundle(state.file(path, "log.bundle-missing"), width, path));
    state.hashes = [];
    for (let at = 0; at < state.entries.length; at += 256)
      state.hashes.push(...await Promise.all(state.entries.slice(at, at + 256).map(leafHash)));
    return `${state.entries.length} read and hashed`;
  }],
  ["tiles", "Tiles", async state => {
    let [level, hashes, tiles] = [0, state.hashes, 0];
    while (hashes.length > 0) {
      const above = [];
      for (const { first, width, path } of tilesOf(level, hashes.length)) {
        const due = hashes.slice(first, first + width);
        if (!equal(state.file(path, "log.tile-missing"), join(due)))
          refuse("log.tile-hash", `${path} does not hold the hashes of the entries`);
        if (width === 256) above.push(await rootOf(due));
        tiles += 1;
      }
      [level, hashes] = [level + 1, above];
    }
    return `${tiles === 1 ? "1 tile" : `${tiles} tiles`}, each hash computed anew`;
  }],
  ["root", "Root", async state => {
    if (!equal(await rootOf(state.hashes), state.checkpoint.root))
      refuse("log.root-mismatch", "the entries do not add up to the root that was signed");
    return "the entries add up to the root that was signed, so each is included";
  }],
  ["leaves", "Leaves", async state => {
    state.leaves = state.entries.map((entry, index) => readLeaf(entry, index, state.checkpoint.origin));
    checkPairs(state.leaves);
    return "each is a report or an event of the form its kind has, in its place";
  }],
  ["bodies", "Private parts", async state => {
    const lines = state.files.has("bodies.jsonl")
      ? text(state.files.get("bodies.jsonl"), "audit.body-format").split("\n") : [""];
    if (lines.pop() !== "") refuse("audit.body-format", "bodies.jsonl does not end with a line feed");
    state.bodies = new Map();
    for (const line of lines) {
      const body = await readBody(line, state.leaves);
      state.bodies.set(body.index, body);
    }
    return lines.length === 0 ? "none in this export" : `${lines.length}, each the one its leaf commits to`;
  }],
];

// The page

const at = id => document.getElementById(id);
const element = (name, content = "", kind = "") => {
  const out = document.createElement(name);
  out.textContent = content;
  if (kind) out.className = kind;
  return out;
};

// What a terminal or a reader's eye would obey stands as its code: control, direction and invisible characters.
const shown = value => String(value).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, mark => `\\u{${mark.codePointAt(0).toString(16)}}`);

const bundle = JSON.parse(at("export").textContent);
const files = new Map(Object.entries(bundle.files).map(([path, value]) => [path, base64(value)]));
let current = null;

function tell(state, verdict, reason) {
  document.documentElement.dataset.state = state;
  at("verdict").textContent = verdict;
  at("reason").textContent = reason;
}

function showStep([id, title], status, detail) {
  const marks = { passed: "✓ checked", failed: "✕ refused", open: "– not checked" };
  const row = element("li", "", status);
  row.dataset.step = id;
  row.dataset.status = status;
  row.append(element("span", title, "title"), element("span", marks[status], "mark"), element("span", shown(detail), "detail"));
  at("steps").append(row);
}

async function check() {
  tell("checking", "Checking …", "");
  at("steps").replaceChildren();
  at("story").hidden = true;
  at("events").replaceChildren();
  const state = { wanted: at("key").value, files, file: (path, code) => files.get(path) ?? refuse(code, `${path} is missing`) };
  let failed = null;
  try {
    const names = [...files.keys()].filter(path => /^[^/]+\.vkey$/.test(path));
    if (names.length !== 1) refuse("log.key", "the export holds not exactly one log key");
    state.key = await Key.read(text(files.get(names[0]), "log.key"));
    at("origin").textContent = shown(state.key.name);
    at("fingerprint").textContent = state.key.fingerprint;
  } catch (error) { failed = { step: steps[0], error }; }
  let unpinned = false;
  for (const step of steps) {
    if (failed) {
      const isHere = failed.step === step;
      showStep(step, isHere ? "failed" : "open", isHere ? `${failed.error.message} [${failed.error.code}]` : "an earlier check failed");
      continue;
    }
    try { showStep(step, "passed", await step[2](state)); } catch (error) {
      if (error.code === "log.key-not-given") {
        unpinned = true;
        showStep(step, "open", error.message);
        continue;
      }
      failed = { step, error: error instanceof Refusal ? error : new Refusal("page.fault", String(error)) };
      showStep(step, "failed", `${failed.error.message} [${failed.error.code}]`);
    }
  }
  current = failed ? null : state;
  if (failed) {
    tell("refused", `Refused at “${failed.step[1]}”`, shown(`${failed.error.message} [${failed.error.code}]`));
  } else if (unpinned) {
    tell("unpinned", "Not verified: whose log is this?",
      "Everything below fits the key in this file, but anyone can make a key. Give the one you know.");
  } else {
    tell("verified", `Verified in this browser: ${state.checkpoint.size} entries of ${shown(state.key.name)}`,
      "Signature, entries, tiles and root were computed here with the key you gave. The root of trust is emulated.");
  }
  const others = failed ? 0 : state.note.lines.length - 1;
  at("witnesses").textContent = failed ? "" : others === 0 ? "No witness has signed this checkpoint."
    : `${others} other signatures stand under the checkpoint; this page did not check them.`;
  if (failed) return;
  learnNames(state);
  at("story").hidden = false;
  showEvents();
}

// What the log says

// What every event has; the rest are the event's own fields.
const common = new Set(["v", "event", "origin", "monoNs", "bootId", "supervisor", "config", "actor", "authMethod",
  "source", "job", "project", "dataset", "output", "prevJobEvent", "bodyCommit"]);
const short = value => (/^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, 12)}…` : String(value));

// The supervisor is known by what only it does; people's names stand in private bodies, where these are shown.
function learnNames(state) {
  state.names = new Map();
  for (const { index, value, own } of state.leaves) {
    if (own?.event === "log.created" || own?.event === "job.starting") state.names.set(own.actor, "supervisor");
    if (own?.event !== "user.created") continue;
    const name = state.bodies.get(index)?.fields.find(field => field.name === "name")?.value;
    const user = String(value.user?.uid);
    if (name) state.names.set(user, `${name} (${user.slice(12, 20)})`);
  }
}

function describe(leaf) {
  if (leaf.isReport) return { who: "supervisor", what: "wrote a report", about: "", status: "" };
  const own = leaf.own;
  const tag = String(own.actor).startsWith("sha256:") ? `policy ${short(own.actor.slice(7))}` : String(own.actor).slice(12, 20);
  const about = [own.job, own.project, own.dataset, own.output].filter(Boolean);
  for (const [name, value] of Object.entries(own)) if (!common.has(name)) about.push(`${name} ${short(value)}`);
  return {
    who: current.names.get(own.actor) ?? tag, what: bundle.words[own.event] ?? own.event, about: about.join("  "),
    status: leaf.value.status_code,
  };
}

function bodyOf(leaf) {
  const body = current.bodies.get(leaf.index);
  if (!body || body.all === 0) return null;
  const out = element("details");
  const kept = body.all - body.fields.length;
  out.append(element("summary", `private part${kept ? `, ${kept} of ${body.all} fields kept back` : ""}`));
  for (const field of body.fields) out.append(element("pre", shown(`${field.name}: ${canonical(field.value)}`)));
  return out;
}

let most = 200;

function showEvents() {
  const wanted = at("filter").value.toLowerCase();
  const rows = [];
  let count = 0;
  for (const leaf of current.leaves) {
    const line = describe(leaf);
    const all = [leaf.index, line.who, line.what, line.about, line.status, leaf.own?.event].join(" ").toLowerCase();
    if (wanted && !all.includes(wanted)) continue;
    count += 1;
    if (rows.length >= most) continue;
    const row = element("tr");
    const what = element("td", shown(line.what));
    const body = bodyOf(leaf);
    if (body) what.append(body);
    row.append(
      element("td", String(leaf.index)),
      element("td", leaf.value ? new Date(leaf.value.time).toISOString().slice(0, 19).replace("T", " ") : ""),
      element("td", shown(line.who)), what, element("td", shown(line.about)),
      element("td", shown(line.status), leaf.value?.status_id === 2 ? "failed" : ""));
    rows.push(row);
  }
  at("events").replaceChildren(...rows);
  at("count").textContent = `${count} of ${current.leaves.length}`;
  at("more").hidden = rows.length >= count;
}

// One receipt

async function checkReceipt() {
  const [proof, entry] = await Promise.all(["proof", "entry"].map(async id => {
    const file = at(id).files[0];
    return file ? new Uint8Array(await file.arrayBuffer()) : null;
  }));
  const out = at("proofResult");
  delete out.dataset.state;
  if (!proof || !entry) { out.textContent = "Choose the proof and the entry it is about."; return; }
  try {
    const key = await Key.read(text([...files].find(([path]) => path.endsWith(".vkey"))?.[1] ?? new Uint8Array(), "log.key"));
    await steps[0][2]({ wanted: at("key").value, key });
    const whole = text(proof, "log.proof-format");
    const blank = whole.indexOf("\n\n");
    const lines = whole.slice(0, blank).split("\n");
    if (blank < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") refuse("log.proof-format", "this is no tlog-proof");
    if (lines[0]?.startsWith("extra ")) lines.shift();
    const index = decimal(/^index (\S+)$/.exec(lines.shift() ?? "")?.[1] ?? "");
    const path = lines.map(base64);
    if (index === null || path.length > 63 || path.some(hash => hash?.length !== 32))
      refuse("log.proof-format", "index or hashes have another form");
    const note = readNote(utf8.encode(whole.slice(blank + 2)));
    const checkpoint = readCheckpoint(note);
    await checkSignature(note, key);
    if (!equal(await rootOfPath(await leafHash(entry), index, checkpoint.size, path), checkpoint.root))
      refuse("log.root-mismatch", "the proof does not lead from the entry to the root that was signed");
    let more = "This page has no verified log to compare with.";
    if (current && checkpoint.size <= current.checkpoint.size) {
      if (!equal(await rootOf(current.hashes.slice(0, checkpoint.size)), checkpoint.root))
        refuse("log.fork", "the receipt is from another history than the log in this page");
      more = "The log in this page continues that checkpoint.";
    }
    out.dataset.state = "verified";
    out.textContent = `✓ Entry ${index} is in the log of ${checkpoint.size} entries that the key signed. ${more}`;
  } catch (error) {
    out.dataset.state = "refused";
    out.textContent = `✕ Refused: ${shown(error.message)} [${error.code ?? "page.fault"}]`;
  }
}

at("pin").addEventListener("submit", event => { event.preventDefault(); check(); });
at("receipt").addEventListener("change", checkReceipt);
at("search").addEventListener("submit", event => event.preventDefault());
at("filter").addEventListener("input", () => { most = 200; showEvents(); });
at("more").addEventListener("click", () => { most += 1000; showEvents(); });
at("folder").hidden = files.has("checkpoint");
at("files").addEventListener("change", async event => {
  files.clear();
  for (const file of event.target.files)
    files.set(file.webkitRelativePath.split("/").slice(1).join("/"), new Uint8Array(await file.arrayBuffer()));
  check();
});
if (files.has("checkpoint")) check(); else tell("empty", "Nothing is checked yet.", "Choose the unpacked export below.");
