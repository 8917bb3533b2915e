import { readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { relative, resolve } from "node:path"
import { defineConfig, type Plugin } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Runs firmware files in Node, with DeviceScript's Buffer and `hex` literal. */
function firmwareInNode(): Plugin {
    const firmware = resolve("src") + "/"
    const globals = JSON.stringify(resolve("test/support/devicebuffer.ts"))
    const names = `import { DeviceBuffer as Buffer, deviceHex as hex } from ${globals};`
    return {
        name: "firmware-in-node",
        enforce: "pre",
        transform(code: string, id: string) {
            return id.startsWith(firmware) ? { code: names + code, map: null } : undefined
        },
    }
}

/** The slowest files start first, so that no core is idle at the end. */
class LongestFirst extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
        // Files of a minute and more, then folders.
        const kinds = [
            "test/page/browser",
            "campaigns/histories/",
            "test/system/deploy",
            "test/vm/optimizer",
            "test/system/serialcommands",
            ...["campaigns/", "test/page/", "test/system/", "test/vm/", "test/"],
        ]
        const rank = ({ moduleId }: TestSpecification) => {
            const path = relative(".", moduleId)
            return kinds.findIndex(kind => path.startsWith(kind))
        }
        return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
    }
}

const everything = "{test,campaigns}/**/*.test.ts"
/**
 * Small and many, these share the modules that they load: half of their time was loading. A file
 * that replaces a module has its own.
 */
const sharing = readdirSync("test/unit", { recursive: true, encoding: "utf8" })
    .filter(path => path.endsWith(".test.ts"))
    .map(path => "test/unit/" + path)
    .filter(path => !readFileSync(path, "utf8").includes("vi.mock("))

export default defineConfig({
    plugins: [firmwareInNode()],
    test: {
        projects: [
            {
                extends: true,
                test: { name: "alone", include: [everything], exclude: sharing },
            },
            {
                extends: true,
                test: { name: "sharing", include: sharing, isolate: false, restoreMocks: true },
            },
        ],
        // Many files wait for boards that run in real time; none needs a core to itself.
        maxWorkers: 2 * availableParallelism(),
        sequence: { sequencer: LongestFirst },
        // Only a hang reaches these limits: a busy machine is slow, and the first test may have to
        // build the firmware.
        testTimeout: 600_000,
        hookTimeout: 600_000,
    },
})
