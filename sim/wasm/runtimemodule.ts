import { instructionCost } from "./cost"
import { instrument } from "./instrument"
import { runtimeSource } from "./runtimesource"

/** Exported globals added to the runtime's module. */
export const added = {
    /** Counts executed, modulo 2^32. */
    counter: "bms_counter",
    /** Address of the fiber that ran last. */
    fiber: "bms_fiber",
    /** The counter at the entry into the module, and the watchdog's limit of its growth. */
    entered: "bms_entered",
    limit: "bms_limit",
    /** The reason of a trap: one of `Trap`. */
    trap: "bms_trap",
    /** The counter at the start of a message to the host, which does not exist on a chip. */
    spoke: "bms_spoke",
    /** Costs of programming and erasing flash, in counts, and the number of accesses. */
    programCost: "bms_program_cost",
    eraseCost: "bms_erase_cost",
    /** The cost of each further page erased in the same turn. */
    usualEraseCost: "bms_usual_erase_cost",
    flashAccesses: "bms_flash_accesses",
    /**
     * Address of the fiber waiting for a transfer, 0 for none, and the counter at the transfer's
     * end.
     */
    waiting: "bms_waiting",
    transferEnd: "bms_transfer_end",
} as const

/** Reasons for a chip reset in mid-program. */
export const enum Trap {
    None = 0,
    /** An empty write to the flash chip. */
    EmptyFlashWrite = 1,
    /** A main loop turn that does not end. */
    Watchdog = 2,
}

/** Offset of a fiber's wake time in its C structure; time 1 is in the past. */
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

/** Leaves the module if the condition on the stack holds. */
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
 * On a chip another task wakes the fiber after its transfer, even in the middle of a main loop
 * turn: it runs next. The first argument may be a fiber about to wait, which is not woken.
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

/** Behaviour of the ESP32 that the runtime's functions for Node lack. */
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
    // devs_fiber_poke(context) runs fibers while one is ready; most end with
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
 * The runtime inside the DeviceScript CLI's bundle. Its globals are parameters, so each start of
 * the board has its own time, timers, sockets and memory without a separate process. Its
 * WebAssembly is instrumented to count execution. Both are made once and kept.
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
