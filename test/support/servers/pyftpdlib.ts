import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { cached } from "./cache"
import type { Recipe } from "./setup"

/** Debian's own Python, which matches Debian's pyftpdlib. */
const python = "/usr/bin/python3"
const script = fileURLToPath(new URL("pyftpdlibmain.py", import.meta.url))

/** pyftpdlib, started by pyftpdlibmain.py. */
export const pyftpdlib: Recipe = {
    installed: () =>
        existsSync(python) && existsSync(cached("usr/lib/python3/dist-packages/pyftpdlib")),
    launch(setup) {
        const { site, ...options } = setup
        return {
            command: python,
            args: ["-u", script, JSON.stringify({ ...options, folder: site.files })],
            env: { PYTHONPATH: cached("usr/lib/python3/dist-packages"), PYTHONWARNINGS: "ignore" },
        }
    },
}
