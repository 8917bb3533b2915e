import { execFile } from "node:child_process"
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { SimClock } from "../sim/clock"
import { Vm } from "../sim/vm"
import { projectFolder, readManifest } from "./firmware"

const run = promisify(execFile)
const require = createRequire(import.meta.url)

// Layout of the ESP32's flash: the runtime's partition table, and DeviceScript's file for this
// chip.
const archPath = join(projectFolder, "tools", "esp32-arch.json")
export const runtimeAt = 0x1000
const tableAt = 0x8000
const boardAt = 0x9000
const boardBytes = 0x2000
export const storeAt = 0x1c0000
const pageBytes = 4096
export const storeBytes = 64 * pageBytes

/** First bytes of each ESP32 image, and of each partition table entry. */
const imageMagic = 0xe9
const entryMagic = 0x50aa
const entryBytes = 32
/** The type of DeviceScript's own partitions: board configuration and store. */
const ownType = 0x8a

/**
 * The ESP32's store partition as the runtime itself writes it when that program is deployed;
 * settings are empty.
 */
export async function storeOf(program: Uint8Array): Promise<Uint8Array> {
    let flash: Uint8Array = new Uint8Array(0)
    const clock = new SimClock("max")
    const vm = await Vm.start(
        {
            clock,
            epochMs: 0,
            deviceId: "1989f4eee0ebe206",
            flashBytes: storeBytes,
            loadFlash: () => flash,
            saveFlash: data => (flash = data.slice()),
            onFrame: () => undefined,
            onLog: () => undefined,
            onReboot: () => undefined,
            onPanic: () => undefined,
        },
        program,
    )
    // Before the program's first turn, in which it would write to the store.
    vm.cut()
    clock.stop()
    const store = new Uint8Array(storeBytes).fill(0xff)
    store.set(flash)
    return store
}

/** The pins and buses of the board as the runtime reads them. */
export async function boardConfiguration(): Promise<Uint8Array> {
    const { board } = readManifest()
    const folder = mkdtempSync(join(tmpdir(), "bms-dcfg-"))
    try {
        const source = join(folder, `${board}.board.json`)
        copyFileSync(join(projectFolder, "boards", `${board}.board.json`), source)
        copyFileSync(archPath, join(folder, "arch.json"))
        const cli = resolve(require.resolve("@devicescript/cli/package.json"), "../devicescript")
        const target = join(folder, "dcfg.bin")
        await run(process.execPath, [cli, "dcfg", source, "-o", target], { cwd: folder })
        return readFileSync(target)
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
}

/**
 * Runtime, board configuration and store in one file for the flash from `runtimeAt` on. Throws an
 * Error if it is not the runtime's file or has other partitions.
 */
export function wholeImage(
    runtime: Uint8Array,
    configuration: Uint8Array,
    store: Uint8Array,
): Uint8Array {
    checkRuntime(runtime)
    if (configuration.length > boardBytes)
        throw new Error(
            `the board configuration has ${configuration.length} bytes, at most ${boardBytes}`,
        )
    const image = new Uint8Array(storeAt + storeBytes - runtimeAt).fill(0xff)
    image.set(runtime)
    const board = boardAt - runtimeAt
    image.fill(0xff, board, board + boardBytes)
    image.set(configuration, board)
    image.set(store, storeAt - runtimeAt)
    return image
}

function checkRuntime(runtime: Uint8Array): void {
    const name = "devicescript-esp32-esp32_bare-0x1000.bin"
    if (runtime[0] !== imageMagic)
        throw new Error(`not an ESP32 image: the runtime's file is called ${name}`)
    if (runtime.length > storeAt - runtimeAt)
        throw new Error(`the file reaches into the store at 0x${storeAt.toString(16)}: use ${name}`)
    const found = [...ownPartitions(runtime)].map(one =>
        one.map(n => "0x" + n.toString(16)).join(" + "),
    )
    const wanted = [
        [boardAt, boardBytes],
        [storeAt, storeBytes],
    ].map(one => one.map(n => "0x" + n.toString(16)).join(" + "))
    const missing = wanted.filter(one => !found.includes(one))
    if (missing.length > 0)
        throw new Error(
            `the file's partition table has no ${missing.join(" and no ")} of DeviceScript: ` +
                `use ${name}, of runtime version 2.16`,
        )
}

/**
 * Addresses and sizes of DeviceScript's partitions, from the partition table in a runtime's file.
 */
function* ownPartitions(runtime: Uint8Array): Generator<[at: number, bytes: number]> {
    const view = new DataView(runtime.buffer, runtime.byteOffset, runtime.byteLength)
    for (let at = tableAt - runtimeAt; at + entryBytes <= runtime.length; at += entryBytes) {
        if (view.getUint16(at, true) !== entryMagic) return
        if (runtime[at + 2] === ownType)
            yield [view.getUint32(at + 4, true), view.getUint32(at + 8, true)]
    }
}
