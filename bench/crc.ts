import { readFileSync } from "node:fs"
import { SdCardChip } from "../sim/chips/sdcard"
import { MemoryStore } from "../sim/chips/sdcardstore"
import { SimClock } from "../sim/clock"
import { BusPort } from "../sim/port"
import { Vm } from "../sim/vm"
import { firmware } from "../tools/firmware"

/** A fictitious device. */
const deviceId = "1989f4eee0ebe206"

/** Durations in board µs per counted item; the shortest of all rounds. */
async function measure(image: Uint8Array) {
    const clock = new SimClock("max")
    const chip = new SdCardChip(new MemoryStore(8 * 2048))
    const port = new BusPort(chip, [])
    const best = new Map<string, { us: number; transfers: number }>()
    let beganMs = 0
    let transfers = 0
    let finish: (failure?: Error) => void
    const finished = new Promise<void>((done, failed) => {
        finish = failure => (failure ? failed(failure) : done())
    })
    const take = (line: string) => {
        const [word, name, count] = line.split(" ")
        if (word === "begin") {
            transfers = chip.counters.transfers
            beganMs = clock.nowMs()
        } else if (word === "end") {
            const us = ((clock.nowMs() - beganMs) * 1000) / Number(count)
            const each = (chip.counters.transfers - transfers) / Number(count)
            if (us < (best.get(name)?.us ?? Infinity)) best.set(name, { us, transfers: each })
        } else if (word === "done") finish()
        else if (word === "wrong") finish(new Error(`crc bench: ${line}`))
    }
    let flash = new Uint8Array()
    const vm = await Vm.start(
        {
            clock,
            epochMs: Date.UTC(2026, 0, 1),
            deviceId,
            loadFlash: () => flash,
            saveFlash: data => (flash = data.slice()),
            exchange: buffer => port.exchange(buffer),
            onFrame: frame => {
                if (frame[2] === 0xff) port.fromBoard(frame)
            },
            onLog: line => {
                if (line.startsWith("> ")) take(line.slice(2))
            },
            onReboot: () => finish(new Error("crc bench: the runtime restarted")),
            onPanic: code => finish(new Error(`crc bench: panic ${code}`)),
        },
        image,
    )
    await finished
    vm.cut()
    clock.stop()
    return best
}

/**
 * The cost of a block's CRC-16 in the runtime compared with the block's transfer, and the saving of
 * several blocks per command.
 */
export async function crcBench(): Promise<Record<string, number>> {
    const program = await firmware("bench/device/crc.ts")
    const times = await measure(readFileSync(program.imagePath))
    const us = (name: string) => Math.round(times.get(name)!.us)
    return {
        "crc16.usPerBlock": us("present"),
        "crc16.folded.usPerBlock": us("folded"),
        "crc16.wordTable.usPerBlock": us("words"),
        "crc16.byteTables.usPerBlock": us("bytes"),
        "crc16.nibbleTable.usPerBlock": us("nibbles"),
        "crc16.loopAlone.usPerBlock": us("loop"),
        "block.usPerTransfer": us("transfer"),
        "block.usPerRead": us("read"),
        "block.usPerWrite": us("write"),
        "block.cmd18.usPerRead": us("readMany"),
        "block.cmd25.usPerWrite": us("writeMany"),
        "block.transfersPerRead": times.get("read")!.transfers,
        "block.transfersPerWrite": times.get("write")!.transfers,
        "block.cmd18.transfersPerRead": times.get("readMany")!.transfers,
        "block.cmd25.transfersPerWrite": times.get("writeMany")!.transfers,
    }
}
