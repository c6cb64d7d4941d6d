import { run } from "../typescript.mjs";
import * as configuration from "./configuration.mjs";

await run(configuration);
