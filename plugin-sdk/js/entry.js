// The entry of the component: the exports of the contract. Not for authors.

// Before the plugin: what that loads finds the engine's own clock and the like replaced.
import { running, warnings } from "./ambient.js";
import { log } from "hookmill:plugin/log@1.0.0";
import examples from "./examples.js";
import grants from "./granted.js";
import { known } from "./known.js";
import { world } from "./hookmill.js";
import * as plugin from "../plugin.js";

const exports = world(plugin, examples, log, grants, () => [...known, ...warnings()]);
const { manifest, configure, transform, transformBatch } = running(exports);

export { manifest, configure, transform, transformBatch };
