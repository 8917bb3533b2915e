import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Command } from "commander"
import { firmware, projectFolder, readManifest } from "./firmware"
import { boardConfiguration, runtimeAt, storeAt, storeOf, wholeImage } from "./flashimage"

const more = `
Without --runtime it makes built/store.bin: the program for the store partition at 0x1c0000 of a chip that has
the runtime. With it also built/bms-mini.bin: runtime, board configuration and program, for an empty chip.
Both clear the settings of the chip they are written to; "npm run deploy" keeps them.`

function readRuntime(path: string): Uint8Array {
    try {
        return readFileSync(path)
    } catch {
        throw new Error(
            `${path} cannot be read: download it from https://github.com/microsoft/devicescript-esp32/releases/latest`,
        )
    }
}

/** The command that writes a file to a chip; for esptool 4 and 5. */
function esptool(at: number, file: string): string {
    const chip = "python3 -m esptool --chip esp32 --port PORT --baud 460800"
    return `${chip} write_flash 0x${at.toString(16)} ${file}`
}

function write(name: string, bytes: Uint8Array, at: number): void {
    writeFileSync(join(projectFolder, "built", name), bytes)
    const size = bytes.length.toLocaleString("en")
    console.log(`built/${name}: ${size} bytes. PORT is /dev/ttyUSB0 or COM3, for example:`)
    console.log("  " + esptool(at, `built/${name}`))
}

async function main(argv: readonly string[]): Promise<void> {
    const command = new Command("npm run image --")
        .description("Makes files that esptool writes to the board's flash.")
        .option("--runtime <file>", "the runtime's devicescript-esp32-esp32_bare-0x1000.bin")
        .addHelpText("after", more)
    command.parse(argv, { from: "user" })
    const { runtime } = command.opts<{ runtime?: string }>()
    // Reports an unreadable file before compiling the firmware.
    const runtimeBytes = runtime === undefined ? undefined : readRuntime(runtime)
    const { board } = readManifest().entries
    const onCompile = () => console.error(`compiling ${board} takes half a minute`)
    const { imagePath } = await firmware(board, { onCompile })
    const store = await storeOf(readFileSync(imagePath))
    if (runtimeBytes === undefined) return write("store.bin", store, storeAt)
    const image = wholeImage(runtimeBytes, await boardConfiguration(), store)
    write("store.bin", store, storeAt)
    write("bms-mini.bin", image, runtimeAt)
}

try {
    await main(process.argv.slice(2))
} catch (failure) {
    console.error(`image: ${(failure as Error).message}`)
    process.exitCode = 1
}
// The runtime that made the store keeps a timer running.
process.exit()
