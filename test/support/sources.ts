import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"

const others = ["node_modules", "built"]

/** The files below a folder with this ending, as paths from the project's folder. */
export function sourcesBelow(folder: string, ending = ".ts"): string[] {
    return readdirSync(folder).flatMap(name => {
        const path = join(folder, name)
        if (name.startsWith(".") || others.includes(name)) return []
        if (statSync(path).isDirectory()) return sourcesBelow(path, ending)
        return path.endsWith(ending) ? [path] : []
    })
}
