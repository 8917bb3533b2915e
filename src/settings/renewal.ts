import { Flash } from "../core/seams"

const markKey = "fill"
const fillerBytes = 200
/** The runtime's store has 16 KiB, of which each of these takes 224 bytes. */
const fillerWrites = 74

/**
 * Writes to a new store until it has collected its garbage once. A store that was formatted after a
 * torn write keeps its former half, and the next start prefers that: it would bring back an old
 * state, or format again, program included. The first collection erases it. Takes some 3 s, once.
 */
export async function renewStore(flash: Flash): Promise<void> {
    const mark = await flash.read(markKey)
    // An interrupted renewal leaves a longer filler.
    if (mark && mark.length === 1) return
    const filler = Buffer.alloc(fillerBytes)
    for (let i = 1; i <= fillerWrites; ++i) {
        filler[0] = i
        await flash.write(markKey, filler)
    }
    await flash.write(markKey, filler.slice(0, 1))
}
