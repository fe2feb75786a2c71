// @ts-check
// Teaches: any JSON, whatever its shape, and a configuration that is prepared once.

import { forwardJson } from "./.hookmill/hookmill.js";

export const manifest = {
  name: "redact-pii",
  version: "1.0.0",
  description: "Blanks out personal data: members by name, and mail addresses, card and phone numbers in any text.",
  config_schema: {
    type: "object",
    properties: {
      members: {
        type: "array",
        items: { type: "string" },
        description: "Members to blank out wherever they are, such as password; upper and lower case are the same.",
      },
      keep: {
        type: "array",
        items: { enum: ["email", "card", "phone"] },
        description: "Kinds of data to leave in texts.",
      },
    },
    additionalProperties: false,
  },
};

const KINDS = {
  email: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
  card: /\b\d(?:[ -]?\d){12,18}\b/g,
  phone: /\+\d[\d ()-]{6,}\d/g,
};

/** What it returns is handed to every `transform`: names to look up, patterns to try. */
export function configure({ members = [], keep = [] }) {
  const unknown = keep.find((kind) => !(kind in KINDS));
  if (unknown) throw new Error(`keep: no kind ${unknown}; there are ${Object.keys(KINDS).join(", ")}`);
  return {
    members: new Set(members.map((name) => name.toLowerCase())),
    kinds: Object.keys(KINDS).filter((kind) => !keep.includes(kind)),
  };
}

export function transform(event, config) {
  return forwardJson(redacted(event.json(), config));
}

function redacted(value, config) {
  if (typeof value === "string") return config.kinds.reduce(blankOut, value);
  if (Array.isArray(value)) return value.map((item) => redacted(item, config));
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).map(([name, member]) =>
    [name, config.members.has(name.toLowerCase()) ? "[redacted]" : redacted(member, config)]);
  return Object.fromEntries(members);
}

function blankOut(text, kind) {
  return text.replace(KINDS[kind], (found) => (kind === "card" && !isCard(found) ? found : `[${kind}]`));
}

/** Whether the check digit is right: most long numbers are order numbers, not cards. */
function isCard(text) {
  const digits = [...text.replace(/\D/g, "")].reverse().map(Number);
  const sum = digits.reduce((total, digit, at) => total + (at % 2 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit), 0);
  return sum % 10 === 0;
}
