import { resolve } from "node:path"

const sources = resolve("src") + "/"

/**
 * For the loader: the whole firmware as Node can run it. Methods are bound as in DeviceScript, and the console's packets,
 * the only part that needs the runtime, are left out.
 */
export const nodeFirmware = {
    name: "node-firmware",
    enforce: "pre" as const,
    transform(code: string, id: string): { code: string; map: null } | undefined {
        if (!id.startsWith(sources)) return undefined
        const classes = [...code.matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)]
        const bound = classes.map(([, name]) => `bindMethods(${name}.prototype)`).join("\n")
        const here = code.replace('"./console/service"', '"/test/soak/nativeconsole.ts"')
        const bind = 'import { bindMethods } from "/test/support/boundmethods.ts"'
        return { code: `${bind};${here}\n${bound}\n`, map: null }
    },
}
