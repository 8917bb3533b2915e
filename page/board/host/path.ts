// Replaces node:path in the browser.

function resolve(...parts: string[]): string {
    const names: string[] = []
    for (const part of parts) {
        if (part.startsWith("/")) names.length = 0
        for (const name of part.split("/"))
            if (name === "..") names.pop()
            else if (name !== "" && name !== ".") names.push(name)
    }
    return "/" + names.join("/")
}

export const join = (...parts: string[]): string => resolve(parts.join("/"))
export const dirname = (path: string): string => resolve(path, "..")
export const basename = (path: string): string => path.split("/").at(-1)!
export const posix = { resolve, join, dirname, basename }
export { resolve }
