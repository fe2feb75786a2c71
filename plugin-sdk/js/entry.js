// The entry of the component: the exports of the contract. Not for authors.

import { log } from "hookmill:plugin/log@1.0.0";
import examples from "./examples.js";
import grants from "./granted.js";
import { world } from "./hookmill.js";
import * as plugin from "../plugin.js";

const { manifest, configure, transform, transformBatch } = world(plugin, examples, log, grants);

export { manifest, configure, transform, transformBatch };
