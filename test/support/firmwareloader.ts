import { createViteServer } from "vitest/node"
import config from "../../vitest.config"

/**
 * Imports a module outside of vitest so that the firmware's sources see DeviceScript's Buffer. For
 * campaigns and benches.
 * @param path from the repository's root, such as "/bench/card.ts"
 * @param more further plugins, for imports of a firmware file
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
