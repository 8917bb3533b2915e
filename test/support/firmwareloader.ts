import { createViteServer } from "vitest/node"
import config from "../../vitest.config"

/**
 * Imports a module with the firmware's sources seeing DeviceScript's Buffer, outside of vitest: for
 * campaigns and benches.
 * @param path from the repository's root, as "/bench/card.ts"
 * @param more further plugins, for what a firmware file imports
 */
export async function importWithFirmware<T>(path: string, more: object[] = []): Promise<T> {
    const server = await createViteServer({
        configFile: false,
        plugins: [...(config as { plugins: [] }).plugins, ...more] as [],
        appType: "custom",
        logLevel: "error",
        optimizeDeps: { noDiscovery: true },
        server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    })
    try {
        return (await server.ssrLoadModule(path)) as T
    } finally {
        await server.close()
    }
}
