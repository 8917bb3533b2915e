import { resolve } from "node:path"
import { defineConfig, type Plugin } from "vitest/config"

/** Firmware files see DeviceScript's Buffer and `hex` literal, nothing of Node's. */
function deviceGlobals(): Plugin {
    const firmware = resolve("src") + "/"
    const support = JSON.stringify(resolve("test/support/devicebuffer.ts"))
    return {
        name: "device-globals",
        enforce: "pre",
        transform(code: string, id: string) {
            if (!id.startsWith(firmware)) return undefined
            const names = `import { DeviceBuffer as Buffer, deviceHex as hex } from ${support};`
            return { code: names + code, map: null }
        },
    }
}

export default defineConfig({
    plugins: [deviceGlobals()],
    test: {
        include: ["test/**/*.test.ts"],
        // Only what hangs reaches them: a busy machine is slow, and the first test may have to build the firmware.
        testTimeout: 600_000,
        hookTimeout: 600_000,
    },
})
