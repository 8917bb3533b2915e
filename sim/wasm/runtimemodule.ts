import { instructionCost } from "./cost"
import { instrument } from "./instrument"
import { runtimeSource } from "./runtimesource"

/** The globals that are added to the runtime's module, and exported. */
export const added = {
    /** What was executed, in counts, modulo 2 to the 32nd. */
    counter: "bms_counter",
    /** Address of the fiber that ran last. */
    fiber: "bms_fiber",
    /**
     * The counter at the entry into the module, and by how much it may grow until the watchdog
     * bites.
     */
    entered: "bms_entered",
    limit: "bms_limit",
    /** Why the module was left by a trap: one of `Trap`. */
    trap: "bms_trap",
    /** The counter when the program began to speak to the host, which no program on a chip does. */
    spoke: "bms_spoke",
    /** What programming and erasing the flash takes, in counts, and how often that was done. */
    programCost: "bms_program_cost",
    eraseCost: "bms_erase_cost",
    /** What each further page takes that the same turn erases. */
    usualEraseCost: "bms_usual_erase_cost",
    flashAccesses: "bms_flash_accesses",
    /**
     * Address of the fiber that waits for a transfer, 0 for none, and the counter when that is
     * over.
     */
    waiting: "bms_waiting",
    transferEnd: "bms_transfer_end",
} as const

/** Why the chip was reset in the middle of its program. */
export const enum Trap {
    None = 0,
    /** A write of no bytes to the flash chip. */
    EmptyFlashWrite = 1,
    /** A turn of the main loop that does not end. */
    Watchdog = 2,
}

/** Where the time is at which a fiber goes on, in its C structure; 1 lies in the past. */
export const fiberWakeTimeOffset = 24

const enum Op {
    Unreachable = 0x00,
    If = 0x04,
    End = 0x0b,
    LocalGet = 0x20,
    GlobalGet = 0x23,
    GlobalSet = 0x24,
    Store = 0x36,
    Const = 0x41,
    EqualZero = 0x45,
    NotEqual = 0x47,
    GreaterUnsigned = 0x4b,
    GreaterOrEqualSigned = 0x4e,
    Add = 0x6a,
    Subtract = 0x6b,
    And = 0x71,
    NoResult = 0x40,
}

type Index = (global: string) => number[]

function add(to: string, what: number[], index: Index): number[] {
    return [Op.GlobalGet, ...index(to), ...what, Op.Add, Op.GlobalSet, ...index(to)]
}

/** Leaves the module, if the condition on the stack holds. */
function trapIf(why: Trap, index: Index): number[] {
    const tell = [Op.Const, why, Op.GlobalSet, ...index(added.trap), Op.Unreachable]
    return [Op.If, Op.NoResult, ...tell, Op.End]
}

function flashAccess(cost: string, index: Index): number[] {
    return [
        ...add(added.counter, [Op.GlobalGet, ...index(cost)], index),
        ...add(added.flashAccesses, [Op.Const, 1], index),
    ]
}

/**
 * On a chip another task tells the fiber that its transfer is over, in the middle of a turn of the
 * main loop too: it is the next fiber to run. Not one that is about to wait, which the first
 * argument may be.
 */
function wakeWaiting(index: Index): number[] {
    const waiting = [Op.GlobalGet, ...index(added.waiting)]
    return [
        ...[...waiting, Op.Const, 0, Op.NotEqual, ...waiting, Op.LocalGet, 0, Op.NotEqual, Op.And],
        ...[Op.GlobalGet, ...index(added.counter), Op.GlobalGet, ...index(added.transferEnd)],
        ...[Op.Subtract, Op.Const, 0, Op.GreaterOrEqualSigned, Op.And, Op.If, Op.NoResult],
        ...[...waiting, Op.Const, 1, Op.Store, 2, fiberWakeTimeOffset],
        ...[Op.Const, 0, Op.GlobalSet, ...index(added.waiting), Op.End],
    ]
}

/** What the ESP32 does and the runtime's functions for Node do not. */
const entries: Record<string, (index: Index) => number[]> = {
    // flash_program(destination, source, length); the store has no source for an empty value
    flash_program: index => [
        ...[Op.LocalGet, 1, Op.EqualZero],
        ...trapIf(Trap.EmptyFlashWrite, index),
        ...flashAccess(added.programCost, index),
    ],
    flash_erase: index => [
        ...flashAccess(added.eraseCost, index),
        ...[Op.GlobalGet, ...index(added.usualEraseCost)],
        ...[Op.GlobalSet, ...index(added.eraseCost)],
    ],
    fun2_DeviceScript__twinMessage: index => [
        ...[Op.GlobalGet, ...index(added.counter), Op.GlobalSet, ...index(added.spoke)],
    ],
    // devs_fiber_poke(context) runs fibers for as long as one is ready; most of them end with
    // devs_fiber_sleep(fiber, milliseconds).
    devs_fiber_poke: wakeWaiting,
    devs_fiber_sleep: wakeWaiting,
    devs_fiber_free_all_fibers: index => [Op.Const, 0, Op.GlobalSet, ...index(added.waiting)],
    devs_fiber_run: index => [
        ...wakeWaiting(index),
        ...[Op.LocalGet, 0, Op.GlobalSet, ...index(added.fiber)],
        ...[Op.GlobalGet, ...index(added.counter), Op.GlobalGet, ...index(added.entered)],
        ...[Op.Subtract, Op.GlobalGet, ...index(added.limit), Op.GreaterUnsigned],
        ...trapIf(Trap.Watchdog, index),
    ],
}

export interface RuntimeModule {
    body: (...globals: unknown[]) => void
    /** Counts what it executes. */
    wasm: WebAssembly.Module
    /** As it was published. */
    original: Uint8Array
}

let loaded: RuntimeModule | undefined

/**
 * The runtime inside the DeviceScript CLI's bundle. Handing its globals in gives each start of the
 * board its own time, timers, sockets and memory, without a process of its own. Its WebAssembly is
 * made to count what it executes. Both are made once and kept.
 */
export function runtimeModule(): RuntimeModule {
    if (loaded) return loaded
    const { body, wasm } = runtimeSource()
    loaded = { body, wasm: countingModule(wasm), original: wasm }
    return loaded
}

function countingModule(wasm: Uint8Array): WebAssembly.Module {
    const { counter, ...others } = added
    const globals = Object.values(others).map(name => ({ name, initial: 0 }))
    const cost = instructionCost
    const counting = instrument(wasm, { cost, counter, globals, entries })
    return new WebAssembly.Module(counting as BufferSource)
}
